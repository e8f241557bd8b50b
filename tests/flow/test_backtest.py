"""`monitor backtest` and `monitor levels`: a past replayed, and today against it."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import FINE, STRIKE, Monitor, Site

KEYS = {"date", "country", "tag", "count", "expected", "upper", "level", "reasons", "forecast", "forecast_error"}


def test_a_past_is_replayed_day_by_day_and_bad_lines_are_named(monitor: Monitor, site: Site, tmp_path: Path) -> None:
    monitor.feeds(site.rss("/a.xml", [FINE]))
    lines = [
        {"id": "1", "date": "2021-03-01", "title": f"{STRIKE} in Valparaiso, Chile"},
        {"id": "2", "title": "No date at all"},
        {"id": "3", "date": "2021-03-03", "title": "Army seizes power in Myanmar, state of emergency declared"},
    ]
    file = tmp_path / "past.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n{broken\n")
    done = monitor("backtest", str(file), "--json", code=1)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows
    assert all(set(row) == KEYS for row in rows)
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    assert {row["date"] for row in rows} <= {"2021-03-01", "2021-03-02", "2021-03-03"}
    told = done.stderr.splitlines()
    assert any("2" in line for line in told)
    assert any("4" in line for line in told)


def test_levels_speak_of_today(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [f"{STRIKE} in Valparaiso, Chile"], hours=0))  # today, whatever the hour
    monitor("poll", "--all")
    rows = monitor.lines("levels")
    assert all(set(row) == KEYS and row["count"] > 0 for row in rows)
    assert monitor.lines("levels", "--country", "is") == []
    assert "ISO 3166" in monitor("levels", "--country", "xx", code=2).stderr
