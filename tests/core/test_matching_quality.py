"""Precision and recall of matching on our own pairs of profile and report, labelled by hand.

Each report of tests/data/matching/ is held against five example profiles of seeds/profiles/. The tags are given, so
that this measures who is concerned and not what the classifier makes of a text; places are read. The rules were
written after looking at `pairs`; `later` was written before the gates of ports and tariffs, and not looked at for them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.domain import Certainty, Profile, Severity, Story, Tag, Urgency
from monitor.text.lines import read_file
from monitor.text.places import places
from monitor.warn.profile_file import parse
from monitor.warn.profiles import match

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
MEANT = ("car-maker", "battery-maker", "contract-manufacturer", "cross-border-ecommerce", "park-glass")


def profiles() -> list[Profile]:
    found = [
        profile
        for file in sorted((ROOT / "seeds/profiles").glob("*.yaml"))
        for profile in parse(read_file(file), file=file.name, language="en", digest_every=timedelta(days=1))
    ]
    return [profile for profile in found if profile.name in MEANT]


def story(row: dict[str, object]) -> Story:
    title, language = str(row["title"]), str(row["language"])
    return Story(
        id="s",
        title=title,
        url="",
        language=language,
        first_seen=NOW,
        last_seen=NOW,
        labels=tuple(Tag(tag) for tag in row["labels"]),  # type: ignore[attr-defined]
        topics=tuple(row["topics"]),  # type: ignore[arg-type]
        countries=places(title, "", language).countries,
        severity=Severity.WARNING,
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.REPORTED,
    )


def reports(name: str) -> list[dict[str, object]]:
    text = (ROOT / f"tests/data/matching/{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def wrong(rows: list[dict[str, object]]) -> tuple[list[str], list[str], int]:
    """False alarms, misses, and how many pairs were rightly found to concern."""
    false, missed, right = [], [], 0
    for row in rows:
        for profile in profiles():
            found = match(profile, story(row)).concerned
            meant = profile.name in row["concerns"]  # type: ignore[operator]
            right += found and meant
            if found != meant:
                (false if found else missed).append(f"{profile.name}: {row['title']}")
    return false, missed, right


@pytest.mark.parametrize(("name", "precision", "recall"), [("pairs", 0.9, 0.9), ("later", 0.8, 0.9)])
def test_reports_reach_the_profiles_they_concern_and_few_others(name: str, precision: float, recall: float) -> None:
    rows = reports(name)
    false, missed, right = wrong(rows)
    print(*(f"false alarm: {line}" for line in false), *(f"missed: {line}" for line in missed), sep="\n")
    print(f"precision {right}/{right + len(false)}, recall {right}/{right + len(missed)}")
    assert len(rows) * len(MEANT) >= 150
    assert right / (right + len(false)) >= precision
    assert right / (right + len(missed)) >= recall
