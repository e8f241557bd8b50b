"""When a message that did not go out is tried again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST = 60  # times the base: one hour when the base is a minute
ADDRESS_TRIES = 3  # over 24 hours, then the address is parked
CONTENT_TRIES = 4  # a day
LONGEST_WAIT = 800  # times the base: no wait that we set is longer
GIVE_UP_AFTER = timedelta(days=7)


def retry_at(attempts: int, *, base: timedelta, now: datetime, jitter: float) -> datetime:
    """The next try after `attempts` failed ones (1 or more): base, 2 base, 4 base … 60 base.

    `jitter` in 0..1 shortens the wait by up to a fifth, so that many messages do not
    return in the same second.
    """
    doublings = min(max(attempts, 1) - 1, 10)
    wait: timedelta = min(base * (1 << doublings), base * LONGEST)
    return now + wait * (1 - 0.2 * min(max(jitter, 0.0), 1.0))


def after_failure(
    attempts: int,
    *,
    permanent: bool,
    content: bool,
    created: datetime,
    base: timedelta,
    now: datetime,
    jitter: float,
) -> datetime | None:
    """When to try again; None: park the message and show it.

    A refused address gets three tries over 24 hours, refused content four a day (as plain
    text from the second on), trouble of the server no end until the message is a week old.
    All waits scale with `base`; as written they hold for a minute.
    """
    if not permanent:
        return None if now - created > GIVE_UP_AFTER else retry_at(attempts, base=base, now=now, jitter=jitter)
    if content:
        return None if attempts >= CONTENT_TRIES else now + base * 360
    return None if attempts >= ADDRESS_TRIES else now + base * 720
