"""Where our reading of a feed differs from feedparser's, field by field, and why.

    python -m tests.agreement FOLDER...      every difference, one a line, then how many of each kind

`parse` has the shape that test suites for feed parsers ask for. Three readings are compared: feedparser alone
on the bytes as they came; feedparser on what we hand it (UTF-8, stray ampersands mended); and ours, which must
be the second one's equal wherever the fast way is taken.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

from monitor.ingest import charset, entries, wellformed, xmlfeed
from monitor.ingest.raw import RawEntry
from monitor.text import dates
from monitor.text.normalise import plain

FIELDS = ("title", "link", "id", "date", "summary")


class Difference(NamedTuple):
    """One entry's field; `kind` says whose fault: way, encoding, markup, date, count, refused."""

    kind: str
    file: str
    field: str
    library: str
    ours: str


def parse(body: bytes) -> dict[str, Any]:
    """Our reading in feedparser's words: entries with title, link, id, published and summary."""
    raw = entries._read(body, content_type="", language="")
    return {"entries": [_told(entry) for entry in raw.entries if not entry.refused]}


def _told(entry: RawEntry) -> dict[str, Any]:
    moment, _ = dates.published(
        entry.date, now=datetime(2100, 1, 1, tzinfo=UTC), default_zone="UTC", library=xmlfeed.library_date
    )
    return {"title": entry.title, "link": entry.link, "id": entry.guid, "published": moment, "summary": entry.text}


def differences(file: Path) -> Iterator[Difference]:
    """Every field of every entry of one file in which two readings differ."""
    body = file.read_bytes()
    if body.startswith(entries._BINARY):
        return
    text = charset.as_utf8(body).strip()
    if text[:1] in (b"", b"{", b"[") or entries.cap.is_alert(text) or not _has_entries(body):
        return
    if why := xmlfeed._bomb(text):
        yield Difference("refused", file.name, "", "", why)
        return
    short, over = xmlfeed._shortened(text, entries.MOST_ENTRIES)
    given = xmlfeed._read_any(short, over, entries.MOST_ENTRIES)
    try:
        ours = wellformed.read(short)[0]
    except wellformed.Unusual:
        ours = given.entries
    alone = _alone(body)
    if len(ours) != len(given.entries) or len(alone) != len(given.entries):
        yield Difference("count", file.name, "", str(len(alone)), str(len(ours)))
        return
    decoded = charset.as_utf8(body) != body or b"\xc3" in body
    for mine, theirs, bare in zip(ours, given.entries, alone, strict=True):
        for field in FIELDS:
            a, b, c = _field(bare, field), _field(theirs, field), _field(mine, field)
            if c != b:
                yield Difference("way", file.name, field, b, c)
            elif _same_words(a) != _same_words(c):
                yield Difference("encoding" if decoded else "markup", file.name, field, a, c)
        yield from _date(file.name, mine)


def _has_entries(body: bytes) -> bool:
    return b"<item" in body or b"<entry" in body or b"\0" in body[:40] or b":item" in body or b":entry" in body


def _alone(body: bytes) -> list[RawEntry]:
    import feedparser

    result = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    return [xmlfeed._entry(entry) for entry in result.entries]


def _field(entry: RawEntry, field: str) -> str:
    return {"title": entry.title, "link": entry.link, "id": entry.guid, "date": entry.date, "summary": entry.text}[
        field
    ]


def _same_words(text: str) -> str:
    return plain(unescape(text))


def _date(file: str, entry: RawEntry) -> Iterator[Difference]:
    """Where the library reads another moment than we do; with the doubt that we tell, if any."""
    theirs = xmlfeed.library_date(entry.date) if entry.date else None
    moment, doubt = dates.published(
        entry.date, now=datetime(2100, 1, 1, tzinfo=UTC), default_zone="UTC", library=xmlfeed.library_date
    )
    read = datetime(*theirs[:6], tzinfo=UTC) if theirs and 0 < theirs[0] < 10000 else None
    same = read == moment or (read and moment and abs((read - moment).total_seconds()) < 1)
    if not same:
        yield Difference("date", file, entry.date[:40], str(read), f"{moment} {doubt}".strip())


def main() -> None:
    warnings.simplefilter("ignore")
    kinds: Counter[str] = Counter()
    files = [file for folder in sys.argv[1:] for file in sorted(Path(folder).rglob("*")) if _is_feed(file)]
    for file in files:
        for found in differences(file):
            kinds[found.kind] += 1
            print(*(" ".join(part[:100].split()) for part in found), sep="\t")
    print(f"{len(files)} files", dict(kinds), file=sys.stderr)


def _is_feed(file: Path) -> bool:
    return file.is_file() and file.suffix not in (".py", ".jsonl", ".md", ".json") and file.name != "LICENSE"


if __name__ == "__main__":
    main()
