"""How good we were, by what people said and did: shares with counts and intervals. Pure; page and terminal share it.

Misses are those that somebody reported or a reviewer added; nobody knows the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from monitor.domain import LeadTime, Level, Tag

IN_TIME = timedelta(hours=72)  # within which an orange or red alert should be acted on
Z = 1.645  # 90 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`right` of `n`, as a share with its interval; None of both without any."""

    right: int
    n: int

    @property
    def value(self) -> float | None:
        """Right of all."""
        return self.right / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's, at 90 %."""
        return wilson(self.right, self.n) if self.n else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagScore:
    """How often one tag was right, by verdicts; `missed`: right and not judged."""

    tag: Tag
    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float | None:
        """Right of all that carried the tag."""
        return Share(right=self.right, n=self.right + self.wrong).value

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the precision, at 90 %."""
        return Share(right=self.right, n=self.right + self.wrong).interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Orange and red alerts: acted on in time, late or not at all, and those whose time still runs."""

    in_time: int
    late: int
    running: int

    @property
    def share(self) -> float | None:
        """In time, of those whose time is over or that were acted on; None before there is any."""
        return Share(right=self.in_time, n=self.in_time + self.late).value


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedScore:
    """Of one feed: items that were flagged and have a verdict, how many rightly; and events it did not bring."""

    feed: str
    precision: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Days between being told and a date that binds: how many dates, the median, the share that came in time."""

    median_days: float | None
    in_time: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Alerts of one level: how many somebody acted on, of all, and how long that took."""

    level: Level
    acted: Share
    median_hours: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """All of it, over the days asked for."""

    since: datetime
    until: datetime
    tags: tuple[TagScore, ...]
    feeds: tuple[FeedScore, ...]
    missed: int
    lead: Lead
    acknowledged: tuple[Acknowledgement, ...]
    clock: Clock


def wilson(right: int, n: int, *, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval of a share. Source: Wilson (1927); z 1.645 is 90 %."""
    share, z2 = right / n, z * z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z * ((share * (1 - share) + z2 / (4 * n)) / n) ** 0.5 / (1 + z2 / n)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def score(rows: Iterable[tuple[Sequence[Tag], Sequence[Tag], int]]) -> list[TagScore]:
    """Of every tag, from (right tags, judged tags, how many)."""
    held = list(rows)
    return [
        TagScore(
            tag=tag,
            right=sum(n for right, judged, n in held if tag in right and tag in judged),
            wrong=sum(n for right, judged, n in held if tag not in right and tag in judged),
            missed=sum(n for right, judged, n in held if tag in right and tag not in judged),
        )
        for tag in Tag
    ]


def by_feed(rows: Iterable[tuple[str, Sequence[Tag], Sequence[Tag], int]]) -> list[FeedScore]:
    """Of every feed with verdicts on what it had flagged: an item counts as right when one of its tags was.

    `rows` holds feed, right tags, judged tags, how many; the feed with most verdicts comes first.
    """
    right, all_of = Counter[str](), Counter[str]()
    for feed, said, judged, n in rows:
        if judged:
            all_of[feed] += n
            right[feed] += n * any(tag in said for tag in judged)
    ranked = sorted(all_of, key=lambda feed: (-all_of[feed], feed))
    return [FeedScore(feed=feed, precision=Share(right=right[feed], n=all_of[feed])) for feed in ranked]


def lead_of(times: Iterable[LeadTime], *, since: date, until: date) -> Lead:
    """Of the dates that fell into a span: each alert's each date counts once."""
    days = [time.days for time in times if since <= time.on <= until]
    in_time = Share(right=sum(n >= 0 for n in days), n=len(days))
    return Lead(median_days=median(days) if days else None, in_time=in_time)


Acts = Sequence[tuple[datetime, datetime | None]]  # when each alert was opened, and first acted on


def acknowledgements(acts: Mapping[Level, Acts]) -> list[Acknowledgement]:
    """By level, the gravest first."""
    found = []
    for level in sorted(Level, reverse=True):
        theirs = acts.get(level, ())
        hours = [(acted - opened) / timedelta(hours=1) for opened, acted in theirs if acted is not None]
        middle = median(hours) if hours else None
        acted_on = Share(right=len(hours), n=len(theirs))
        found.append(Acknowledgement(level=level, acted=acted_on, median_hours=middle))
    return found


def response_clock(acts: Acts, *, now: datetime) -> Clock:
    """How alerts were answered. Those less than `IN_TIME` old that nobody acted on still run."""
    in_time = late = running = 0
    for opened, acted in acts:
        if acted is not None and acted - opened <= IN_TIME:
            in_time += 1
        elif acted is None and now - opened <= IN_TIME:
            running += 1
        else:
            late += 1
    return Clock(in_time=in_time, late=late, running=running)
