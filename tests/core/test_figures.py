"""What is measured of a classifier: figures with intervals, heaps of mistakes, the card; and wrong gold files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.classify.card import card_of, in_words
from monitor.classify.evaluate import GoldText, read_gold
from monitor.classify.figures import figures_of
from monitor.classify.mistakes import in_lines, mistakes_of
from monitor.domain import TAGS, Judgement, Tag, Text
from monitor.errors import ConfigError

MANIFEST = {
    "version": "20260101-abc",
    "encoder": "",
    "examples": 10,
    "harmless": 6,
    "languages": {"en": 10},
    "ask_from": 0.1,
    "scores": {"fast": {"macro_f1": 0.5}},
}


def gold(title: str, *labels: Tag, language: str = "en", source: str = "desk", severity: int = 1) -> GoldText:
    return GoldText(
        text=Text(title=title, language=language),
        labels=frozenset(labels),
        severity=severity if labels else 0,
        countries=frozenset({"DE"} if labels else ()),
        source=source,
    )


def said(*labels: Tag, chance: float = 0.9) -> Judgement:
    return Judgement(
        labels=labels,
        probabilities={tag: chance if tag in labels else 0.05 for tag in TAGS},
        topics=tuple(f"{tag}.x" for tag in labels),
        countries=("DE",) if labels else (),
        language="en",
        model="m/exact",
    )


GEO, COM, SUP = Tag.GEOPOLITICAL, Tag.COMPLIANCE, Tag.SUPPLY_CHAIN
GOLD = [
    gold("a", GEO),
    gold("b", COM, severity=2),
    gold("c", SUP, severity=3),
    gold("d"),
    gold("e", language="zh"),
] * 10
RIGHT = [said(GEO), said(COM), said(SUP), said(), said()] * 10


def test_a_classifier_without_fault_has_figures_of_one() -> None:
    found = figures_of(GOLD, RIGHT, [1, 2, 3, 0, 0] * 10, [1, 2, 3, 0, 0] * 10)
    assert found["macro_f1"] == 1
    assert found["intervals"]["macro_f1"] == [1, 1]
    assert found["any_risk"]["precision_at_recall_0.8"] == 1
    assert found["severity"]["as_judged"] == {
        "items": 30, "mean_recall": 1, "kappa": 1, "exact": 1, "table": [[10, 0, 0], [0, 10, 0], [0, 0, 10]],
    }  # fmt: skip
    assert found["tiers"] == {"exact": 50}
    assert found["languages"]["zh"]["items"] == 10
    assert found["sources"]["desk"]["risks"] == 30
    assert mistakes_of(GOLD, RIGHT) == []


def test_an_interval_holds_the_figure_and_widens_with_fewer_items() -> None:
    wrong = [said(), *RIGHT[1:]]  # one in fifty missed
    many = figures_of(GOLD, wrong, [1] * 50, [1] * 50)["tags"]["geopolitical"]
    low, high = many["f1_interval"]
    assert low < many["f1"] < high
    few = figures_of(GOLD[:10], wrong[:10], [1] * 10, [1] * 10)["tags"]["geopolitical"]
    assert few["f1_interval"][1] - few["f1_interval"][0] > high - low


def test_told_chances_are_held_against_what_came_true() -> None:
    half = [said(GEO, chance=0.8)] * 50  # true of ten in fifty
    row = next(r for r in figures_of(GOLD, half, [1] * 50, [1] * 50)["reliability"] if r["from"] == 0.8)
    assert row == {"from": 0.8, "count": 50, "told": 0.8, "found": 0.2}


def test_mistakes_are_heaped_by_what_was_told_and_what_was_missed() -> None:
    judged = [said(COM), said(COM), said(), said(GEO), said()] * 10
    heaps = dict(mistakes_of(GOLD, judged))
    assert len(heaps["false alarm, harmless text: geopolitical.x"]) == 10
    assert len(heaps["missed supply_chain, said nothing"]) == 10
    assert len(heaps["missed geopolitical, said compliance"]) == 10
    assert any("missed supply_chain" in line for line in in_lines(mistakes_of(GOLD, judged)))


def test_the_card_tells_data_method_figures_and_failures() -> None:
    judged = [replace(one, unsure=True) for one in RIGHT[:-2]] + [said(GEO), said()]
    figures = figures_of(GOLD, judged, [1] * 50, [1] * 50)
    curve = [{"examples": 1000 * n, "macro_f1": 0.5 + n / 100, "average_precision": 0.5} for n in (1, 3)]
    card = card_of(MANIFEST, {"a set": figures}, [("missed x", 3)], curve)
    assert "| 3,000 | 0.530 | 0.500 | +0.010 |" in card
    for words in ("10 texts", "Measured on a set", "missed x: 3", "Chinese less English", "| true 3 |"):
        assert words in card, words
    assert "macro_f1" in in_words(figures)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "not JSON"),
        ("[1]", "object"),
        ('{"labels": []}', "title"),
        ('{"title": "a"}', "labels"),
        ('{"title": 3, "labels": []}', "title"),
        ('{"title": "a", "labels": ["weather"]}', "weather"),
        ('{"title": "a", "labels": "geopolitical"}', "labels"),
        ('{"title": "a", "labels": [], "severity": 9}', "severity"),
        ('{"title": "a", "labels": [], "countries": "DE"}', "countries"),
        ("[" * 100_000, "not JSON"),
        ('{"title": "a", "labels": [["x"]]}', "x"),
    ],
)
def test_a_wrong_line_of_a_gold_file_is_named(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text('{"title": "fine", "labels": []}\n\n' + line + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"line 3: .*{told}"):
        read_gold(file)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00\x81"])
def test_a_gold_file_with_nothing_to_read_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"gold\.jsonl"):
        read_gold(file)
