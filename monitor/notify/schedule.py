"""When a digest's period ends, by the reader's clock; and when nobody wants to be woken.

Pure arithmetic on aware moments. A period is named by its end, so the same period can be
planned twice and is sent once, whatever the clock of the machine does.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.domain import Calendar, Recipient

WEEK = 7


def period_end(
    last: datetime, *, every: timedelta, when: Calendar | None, zone: tzinfo, now: datetime
) -> datetime | None:
    """The newest end of a period that has passed since `last`; None while the running one lasts.

    However many periods were slept through, one covers all of them.
    """
    if when is None:
        passed = (now - last) // every
        return last + passed * every if passed >= 1 else None
    latest = last_moment(when, zone=zone, now=now)
    return latest if latest > last else None


def last_moment(when: Calendar, *, zone: tzinfo, now: datetime) -> datetime:
    """The newest moment at or before `now` at which the reader's clock showed this time (and day).

    A time that the clock jumps over counts as the same time by the clock before the jump; one
    that comes twice counts when it first comes.
    """
    today = now.astimezone(zone).date()
    for back in range(WEEK + 2):
        day = today - timedelta(days=back)
        if when.weekday is None or day.weekday() == when.weekday:
            moment = _moment(day, when.at, zone)
            if moment <= now:
                return moment
    raise AssertionError("a week has every day")


def is_quiet(hours: tuple[time, time] | None, *, zone: tzinfo, now: datetime) -> bool:
    """Whether the reader's clock stands in these hours, which may reach over midnight."""
    if hours is None:
        return False
    begin, end = hours
    local = now.astimezone(zone).time()
    return begin <= local < end if begin <= end else local >= begin or local < end


def zone_of(recipient: Recipient) -> ZoneInfo:
    """Their zone; an unknown one counts as UTC: a mail in the wrong hour is better than none."""
    try:
        return ZoneInfo(recipient.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
