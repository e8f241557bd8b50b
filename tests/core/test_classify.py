"""Training, scoring without scikit-learn, and what the classifier says of odd texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import resources
from monitor.classify.concepts import read
from monitor.classify.examples import LabelledText
from monitor.classify.features import prepare, spelled
from monitor.classify.mixing import best_threshold
from monitor.classify.parts import concepts_of, side_by_side
from monitor.classify.predict import Classifier
from monitor.classify.train import Trained, train
from monitor.domain import TAGS, Tag, Text

TOPICS = ("geopolitical.sanctions", "compliance.data", "supply_chain.strike")
WORDS = {
    TOPICS[0]: ("sanctions announced against ministry", "envoy expelled, sanctions follow", "新一轮制裁名单公布"),
    TOPICS[1]: ("regulator fines platform over data transfers", "privacy law in force", "数据出境新规施行"),
    TOPICS[2]: ("dockers strike closes port", "rail strike halts freight", "港口工人罢工码头停摆"),
    "": ("striker scores twice", "bakery opens new shop", "马拉松比赛周末开跑"),
}
LEXICON = read(resources.path("seeds/lexicon.yaml"))
PLACES = "Lima Oslo Accra Hanoi Quito Turin Busan Perth Izmir Cebu".split()


def silent(_step: str) -> None:
    """Progress that nobody watches."""


@cache
def trained() -> Trained:
    examples = [
        LabelledText(
            text=Text(title=f"{title} {place}", language="en"),
            labels=(Tag(topic.split(".")[0]),) if topic else (),
            topics=(topic,) if topic else (),
            language="en",
        )
        for topic, titles in WORDS.items()
        for title in titles
        for place in PLACES
    ]
    return train(examples, TOPICS, lexicon=LEXICON, progress=silent)


@pytest.fixture
def classifier() -> Classifier:
    return Classifier(trained().weights)


def sklearn_scores(texts: list[Text]) -> np.ndarray:
    """The log-odds of the fast tier by the fitted estimators themselves: (len(texts), 3)."""
    import skops.io

    prepared, weights = [prepare(text) for text in texts], trained().weights
    parts = skops.io.loads(trained().pipeline, trusted=[])
    pieces = parts["pieces"].transform([spelled(one) for one in prepared])
    features = side_by_side(parts["words"].transform(prepared), pieces, parts["pieces"].idf_)
    touched = parts["concepts"].transform(concepts_of(LEXICON, texts, prepared)).astype(float)
    words = np.stack([model.decision_function(features) for model in parts["tags"]], axis=1)
    concepts = np.stack([model.decision_function(touched) for model in parts["tags_by_concepts"]], axis=1)
    return words * weights.mix[0, 0] + concepts * weights.mix[0, 1] + weights.shift[0]


SAMPLES = [
    Text(title="Dockers strike in Busan", summary="Port closed by strike of dockers, dockers say"),
    Text(title="數據出境新規施行"),
    Text(title="新一轮制裁 mixed with English sanctions"),
    Text(title="Ｆｕｌｌｗｉｄｔｈ sanctions"),
    Text(title="2026 100 %"),
    Text(title=""),
]


def test_scores_without_scikit_learn_equal_its_own(classifier: Classifier) -> None:
    right = 1 / (1 + np.exp(-sklearn_scores(SAMPLES)))
    assert np.abs(classifier.probabilities(SAMPLES) - right).max() < 1e-6


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120), st.sampled_from(["", "port strike ", "制裁 "]), st.text(max_size=60))
def test_any_text_scores_as_scikit_learn_does(title: str, known: str, summary: str) -> None:
    one = Text(title=title, summary=known + summary)
    right = 1 / (1 + np.exp(-sklearn_scores([one])))
    assert np.abs(Classifier(trained().weights).probabilities([one]) - right).max() < 1e-6


def test_it_learns_what_it_was_shown(classifier: Classifier) -> None:
    titles = ("Sanctions announced", "罢工导致港口停摆", "Bakery opens")
    said = classifier.judge([Text(title=title) for title in titles])
    assert [judgement.labels for judgement in said] == [(Tag.GEOPOLITICAL,), (Tag.SUPPLY_CHAIN,), ()]
    assert said[0].topics == ("geopolitical.sanctions",)
    assert "sanctions" in [evidence.word for evidence in said[0].evidence]


def test_evidence_stands_in_the_text_as_written(classifier: Classifier) -> None:
    text = Text(title="港口工人罷工，碼頭停擺")
    found = classifier.judge([text])[0].evidence
    assert found
    assert all(evidence.word in text.title for evidence in found)
    assert {"罷工", "停擺"} & {evidence.word for evidence in found}  # words, not single signs
    assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)


def test_the_order_of_examples_does_not_matter() -> None:
    examples = [
        LabelledText(
            text=Text(title=f"{title} {place}"),
            labels=(Tag(topic.split(".")[0]),) if topic else (),
            topics=(topic,) if topic else (),
        )
        for topic, titles in WORDS.items()
        for title in titles
        for place in PLACES[:6]
    ]
    one = train(examples, TOPICS, lexicon=LEXICON, progress=silent)
    other = train(examples[::-1], TOPICS, lexicon=LEXICON, progress=silent)
    assert one.weights.vocabulary == other.weights.vocabulary
    assert np.array_equal(one.weights.tag_weights, other.weights.tag_weights)
    assert one.facts == other.facts


def test_nothing_to_read_is_no_risk_and_no_crash(classifier: Classifier) -> None:
    empty, digits, huge = classifier.judge([Text(title=""), Text(title="42"), Text(title="制裁" * 50_000)])
    assert (empty.labels, digits.labels) == ((), ())
    assert set(huge.probabilities) == set(TAGS)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("U.S. tariffs rise 25%", "tariffs rise"),
        ("關稅", "关 税"),
        ("AI芯片禁令", "ai 芯 片 禁 令"),
        ("L'Équipe", "équipe"),
    ],
)
def test_prepare(text: str, tokens: str) -> None:
    assert prepare(Text(title=text)) == tokens


def test_the_threshold_is_half_of_the_best_f1() -> None:
    truth = np.array([0] * 50 + [1] * 50)
    apart = np.concatenate([np.linspace(0, 0.39, 50), np.linspace(0.61, 1, 50)])
    assert best_threshold(apart, truth, np.ones(100)) == 0.5
    assert best_threshold(np.full(100, 0.5), truth, np.ones(100)) == 0.33  # all or nothing: F1 is two thirds


def test_too_few_examples_are_told(progress: Callable[[str], None] = silent) -> None:
    few = [LabelledText(text=Text(title="strike"), labels=(Tag.SUPPLY_CHAIN,))]
    with pytest.raises(ValueError, match="at least"):
        train(few, TOPICS, lexicon=LEXICON, progress=progress)
