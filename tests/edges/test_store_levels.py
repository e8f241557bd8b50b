"""Levels by country, tag and day, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from monitor.domain import DayLevel, Level, Severity, StoryDay, Tag
from monitor.store import Store

from .test_store import NOW, a_decision, an_item, put

DAY = date(2026, 11, 24)


def a_level(country: str = "KE", *, day: date = DAY, level: Level | None = Level.ORANGE) -> DayLevel:
    return DayLevel(
        day=day,
        country=country,
        tag=Tag.GEOPOLITICAL,
        count=4,
        expected=0.5,
        upper=2.25,
        level=level,
        reasons=("above the upper bound",),
        forecast=1.5,
        error=0.75,
        told=(StoryDay(story="s1", severity=Severity.WARNING, feeds=frozenset({"a", "b"}), new=True, chance=0.9),),
        story="s1",
    )


def test_levels_come_back_as_they_were_put(store: Store) -> None:
    rows = [a_level("CL", level=None), a_level()]
    assert store.last_level_day() is None
    store.put_levels(rows, since=DAY, until=DAY)
    assert store.level_days(since=DAY) == rows
    assert store.last_level_day() == DAY


def test_levels_are_put_in_place_of_what_stood_there_from_a_day_on(store: Store) -> None:
    before = a_level(day=DAY - timedelta(1))
    store.put_levels([before, a_level(), a_level("CL")], since=DAY - timedelta(1), until=DAY)
    store.put_levels([replace(a_level(), count=9)], since=DAY, until=DAY + timedelta(2))
    assert store.last_level_day() == DAY + timedelta(2)
    assert store.level_days(since=DAY - timedelta(9)) == [before, replace(a_level(), count=9)]
    assert store.level_days(since=DAY, country="CL") == []
    assert store.level_days(since=DAY, least=Level.RED) == []
    assert store.level_days(since=DAY - timedelta(9), until=DAY - timedelta(1)) == [before]


def test_flagged_items_are_reported_with_their_story_and_those_read_first_are_not(store: Store) -> None:
    item = an_item(1)
    put(store, item, replace(an_item(2), baseline=True), decision=a_decision(item))
    [told] = store.reported(since=NOW - timedelta(1), likely=0.15)
    assert (told.story, told.feed, told.severity) == ("s1", item.feed, Severity(item.assessment.severity))
    assert (told.tags, told.countries, told.moment) == (item.judgement.labels, item.judgement.countries, item.moment)
