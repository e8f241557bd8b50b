"""Concepts: alike whatever the wording and the language."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitor import resources
from monitor.classify.concepts import Lexicon, pattern, read
from monitor.classify.features import prepare
from monitor.domain import Text
from monitor.errors import ConfigError


@pytest.fixture(scope="module")
def shipped() -> Lexicon:
    return read(resources.path("seeds") / "lexicon.yaml")


def touched(lexicon: Lexicon, title: str) -> frozenset[str]:
    return lexicon.touched(prepare(Text(title=title)))


@pytest.mark.parametrize(
    "title",
    [
        "Dockworkers at Piraeus walk out, terminals at a standstill",
        "釜山港码头工人罢工 泊位作业停摆",
        "Huelga en los puertos de Valparaíso: terminal paralizado",
        "Warnstreik im Hamburger Hafen",
    ],
)
def test_the_same_event_touches_the_same_concepts_in_any_language(shipped: Lexicon, title: str) -> None:
    assert {"port", "labour_strike"} <= touched(shipped, title)


def test_a_term_is_a_whole_word_in_a_spaced_script_and_a_star_opens_its_end(shipped: Lexicon) -> None:
    assert "port" not in touched(shipped, "Important report on sport")
    assert "insolvency" in touched(shipped, "Carrier's bankruptcies")


def test_traditional_characters_count_as_simplified_ones(shipped: Lexicon) -> None:
    assert touched(shipped, "霍爾木茲海峽封鎖") == touched(shipped, "霍尔木兹海峡封锁") != frozenset()


def test_features_name_title_text_and_pairs() -> None:
    lexicon = Lexicon(terms=(pattern("port"), pattern("strike*"), pattern("港口")), concepts=("port", "halt", "port"))
    title, text = prepare(Text(title="港口")), prepare(Text(title="港口", summary="Strikers"))
    assert lexicon.features(title, text) == ["title:port", "text:halt", "text:port", "halt+port"]


@given(some.text(max_size=200))
def test_any_text_touches_known_concepts_only(shipped: Lexicon, title: str) -> None:
    assert touched(shipped, title) <= set(shipped.concepts)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("concepts:\n  x: {says: s, terms: 'a*b cd'}", "no term"),
        ("concepts:\n  x: {says: s, terms: 'section 301'}", "no term"),
        ("concepts:\n  x: {says: s, terms: 'port, port'}", "twice"),
        ("concepts:\n  x: {says: ' ', terms: 'port'}", "says nothing"),
        ("concepts:\n  x: {terms: 'port'}", "says"),
        ("- x", "TypeError"),
        ("concepts: [", "Error"),
    ],
)
def test_a_lexicon_that_cannot_be_meant_is_refused_by_name(tmp_path: Path, written: str, told: str) -> None:
    file = tmp_path / "lexicon.yaml"
    file.write_text(written, encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        read(file)
