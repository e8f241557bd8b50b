"""Feeds that answer from another host than before: followed, or held until a person has looked. Pure.

A domain that has been sold serves somebody else's news under a trusted name; so what comes
from a new host by a permanent redirect, or is nearly all new, is not taken as the feed's.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from monitor.i18n import N_

HELD = N_("answers from another host now: held for review")
MOSTLY_NEW = 0.8  # share of unknown titles above which a new host is not the same feed


def host_of(url: str) -> str:
    """The host of an address, without `www.`; "" when there is none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.").rstrip(".")
    except ValueError:
        return ""


def same_house(one: str, other: str) -> bool:
    """Whether two hosts belong together: equal, or one lies under the other."""
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def has_moved(served_from: str, url: str) -> bool:
    """Whether an answer comes from another house than the last accepted one; the first one is believed."""
    return bool(served_from) and bool(host_of(url)) and not same_house(served_from, host_of(url))


def to_be_held(*, permanent: bool, entries: int, new: int) -> bool:
    """Whether an answer from another house waits for a person: after a permanent move, or when most of it is new."""
    return permanent or new > MOSTLY_NEW * max(entries, 1)
