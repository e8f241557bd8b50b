"""Levels of countries: up at once, down step by step, against their own past."""

from datetime import date, timedelta

from monitor.domain import Level, Severity
from monitor.warn.country_levels import CountryLevels, replayed

DAY = date(2026, 3, 4)
KEY = ("CZ", "geopolitical")


def levels_of(*counts: int, severity: Severity = Severity.WATCH) -> list[Level | None]:
    days = ((DAY + timedelta(n), {KEY: [severity] * count} if count else {}) for n, count in enumerate(counts))
    found = {row.day: row.level for row in replayed(CountryLevels(), days)}
    return [found.get(DAY + timedelta(n)) for n in range(len(counts))]


def test_a_burst_rises_at_once_and_falls_one_step_a_day():
    told = levels_of(*[0] * 30, 8, 0, 0, 0, 0)
    assert told[-5:] == [Level.RED, Level.ORANGE, Level.YELLOW, Level.BLUE, None]


def test_what_a_country_always_has_is_no_aberration():
    assert max(level for level in levels_of(*[6, 7, 5, 8, 6, 7] * 8)[40:] if level) < Level.ORANGE


def test_one_grave_story_counts_where_stories_are_rare():
    assert levels_of(*[0] * 30, 1, severity=Severity.CRITICAL)[-1] is Level.ORANGE


def test_days_without_items_are_days_too():
    days = [(DAY, {KEY: [Severity.CRITICAL]}), (DAY + timedelta(9), {KEY: [Severity.WATCH]})]
    levels = [row.level for row in replayed(CountryLevels(), days)]
    assert levels == [Level.ORANGE, Level.YELLOW, Level.BLUE, Level.YELLOW]  # the last is above an empty past
