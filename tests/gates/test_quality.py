"""Quality floors on real items that no classifier of ours was trained on; they lie outside the project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from monitor import config
from monitor.shell import Shell, system_clock
from monitor.teaching import evaluate_file

DATA = os.environ.get("EVALUATION_DATA", "")
pytestmark = [
    pytest.mark.evaluation,
    pytest.mark.skipif(not DATA, reason="EVALUATION_DATA names no folder of labelled items"),
]


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


def test_tags(scores: dict[str, Any]) -> None:
    assert scores["macro_f1"] >= 0.66
    assert scores["average_precision"] >= 0.68
    assert scores["ece"] <= 0.05


def test_countries(scores: dict[str, Any]) -> None:
    assert scores["countries_f1"] >= 0.85


def test_severity(scores: dict[str, Any]) -> None:
    assert scores["severity_kappa"] >= 0.25
