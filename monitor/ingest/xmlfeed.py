"""RSS 0.9x to 2.0, RDF and Atom through feedparser, fenced in.

It is given a stream, never text or bytes (it would open them as a file or an address), and
nothing but UTF-8, so that its own guesses about encodings never count.
"""

from __future__ import annotations

import io
import re
import time
from datetime import timedelta
from typing import Any

from monitor.ingest import wellformed
from monitor.ingest.raw import RawEntry, RawFeed

DEEPEST = 500
MANY_TAGS = 20_000  # fewer do no harm, however deep
MOST_NAMESPACES = 5000  # a thousand entries that each declare their own stay below

_ENTITY = re.compile(rb"""<!ENTITY\s+(?:%\s*)?[^\s"']+\s+(?:"([^"]{0,100000})|'([^']{0,100000}))""")
# feedparser and expat are quadratic in the attributes of one element: 40,000 took 17 s, 20,000 namespaces 11 s.
_ATTRIBUTE_FLOOD = re.compile(rb"""<[\w:.-]++(?:\s++[\w:.-]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'|[^\s"'<>]++)){500}""")
_DESCENT = re.compile(rb"(?:<[\w:.-]++(?:\s[^<>]*+)?+(?<!/)>\s*+)++")  # start tags with nothing between them
_BARE_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?\]\]>|(&)(?!(?:[A-Za-z][\w.-]{0,40}|#[0-9]{1,9}|#[xX][0-9A-Fa-f]{1,8});)", re.DOTALL
)
_FEED_END = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|RDF|channel)\s*>", re.IGNORECASE)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_FEED_ROOT = re.compile(rb"<(?:[\w.-]+:)?(?:rss|feed|RDF|channel)\b")
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
_ENTRY = re.compile(rb"<(?:item|entry)[\s/>]")
_ENTRY_END = re.compile(rb"</(?:item|entry)\s*>")
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}  # hours
_NOT_REAL = {"Test": "[Test] ", "Exercise": "[Exercise] ", "Draft": "[Draft] "}  # CAP 1.2, element `status`


def read(body: bytes, *, most: int) -> RawFeed:
    """The feed in a UTF-8 document; `error` says why when it is none. Links stay relative where they are.

    At most `most` entries are looked into; the others are there, empty and refused.
    """
    if error := _bomb(body):
        return RawFeed(error=error)
    body, over = _shortened(body, most)
    try:
        entries, head = wellformed.read(body)
    except wellformed.Unusual:
        return _read_any(body, over, most)
    return _raw_feed(entries, over, most, head)


def _read_any(body: bytes, over: int, most: int) -> RawFeed:
    """Whatever the feed library makes of it."""
    try:
        result = _parsed(body)
        if _is_malformed(result) and (mended := _BARE_AMPERSAND.sub(_escaped, body)) != body:
            result = _parsed(mended)  # its way with broken documents turns `R&D` into `R&D;`
    except Exception as problem:  # it promises none and lets through many kinds on hostile input
        return RawFeed(error=f"the document cannot be read ({type(problem).__name__})")
    entries, version = result.get("entries") or [], result.get("version") or ""
    if not entries and (error := _why_empty(body, version, result)):
        return RawFeed(error=error)
    return _raw_feed(tuple(_entry(entry) for entry in entries), over, most, result.get("feed") or {})


def _raw_feed(entries: tuple[RawEntry, ...], over: int, most: int, feed: dict[str, Any]) -> RawFeed:
    return RawFeed(
        entries=entries + (RawEntry(refused=f"over {most:,} entries"),) * over,
        title=_text(feed, "title"),
        language=_text(feed, "language"),
        ttl=_ttl(feed),
    )


def library_date(text: str) -> time.struct_time | None:
    """The feed library's reading of a date, in UTC; None when it has none. It knows a dozen national ways."""
    from feedparser.datetimes import _parse_date

    try:
        parsed: time.struct_time | None = _parse_date(text)
    except Exception:  # as above
        return None
    return parsed


def is_cut_off(body: bytes) -> bool:
    """An XML feed, in any encoding, whose end is missing: there may be more of it than has come."""
    if b"\0" in body[:16]:
        body = body.replace(b"\0", b"")  # UTF-16 and UTF-32
    return bool(_FEED_ROOT.search(body[:4096])) and not (_FEED_END.search(body[-4096:]) or _FEED_END.search(body))


