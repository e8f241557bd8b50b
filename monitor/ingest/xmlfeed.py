"""RSS 0.9x to 2.0, RDF and Atom through feedparser, fenced in.

It is given a stream, never text or bytes (it would open them as a file or an address), and
nothing but UTF-8, so that its own guesses about encodings never count.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from monitor.ingest.raw import RawEntry, RawFeed

_ENTITY = re.compile(rb"""<!ENTITY\s+(?:%\s*)?[^\s"']+\s+(?:"([^"]{0,100000})|'([^']{0,100000}))""")
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_FEED_ROOT = re.compile(rb"<(?:[\w.-]+:)?(?:rss|feed|RDF|channel)\b")
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}  # hours
_NOT_REAL = {"Test": "[Test] ", "Exercise": "[Exercise] ", "Draft": "[Draft] "}  # CAP 1.2, element `status`


def read(body: bytes, *, url: str) -> RawFeed:
    """The feed in a UTF-8 document that came from `url`; `error` says why when it is none."""
    if error := _bomb(body):
        return RawFeed(error=error)
    import feedparser

    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    try:
        result = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as problem:  # noqa: BLE001  it promises none and lets through many kinds on hostile input
        return RawFeed(error=f"the document cannot be read ({type(problem).__name__})")
    entries, version = result.get("entries") or [], result.get("version") or ""
    if not entries and (error := _why_empty(body, version, result)):
        return RawFeed(error=error)
    feed = result.get("feed") or {}
    return RawFeed(
        entries=tuple(_entry(entry) for entry in entries),
        title=_text(feed, "title"),
        language=_text(feed, "language"),
        ttl=_ttl(feed),
    )


def _entry(entry: Mapping[str, Any]) -> RawEntry:
    date = "published" if _text(entry, "published") else "updated" if _text(entry, "updated") else "created"
    return RawEntry(
        guid=_text(entry, "id"),
        link=_text(entry, "feedburner_origlink") or _text(entry, "link"),
        title=_text(entry, "title"),
        text=_body(entry),
        date=_text(entry, date),
        parsed=dict.get(entry, f"{date}_parsed"),  # type: ignore[arg-type]
        mark=_NOT_REAL.get(_text(entry, "cap_status"), ""),
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    """The stored value itself: the library's own look-up maps old names and costs ten times as much."""
    value = dict.get(entry, key)  # type: ignore[arg-type]
    return value if isinstance(value, str) else ""


def _body(entry: Mapping[str, Any]) -> str:
    summary = _text(entry, "summary")
    if summary and not summary.isspace():
        return summary
    contents = dict.get(entry, "content")  # type: ignore[arg-type]
    for content in contents if isinstance(contents, list) else ():
        if text := _text(content, "value"):
            return text
    return ""


def _ttl(feed: Mapping[str, Any]) -> timedelta | None:
    """How long the publisher wishes to be left alone: RSS `ttl` (minutes) or the syndication module."""
    minutes = _text(feed, "ttl").strip()
    if minutes.isdecimal() and 0 < len(minutes) <= 6:
        return timedelta(minutes=int(minutes)) or None
    hours = _PERIODS.get(_text(feed, "sy_updateperiod").strip().lower())
    times = _text(feed, "sy_updatefrequency").strip()
    if hours is None:
        return None
    return timedelta(hours=hours) / (int(times) if times.isdecimal() and 0 < len(times) < 4 and int(times) else 1)


def _bomb(body: bytes) -> str:
    """Entities that build on others, or are long, exist to blow up; those that name HTML characters stay."""
    head = body[:200_000]
    if b"<!ENTITY" not in head:
        return ""
    for found in _ENTITY.finditer(head):
        value = found[1] or found[2] or b""
        if len(value) > 1000 or re.search(rb"&[A-Za-z_]", value):
            return "the document defines entities that grow when they are read (an entity bomb): refused"
    return ""


def _why_empty(body: bytes, version: str, result: Mapping[str, Any]) -> str:
    """Why a document without entries is no feed; "" when it is an empty one."""
    malformed = type(result.get("bozo_exception")).__name__ == "SAXParseException"
    start = body[:4096]
    if version or _FEED_ROOT.search(start):
        return "the feed is cut off or malformed and no entry could be read" if malformed else ""
    if _HTML.search(start):
        return "this is an HTML page, not a feed: the feed may have moved, look for its address on that page"
    if body[:2] == b"\x1f\x8b" or start.count(b"\xef\xbf\xbd") > len(start) // 20:
        return "these are binary data, not a feed"
    root = _ROOT.search(re.sub(rb"<[!?][^>]*>", b"", start))
    if root and not malformed:
        return f"this is XML, but not a feed (its root is {root[1][:40].decode('ascii', 'replace')!r})"
    return "this is not a feed: neither RSS, Atom, RDF, JSON Feed nor CAP"
