"""From labelled texts to a classifier of three parts: logistic regressions over words and over the concepts of a
lexicon, a small network over an encoder's vectors and the same concepts.

All parts score texts of writers they have not seen (three folds). Their log-odds are added up, and each tier's
probability is fitted to the sum: Platt's sigmoid over words and concepts, and over all three (Platt 1999;
isotonic regression overfits so few). Thresholds come from the F1 on the same scores, with harmless texts
weighed up to the share they have in real news.
Source: 001#II (the kinds of risk that going abroad meets)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.classify.adapter import tuned_on
from monitor.classify.artefact import Weights
from monitor.classify.concepts import Lexicon
from monitor.classify.drift import reference_of
from monitor.classify.examples import LabelledText, digest_of
from monitor.classify.features import prepare
from monitor.classify.mixing import (
    FOLDS,
    as_in_news,
    ask_from,
    best_threshold,
    by_tag,
    folds,
    mixed,
    tier_scores,
    unseen_scores,
)
from monitor.classify.parts import (
    LEAST_DOCUMENTS,
    TOPIC_STRENGTH,
    Matrix,
    Truth,
    Vectors,
    coefficients,
    concepts_of,
    exported,
    fit_concepts,
    fit_network,
    fit_words,
    intercepts,
    linear,
    with_concepts,
)
from monitor.classify.predict import BAND, EXACT, TIERS
from monitor.domain import TAGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained classifier: weights for scoring, estimators of scikit-learn as bytes, facts for its manifest."""

    weights: Weights
    pipeline: bytes
    facts: Mapping[str, Any]


def train(
    examples: Sequence[LabelledText],
    topics: Sequence[str],
    *,
    lexicon: Lexicon,
    vectors: npt.NDArray[np.float32] | None = None,
    encoder: str = "",
    adapter: bytes = b"",
    progress: Callable[[str], None],
) -> Trained:
    """A classifier of `examples`. The same examples in any order give the same classifier.

    `vectors`, (len(examples), 2, D), are the encoder's of each example's title and of its whole; without them only
    the fast tier is trained.
    What an `adapter` was tuned on says nothing of unseen texts, so probabilities and thresholds come from the rest.
    Raises: ValueError when a tag has fewer examples than there are folds.
    """
    order = sorted(range(len(examples)), key=lambda n: digest_of(examples[n]))
    examples = [examples[n] for n in order]
    texts = [example.text for example in examples]
    prepared = [prepare(text) for text in texts]
    touched = concepts_of(lexicon, texts, prepared)
    dense: Vectors = np.zeros((len(texts), 2, 0), np.float32)
    if vectors is not None:
        dense = with_concepts(vectors[order], lexicon, prepared)
    truth = np.array([[tag in example.labels for tag in TAGS] for example in examples], dtype=int)
    importance = np.array([example.weight for example in examples])
    if (truth.sum(axis=0) < FOLDS).any():
        raise ValueError(f"each tag needs at least {FOLDS} examples")
    progress("scores on unseen folds")
    known = tuned_on(adapter) if adapter else frozenset()
    fresh = np.array([example.group not in known for example in examples])
    fold = np.full(len(examples), -1)
    fold[fresh] = folds([example.group for example, is_fresh in zip(examples, fresh, strict=True) if is_fresh])
    unseen, judged = unseen_scores(prepared, touched, dense, truth, importance, fold)[fresh], truth[fresh]
    mix, shift = mixed(unseen, judged)
    chances = 1 / (1 + np.exp(-(np.einsum("npk,tpk->tnk", unseen, mix) + shift[:, None, :])))
    usual = as_in_news(judged)
    thresholds = np.array([[best_threshold(p, t, usual) for p, t in by_tag(c, judged)] for c in chances])
    progress("the final model")
    words, spelling, features, tag_models = fit_words(prepared, truth, importance)
    concepts, concept_models = fit_concepts(touched, truth, importance)
    topic_truth = np.array([[topic in example.topics for topic in topics] for example in examples], dtype=int)
    topic_models = linear(TOPIC_STRENGTH, features[:, : len(words.vocabulary_)], topic_truth, importance)
    network = fit_network(dense, truth, importance) if vectors is not None else None
    weights = Weights(
        vocabulary=tuple(str(word) for word in words.get_feature_names_out()),
        idf=words.idf_,
        pieces=tuple(str(piece) for piece in spelling.get_feature_names_out()),
        pieces_idf=spelling.idf_,
        tag_weights=coefficients(tag_models),
        tag_bias=intercepts(tag_models),
        lexicon=lexicon,
        concepts=tuple(str(name) for name in concepts.get_feature_names_out()),
        concept_weights=coefficients(concept_models),
        concept_bias=intercepts(concept_models),
        network=exported(network) if network is not None else None,
        mix=mix,
        shift=shift,
        thresholds=thresholds,
        ask_from=ask_from(chances, thresholds, judged),
        topics=tuple(topics),
        topic_weights=coefficients(topic_models),
        topic_bias=intercepts(topic_models),
        encoder=encoder if vectors is not None else "",
        adapter=adapter if vectors is not None else b"",
    )
    parts = {
        "words": words,
        "pieces": spelling,
        "tags": tag_models,
        "concepts": concepts,
        "tags_by_concepts": concept_models,
        "topics": topic_models,
        "network": network,
    }
    facts = _facts(examples, truth, judged, chances, thresholds)
    sides = thresholds[EXACT] * BAND[0], np.minimum(thresholds[EXACT] * BAND[1], 0.95)
    unsure = ((chances[EXACT] >= sides[0]) & (chances[EXACT] < sides[1])).any(axis=1)
    facts["reference"] = reference_of(chances[EXACT], unsure, usual, _unknown(prepared, fold))
    return Trained(weights=weights, pipeline=_packed(parts), facts=facts)


def _unknown(prepared: Sequence[str], fold: Truth) -> float:
    """The share of words in the texts of each fold that too few of the other texts hold to be learnt."""
    texts = [one.split() for one in prepared]
    whole = Counter(word for words in texts for word in set(words))
    unknown = count = 0
    for number in range(fold.max() + 1):
        held = [words for words, of in zip(texts, fold, strict=True) if of == number]
        here = Counter(word for words in held for word in set(words))
        unknown += sum(whole[word] - here[word] < LEAST_DOCUMENTS for words in held for word in words)
        count += sum(map(len, held))
    return unknown / max(count, 1)


def _packed(parts: Mapping[str, Any]) -> bytes:
    import skops.io

    return bytes(skops.io.dumps(parts))  # compressed when it is written


def _facts(
    examples: Sequence[LabelledText], truth: Truth, judged: Truth, chances: Matrix, thresholds: Matrix
) -> dict[str, Any]:
    import sklearn

    languages = sorted({example.language for example in examples})
    return {
        "examples": len(examples),
        "harmless": int((truth.sum(axis=1) == 0).sum()),
        "languages": {lang: sum(example.language == lang for example in examples) for lang in languages},
        "training_digest": blake2b("\n".join(digest_of(e) for e in examples).encode(), digest_size=16).hexdigest(),
        "unseen": len(judged),
        "scores": {name: tier_scores(judged, chances[tier], thresholds[tier]) for tier, name in enumerate(TIERS)},
        "libraries": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
    }
