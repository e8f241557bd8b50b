"""One public warning as a document of its own. Source: Common Alerting Protocol 1.2 (OASIS, 2010)"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from monitor.ingest.raw import RawEntry, RawFeed

_ROOT = re.compile(rb"<(?:[\w.-]+:)?alert\b[^>]*?(?:urn:oasis:names:tc:emergency:cap:1\.\d|incident\.com/cap/1\.0)")
_OF_THEIR_OWN = {"Test": "a test message", "Exercise": "an exercise", "Draft": "a draft", "System": "a system message"}


def is_alert(body: bytes) -> bool:
    """The document's root is a CAP alert; an Atom feed that holds alerts is not."""
    found = _ROOT.search(body[:4096])
    return bool(found) and not re.search(rb"<(?:[\w.-]+:)?(?:feed|rss|RDF)\b", body[: found.start()])  # type: ignore[union-attr]


def read(body: bytes, *, language: str = "") -> RawFeed:
    """The warning as a feed of one entry; tests and drafts are refused, not shown as warnings."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        return RawFeed(error="this CAP alert brings its own entities, which no warning needs: refused")
    try:
        alert = ElementTree.fromstring(body)  # noqa: S314  entities are refused above, size is capped
    except ElementTree.ParseError as problem:
        return RawFeed(error=f"this CAP alert is cut off or malformed ({problem})")
    infos = [child for child in alert if _name(child) == "info"]
    info = _chosen(infos, language)
    headline = (_first(info, "headline") or _first(info, "event")) if info is not None else ""
    text = " ".join(filter(None, (_first(info, "description"), _areas(info)))) if info is not None else ""
    status, kind = _first(alert, "status"), _first(alert, "msgType")
    return RawFeed(
        entries=(
            RawEntry(
                guid=" ".join(filter(None, (_first(alert, "sender"), _first(alert, "identifier")))),
                link=_first(info, "web") if info is not None else "",
                title=headline,
                text=text or _first(alert, "note"),
                date=_first(alert, "sent"),
                mark="Cancelled: " if kind == "Cancel" else "",
                refused=f"{_OF_THEIR_OWN[status]}, not a real warning" if status in _OF_THEIR_OWN else "",
            ),
        ),
        title=_first(info, "senderName") if info is not None else "",
        language=_first(info, "language") if info is not None else "",
    )


def _chosen(infos: list[ElementTree.Element], language: str) -> ElementTree.Element | None:
    """The block in the feed's language, else in English (the standard's default), else the first."""
    for wanted in (language[:2].lower(), "en"):
        for info in infos:
            if wanted and (_first(info, "language") or "en")[:2].lower() == wanted:
                return info
    return infos[0] if infos else None


def _areas(info: ElementTree.Element) -> str:
    return ", ".join(_first(child, "areaDesc") for child in info if _name(child) == "area")


def _first(parent: ElementTree.Element, name: str) -> str:
    return next(((child.text or "").strip() for child in parent if _name(child) == name), "")


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
