"""The model page: each button runs its command for good, and tells what became of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.edges.test_web import Browser, serving, settings_in


def test_training_comparing_promoting_and_going_back_from_the_page(
    tmp_path: Path, small_checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(small_checkout))  # what the page starts runs from there
    monkeypatch.chdir(small_checkout)
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
        text = press(browser, chosen | {"act": "promote"})[1]
        assert "refused or failed" not in text, text
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
