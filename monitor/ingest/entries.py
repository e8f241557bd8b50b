"""From the bytes of one answer to the items in it. Runs inside the parser's child process.

bytes -> UTF-8 -> JSON Feed | CAP | RSS, Atom, RDF -> raw entries -> items, or why not
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from monitor.domain import ItemSeen, ParsedFeed, Rejected
from monitor.ingest import cap, charset, jsonfeed, page, services, xmlfeed
from monitor.ingest.raw import RawEntry, RawFeed
from monitor.text import dates
from monitor.text.normalise import canonical_url, digest, one_line, plain

MOST_ENTRIES = 1000
_PAGES = frozenset(("page", "article", "links"))
TITLE_FROM_TEXT = 120  # characters of the summary that stand for a missing title
MOST_GUESSES = 60  # dates in unknown shapes read slowly, 10-40 ms each, before the rest goes without
_BINARY = (b"\x1f\x8b", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"%PDF", b"GIF8", b"\x28\xb5\x2f\xfd", b"RIFF")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2}")


def parse(
    body: bytes,
    *,
    url: str,
    now: datetime,
    zone: str = "",
    content_type: str = "",
    language: str = "",
    form: str = "feed",
    watch: str = "",
    select: str = "",
) -> ParsedFeed:
    """The items of one answer. `zone` (IANA), `language`, `watch` and `select` are those of feeds.yaml.

    What is no feed comes back with `error`, in words; nothing is raised on any body.
    """
    if form in _PAGES:
        text = charset.as_utf8(body, content_type=content_type, language=language)
        return page.read(text, form=form, selector=watch, url=url)
    raw = _read(body, content_type=content_type, language=language, form=form, select=select)
    if raw.error:
        return ParsedFeed(error=raw.error)
    found = _LANGUAGE.fullmatch(raw.language.strip())
    spoken = found[0].replace("_", "-") if found else ""
    zone = zone or _home_zone(language or spoken)
    entries, rejected = _items(raw.entries, url=url, now=now, zone=zone)
    return ParsedFeed(entries=entries, rejected=rejected, title=one_line(raw.title, 200), language=spoken, ttl=raw.ttl)


def _read(body: bytes, *, content_type: str, language: str, form: str, select: str) -> RawFeed:
    if form == "gdelt":
        return services.gdelt(body, select=select)
    if body.startswith(_BINARY):
        return RawFeed(error="these are packed or binary data, not a feed")
    text = charset.as_utf8(body, content_type=content_type, language=language).strip()
    if not text:
        return RawFeed(error="the answer is empty")
    if form == "federal_register":
        return services.federal_register(text)
    if text[:1] in b"{[":
        return jsonfeed.read(text)
    if cap.is_alert(text):
        return cap.read(text, language=language)
    return xmlfeed.read(text, most=MOST_ENTRIES)


def _home_zone(language: str) -> str:
    """Chinese publishers write their own clock and mean UTC+8 by `CST`; others get UTC, with the doubt said."""
    return "Asia/Shanghai" if language.lower().startswith("zh") else "UTC"


def _items(
    raws: tuple[RawEntry, ...], *, url: str, now: datetime, zone: str
) -> tuple[tuple[ItemSeen, ...], tuple[Rejected, ...]]:
    ambiguous = _reused_guids(raws)
    entries: dict[bytes, ItemSeen] = {}
    rejected: list[Rejected] = []
    guesses = MOST_GUESSES
    for raw in raws:
        if len(entries) >= MOST_ENTRIES:
            rejected.append(Rejected(reason=f"over {MOST_ENTRIES:,} entries", what=_what(raw)))
            continue
        item = _item(raw, url=url, now=now, zone=zone, guess=guesses > 0, ambiguous=ambiguous)
        if isinstance(item, Rejected):
            rejected.append(item)
        elif item.key in entries:
            rejected.append(Rejected(reason="repeated in the same document", what=_what(raw)))
        else:
            entries[item.key] = item
            guesses -= item.date_doubt.startswith(dates.GUESSED)
    return tuple(entries.values()), tuple(rejected)


def _item(
    raw: RawEntry, *, url: str, now: datetime, zone: str, guess: bool, ambiguous: frozenset[str]
) -> ItemSeen | Rejected:
    if raw.refused:
        return Rejected(reason=raw.refused, what=_what(raw))
    title, summary, link = one_line(raw.title), plain(raw.text), canonical_url(raw.link, url)
    words = title or one_line(summary, TITLE_FROM_TEXT) or link
    if not words:
        return Rejected(reason="neither title nor text nor link", what=_what(raw))
    published, doubt = dates.published(raw.date, now=now, default_zone=zone, library=xmlfeed.library_date, guess=guess)
    return ItemSeen(
        key=_key(raw, title, summary, link, ambiguous),
        title=raw.mark + words,
        summary="" if summary == title else summary,
        url=link,
        published=published,
        date_doubt=doubt,
        content_digest=digest(words, summary),
    )


def _key(raw: RawEntry, title: str, summary: str, link: str, ambiguous: frozenset[str]) -> bytes:
    """What makes an entry itself: its guid, else its link, else its words with the date as written."""
    guid = raw.guid.strip()
    if guid and guid in ambiguous:
        return digest("guid and link", guid, link, title)
    if guid:
        return digest("guid", guid)
    if link:
        return digest("link", link)
    return digest("text", title, summary, raw.date.strip())


def _reused_guids(raws: Iterable[RawEntry]) -> frozenset[str]:
    """Guids that stand on different entries of one document: alone they would swallow all but one."""
    told_apart = {(raw.guid.strip(), raw.link.strip(), raw.title.strip()) for raw in raws if raw.guid}
    counted = Counter(guid for guid, _, _ in told_apart)
    return frozenset(guid for guid, count in counted.items() if guid and count > 1)


def _what(raw: RawEntry) -> str:
    return one_line(raw.title, 120) or one_line(raw.guid, 120) or one_line(raw.link, 120)
