"""What a day brought of a country and a tag, and the level that holds on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from monitor.domain.items import Text
from monitor.domain.words import Level, Severity, Tag


class Reported(NamedTuple):
    """An item that tells of a risk, or may: when, of which story that began when, by whom, and what it means."""

    moment: datetime
    story: str
    began: datetime | None  # its story; None for an item in no story
    feed: str
    tags: tuple[Tag, ...]  # the likeliest one where it was not flagged
    countries: tuple[str, ...]
    severity: Severity
    chance: float  # that the likeliest of the tags holds
    flagged: bool
    text: Text | None = None  # until it is read
    upheaval: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryDay:
    """What one day brought of one story in a country and with a tag."""

    story: str
    severity: Severity  # none where no item was flagged
    feeds: frozenset[str]  # that told of it on that day
    new: bool  # nobody told of it on an earlier day
    reports: int = 1  # items of the country, whatever their tag
    chance: float = 1.0  # the highest of its items
    flagged: bool = True
    upheaval: bool = False  # a flagged item tells of one, in the country it names first


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLevel:
    """One country, tag and day; `level` is None where there is nothing to say.

    Counts are stories a day, of the sources that were there all the time that the day is compared with.
    """

    day: date
    country: str
    tag: Tag
    count: int
    expected: float
    upper: float
    level: Level | None
    reasons: tuple[str, ...] = ()
    forecast: float = 0.0  # count expected tomorrow
    error: float = 0.0  # by how much such forecasts of the days before were wrong, on average
    told: tuple[StoryDay, ...] = ()  # its stories, and what may be one
    story: str = ""  # the gravest of them

    @property
    def key(self) -> tuple[str, Tag]:
        return self.country, self.tag

    @property
    def speaks(self) -> bool:
        """Whether there is something to say; other days are kept for those that are compared with them."""
        return self.count > 0 or self.level is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelMove:
    """A level that is not what it was some days before; `was` is None where there was nothing to say."""

    row: DayLevel  # as it stands
    was: Level | None
