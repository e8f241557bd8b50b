"""Silence is measured by a feed's own habit; how often that is wrong, and how soon it is right."""

from __future__ import annotations

import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.warn.habits import WEEK, silence

MONDAY = (20_000 // 7) * WEEK - 3 * 24  # a Monday, 0:00 UTC, in hours since 1970


def a_feed(seed: int, *, weeks: float, a_day: float, office: bool, bursty: bool = False) -> dict[int, int]:
    """Arrivals by hour of an invented feed: Poisson, by day and night or on weekdays from 8 to 18 only."""
    dice = random.Random(seed)
    found: dict[int, int] = {}
    open_hours = 10 if office else 24
    days = 5 / 7 if office else 1
    for hour in range(MONDAY, MONDAY + int(weeks * WEEK)):
        if hour % 24 == 0:
            mood = dice.choice((0.3, 1, 1.7)) if bursty else 1
        at_work = not office or ((hour // 24 + 3) % 7 < 5 and 8 <= hour % 24 < 18)
        rate = mood * a_day / open_hours / days if at_work else 0.0
        count = sum(dice.random() < rate / 8 for _ in range(8))
        if count:
            found[hour] = count
    return found


KINDS = [
    {"a_day": 40, "office": False},
    {"a_day": 8, "office": False},
    {"a_day": 12, "office": True},
    {"a_day": 12, "office": True, "bursty": True},
    {"a_day": 2, "office": True},
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_healthy_feed_is_hardly_ever_called_silent(kind: dict) -> None:
    # Eight feeds, looked at three times a day for four weeks: 0.6 feed-years. Once a year and feed is aimed at;
    # the bound leaves room for chance and for the bursts that no feed had shown before.
    spells = 0
    for seed in range(8):
        feed = a_feed(seed, weeks=12, **kind)
        was = False
        for until in range(MONDAY + 8 * WEEK, MONDAY + 12 * WEEK, 8):
            now = silence({h: n for h, n in feed.items() if h <= until}, until=until) is not None
            spells += now and not was
            was = now
    assert spells <= 4


@pytest.mark.parametrize(("kind", "days"), list(zip(KINDS, (1, 2.5, 3, 4, 10), strict=True)))
def test_a_feed_that_dies_is_found_within_days(kind: dict, days: float) -> None:
    # Office feeds end with a Friday, so the weekend is in the figure.
    took = []
    for seed in range(7):
        feed = a_feed(seed, weeks=8, **kind)
        until = max(feed)
        while silence(feed, until=until) is None:
            until += 1
        took.append((until - max(feed)) / 24)
    assert median(took) <= days


def test_the_weekend_of_an_office_feed_is_no_silence_and_its_monday_is() -> None:
    feed = a_feed(1, weeks=8, a_day=25, office=True)  # ends with a Sunday
    last = MONDAY + 8 * WEEK
    assert silence(feed, until=last) is None
    found = silence(feed, until=last + 17)
    assert found is not None
    assert (found.weekday, found.hour, found.found) == (0, 17, 0)
    assert 20 < found.usual < 45  # of the nine open hours of a Monday
    assert found.once_in > 100


def test_a_feed_that_dwindles_is_told_with_its_figures() -> None:
    feed = a_feed(2, weeks=9, a_day=20, office=False)
    kept = {h: n for h, n in feed.items() if h < MONDAY + 8 * WEEK or h % 12 == 0}
    found = silence(kept, until=MONDAY + 9 * WEEK - 1)
    assert found is not None
    assert 0 < found.found < 47 < found.usual


def test_without_a_habit_nothing_is_said() -> None:
    assert silence({}, until=MONDAY) is None
    assert silence({MONDAY + n: 1 for n in range(100)}, until=MONDAY + 5000) is None  # four days are no habit
    assert silence({MONDAY + 100 * n: 1 for n in range(19)}, until=MONDAY + 50_000) is None


@given(st.dictionaries(st.integers(0, 10_000), st.integers(1, 10_000), max_size=60), st.integers(0, 20_000))
def test_any_past_gives_an_answer(arrivals: dict[int, int], until: int) -> None:
    found = silence(arrivals, until=until)
    assert found is None or (found.once_in >= 2 and found.usual > found.found and 0 <= found.hour < 24)
