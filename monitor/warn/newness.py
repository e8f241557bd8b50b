"""What counts as news: an item that was there before we looked is a feed's baseline."""

from __future__ import annotations

from datetime import datetime, timedelta

NEWS_FOR = timedelta(hours=48)  # on a feed's first poll, older items are its baseline
OLD_AFTER = timedelta(days=14)  # on later polls, older items are old news told again


def is_baseline(published: datetime | None, *, first_poll: bool, now: datetime) -> bool:
    """Whether an item was there before we looked, or is old news: kept, counted, never an alert.

    An item without a date on a feed's first poll may be of any age, so it is baseline too.
    """
    if published is None:
        return first_poll
    return now - published > (NEWS_FOR if first_poll else OLD_AFTER)
