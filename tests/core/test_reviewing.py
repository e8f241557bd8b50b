"""The order of the queue, and what is kept of what people type."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.domain import Assessment, Item, Judgement, Severity, Tag
from monitor.reviewing import by_worth, spoken

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def an_item(number: int, probability: float, story: str = "", severity: int = 1, unsure: bool = False) -> Item:
    return Item(
        id=number,
        feed="f",
        key=number.to_bytes(16, "big"),
        title=f"title {number}",
        summary="",
        url="",
        published=NOW,
        fetched=NOW,
        story=story,
        judgement=Judgement(labels=(Tag.COMPLIANCE,), probabilities={Tag.COMPLIANCE: probability}, unsure=unsure),
        assessment=Assessment(severity=Severity(severity)),
    )


def order(*items: Item, levels: dict[str, int] | None = None) -> list[int | None]:
    return [item.id for item in by_worth(items, levels or {})]


def test_what_somebody_was_alarmed_by_comes_first() -> None:
    assert order(an_item(1, 0.99, "red"), an_item(2, 0.5, unsure=True), levels={"red": 4}) == [1, 2]


def test_then_what_the_classifier_doubts_most() -> None:
    assert order(an_item(1, 0.99), an_item(2, 0.55), an_item(3, 0.8)) == [2, 3, 1]


def test_then_severity_and_the_newest() -> None:
    assert order(an_item(1, 0.9), an_item(2, 0.9), an_item(3, 0.9, severity=3)) == [3, 2, 1]


def test_a_story_takes_one_place_until_every_other_has_one() -> None:
    assert order(an_item(1, 0.5, "a"), an_item(2, 0.5, "a"), an_item(3, 0.9, "b"), an_item(4, 0.99)) == [2, 3, 4, 1]


def test_what_cannot_be_seen_or_stored_is_not_kept() -> None:
    assert spoken(" a\r\nb\x00c \u202ed \ud800 <e> ") == "a b c d <e>"
    assert spoken("x" * 5000, 500) == "x" * 500
