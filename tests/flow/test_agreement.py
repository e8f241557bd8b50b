"""Our reading beside feedparser's on every captured feed and on feedparser's own test suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.agreement import _is_feed, differences

DATA = os.environ.get("EVALUATION_DATA", "")
pytestmark = [
    pytest.mark.evaluation,
    pytest.mark.skipif(not DATA, reason="EVALUATION_DATA names no folder of captured feeds"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def unreadable(text: str) -> int:
    """Characters that say openly or by being no letters at all that a byte was not understood."""
    return sum(character == "\ufffd" or "\x80" <= character <= "\x9f" for character in text)


@pytest.mark.parametrize("folder", ["feeds", "feedparser_suite/tests"])
def test_we_differ_from_feedparser_only_in_encodings_and_dates_and_there_we_are_right(folder: str) -> None:
    files = [file for file in sorted((Path(DATA) / folder).resolve().rglob("*")) if _is_feed(file)]
    assert len(files) > 200
    found = [difference for file in files for difference in differences(file)]
    assert [one for one in found if one.kind not in ("encoding", "date")] == []
    worse = [one for one in found if one.kind == "encoding" and unreadable(one.ours) > unreadable(one.library)]
    assert worse == []
    silent = [one for one in found if one.kind == "date" and one.library != "None" and len(one.ours.split()) < 3]
    assert silent == [], "another moment than the library's, and no doubt told"
