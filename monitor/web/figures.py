"""Figures of the page, from facts: levels by country, the response clock, sparklines as points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, stdev

from monitor.domain import Level, Tag

IN_TIME = timedelta(hours=72)  # within which an orange or red alert should be acted on


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryNow:
    """One country as it stands: its gravest alert that nobody has acknowledged, how many, and the last change."""

    code: str
    level: Level
    alerts: int
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Orange and red alerts: acted on in time, late or not at all, and those whose time still runs."""

    in_time: int
    late: int
    running: int

    @property
    def share(self) -> float | None:
        """In time, of those whose time is over or that were acted on; None before there is any."""
        judged = self.in_time + self.late
        return self.in_time / judged if judged else None


def by_country(alerts: Iterable[tuple[str, int, datetime]], *, sort: str) -> list[CountryNow]:
    """Open alerts gathered by country; `alerts` holds countries (comma-separated), level, last change."""
    found: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    for countries, level, updated in alerts:
        for code in filter(None, countries.split(",")):
            found[code].append((level, updated))
    rows = [
        CountryNow(
            code=code,
            level=Level(max(level for level, _ in theirs)),
            alerts=len(theirs),
            updated=max(updated for _, updated in theirs),
        )
        for code, theirs in found.items()
    ]
    rows.sort(key=lambda row: row.code)
    if sort == "country":
        return rows
    keys = {
        "level": lambda row: (row.level, row.alerts),
        "alerts": lambda row: row.alerts,
        "updated": lambda row: row.updated,
    }
    return sorted(rows, key=keys[sort], reverse=True)


def response_clock(acts: Iterable[tuple[datetime, datetime | None]], *, now: datetime) -> Clock:
    """How alerts (opened, first acted on) were answered. Younger ones that nobody acted on still run."""
    in_time = late = running = 0
    for opened, acted in acts:
        if acted is not None and acted - opened <= IN_TIME:
            in_time += 1
        elif acted is None and now - opened <= IN_TIME:
            running += 1
        else:
            late += 1
    return Clock(in_time=in_time, late=late, running=running)


def points(values: Sequence[float], *, width: int, height: int, top: float | None = None) -> str:
    """`values` as the points of an SVG polyline that fills width x height; `top` is the value at the upper edge."""
    if not values:
        return ""
    highest = top or max(values) or 1
    step = width / max(len(values) - 1, 1)
    return " ".join(f"{i * step:.1f},{height - height * min(v / highest, 1):.1f}" for i, v in enumerate(values))


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
        n = self.right + self.wrong
        return self.right / n if n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the precision, at 90 %."""
        n = self.right + self.wrong
        return wilson(self.right, n) if n else None


def wilson(right: int, n: int, *, z: float = 1.645) -> tuple[float, float]:
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


def ears_c2(counts: Sequence[float]) -> tuple[float, float] | None:
    """What the 7 days that end before the last two let one expect of the last count: mean and upper bound.

    Source: Hutwagner et al. (2003), EARS C2 at alpha 0.001; None where the past is too short.
    """
    past = counts[-10:-3]
    if len(past) < 7:
        return None
    mean = fmean(past)
    return mean, mean + 3.09 * stdev(past)
