"""Precision and recall of matching on our own pairs of profile and report, labelled by hand.

Each report of tests/data/matching/pairs.jsonl is held against five example profiles of seeds/profiles/. The tags
are given, so that this measures who is concerned and not what the classifier makes of a text; places are read.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.domain import Certainty, Profile, Severity, Story, Tag, Urgency
from monitor.text.lines import read_file
from monitor.text.places import places
from monitor.warn.profile_file import parse
from monitor.warn.profiles import match

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
ROWS = [json.loads(line) for line in (ROOT / "tests/data/matching/pairs.jsonl").read_text("utf-8").splitlines()]
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


def wrong() -> tuple[list[str], list[str], int]:
    """False alarms, misses, and how many pairs were rightly found to concern."""
    false, missed, right = [], [], 0
    for row in ROWS:
        for profile in profiles():
            found, meant = match(profile, story(row)).concerned, profile.name in row["concerns"]
            right += found and meant
            if found != meant:
                (false if found else missed).append(f"{profile.name}: {row['title']}")
    return false, missed, right


def test_reports_reach_the_profiles_they_concern_and_few_others() -> None:
    false, missed, right = wrong()
    print(*(f"false alarm: {line}" for line in false), *(f"missed: {line}" for line in missed), sep="\n")
    print(f"precision {right}/{right + len(false)}, recall {right}/{right + len(missed)}")
    assert len(ROWS) * len(MEANT) >= 150
    assert right / (right + len(false)) >= 0.75
    assert right / (right + len(missed)) >= 0.85
