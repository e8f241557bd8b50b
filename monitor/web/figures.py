"""Figures of the page, from facts: levels by country, the response clock, sparklines as points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.domain import Alert, Level

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


def response_clock(acts: Iterable[tuple[Alert, datetime | None]], *, now: datetime) -> Clock:
    """How orange and red alerts were answered. Alerts less than `IN_TIME` old that nobody acted on still run."""
    in_time = late = running = 0
    for alert, acted in acts:
        if alert.level < Level.ORANGE:
            continue
        if acted is not None and acted - alert.opened <= IN_TIME:
            in_time += 1
        elif acted is None and now - alert.opened <= IN_TIME:
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
