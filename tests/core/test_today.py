"""Today's table: levels of countries by tag, from stored levels and from alerts nobody has acknowledged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from monitor.domain import DayLevel, Level, Tag
from monitor.web.figures import by_country, in_order

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def a_level(country: str, tag: Tag, level: Level | None, count: int, *, back: int = 0) -> DayLevel:
    day = TODAY - timedelta(days=back)
    return DayLevel(day=day, country=country, tag=tag, count=count, expected=0.5, upper=2.0, level=level)


def test_the_graver_of_level_and_alert_counts_and_days_add_up() -> None:
    alerts = [("DE,PL", "compliance", 3, NOW), ("DE", "supply_chain", 1, NOW - timedelta(days=1))]
    levels = [
        a_level("DE", Tag.COMPLIANCE, Level.BLUE, 2),
        a_level("DE", Tag.GEOPOLITICAL, Level.RED, 7, back=1),  # of yesterday: a count, no level
        a_level("CL", Tag.SUPPLY_CHAIN, Level.ORANGE, 4),
        a_level("VN", Tag.SUPPLY_CHAIN, None, 1),
    ]
    rows = {row.code: row for row in by_country(alerts, levels, today=TODAY, days=3)}
    assert sorted(rows) == ["CL", "DE", "PL"]
    assert rows["DE"].days == (0, 7, 2)
    assert {tag: (one.level, one.count) for tag, one in rows["DE"].by_tag.items()} == {
        Tag.COMPLIANCE: (Level.ORANGE, 2),
        Tag.SUPPLY_CHAIN: (Level.BLUE, 0),
    }
    assert (rows["CL"].level, rows["CL"].alerts, rows["CL"].updated) == (Level.ORANGE, 0, None)
    assert [row.code for row in in_order(rows.values(), "country")] == ["CL", "DE", "PL"]
    assert [row.code for row in in_order(rows.values(), "level")] == ["DE", "PL", "CL"]
    assert [row.code for row in in_order(rows.values(), "supply_chain")] == ["CL", "DE", "PL"]
    assert [row.code for row in in_order(rows.values(), "stories")] == ["DE", "CL", "PL"]
