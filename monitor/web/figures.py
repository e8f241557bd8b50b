"""Figures of the page, from facts: levels by country, sparklines as points, what was to be expected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.domain import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryNow:
    """One country as it stands: its gravest alert that nobody has acknowledged, how many, and the last change."""

    code: str
    level: Level
    alerts: int
    updated: datetime


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


def points(values: Sequence[float], *, width: int, height: int, top: float | None = None) -> str:
    """`values` as the points of an SVG polyline that fills width x height; `top` is the value at the upper edge."""
    if not values:
        return ""
    highest = top or max(values) or 1
    step = width / max(len(values) - 1, 1)
    return " ".join(f"{i * step:.1f},{height - height * min(v / highest, 1):.1f}" for i, v in enumerate(values))
