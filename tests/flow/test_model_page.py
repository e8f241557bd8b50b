"""The model page: each button runs its command for good, and tells what became of it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from monitor import resources
from tests.edges.test_web import Browser, serving, settings_in

SHARE = 12  # every so many of the seeds


@pytest.fixture
def small_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page starts is a checkout of its own, with few seeds and a gate of harmless texts alone."""
    top = tmp_path / "checkout"
    root = resources.path("pyproject.toml").parent
    for name in ("monitor", "seeds", "models"):
        shutil.copytree(root / name, top / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "feeds.yaml"):
        shutil.copy(root / name, top / name)
    labels, gate = top / "seeds/labels.jsonl", top / "seeds/gate.jsonl"
    labels.write_text("\n".join(labels.read_text("utf-8").splitlines()[::SHARE]) + "\n", "utf-8")
    harmless = [line for line in gate.read_text("utf-8").splitlines() if not json.loads(line)["labels"]]
    gate.write_text("\n".join(harmless[:5]) + "\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(top))
    monkeypatch.chdir(top)


@pytest.mark.usefixtures("small_checkout")
def test_training_comparing_promoting_and_going_back_from_the_page(tmp_path: Path) -> None:
    for shell, browser in serving(settings_in(tmp_path)):
        token = {"token": browser.token()}
        browser.ask("/items/1/verdict", {"verdict": "confirm"} | token)
        steps, text = press(browser, token | {"act": "train"})
        assert "done" in text, text
        assert any("scores on unseen folds" in step for step in steps)
        [candidate] = shell.store.models()
        assert (candidate.state, candidate.manifest["verdicts"]) == ("candidate", 1)
        assert candidate.digest[:12] in text
        chosen = token | {"digest": candidate.digest}
        assert "grave texts flagged" in press(browser, chosen | {"act": "compare"})[1]
        assert candidate.digest[:12] in press(browser, chosen | {"act": "promote"})[1]
        assert shell.store.promoted_digest() == candidate.digest
        assert "shipped" in press(browser, token | {"act": "back"})[1]
        assert not shell.store.promoted_digest()
        done = [line.subject for line in shell.store.trail() if line.action == "model"]
        assert {"train", f"promote {candidate.digest[:12]}", "back"} <= set(done)


def press(browser: Browser, form: dict[str, object]) -> tuple[list[str], str]:
    """Press a button: the pages seen while it was at work, and the one after."""
    assert browser.ask("/models", form)[0] == 303
    seen = []
    end = time.monotonic() + 300  # a guard against hanging, not a measure
    while "data-busy" in (text := browser.ask("/models")[1]) and time.monotonic() < end:
        seen.append(text)
        time.sleep(0.1)
    return seen, text
