"""Cue words of severity: all of them found in one reading of a text, each as a word of its own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitor.domain import Certainty, FeedKind, Judgement, Tag, Text, Trust
from monitor.warn.severity import _CUES, assess, cues_in

ALL = [(kind, cue.strip()) for kind, both in _CUES.items() for part in both for cue in part.split(",")]


def said_plainly(kind: str, raw: str) -> bool:
    """The same by one pattern a kind, as the cues are written."""
    spaced, chinese = _CUES[kind]
    words = "|".join(re.escape(word.strip()).replace(r"\*", r"\w*") for word in spaced.split(","))
    return bool(re.search(rf"\b(?:{words})\b|{'|'.join(word.strip() for word in chinese.split(','))}", raw))


@given(
    some.lists(some.sampled_from([cue for _, cue in ALL]) | some.text(max_size=4), max_size=8), some.sampled_from(" _x")
)
def test_one_reading_finds_what_a_pattern_for_each_kind_finds(words: list[str], between: str) -> None:
    title = between.join(word.replace("*", "ing") for word in words)
    expected = {kind for kind in _CUES if said_plainly(kind, f"{title} . ".lower())}
    assert cues_in(Text(title=title)).found == expected


@pytest.mark.parametrize(("kind", "cue"), ALL)
def test_every_cue_is_found(kind: str, cue: str) -> None:
    assert cues_in(Text(title=f"So {cue.replace('*', '')}"))[kind]


@pytest.mark.parametrize(
    ("title", "certainty"),
    [
        ("Ministry rescinds draft rule on data exports", Certainty.WITHDRAWN),
        ("商务部撤回限制草案", Certainty.WITHDRAWN),
        ("Regulator revokes operating licence of foreign telecom carrier", Certainty.REPORTED),
        ("当局撤销该企业出口许可", Certainty.REPORTED),
    ],
)
def test_a_licence_that_is_taken_away_is_a_measure_and_a_rule_that_is_taken_back_is_none(title, certainty):
    judgement = Judgement(labels=(Tag.COMPLIANCE,))
    assert assess(Text(title=title), judgement, trust=Trust.OTHER, kind=FeedKind.NEWS).certainty is certainty
