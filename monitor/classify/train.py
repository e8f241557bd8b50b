"""From labelled texts to a classifier: TF-IDF over words and characters, one logistic regression a tag.

Scores become probabilities by Platt's sigmoid, fitted on scores that the model gave to texts
it had not seen (Platt 1999; isotonic regression overfits so few). Thresholds are those of the
best F1 on the same scores, with harmless texts weighed up to the share they have in real news.
Source: 001#II (the kinds of risk that going abroad meets)
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.classify.artefact import Weights
from monitor.classify.features import prepare
from monitor.domain import TAGS, Tag, Text
from monitor.errors import ConfigError

FOLDS = 5
HARMLESS_SHARE = 0.7  # of what a news feed carries
STRENGTH = 8.0  # C of the logistic regressions, by cross-validation
TOPIC_STRENGTH = 4.0
LEAST_DOCUMENTS = 2  # a word of a single example is a name, not a sign
BAND = (0.6, 1.15)  # unsure between these multiples of a tag's threshold

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledText:
    """A text with what is right of it; `weight` counts a person's verdict for more."""

    text: Text
    labels: tuple[Tag, ...]
    topics: tuple[str, ...] = ()
    language: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained classifier: weights for scoring, the scikit-learn pipelines as bytes, and the facts of its manifest."""

    weights: Weights
    pipeline: bytes
    facts: Mapping[str, Any]


def read_labels(file: Path) -> list[LabelledText]:
    """The labelled texts of a JSON Lines file. Raises: ConfigError that names file and line."""
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = json.loads(line)
            found.append(
                LabelledText(
                    text=Text(title=entry["title"], summary=entry.get("summary", ""), language=entry["lang"]),
                    labels=tuple(Tag(tag) for tag in entry["labels"]),
                    topics=tuple(entry.get("topics", ())),
                    language=entry["lang"],
                )
            )
        except (ValueError, KeyError, TypeError) as problem:
            raise ConfigError(f"{file}, line {number}: {problem!r}") from problem
    return found


def train(
    examples: Sequence[LabelledText], topics: Sequence[str], *, seed: int = 0, progress: Callable[[str], None]
) -> Trained:
    """A classifier of `examples`. The same examples in any order give the same classifier.

    Raises: ValueError when a tag has fewer examples than there are folds.
    """
    import skops.io

    examples = sorted(examples, key=_digest)
    prepared = [prepare(example.text) for example in examples]
    truth = np.array([[tag in example.labels for tag in TAGS] for example in examples], dtype=int)
    importance = np.array([example.weight for example in examples])
    if (truth.sum(axis=0) < FOLDS).any():
        raise ValueError(f"each tag needs at least {FOLDS} examples")
    progress("scores on unseen folds")
    unseen = _unseen_scores(prepared, truth, importance)
    slope, shift = _platt(unseen, truth)
    probabilities = 1 / (1 + np.exp(-(unseen * slope + shift)))
    thresholds = np.array(
        [best_threshold(p, t, _as_in_news(truth)) for p, t in zip(probabilities.T, truth.T, strict=True)]
    )
    progress("the final model")
    words, tag_models = _fit(prepared, truth, importance)
    topic_truth = np.array([[topic in example.topics for topic in topics] for example in examples], dtype=int)
    topic_models = _linear(TOPIC_STRENGTH, words.transform(prepared), topic_truth, importance)
    weights = Weights(
        vocabulary=tuple(str(word) for word in words.get_feature_names_out()),
        idf=words.idf_,
        tag_weights=_coefficients(tag_models),
        tag_bias=_intercepts(tag_models),
        slope=slope,
        shift=shift,
        thresholds=thresholds,
        unsure_below=thresholds * BAND[0],
        unsure_above=np.minimum(thresholds * BAND[1], 0.95),
        topics=tuple(topics),
        topic_weights=_coefficients(topic_models),
        topic_bias=_intercepts(topic_models),
    )
    pipeline = skops.io.dumps(
        {"words": words, "tags": tag_models, "topics": topic_models},
        compression=zipfile.ZIP_DEFLATED,
        compresslevel=9,
    )
    return Trained(weights=weights, pipeline=pipeline, facts=_facts(examples, truth, probabilities, thresholds))


def best_threshold(probabilities: Matrix, truth: npt.NDArray[np.int_], importance: Matrix) -> float:
    """The threshold of the best weighted F1 on scores of unseen texts, in steps of 0.01 from 0.05 to 0.95."""
    steps = np.arange(0.05, 0.951, 0.01)
    f1 = []
    for step in steps:
        said = probabilities >= step
        hit = float((importance * (said & (truth == 1))).sum())
        f1.append(2 * hit / max(float((importance * said).sum() + (importance * truth).sum()), 1e-9))
    smooth = np.convolve(np.pad(f1, 2, mode="edge"), np.ones(5) / 5, mode="valid")  # a plateau, not a peak
    return float(round(steps[int(np.argmax(smooth))], 2))


def _as_in_news(truth: npt.NDArray[np.int_]) -> Matrix:
    """Weights that give harmless texts the share they have in real news."""
    harmless = truth.sum(axis=1) == 0
    share = harmless.mean()
    found: Matrix = np.where(harmless, HARMLESS_SHARE / max(share, 1e-9), (1 - HARMLESS_SHARE) / max(1 - share, 1e-9))
    return found


def _fit(prepared: Sequence[str], truth: npt.NDArray[np.int_], importance: Matrix) -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(
        token_pattern=r"\S+",  # noqa: S106
        lowercase=False,
        ngram_range=(1, 2),
        min_df=LEAST_DOCUMENTS,
        sublinear_tf=True,
    )
    features = words.fit_transform(prepared)
    return words, _linear(STRENGTH, features, truth, importance)


def _linear(strength: float, features: Any, truth: npt.NDArray[np.int_], importance: Matrix) -> list[Any]:
    """One logistic regression for each column of `truth`."""
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression

    one = LogisticRegression(C=strength, class_weight="balanced", solver="liblinear", random_state=0)
    if (truth.sum(axis=0) == 0).any():
        raise ValueError("a topic without examples: write some, or take it out of the taxonomy")
    return [clone(one).fit(features, column, sample_weight=importance) for column in truth.T]


def _unseen_scores(prepared: Sequence[str], truth: npt.NDArray[np.int_], importance: Matrix) -> Matrix:
    """The score of every example by a model that has not seen it: (examples, 3)."""
    fold = np.arange(len(prepared)) % FOLDS  # examples are sorted by digest, so this is a fixed shuffle
    scores = np.zeros(truth.shape)
    for number in range(FOLDS):
        rest, held = fold != number, fold == number
        words, models = _fit([p for p, r in zip(prepared, rest, strict=True) if r], truth[rest], importance[rest])
        features = words.transform([p for p, h in zip(prepared, held, strict=True) if h])
        scores[held] = features @ _coefficients(models).astype(float) + _intercepts(models)
    return scores


def _platt(scores: Matrix, truth: npt.NDArray[np.int_]) -> tuple[Matrix, Matrix]:
    """Slope and shift of the sigmoid that turns each tag's score into a probability."""
    from sklearn.linear_model import LogisticRegression

    fitted = [
        LogisticRegression(C=1e6).fit(score[:, None], right, sample_weight=_as_in_news(truth))
        for score, right in zip(scores.T, truth.T, strict=True)
    ]
    return np.array([float(f.coef_[0, 0]) for f in fitted]), np.array([float(f.intercept_[0]) for f in fitted])


