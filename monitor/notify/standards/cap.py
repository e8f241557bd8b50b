"""One alert as a CAP 1.2 message: Alert, Update or Cancel, in Chinese and English.

Elements stand in the order that the schema demands. Source: OASIS Common Alerting Protocol 1.2
(1 July 2010), section 3.2; checked against its XML schema in the tests
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from monitor.domain import AlertState, Level, Tag
from monitor.i18n import translator
from monitor.notify import words
from monitor.notify.plain import one_line, safe_link
from monitor.notify.standards.facts import CAP_CERTAINTY, CAP_SEVERITY, CAP_URGENCY, Told

DECLARED = b'<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
HEADLINE = 160  # characters that the standard recommends
ITEMS = 20
_OF_TOPIC = {
    "supply_chain.transport": "Transport",
    "supply_chain.strike": "Transport",
    "supply_chain.plant": "Infra",
    "supply_chain.cyber": "Infra",
    "supply_chain.disaster": "Geo",
    "compliance.carbon": "Env",
}
_FORBIDDEN = re.compile(r"[\s,<&]")  # in identifiers and senders
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def cap_message(told: Told, *, sender: str, restriction: str) -> bytes:
    """The newest state of an alert as one message; `restriction` says who may have it, such as a TLP colour."""
    alert = told.alert
    root = ET.Element("alert", xmlns=NAMESPACE)
    revision = alert.revision
    kind = "Cancel" if told.cancelled else "Update" if revision > 1 or alert.state is AlertState.CLOSED else "Alert"
    closing = told.cancelled or alert.state is AlertState.CLOSED
    _put(root, "identifier", _name(told, revision, closing=kind if closing else ""))
    _put(root, "sender", _FORBIDDEN.sub("_", sender))
    _put(root, "sent", _when(alert.updated if closing else told.sent(revision)))
    _put(root, "status", "Actual")
    _put(root, "msgType", kind)
    _put(root, "scope", "Restricted")
    _put(root, "restriction", restriction)
    earlier = range(1, revision + 1 if closing else revision)
    if earlier:
        refs = [f"{_FORBIDDEN.sub('_', sender)},{_name(told, n)},{_when(told.sent(n))}" for n in earlier]
        _put(root, "references", " ".join(refs))
    for language in LANGUAGES:
        _info(root, told, language)
    ET.indent(root, " ")
    return DECLARED + bytes(ET.tostring(root, encoding="utf-8")) + b"\n"


def _info(root: ET.Element, told: Told, language: str) -> None:
    alert, say = told.alert, translator(language)
    info = ET.SubElement(root, "info")
    _put(info, "language", LANGUAGES[language])
    for category in _categories(told):
        _put(info, "category", category)
    subject = [words.topic_word(topic, say) for topic in alert.topics] or [words.tag_word(t, say) for t in alert.labels]
    _put(info, "event", words.joined(subject, say) or say.gettext("Early warning"))
    over = told.cancelled or alert.state is AlertState.CLOSED
    _put(info, "responseType", "AllClear" if over else "Prepare" if alert.level >= Level.ORANGE else "Monitor")
    _put(info, "urgency", CAP_URGENCY[alert.urgency])
    _put(info, "severity", CAP_SEVERITY[alert.severity])
    _put(info, "certainty", CAP_CERTAINTY[alert.certainty])
    for topic in alert.topics:
        _pair(info, "eventCode", "monitor:topic", topic)
    _put(info, "effective", _when(alert.opened))
    _put(info, "headline", one_line(alert.title, HEADLINE))
    reports = [f"{one_line(item.title)} ({one_line(item.feed, 100)})" for item in told.items[:ITEMS]]
    if reports:
        _put(info, "description", "\n".join(reports))
    if link := safe_link(alert.url):
        _put(info, "web", link)
    _pair(info, "parameter", "monitor:level", alert.level.word)
    _pair(info, "parameter", "monitor:reports", str(alert.item_count))
    area = ET.SubElement(info, "area")
    names = [words.country_word(code, language) for code in alert.countries]
    _put(area, "areaDesc", words.joined(names, say) or say.gettext("no country"))
    for code in alert.countries:
        _pair(area, "geocode", "ISO 3166-1", code)


def _categories(told: Told) -> list[str]:
    found = [_OF_TOPIC[topic] for topic in told.alert.topics if topic in _OF_TOPIC]
    if Tag.GEOPOLITICAL in told.alert.labels:
        found.append("Security")
    return list(dict.fromkeys(found)) or ["Other"]


def _name(told: Told, revision: int, *, closing: str = "") -> str:
    end = f".{closing.lower()}" if closing else ""
    return _FORBIDDEN.sub("_", f"{told.alert.id}.{revision}{end}")


def _when(moment: datetime) -> str:
    """With the offset that CAP wants for UTC: `Z` is not allowed."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}-00:00"


def _pair(parent: ET.Element, name: str, key: str, value: str) -> None:
    pair = ET.SubElement(parent, name)
    _put(pair, "valueName", key)
    _put(pair, "value", value)


def _put(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = clean(text)


def clean(text: str) -> str:
    """Text without what XML cannot hold."""
    return _NO_XML.sub("", text)
