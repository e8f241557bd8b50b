"""When a feed is asked again, and how: decided without clock and network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import Feed, FeedState, Rhythm
from monitor.ingest.moves import has_moved, to_be_held
from monitor.ingest.politeness import (
    LATEST,
    LONGEST_WAIT,
    asks_in_full,
    interval,
    learnt,
    max_age_s,
    next_poll,
    retry_after_s,
    skips_of,
    spread,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HALF_HOUR, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)


def wait(every=HALF_HOUR, *, failures=0, server_asks=None, spread=0.0, skips=""):
    return next_poll(NOW, every=every, failures=failures, server_asks=server_asks, spread=spread, skips=skips) - NOW


def test_a_healthy_feed_is_asked_at_its_interval():
    assert wait() == HALF_HOUR


def test_every_failure_doubles_the_wait_up_to_a_day():
    assert [wait(failures=n) / HALF_HOUR for n in range(5)] == [1, 2, 4, 8, 16]
    assert wait(failures=6) == wait(failures=1000) == LONGEST_WAIT


def test_the_servers_wish_counts_when_it_is_longer_and_at_most_a_day():
    assert wait(server_asks=2 * HOUR) == 2 * HOUR
    assert wait(server_asks=timedelta(seconds=1)) == HALF_HOUR
    assert wait(server_asks=timedelta(days=3650)) == LONGEST_WAIT
    assert wait(failures=3, server_asks=HOUR) == 4 * HOUR


def test_the_spread_makes_the_wait_up_to_a_tenth_longer_and_never_by_a_minute():
    assert wait(timedelta(minutes=5), spread=0.5) == timedelta(minutes=5, seconds=15)
    assert wait(timedelta(minutes=5), spread=7.0) == timedelta(minutes=5, seconds=30)
    assert wait(HOUR, spread=1.0) == HOUR + LATEST < HOUR + timedelta(minutes=1)
    assert wait(DAY, spread=1.0) == LONGEST_WAIT


@given(
    every=st.timedeltas(),
    failures=st.integers(-5, 10**9),
    server_asks=st.none() | st.timedeltas(),
    share=st.floats(allow_nan=False),
)
def test_no_wish_and_no_interval_leads_out_of_a_day(every, failures, server_asks, share):
    found = wait(every, failures=failures, server_asks=server_asks, spread=share)
    assert timedelta(0) <= found <= LONGEST_WAIT
    assert found >= min(max(every, server_asks or every), LONGEST_WAIT)
    if failures <= 0:
        asked = max(min(max(wish, timedelta(0)), LONGEST_WAIT) for wish in (every, server_asks or every))
        assert found <= asked + LATEST


def test_the_spread_is_steady_and_differs_between_feeds():
    shares = [spread(f"feed {n}") for n in range(1000)]
    assert shares == [spread(f"feed {n}") for n in range(1000)]
    assert 0 <= min(shares) < 0.1 and 0.9 < max(shares) <= 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        ("315360000", 86400),
        ("Tue, 24 Nov 2026 12:01:30 GMT", 90),
        ("Tue, 24 Nov 2026 12:01:30 -0000", 90),  # names no zone: UTC
        ("Tue, 24 Nov 2026 13:01:30 +0100", 90),
        ("Mon, 23 Nov 2026 12:00:00 GMT", 0),
        ("Fri, 24 Nov 2056 12:00:00 GMT", 86400),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("１２０", None),
        ("9" * 400, None),
        ("Tue, 99 Nov 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_capped(header, seconds):
    assert retry_after_s(header, now=NOW) == seconds


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_a_date_and_its_distance_say_the_same(until):
    expected = min(max((until.replace(microsecond=0) - NOW).total_seconds(), 0), 86400)
    assert retry_after_s(format_datetime(until, usegmt=True), now=NOW) == expected


@given(st.text(max_size=60))
def test_no_header_breaks_the_reading(text):
    for seconds in (retry_after_s(text, now=NOW), max_age_s(text)):
        assert seconds is None or 0 <= seconds <= 86400


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("max-age=900", 900),
        ("public, MAX-AGE = 900, must-revalidate", 900),
        ('max-age="60"', 60),
        ("max-age=60, s-maxage=3600", 60),
        ("s-maxage=3600, max-age=60", 60),
        ("s-maxage=3600", None),  # for shared caches
        ("max-age=99999999", 86400),
        ("no-cache, max-age=900", None),
        ("no-store", None),
        ("x-max-age=5", None),
        ("max-age=soon", None),
        ("", None),
    ],
)
def test_max_age_is_read_where_the_answer_may_be_kept(header, seconds):
    assert max_age_s(header) == seconds


def state(*, silent, spacing=HALF_HOUR, last_new=True):
    began = NOW - silent
    return FeedState(
        id=1,
        feed=Feed(name="f", url="https://news.example/rss", every=HALF_HOUR),
        first_polled=began if not last_new else NOW - 90 * DAY,
        last_polled=NOW,
        last_new=began if last_new else None,
        next_poll=NOW + spacing,
    )


def test_a_feed_with_news_today_is_asked_with_validators():
    assert not asks_in_full(state(silent=timedelta(0)))
    assert not asks_in_full(state(silent=DAY - timedelta(seconds=1)))
    assert not asks_in_full(FeedState(id=1, feed=Feed(name="new", url="https://news.example/rss")))


@pytest.mark.parametrize("last_new", [True, False])
@pytest.mark.parametrize("spacing", [timedelta(minutes=10), HALF_HOUR, 7 * HOUR])
def test_a_silent_feed_is_asked_in_full_once_for_every_day(spacing, last_new):
    polls = [spacing * n for n in range(1, int(10 * DAY / spacing))]
    full = [silent // DAY for silent in polls if asks_in_full(state(silent=silent, spacing=spacing, last_new=last_new))]
    assert full == list(range(1, max(full) + 1))
    assert max(full) == polls[-1] // DAY


def test_a_feed_polled_once_a_day_is_asked_in_full_when_silent():
    assert all(asks_in_full(state(silent=n * DAY, spacing=DAY)) for n in range(1, 5))


# --- what is learnt of a feed ------------------------------------------------------------------


def polled(feed, *, days, changes_a_day):
    """The rhythm of `feed` after so many days in which it changed evenly, asked as we would ask it."""
    rhythm, at, last_change = Rhythm(), 0.0, 0.0
    while at < days * 86_400:
        wait_s = interval(feed, rhythm).total_seconds()
        at += wait_s
        changed = changes_a_day > 0 and at - last_change >= 86_400 / changes_a_day
        last_change = at if changed else last_change
        rhythm = learnt(rhythm, waited=timedelta(seconds=wait_s), changed=changed)
    return rhythm


def test_a_feed_we_do_not_know_is_asked_at_its_interval():
    assert interval(Feed(name="a", url=""), Rhythm()) == HALF_HOUR


@pytest.mark.parametrize(("changes_a_day", "minutes"), [(0, 120), (1, 120), (6, 60), (48, 30)])
def test_the_wait_is_a_quarter_of_the_time_between_two_changes(changes_a_day, minutes):
    feed = Feed(name="a", url="")
    found = interval(feed, polled(feed, days=14, changes_a_day=changes_a_day))
    assert found / timedelta(minutes=minutes) == pytest.approx(1, abs=0.15)


def test_a_feed_names_its_own_longest_wait():
    quiet = Rhythm(watched_s=30 * 86_400.0)
    assert interval(Feed(name="a", url="", longest=timedelta(hours=6)), quiet) == timedelta(hours=6)
    assert interval(Feed(name="a", url="", longest=HALF_HOUR), quiet) == HALF_HOUR


def test_a_feed_that_wakes_up_is_asked_more_often_within_days():
    feed = Feed(name="a", url="")
    rhythm = polled(feed, days=30, changes_a_day=0)
    waited = timedelta(0)
    while (wait_now := interval(feed, rhythm)) > HALF_HOUR:
        rhythm, waited = learnt(rhythm, waited=wait_now, changed=True), waited + wait_now
        assert waited < timedelta(days=4)


@given(
    every=st.timedeltas(),
    longest=st.none() | st.timedeltas(),
    waits=st.lists(st.tuples(st.timedeltas(), st.booleans()), max_size=20),
)
def test_the_wait_keeps_its_bounds_whatever_happened(every, longest, waits):
    rhythm = Rhythm()
    for waited, changed in waits:
        rhythm = learnt(rhythm, waited=waited, changed=changed)
    found = interval(Feed(name="a", url="", every=every, longest=longest), rhythm)
    assert min(max(every, timedelta(0)), LONGEST_WAIT) <= found <= LONGEST_WAIT


def test_skipped_hours_and_days_are_read_as_the_standard_has_them():
    hours = b"<rss><channel><skipHours><hour>3</hour><hour> 24 </hour><hour>77</hour></skipHours>"
    days = b"<skipDays><day>Sunday</day><day>saturday</day><day>Someday</day></skipDays></channel></rss>"
    assert skips_of(hours + days) == "0,3 Sat,Sun"
    assert skips_of(days).strip() == "Sat,Sun"
    assert skips_of(b"<rss/>") == skips_of(b"<skipHours><hour>1") == ""
    assert skips_of(b"<skipHours>" + b"".join(b"<hour>%d</hour>" % n for n in range(24)) + b"</skipHours>") == ""


def test_a_poll_never_falls_into_a_skipped_hour_and_at_most_a_day_away():
    assert wait(skips="12,13,14") >= timedelta(hours=3)  # NOON plus half an hour is in the first
    assert wait(skips="12,13,14") < timedelta(hours=4)
    assert wait(skips="0,1") == HALF_HOUR
    assert wait(skips=" Tue,Wed,Thu") == LONGEST_WAIT
    assert wait(skips=" Tue") == timedelta(hours=12) + wait(skips=" Tue") % HOUR


def test_a_feed_has_moved_when_another_house_answers():
    assert not has_moved("", "https://anywhere.example/rss")
    assert not has_moved("dw.com", "https://rss.dw.com/rss")
    assert not has_moved("news.example", "https://www.news.example/other")
    assert has_moved("news.example", "https://casino.example/news")
    assert has_moved("a.news.example", "https://b.news.example/rss")
    assert not has_moved("news.example", "")


def test_a_permanent_move_or_mostly_new_titles_wait_for_a_person():
    assert to_be_held(permanent=True, entries=10, new=0)
    assert to_be_held(permanent=False, entries=10, new=9)
    assert not to_be_held(permanent=False, entries=10, new=8)
