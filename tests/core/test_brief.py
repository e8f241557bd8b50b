"""What the weekly policy brief and a push message say, and two languages side by side."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from monitor.domain import Level, Profile, Recipient, Stage
from monitor.notify import brief, digest, push, render
from monitor.notify.bilingual import beside
from monitor.notify.view import DueDate, Entry

from .test_digest import NOW, alert, facts, item


def brief_facts(*changes: brief.Change, **more: Any) -> brief.BriefFacts:
    known: dict[str, Any] = {
        "profile": Profile(name="pumps", title="Pump works"),
        "recipient": Recipient(address="desk@example.com"),
        "since": NOW - timedelta(days=7),
        "until": NOW,
        "changes": changes,
        "sources_reached": 9,
        "sources_due": 10,
    }
    return brief.BriefFacts(**{**known, **more})


def test_a_brief_says_what_changed_for_whom_by_when_and_where_it_stands() -> None:
    change = brief.Change(
        alert=alert(1),
        source=item(7),
        stage=Stage.CONSULTATION,
        sentence="Comments may be sent until 9 March.",
        due=(DueDate(on=date(2026, 3, 9), what="Comments close"),),
    )
    text = render.render_text(brief.build(brief_facts(change), NOW))
    for told in (
        "1. Headline 1",
        "What changed: consultation · Germany",
        "For whom: your country: Germany",
        "By when: Comments close 2026-03-09 (in 7 days)",
        "“Comments may be sent until 9 March.”",
        "Source: Quay Times · 2026-03-02 06:00 · #7\n   https://news.example/report/7",
    ):
        assert told in text


def test_the_nearest_date_comes_first_in_a_brief() -> None:
    late = brief.Change(alert=alert(1, level=Level.RED), source=item(1))
    soon = brief.Change(alert=alert(2), source=item(2), due=(DueDate(on=date(2026, 3, 3), what="In force"),))
    view = brief.build(brief_facts(late, soon), NOW)
    assert [line.what for line in view.lines] == ["Headline 2", "Headline 1"]
    assert view.lines[1].when == "no date stands in the texts read"


def test_a_brief_of_nothing_is_calm_only_when_the_sources_answered() -> None:
    assert brief.build(brief_facts(), NOW).headline == "No policy changed for you this week"
    assert "too few" in brief.build(brief_facts(sources_reached=2), NOW).headline


def test_a_push_message_is_short_plain_and_bears_its_name() -> None:
    entries = [Entry(alert=alert(n, level=Level.ORANGE, title="某国公布数据出境新规" * 10)) for n in range(50)]
    body = push.push_message(digest.build(facts(*entries, language="zh"), NOW), message_id="<0123456789@x>")
    said = json.loads(body)
    assert len(said["body"].encode()) < 4096 and said["type"] == "warning"
    assert said["body"].endswith("[01234567]") and said["title"].startswith("橙色 50 条")
    assert body == push.push_message(digest.build(facts(*entries, language="zh"), NOW), message_id="<0123456789@x>")


@pytest.mark.parametrize(
    ("chinese", "english", "shown"),
    [
        ("红色", "Red", "红色 / Red"),
        ("▲▲▲▲ 红色", "▲▲▲▲ Red", "▲▲▲▲ 红色 / Red"),
        ("1 条预警", "1 alert", "1 条预警 / 1 alert"),
        ("Quay Times、tax-office", "Quay Times, tax-office", "Quay Times、tax-office"),
        ("德国 · 严重", "Germany · serious", "德国 / Germany · 严重 / serious"),
    ],
)
def test_two_languages_stand_side_by_side_and_what_is_alike_stands_once(chinese: str, english: str, shown: str) -> None:
    assert beside(chinese, english) == shown
