"""Figures of the page, from facts: levels by country, sparklines as points, what was to be expected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from monitor.domain import DayLevel, Level, Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryNow:
    """One country as it stands: its level and that of each tag, open alerts and their last change, and its past.

    A level is that of the day's stories against their own past, or of an alert that nobody has acknowledged where
    that is graver. `days` holds its stories day by day, the last one today.
    """

    code: str
    level: Level | None
    by_tag: Mapping[Tag, TagNow]
    alerts: int
    updated: datetime | None
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagNow:
    """A tag of a country today: its level, its stories and how many were to be expected."""

    level: Level
    count: int
    expected: float


def by_country(
    alerts: Iterable[tuple[str, str, int, datetime]], levels: Iterable[DayLevel], *, today: date, days: int
) -> list[CountryNow]:
    """Countries with an open alert or a level today, by code; `alerts` holds countries and tags (comma-separated),
    level and last change, `levels` the days before and today.
    """
    opened: dict[str, list[tuple[str, int, datetime]]] = defaultdict(list)
    for countries, labels, level, updated in alerts:
        for code in filter(None, countries.split(",")):
            opened[code].append((labels, level, updated))
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * days)
    now: dict[str, dict[Tag, DayLevel]] = defaultdict(dict)
    for row in levels:
        if 0 <= (back := (today - row.day).days) < days:
            counts[row.country][days - 1 - back] += row.count
        if row.day == today and row.level is not None:
            now[row.country][row.tag] = row
    return [_country(code, opened[code], now[code], tuple(counts[code])) for code in sorted({*opened, *now})]


def _country(
    code: str, opened: Sequence[tuple[str, int, datetime]], now: Mapping[Tag, DayLevel], days: tuple[int, ...]
) -> CountryNow:
    by_tag = {}
    for tag in Tag:
        watched = now.get(tag)
        found = [level for labels, level, _ in opened if tag.value in labels.split(",")]
        level = max([*found, int(watched.level or 0) if watched else 0])
        if level:
            count, expected = (watched.count, watched.expected) if watched else (0, 0.0)
            by_tag[tag] = TagNow(level=Level(level), count=count, expected=expected)
    return CountryNow(
        code=code,
        level=max((one.level for one in by_tag.values()), default=None),
        by_tag=by_tag,
        alerts=len(opened),
        updated=max((updated for _, _, updated in opened), default=None),
        days=days,
    )


def in_order(rows: Collection[CountryNow], sort: str) -> list[CountryNow]:
    """Rows by `country`, or by another column with the highest first."""
    if sort == "country":
        return sorted(rows, key=lambda row: row.code)
    if sort in tuple(Tag):
        tag = Tag(sort)
        levels = {row.code: int(row.by_tag[tag].level) for row in rows if tag in row.by_tag}
        return sorted(sorted(rows, key=lambda row: row.code), key=lambda row: levels.get(row.code, 0), reverse=True)
    keys: dict[str, Callable[[CountryNow], tuple[float, ...]]] = {
        "level": lambda row: (row.level or 0, row.alerts, sum(row.days)),
        "alerts": lambda row: (row.alerts,),
        "updated": lambda row: (row.updated.timestamp() if row.updated else 0,),
        "stories": lambda row: (sum(row.days),),
    }
    return sorted(sorted(rows, key=lambda row: row.code), key=keys[sort], reverse=True)


def points(values: Sequence[float], *, width: int, height: int, top: float | None = None) -> str:
    """`values` as the points of an SVG polyline that fills width x height; `top` is the value at the upper edge."""
    if not values:
        return ""
    highest = top or max(values) or 1
    step = width / max(len(values) - 1, 1)
    return " ".join(f"{i * step:.1f},{height - height * min(v / highest, 1):.1f}" for i, v in enumerate(values))
