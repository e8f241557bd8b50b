"""When a feed is asked again. Pure: the server's wishes and our own in, a moment out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import blake2b

from monitor.domain import Feed, FeedState, Rhythm

LONGEST_WAIT = timedelta(hours=24)  # a failing feed is tried at least once a day, whatever it asks for
LATEST = timedelta(seconds=45)  # later than its interval a feed may be asked, lest all be asked together
DOUBLINGS = 20  # from an interval of a second, too, failures lead to one try a day
QUIETEST = 4  # a quiet feed waits at most this many of its intervals, unless it says otherwise
A_CHANGE = 4  # polls for each change that a feed's habit leads one to expect
HALF_LIFE_S = 2 * 86_400.0  # of what was learnt of a feed's rhythm
FULL_EVERY = timedelta(days=1)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAY = re.compile(rb"<day>\s*(mon|tue|wed|thu|fri|sat|sun)[a-z]*\s*</day>", re.IGNORECASE)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NO_CACHE = re.compile(r"\bno-(?:cache|store)\b", re.IGNORECASE)


def next_poll(
    now: datetime,
    *,
    every: timedelta,
    failures: int,
    server_asks: timedelta | None,
    spread: float,
    skips: str = "",
) -> datetime:
    """The earliest next poll: our interval, doubled per failure, or the server's wish if that is longer.

    At most a day away. `spread`, 0 to 1, makes the wait up to a tenth longer and never by more than
    `LATEST`, so that feeds which began together do not stay together. A poll that would fall into
    `skips` waits for their end.
    """
    ours = min(max(every, timedelta(0)), LONGEST_WAIT) * (1 << min(max(failures, 0), DOUBLINGS))
    wait = max(ours, min(server_asks or timedelta(0), LONGEST_WAIT))
    wait += min(0.1 * wait, LATEST) * min(max(spread, 0.0), 1.0)
    return _after_skips(now + min(wait, LONGEST_WAIT), skips, latest=now + LONGEST_WAIT)


def learnt(rhythm: Rhythm, *, waited: timedelta, changed: bool) -> Rhythm:
    """The rhythm after one more answer, `waited` after the one before.

    A wait longer than we ever plan, as after a stop of the service, counts as one of a day.
    """
    waited_s = min(max(waited, timedelta(0)), LONGEST_WAIT).total_seconds()
    kept = 0.5 ** (waited_s / HALF_LIFE_S)
    return Rhythm(watched_s=rhythm.watched_s * kept + waited_s, changes=rhythm.changes * kept + changed)


def interval(feed: Feed, rhythm: Rhythm) -> timedelta:
    """How long to wait: a quarter of the time between two changes, from `feed.every` to its longest wait.

    A feed we know little of is taken for one that changes within each two intervals, so it
    begins at `every`. The rate is that of a Poisson process seen at the polls. Source: Cho and
    Garcia-Molina, Estimating frequency of change (2003)
    """
    every = min(max(feed.every, timedelta(0)), LONGEST_WAIT)
    longest = min(max(feed.longest or QUIETEST * every, every), LONGEST_WAIT)
    between_s = (rhythm.watched_s + 2 * every.total_seconds()) / (rhythm.changes + 1)
    return min(max(timedelta(seconds=between_s / A_CHANGE), every), longest)


def skips_of(body: bytes) -> str:
    """What an RSS document says of hours and days at which it does not change: `0,1,2 Sat,Sun`; "" for nothing.

    Source: RSS 2.0, elements skipHours (GMT; 24 is midnight, too) and skipDays
    """
    hours = {int(hour) % 24 for hour in _HOUR.findall(_between(body, b"skipHours")) if int(hour) <= 24}
    days = {day[:3].decode().title() for day in _DAY.findall(_between(body, b"skipDays"))}
    if len(hours) >= 24 or len(days) >= 7:  # never to be polled cannot be meant
        return ""
    told = ",".join(map(str, sorted(hours))), ",".join(day for day in _DAYS if day in days)
    return " ".join(told) if any(told) else ""


def _between(body: bytes, name: bytes) -> bytes:
    start = body.find(b"<" + name)
    end = body.find(b"</" + name, start) if start >= 0 else -1
    return body[start : min(end, start + 4_000)] if end >= 0 else b""


def _after_skips(moment: datetime, skips: str, *, latest: datetime) -> datetime:
    """The first moment from `moment` on that the feed does not want skipped; never after `latest`."""
    hours_text, _, days_text = skips.partition(" ")
    hours, days = set(filter(None, hours_text.split(","))), set(filter(None, days_text.split(",")))
    while (hours or days) and moment < latest:
        if str(moment.astimezone(UTC).hour) not in hours and _DAYS[moment.astimezone(UTC).weekday()] not in days:
            break
        moment = min((moment + timedelta(hours=1)).replace(minute=moment.minute % 10), latest)
    return moment


def asks_in_full(state: FeedState) -> bool:
    """Whether the next request goes without validators: once for every whole day without news.

    Some caches answer 304 for ever. Reckoned from the feed's own last polls, so that it needs no clock.
    """
    began = state.last_new or state.first_polled
    if began is None or state.last_polled is None or state.last_polled - began < FULL_EVERY:
        return False
    planned = state.next_poll - state.last_polled if state.next_poll else state.feed.every
    return (state.last_polled - began) % FULL_EVERY < planned


def spread(name: str) -> float:
    """A number from 0 to 1 that is always the same for the same feed."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") / 0xFFFFFFFF


def retry_after_s(header: str, *, now: datetime) -> float | None:
    """`Retry-After` in seconds from `now`, at most a day; None when it says nothing we can read.

    Source: RFC 9110 section 10.2.3
    """
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) < 12:
        return min(float(text), LONGEST_WAIT.total_seconds())
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT.total_seconds())


def max_age_s(cache_control: str) -> float | None:
    """How long an answer stays fresh for us, at most a day; `s-maxage` is meant for shared caches.

    Source: RFC 9111 section 5.2.2
    """
    if not cache_control or _NO_CACHE.search(cache_control):
        return None
    found = _MAX_AGE.search(cache_control)
    return min(float(found[1]), LONGEST_WAIT.total_seconds()) if found else None
