"""When a feed is asked again. Pure: the server's wishes and our own in, a moment out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import blake2b

from monitor.domain import FeedState

LONGEST_WAIT = timedelta(hours=24)  # a failing feed is tried at least once a day, whatever it asks for
DOUBLINGS = 6
FULL_EVERY = timedelta(days=1)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NO_CACHE = re.compile(r"\bno-(?:cache|store)\b", re.IGNORECASE)


def next_poll(
    now: datetime, *, every: timedelta, failures: int, server_asks: timedelta | None, spread: float
) -> datetime:
    """The earliest next poll: our interval, doubled per failure, or the server's wish if that is longer.

    At most a day away. `spread`, 0 to 1, makes the wait up to a tenth longer, so that feeds
    which began together do not stay together.
    """
    ours = min(max(every, timedelta(0)), LONGEST_WAIT) * (1 << min(max(failures, 0), DOUBLINGS))
    wait = max(ours, min(server_asks or timedelta(0), LONGEST_WAIT)) * (1 + 0.1 * min(max(spread, 0.0), 1.0))
    return now + min(wait, LONGEST_WAIT)


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
