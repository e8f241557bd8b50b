"""Captured feeds, served on loopback: nothing is lost or stored twice, and the digest is worth reading."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from .conftest import Monitor, Site

DATA = os.environ.get("EVALUATION_DATA", "")
pytestmark = [
    pytest.mark.evaluation,
    pytest.mark.skipif(not DATA, reason="EVALUATION_DATA names no folder of captured feeds"),
]
NEWEST = "2026-08-22T21:34:36+00:00"  # of all entries in the captured feeds


@pytest.fixture
def captured(monitor: Monitor, site: Site) -> dict[str, int]:
    """Serves every captured file; entries counted by feedparser, by feed name."""
    folder = Path(DATA).resolve() / "feeds"
    index = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    for entry in index:
        site.bodies[f"/{entry['file']}"] = (folder / entry["file"]).read_bytes()
    listed = [{"name": e["file"], "url": site.address(f"/{e['file']}"), "trust": 2} for e in index]
    (monitor.folder / "feeds.yaml").write_text(json.dumps({"feeds": listed}))
    return {entry["file"]: entry["entries"] for entry in index}


def test_every_entry_arrives_or_is_accounted_for(monitor: Monitor, captured: dict[str, int]) -> None:
    first = monitor.json("poll", "--all", "--fetch-only")
    assert first["feeds"] == len(captured)
    assert first["entries_seen"] == first["items_new"] + first["duplicates"] + first["rejected"]
    assert first["entries_seen"] >= sum(captured.values())
    second = monitor.json("poll", "--all", "--fetch-only")
    assert (second["items_new"], second["unchanged"]) == (0, first["reached"])
    stored = Counter(item["feed"] for item in monitor.lines("items"))
    failed = {feed["name"]: feed["error"] for feed in monitor.lines("feeds", "list") if feed["failures"]}
    short = {name for name, count in captured.items() if count and not stored[name]}
    assert short <= set(failed), short - set(failed)


def test_the_digest_of_the_last_two_days(monitor: Monitor, captured: dict[str, int]) -> None:
    outcome = monitor.json("poll", "--all", "--no-send", "--as-of", NEWEST)
    assert outcome["alerts_new"] >= 20
    text = monitor("digest", "--as-of", NEWEST).stdout
    assert text.count("Open the alert") >= 20
    assert "older than the watch" in text


def test_on_the_true_clock_silence_is_proved(monitor: Monitor, captured: dict[str, int]) -> None:
    assert monitor.json("poll", "--all", "--no-send")["alerts_new"] == 0
    text = monitor("digest").stdout
    assert text.startswith("Quiet: ")
    assert "older than the watch" in text
