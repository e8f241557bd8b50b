"""Quality floors on the gate set of our own and on real items outside the project; none of them was trained on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from monitor import config, resources
from monitor.classify.evaluate import read_gold, scores_of
from monitor.classify.predict import Classifier
from monitor.shell import Shell, system_clock
from monitor.teaching import evaluate_file

DATA = os.environ.get("EVALUATION_DATA", "")
on_real_items = pytest.mark.skipif(not DATA, reason="EVALUATION_DATA names no folder of labelled items")


def test_the_gate_set_is_judged_well() -> None:
    """Every third item, which is enough to see a fall and takes a third of the time."""
    gold = read_gold(resources.path("seeds/gate.jsonl"))[::3]
    said = Classifier.load(resources.path("models")).judge([entry.text for entry in gold])
    scores = scores_of(gold, said, [0] * len(gold))
    assert scores["macro_f1"] >= 0.80
    assert min(tag["f1"] for tag in scores["tags"].values()) >= 0.75
    assert all(judgement.flagged for entry, judgement in zip(gold, said, strict=True) if entry.severity == 3)


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The shipped classifier's figures on the labelled items."""
    folder = tmp_path_factory.mktemp("quality")
    settings = config.load({"MONITOR_DATA_DIR": str(folder)}, env_file=folder / "none")
    shell = Shell(settings=settings, clock=system_clock)
    found = evaluate_file(shell, Path(DATA) / "dev_gold.jsonl")
    print(found.words)
    shell.close()
    return found.figures


@pytest.mark.evaluation
@on_real_items
def test_tags(scores: dict[str, Any]) -> None:
    assert scores["macro_f1"] >= 0.66
    assert scores["average_precision"] >= 0.68
    assert scores["ece"] <= 0.05


@pytest.mark.evaluation
@on_real_items
def test_countries(scores: dict[str, Any]) -> None:
    assert scores["countries_f1"] >= 0.85


@pytest.mark.evaluation
@on_real_items
def test_severity(scores: dict[str, Any]) -> None:
    assert scores["severity_kappa"] >= 0.25
