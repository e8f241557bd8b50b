"""A profile's alerts as a feed that any reader takes, another installation of ours included.

Sources: RFC 4287 (Atom), JSON Feed 1.1. Nothing of the profile is in it but its name: neither
keywords nor reasons, only what was published and how grave we hold it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from monitor.i18n import translator
from monitor.notify import words
from monitor.notify.plain import one_line, safe_link
from monitor.notify.standards.cap import DECLARED, clean
from monitor.notify.standards.facts import Told, stamp

ATOM = "http://www.w3.org/2005/Atom"
JSON_FEED = "https://jsonfeed.org/version/1.1"
MOST = 100  # entries of a feed


def atom(alerts: Sequence[Told], *, title: str, domain: str, language: str, now: datetime) -> bytes:
    """The newest alerts as Atom; `domain` names the installation in the entries' ids."""
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": language})
    newest = _newest(alerts)
    _put(root, "id", _tag(domain, "feed", title))
    _put(root, "title", one_line(title))
    _put(root, "updated", stamp(max((told.alert.updated for told in newest), default=now)))
    _put(ET.SubElement(root, "author"), "name", "monitor")
    for told in newest:
        alert = told.alert
        entry = ET.SubElement(root, "entry")
        _put(entry, "id", _tag(domain, "alert", alert.id))
        _put(entry, "title", one_line(alert.title))
        _put(entry, "updated", stamp(alert.updated))
        _put(entry, "published", stamp(_published(told)))
        if link := safe_link(alert.url):
            ET.SubElement(entry, "link", {"rel": "alternate", "href": link})
        for term in _terms(told):
            ET.SubElement(entry, "category", {"term": term})
        _put(entry, "summary", _summary(told, language))
    ET.indent(root, " ")
    return DECLARED + bytes(ET.tostring(root, encoding="utf-8")) + b"\n"


def json_feed(alerts: Sequence[Told], *, title: str, domain: str, language: str) -> bytes:
    """The newest alerts as JSON Feed 1.1, with our own facts under `_monitor`."""
    document = {
        "version": JSON_FEED,
        "title": one_line(title),
        "language": language,
        "authors": [{"name": "monitor"}],
        "items": [_json_item(told, domain, language) for told in _newest(alerts)],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def _json_item(told: Told, domain: str, language: str) -> dict[str, Any]:
    alert = told.alert
    item: dict[str, Any] = {
        "id": _tag(domain, "alert", alert.id),
        "title": one_line(alert.title),
        "content_text": _summary(told, language),
        "date_published": stamp(_published(told)),
        "date_modified": stamp(alert.updated),
        "tags": _terms(told),
        "_monitor": {
            "level": alert.level.word,
            "severity": int(alert.severity),
            "urgency": alert.urgency.value,
            "certainty": alert.certainty.value,
            "countries": list(alert.countries),
            "topics": list(alert.topics),
            "reports": alert.item_count,
        },
    }
    if link := safe_link(alert.url):
        item["url"] = link
    return item


def _newest(alerts: Sequence[Told]) -> list[Told]:
    told = [one for one in alerts if not one.alert.held and not one.cancelled]
    return sorted(told, key=lambda one: (one.alert.updated, one.alert.id), reverse=True)[:MOST]


def _published(told: Told) -> datetime:
    """When it was first reported: what a reader judges the age of news by."""
    return min([told.alert.opened, *(item.moment for item in told.items)])


def _terms(told: Told) -> list[str]:
    alert = told.alert
    return [alert.level.word, *(tag.value for tag in alert.labels), *alert.topics, *alert.countries]


def _summary(told: Told, language: str) -> str:
    alert, say = told.alert, translator(language)
    parts = [
        f"{words.mark(alert.level)} {words.level_word(alert.level, say)}",
        words.joined([words.tag_word(tag, say) for tag in alert.labels], say),
        words.joined([words.country_word(code, language) for code in alert.countries], say),
        words.certainty_word(alert.certainty, say),
        words.joined([one_line(feed, 60) for feed in alert.feeds[:5]], say),
    ]
    return " · ".join(part for part in parts if part)


def _tag(domain: str, kind: str, name: str) -> str:
    """A `tag:` URI of RFC 4151: the same for the same alert, whoever asks."""
    return f"tag:{domain},2026:{kind}/" + "".join(c if c.isalnum() or c in "-._" else "-" for c in name)


def _put(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = clean(text)
