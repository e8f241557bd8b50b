"""A digest that has nothing to tell proves that somebody watched, or says what was not seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.notify import digest, render
from monitor.notify.view import Entry

from .test_digest import NOW, SEEN, alert, facts, item, listed, mail, read  # noqa: F401


def test_a_quiet_digest_proves_that_the_watch_was_awake() -> None:
    view = digest.build(facts(), NOW)
    assert view.subject == "Quiet: 38 of 40 feeds answered, nothing new for you"
    text = render.render_text(view)
    assert "38 answered of 40 due" in text
    assert "Not heard from: Quay Times, tax-office" in text
    assert "2: Germany, China" in text
    assert "1,200 read, of these 300 older than the watch, 17 flagged, 0 alerts held back" in text


def test_the_proof_stands_in_a_full_digest_too() -> None:
    assert "Not heard from: Quay Times" in render.render_text(digest.build(facts(Entry(alert=alert(1))), NOW))


@pytest.mark.parametrize(
    ("reached", "due", "begins"),
    [(0, 40, "Blind: 0 of 40"), (0, 0, "No watch"), (19, 40, "Half blind: 19 of 40"), (20, 40, "Quiet: 20 of 40")],
)
def test_silence_that_was_not_watched_is_never_called_quiet(reached: int, due: int, begins: str) -> None:
    seen = replace(SEEN, feeds_reached=reached, feeds_due=due)
    view = digest.build(facts(coverage=seen), NOW)
    assert view.subject.startswith(begins)
    assert view.coverage[0].alarm is not begins.startswith("Quiet")


def test_entries_that_no_classifier_has_judged_are_not_called_quiet() -> None:
    view = digest.build(facts(coverage=replace(SEEN, items_waiting=31)), NOW)
    assert view.subject == "Blind: 31 entries were read and could not be judged"
    assert "Not judged: 31" in render.render_text(view)


def test_a_digest_with_alerts_held_back_is_not_called_quiet() -> None:
    assert not digest.build(facts(held=3), NOW).subject.startswith("Quiet")


def test_more_than_ten_silent_feeds_are_counted_after_the_tenth() -> None:
    seen = replace(SEEN, feeds_stale=tuple(f"feed {n}" for n in range(14)))
    text = render.render_text(digest.build(facts(coverage=seen), NOW))
    assert "feed 9, and 4 more" in text and "feed 10" not in text
