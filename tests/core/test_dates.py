from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.dates import published
from monitor.text.durations import duration

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def read(raw, zone="UTC", **more):
    return published(raw, now=NOW, default_zone=zone, **more)


@pytest.mark.parametrize(
    ("raw", "zone", "wanted"),
    [
        ("Sun, 22 Nov 2026 14:30:00 +0800", "UTC", "2026-11-22T06:30:00+00:00"),
        ("Sun, 22 Nov 2026 14:30:00 GMT", "Asia/Tokyo", "2026-11-22T14:30:00+00:00"),
        ("Mon, 22 Nov 26 4:03 EST", "UTC", "2026-11-22T09:03:00+00:00"),
        ("Sunday, 22-Nov-26 14:30:00 GMT", "UTC", "2026-11-22T14:30:00+00:00"),
        ("Sun Nov 22 14:30:00 GMT 2026", "UTC", "2026-11-22T14:30:00+00:00"),
        ("Sun, 22 Nov 2026 14:30:00 GMT+8", "UTC", "2026-11-22T06:30:00+00:00"),
        ("Sun, 22 Nov 2026 14:30:00 UTC+08:00", "UTC", "2026-11-22T06:30:00+00:00"),
        ("Sun, 22 Nov 2026 14:30:00 Asia/Shanghai", "UTC", "2026-11-22T06:30:00+00:00"),
        ("2026-11-22T14:30:00Z", "Asia/Shanghai", "2026-11-22T14:30:00+00:00"),
        ("2026-11-22T14:30:00.123456+08:00", "UTC", "2026-11-22T06:30:00+00:00"),
        ("2026-11-22T14:30:00.123456+08:00", "UTC", "2026-11-22T06:30:00+00:00"),
        ("2026-11-22T24:00:00Z", "UTC", "2026-11-23T00:00:00+00:00"),
        ("2026-06-30T23:59:60Z", "UTC", "2026-06-30T23:59:59+00:00"),
        ("1795329000", "UTC", "2026-11-22T06:30:00+00:00"),
        ("1795329000000", "UTC", "2026-11-22T06:30:00+00:00"),
        ("Sun, 22 Nov 2026 14:30:00 CST", "Asia/Shanghai", "2026-11-22T06:30:00+00:00"),
        ("Sun, 22 Nov 2026 14:30:00 CST", "America/Chicago", "2026-11-22T20:30:00+00:00"),
    ],
)
def test_a_date_with_its_zone_is_read_without_doubt(raw, zone, wanted):
    moment, doubt = read(raw, zone)
    assert moment is not None
    assert (moment.isoformat(), doubt) == (wanted, "")


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("2026年11月22日 14:30", "2026-11-22T06:30:00+00:00"),
        ("2026年11月22日 星期日 下午2:30", "2026-11-22T06:30:00+00:00"),
        ("2026年1月10日", "2026-01-09T16:00:00+00:00"),
        ("2026/1/10", "2026-01-09T16:00:00+00:00"),
        ("2026-11-22 09:00:00", "2026-11-22T01:00:00+00:00"),
        ("发布时间：2026-11-22 09:00", "2026-11-22T01:00:00+00:00"),
        ("November 22, 2026 9:00 AM", "2026-11-22T01:00:00+00:00"),
        ("20261122", "2026-11-21T16:00:00+00:00"),
    ],
)
def test_a_date_without_zone_is_the_publishers_own_and_said_to_be(raw, wanted):
    moment, doubt = read(raw, "Asia/Shanghai")
    assert moment is not None
    assert moment.isoformat() == wanted
    assert doubt == "no time zone given, read as Asia/Shanghai"


def test_with_dots_the_day_comes_first():
    assert read("06.02.2025")[0] == datetime(2025, 2, 6, tzinfo=UTC)
    assert read("Do, 06.02.2025 14:30 Uhr", "Europe/Berlin")[0] == datetime(2025, 2, 6, 13, 30, tzinfo=UTC)


@given(
    moment=st.datetimes(datetime(1990, 1, 2), datetime(2026, 11, 20)),  # in 1990 by UTC too: older is a placeholder
    offset=st.integers(-14 * 4, 14 * 4),
)
def test_the_quick_way_to_a_date_and_the_patient_one_say_the_same(moment, offset):
    zoned = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * offset)))
    mail, iso = format_datetime(zoned), zoned.isoformat()
    for quick, patient in ((mail, mail.replace(" ", "  ")), (iso, iso.replace("T", "  "))):
        assert read(quick) == read(patient) == (zoned.astimezone(UTC), "")


def test_the_librarys_reading_is_not_believed_where_there_are_han_characters():
    wrong = time.struct_time((2026, 11, 1, 0, 0, 0, 6, 305, 0))
    assert read("2026年11月22日 14:30", library=lambda _: wrong)[0] == datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
    assert read("于公元某日 22", library=lambda _: wrong, guess=False)[0] is None
    assert read("in a shape of its own 22", library=lambda _: wrong)[0] == datetime(2026, 11, 1, tzinfo=UTC)


def test_an_unknown_zone_is_the_feeds_own_and_said_to_be():
    moment, doubt = read("Sun, 22 Nov 2026 14:30:00 XYZ", "Asia/Shanghai")
    assert moment == datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
    assert "'XYZ' is unknown" in doubt


def test_a_date_in_the_future_is_read_as_now():
    assert read("2099-01-01T00:00:00Z") == (NOW, "dated in the future (2099-01-01), read as now")
    tomorrow = NOW + timedelta(hours=20)
    assert read(tomorrow.isoformat()) == (tomorrow, "")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "   ",
        "-1-01-01",
        "0001-01-01T00:00:00Z",
        "1900-01-01",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "10000-01-01",
        "2026-13-45",
        "Tue, 31 Feb 2026 10:00:00 GMT",
        "Sun, 22 Nov 2026 25:61:00 GMT",
        "9999-12-31T23:59:59-08:00",
        "yesterday-ish",
        "9" * 300,
    ],
)
def test_nonsense_gives_no_date_and_the_reason(raw):
    moment, doubt = read(raw)
    assert moment is None
    assert doubt


def test_other_languages_are_guessed_and_said_to_be():
    moment, doubt = read("22 ноября 2026 г., 10:00")
    assert moment == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert doubt.startswith("guessed")
    assert read("22 ноября 2026 г., 10:00", guess=False)[0] is None


def test_a_day_without_year_is_the_last_such_day():
    assert read("12月30日")[0] == datetime(2025, 12, 30, tzinfo=UTC)
    assert read("11月22日")[0] == datetime(2026, 11, 22, tzinfo=UTC)


@given(st.text(max_size=60), st.sampled_from(["UTC", "", "Asia/Shanghai", "No/Such", "../etc"]))
def test_no_text_raises_and_every_moment_is_possible(raw, zone):
    moment, doubt = read(raw, zone, guess=False)
    assert moment is None or (moment.tzinfo is not None and moment <= NOW + timedelta(days=1))
    assert moment is not None or doubt


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("0.1s", 0.1),
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86400),
        ("15", 15),
        ("1h30m", 5400),
        (" 500 ms ", 0.5),
    ],
)
def test_a_duration_is_a_number_with_a_unit(text, seconds):
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1e9", "1:30", "1h 5", "5 minutes", "nan", "inf", "9" * 30 + "d"])
def test_a_wrong_duration_says_how_to_write_one(text):
    with pytest.raises(ValueError, match=r"duration: (write a number|use at most)"):
        duration(text)
