"""What a reviewer is asked first: near a threshold, where the tiers disagree, and not the same thing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from monitor.classify.ask import NEAR_THRESHOLD, TIERS_DISAGREE, UNLIKE, WARNED_OF, in_order
from monitor.classify.drift import Sample, drift_from, drift_of, reference_of, stability
from monitor.domain import TAGS, Assessment, Item, Judgement, Severity, Tag
from monitor.text.stopwords import without_edges

THRESHOLDS = dict.fromkeys(TAGS, 0.3)


def item(number: int, title: str, chance: float) -> Item:
    labels = (Tag.COMPLIANCE,) if chance >= 0.3 else ()
    said = Judgement(labels=labels, probabilities={**dict.fromkeys(TAGS, 0.01), Tag.COMPLIANCE: chance})
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Item(
        id=number,
        feed="f",
        key=bytes([number]),
        title=title,
        summary="",
        url="",
        published=at,
        fetched=at,
        judgement=said,
    )


def order(*items: Item, **more: object) -> list[int | None]:
    return [q.item.id for q in in_order(items, thresholds=THRESHOLDS, **more)]  # type: ignore[arg-type]


def test_what_is_near_a_threshold_comes_first_and_says_so() -> None:
    items = item(1, "sure of it", 0.98), item(2, "in doubt here", 0.31), item(3, "half sure then", 0.6)
    assert order(*items) == [2, 3, 1]
    first = in_order(items, thresholds=THRESHOLDS)[0]
    assert first.reasons[0][0] == NEAR_THRESHOLD
    assert first.reasons[0][1]["tag"] is Tag.COMPLIANCE


def test_a_disagreement_of_the_tiers_is_asked_before_an_agreement() -> None:
    items = item(1, "port closed", 0.7), item(2, "rate cut", 0.7)
    fast = {1: Judgement(labels=(Tag.COMPLIANCE,)), 2: Judgement(labels=(Tag.SUPPLY_CHAIN,))}
    found = in_order(items, thresholds=THRESHOLDS, fast=fast)
    assert found[0].item.id == 2
    assert TIERS_DISAGREE in [said for said, _ in found[0].reasons]
    assert TIERS_DISAGREE not in [said for said, _ in found[1].reasons]


def test_the_same_story_is_not_asked_twice_in_a_row() -> None:
    items = (
        item(1, "dockers strike closes port of Durban", 0.31),
        item(2, "dockers strike closes port of Durban again", 0.31),
        item(3, "欧盟公布新规", 0.5),
    )
    assert order(*items) == [1, 3, 2]
    assert UNLIKE in [said for said, _ in in_order(items, thresholds=THRESHOLDS)[1].reasons]


def test_what_somebody_was_alarmed_by_comes_first_and_says_so() -> None:
    items = [item(1, "in doubt here", 0.3), replace(item(2, "sure of it", 0.99), story="red")]
    found = in_order(items, thresholds=THRESHOLDS, alarms={"red": 4})
    assert [question.item.id for question in found] == [2, 1]
    assert found[0].reasons[0][0] == WARNED_OF


def test_of_equal_doubts_the_graver_comes_first() -> None:
    grave = replace(item(2, "rate cut", 0.9), assessment=Assessment(severity=Severity.CRITICAL))
    assert order(item(1, "port closed", 0.9), grave) == [2, 1]


def test_a_story_takes_one_place_until_every_other_has_one() -> None:
    first, second = (replace(item(n, f"a{n} b{n}", 0.31), story="a") for n in (1, 2))
    other = replace(item(3, "c d", 0.9), story="b")
    assert order(first, second, other, item(4, "e f", 0.99)) == [1, 3, 4, 2]
    assert order(first, second, other, alarms={"a": 4}) == [1, 3, 2]


def test_equal_questions_keep_their_order_and_none_is_lost() -> None:
    items = [item(number, f"a{number} b{number}", 0.5) for number in range(1, 30)]
    assert order(*items) == list(range(1, 30))
    assert order() == []


def sample(chance: float, language: str, count: int = 100, **more: float) -> Sample:
    said = Judgement(probabilities=dict.fromkeys(TAGS, chance), language=language)
    return Sample(judgements=[said] * count, unknown=0.1, **more)  # type: ignore[arg-type]


def test_what_stays_the_same_does_not_drift() -> None:
    assert not any(signal.moved for signal in drift_of(sample(0.1, "en"), sample(0.1, "en")))


def test_other_chances_another_language_and_more_overrides_are_signals() -> None:
    before = sample(0.1, "en", reviewed=20, overridden=1)
    now = sample(0.9, "vi", reviewed=20, overridden=9)
    moved = [signal for signal in drift_of(before, now) if signal.moved]
    assert len(moved) == len(TAGS) + 2


def test_a_young_installation_is_compared_with_the_training() -> None:
    chances = np.full((200, len(TAGS)), 0.1)
    reference = reference_of(chances, np.zeros(200), np.ones(200), unknown=0.1)
    assert not any(signal.moved for signal in drift_from(reference, sample(0.1, "en")))
    assert sum(signal.moved for signal in drift_from(reference, sample(0.9, "vi"))) == len(TAGS)
    assert drift_from({}, sample(0.9, "vi")) == drift_from(reference, sample(0.9, "vi", 10)) == []


def test_few_items_say_nothing() -> None:
    assert drift_of(sample(0.1, "en", 10), sample(0.9, "vi")) == []


def test_stability_grows_with_the_shift() -> None:
    even = [1, 2] * 50
    assert stability(even, even) == 0
    assert stability(even, [1] * 60 + [2] * 40) < stability(even, [1] * 90 + [2] * 10)


def test_evidence_begins_and_ends_with_a_word_that_means_something() -> None:
    assert without_edges(["the", "port", "of"]) == ["port"]
    assert without_edges(["的", "和"]) == []
    assert without_edges(["port", "of", "durban"]) == ["port", "of", "durban"]
