"""Figures of the page, from facts: levels by country, sparklines as points, what was to be expected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.domain import Level, Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryNow:
    """One country as it stands: its gravest alert that nobody has acknowledged, that of each tag, how many, and the
    last change.
    """

    code: str
    level: Level
    by_tag: Mapping[Tag, Level]
    alerts: int
    updated: datetime


def by_country(alerts: Iterable[tuple[str, str, int, datetime]], *, sort: str) -> list[CountryNow]:
    """Open alerts gathered by country; `alerts` holds countries and tags (comma-separated), level, last change."""
    found: dict[str, list[tuple[str, int, datetime]]] = defaultdict(list)
    for countries, labels, level, updated in alerts:
        for code in filter(None, countries.split(",")):
            found[code].append((labels, level, updated))
    rows = [
        CountryNow(
            code=code,
            level=Level(max(level for _, level, _ in theirs)),
            by_tag={
                tag: Level(max(levels))
                for tag in Tag
                if (levels := [level for labels, level, _ in theirs if tag.value in labels.split(",")])
            },
            alerts=len(theirs),
            updated=max(updated for _, _, updated in theirs),
        )
        for code, theirs in found.items()
    ]
    rows.sort(key=lambda row: row.code)
    if sort == "country":
        return rows
    if sort in tuple(Tag):
        return sorted(rows, key=lambda row: row.by_tag.get(Tag(sort), 0), reverse=True)
    keys = {
        "level": lambda row: (row.level, row.alerts),
        "alerts": lambda row: row.alerts,
        "updated": lambda row: row.updated,
    }
    return sorted(rows, key=keys[sort], reverse=True)


def points(values: Sequence[float], *, width: int, height: int, top: float | None = None) -> str:
    """`values` as the points of an SVG polyline that fills width x height; `top` is the value at the upper edge."""
    if not values:
        return ""
    highest = top or max(values) or 1
    step = width / max(len(values) - 1, 1)
    return " ".join(f"{i * step:.1f},{height - height * min(v / highest, 1):.1f}" for i, v in enumerate(values))
