"""A feed as it was served, before anything of it is believed. Only the parser child builds these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple


class RawEntry(NamedTuple):
    """One entry in the publisher's own words; every field may be empty, huge or hostile."""

    guid: str = ""
    link: str = ""
    title: str = ""
    text: str = ""  # summary or body, HTML or plain
    date: str = ""
    mark: str = ""  # put before the title: the message is a test, or takes back another
    refused: str = ""  # why the entry must not be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFeed:
    """What a reader found. With `error` there are no entries."""

    entries: tuple[RawEntry, ...] = ()
    title: str = ""
    language: str = ""
    ttl: timedelta | None = None
    error: str = ""
