"""JSON Feed 1.0 and 1.1, which the feed library does not read. Source: https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import json
from typing import Any

from monitor.ingest.raw import RawEntry, RawFeed


def read(body: bytes) -> RawFeed:
    """The feed in a UTF-8 JSON document; `error` says why when it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as problem:
        return RawFeed(error=f"this begins like JSON and cannot be read as JSON ({type(problem).__name__})")
    if not isinstance(document, dict) or "jsonfeed.org/version" not in str(document.get("version")):
        return RawFeed(error="this is JSON, but not a JSON Feed: look for the feed's address on the publisher's page")
    items = document.get("items")
    if not isinstance(items, list):
        return RawFeed(error="this JSON Feed has no list of items")
    return RawFeed(
        entries=tuple(_entry(item if isinstance(item, dict) else {}) for item in items),
        title=_text(document.get("title")),
        language=_text(document.get("language")),
    )


def _entry(item: dict[str, Any]) -> RawEntry:
    text = next((t for key in ("summary", "content_html", "content_text") if (t := _text(item.get(key)))), "")
    return RawEntry(
        guid=_text(item.get("id")),
        link=_text(item.get("url")) or _text(item.get("external_url")),
        title=_text(item.get("title")),
        text=text,
        date=_text(item.get("date_published")) or _text(item.get("date_modified")),
    )


def _text(value: object) -> str:
    """Text, or a number as text: publishers write ids as numbers."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