def _coefficients(models: Sequence[Any]) -> npt.NDArray[np.float32]:
    return np.stack([one.coef_[0] for one in models], axis=1).astype(np.float32)


def _intercepts(models: Sequence[Any]) -> Matrix:
    return np.array([float(one.intercept_[0]) for one in models])


def _facts(
    examples: Sequence[LabelledText], truth: npt.NDArray[np.int_], probabilities: Matrix, thresholds: Matrix
) -> dict[str, Any]:
    import sklearn

    importance = _as_in_news(truth)
    per_tag = {}
    for column, tag in enumerate(TAGS):
        said = probabilities[:, column] >= thresholds[column]
        right = truth[:, column] == 1
        hit = float(importance[said & right].sum())
        precision, recall = hit / max(float(importance[said].sum()), 1e-9), hit / float(importance[right].sum())
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        per_tag[tag.value] = {
            "examples": int(right.sum()),
            "precision": round(precision, 4),
            "recall": round(recall, 4),
            "f1": round(f1, 4),
            "threshold": float(thresholds[column]),
        }
    languages = sorted({example.language for example in examples})
    return {
        "examples": len(examples),
        "harmless": int((truth.sum(axis=1) == 0).sum()),
        "languages": {lang: sum(example.language == lang for example in examples) for lang in languages},
        "training_digest": blake2b("\n".join(_digest(e) for e in examples).encode(), digest_size=16).hexdigest(),
        "scores": {"macro_f1": round(float(np.mean([t["f1"] for t in per_tag.values()])), 4), "tags": per_tag},
        "libraries": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
    }


def _digest(example: LabelledText) -> str:
    said = [example.text.title, example.text.summary, *sorted(example.labels), *sorted(example.topics)]
    return blake2b(json.dumps(said, ensure_ascii=False).encode(), digest_size=16).hexdigest()