def _parsed(body: bytes) -> dict[str, Any]:
    import feedparser

    # Not told where the document came from: it would join that to every element, a sixth of its whole cost.
    headers = {"content-type": "application/xml; charset=utf-8"}
    result: dict[str, Any] = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    return result


def _is_malformed(result: dict[str, Any]) -> bool:
    return type(result.get("bozo_exception")).__name__ == "SAXParseException"


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"&amp;" if found[1] else found[0]


def _entry(entry: dict[str, Any]) -> RawEntry:
    date = "published" if _text(entry, "published") else "updated" if _text(entry, "updated") else "created"
    return RawEntry(
        guid=_text(entry, "id"),
        link=_text(entry, "feedburner_origlink") or _text(entry, "link"),
        title=_text(entry, "title"),
        text=_body(entry),
        date=_text(entry, date),
        mark=_NOT_REAL.get(_text(entry, "cap_status"), ""),
    )


def _text(entry: dict[str, Any], key: str) -> str:
    """The stored value itself: the library's own look-up maps old names and costs ten times as much."""
    value = dict.get(entry, key)
    return value if isinstance(value, str) else ""


def _body(entry: dict[str, Any]) -> str:
    summary = _text(entry, "summary")
    if summary and not summary.isspace():
        return summary
    contents = dict.get(entry, "content")
    for content in contents if isinstance(contents, list) else ():
        if text := _text(content, "value"):
            return text
    return ""


def _ttl(feed: dict[str, Any]) -> timedelta | None:
    """How long the publisher wishes to be left alone: RSS `ttl` (minutes) or the syndication module."""
    minutes = _text(feed, "ttl").strip()
    if minutes.isdecimal() and 0 < len(minutes) <= 6:
        return timedelta(minutes=int(minutes)) or None
    hours = _PERIODS.get(_text(feed, "sy_updateperiod").strip().lower())
    times = _text(feed, "sy_updatefrequency").strip()
    if hours is None:
        return None
    return timedelta(hours=hours) / (int(times) if times.isdecimal() and 0 < len(times) < 4 and int(times) else 1)


def _shortened(body: bytes, most: int) -> tuple[bytes, int]:
    """The document without the entries after the first `most`, and how many those were: 170,000 tiny ones take 10 s."""
    starts = [found.start() for found in _ENTRY.finditer(body)]
    if len(starts) <= most:
        return body, 0
    ends = [found.end() for found in _ENTRY_END.finditer(body, starts[most])]
    return body[: starts[most]] + (body[ends[-1] :] if ends else b""), len(starts) - most


def _bomb(body: bytes) -> str:
    """Why the document must not be parsed: what exists to blow up. Entities that name HTML characters may stay."""
    if _ATTRIBUTE_FLOOD.search(body):
        return "one of its elements has over 500 attributes, which no feed needs: refused"
    if body.count(b"<") > MANY_TAGS and any(found[0].count(b"<") > DEEPEST for found in _DESCENT.finditer(body)):
        return f"its elements are nested over {DEEPEST} deep, which no feed needs: refused"
    if body.count(b"xmlns:") > MOST_NAMESPACES:
        return f"it declares over {MOST_NAMESPACES} namespaces, which no feed needs: refused"
    head = body[:200_000]
    if b"<!ENTITY" not in head:
        return ""
    for found in _ENTITY.finditer(head):
        value = found[1] or found[2] or b""
        if len(value) > 1000 or re.search(rb"&[A-Za-z_]", value):
            return "the document defines entities that grow when they are read (an entity bomb): refused"
    return ""


def _why_empty(body: bytes, version: str, result: dict[str, Any]) -> str:
    """Why a document without entries is no feed; "" when it is an empty one."""
    malformed = _is_malformed(result)
    start = body[:4096]
    if version or _FEED_ROOT.search(start):
        return "the feed is cut off or malformed and no entry could be read" if malformed else ""
    if _HTML.search(start):
        return "this is an HTML page, not a feed: the feed may have moved, look for its address on that page"
    root = _ROOT.search(re.sub(rb"<[!?][^>]*>", b"", start))
    if root and not malformed:
        return f"this is XML, but not a feed (its root is {root[1][:40].decode('ascii', 'replace')!r})"
    return "this is not a feed: neither RSS, Atom, RDF, JSON Feed nor CAP"
