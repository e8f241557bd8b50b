"""Periods by the reader's clock: daylight saving, clocks that jump, and months of silence."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import Calendar
from monitor.notify.schedule import is_quiet, last_moment, period_end

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Casablanca")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ends(zone: str, when: Calendar, begin: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """The periods that a machine closes which looks every `step`."""
    last, now, found = begin, begin, []
    while now <= end:
        closed = period_end(last, every=DAY, when=when, zone=ZoneInfo(zone), now=now)
        if closed:
            found.append(closed)
            last = closed
        now += step
    return found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", ["01:45", "02:15", "02:45", "07:30", "00:00"])
def test_a_year_of_days_has_one_digest_each_whatever_daylight_saving_does(zone: str, hour: str) -> None:
    when = Calendar(at=time.fromisoformat(hour))
    closed = ends(zone, when, at("2026-01-01T00:00"), at("2027-01-01T00:00"), timedelta(minutes=15))
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in closed]
    assert len(days) == len(set(days)) and 365 <= len(days) <= 366
    assert all(later - earlier == DAY for earlier, later in pairwise(days))


def test_on_lord_howe_the_clock_jumps_by_half_an_hour_and_the_digest_comes_once() -> None:
    zone, when = "Australia/Lord_Howe", Calendar(at=time(2, 15))
    closed = ends(zone, when, at("2026-10-02T00:00"), at("2026-10-06T00:00"), timedelta(minutes=1))
    shown = [moment.astimezone(ZoneInfo(zone)).strftime("%d %H:%M") for moment in closed]
    assert shown == ["03 02:15", "04 02:45", "05 02:15", "06 02:15"]  # on the fourth 02:15 did not exist


def test_a_time_that_comes_twice_counts_once() -> None:
    closed = ends("Europe/Berlin", Calendar(at=time(2, 30)), at("2026-10-24T12:00"), at("2026-10-26T00:00"), HOUR / 4)
    assert closed == [at("2026-10-25T00:30")]


@pytest.mark.parametrize("when", [None, Calendar(at=time(7, 30)), Calendar(at=time(7, 30), weekday=0)])
def test_after_months_of_downtime_one_period_catches_up(when: Calendar | None) -> None:
    zone, last, now = ZoneInfo("Asia/Shanghai"), at("2025-11-24T00:00"), at("2026-11-29T12:00")
    closed = period_end(last, every=DAY, when=when, zone=zone, now=now)
    assert closed is not None and now - timedelta(days=7) <= closed <= now
    assert period_end(closed, every=DAY, when=when, zone=zone, now=now) is None


def test_once_a_week_is_on_its_day() -> None:
    when, zone = Calendar(at=time(8), weekday=4), ZoneInfo("Asia/Shanghai")
    moment = last_moment(when, zone=zone, now=at("2026-11-29T12:00"))
    assert moment == at("2026-11-27T00:00") and moment.astimezone(zone).weekday() == 4


@given(
    zone=st.sampled_from(ZONES),
    now=st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 30), timezones=st.just(UTC)),
    minute=st.integers(0, 1439),
    weekday=st.one_of(st.none(), st.integers(0, 6)),
)
def test_the_last_moment_is_never_ahead_and_never_more_than_a_period_ago(
    zone: str, now: datetime, minute: int, weekday: int | None
) -> None:
    when = Calendar(at=time(minute // 60, minute % 60), weekday=weekday)
    moment = last_moment(when, zone=ZoneInfo(zone), now=now)
    longest = DAY if weekday is None else 7 * DAY
    assert moment <= now < moment + longest + 2 * HOUR


def test_quiet_hours_reach_over_midnight_and_follow_the_readers_clock() -> None:
    night, zone = (time(22), time(7)), ZoneInfo("Asia/Shanghai")
    assert is_quiet(night, zone=zone, now=at("2026-11-24T14:00"))  # 22:00
    assert is_quiet(night, zone=zone, now=at("2026-11-24T22:59"))  # 06:59
    assert not is_quiet(night, zone=zone, now=at("2026-11-24T23:00"))  # 07:00
    assert not is_quiet(None, zone=zone, now=at("2026-11-24T23:00"))
    assert is_quiet((time(12), time(13)), zone=zone, now=at("2026-11-24T04:30"))
    assert not is_quiet((time(12), time(13)), zone=zone, now=at("2026-11-24T05:00"))
