"""How much each part counts, and from which probability a tag is told: fitted on texts that the parts have not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from monitor.classify.parts import (
    CONCEPT_STRENGTH,
    STRENGTH,
    Matrix,
    Truth,
    coefficients,
    concept_counts,
    exported,
    features_by_fold,
    fit_network,
    intercepts,
    linear,
)
from monitor.classify.predict import EXACT, FAST, PARTS
from monitor.domain import TAGS

FOLDS = 3
HARMLESS_SHARE = 0.7  # of what a news feed carries
LOST_TO_SPEED = 0.01  # macro-F1 on unseen sentences that the cascade may cost


def folds(groups: Sequence[str]) -> Truth:
    """The fold of each example: whole groups, the largest first into the emptiest fold; one group by turns."""
    sizes = Counter(groups)
    if len(sizes) == 1:
        return np.arange(len(groups)) % FOLDS  # examples are sorted by digest, so this is a fixed shuffle
    fold_of: dict[str, int] = {}
    filled = [0] * FOLDS
    for group, size in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0])):
        fold_of[group] = filled.index(min(filled))
        filled[fold_of[group]] += size
    return np.array([fold_of[group] for group in groups])


def unseen_scores(
    prepared: Sequence[str], touched: Sequence[str], dense: Any, truth: Truth, importance: Matrix, fold: Truth
) -> Matrix:
    """The scores of every example by parts that have not seen it: (examples, 3 parts, 3 tags)."""
    scores = np.zeros((len(prepared), PARTS, len(TAGS)))
    features_by = features_by_fold(prepared)
    concepts = concept_counts(touched)
    for number in range(fold.max() + 1):
        rest, held = fold != number, fold == number
        features = features_by(rest)
        models = linear(STRENGTH, features[rest], truth[rest], importance[rest])
        scores[held, 0] = features[held] @ coefficients(models).astype(float) + intercepts(models)
        models = linear(CONCEPT_STRENGTH, concepts[rest], truth[rest], importance[rest])
        scores[held, 1] = concepts[held] @ coefficients(models).astype(float) + intercepts(models)
        if dense.shape[2]:
            network = fit_network(dense[rest], truth[rest], importance[rest])
            scores[held, 2] = exported(network).scores(dense[held, 0])
    return scores


def mixed(unseen: Matrix, truth: Truth) -> tuple[Matrix, Matrix]:
    """How much each part counts in each tier, and the shift, so that the sum is a log-odds: (2, 3, 3) and (2, 3).

    The parts' log-odds are added up, each with the same say (Hinton 2002); only scale and shift are fitted (Platt
    1999). Weights fitted on our own texts would trust most what knows their words, and be wrong about the news.
    """
    from sklearn.linear_model import LogisticRegression

    importance = as_in_news(truth)
    mix, shift = np.zeros((2, PARTS, len(TAGS))), np.zeros((2, len(TAGS)))
    for tier, parts in ((FAST, PARTS - 1), (EXACT, PARTS)):
        for tag in range(len(TAGS)):
            added = unseen[:, :parts, tag].sum(axis=1, keepdims=True)
            one = LogisticRegression(C=1e3).fit(added, truth[:, tag], sample_weight=importance)
            mix[tier, :parts, tag] = one.coef_[0, 0]
            shift[tier, tag] = one.intercept_[0]
    return mix, shift


def best_threshold(probabilities: Matrix, truth: Truth, importance: Matrix) -> float:
    """The threshold of the best F1 that calibrated probabilities allow: half of that F1 (Lipton et al. 2014).

    Where the curve of F1 is flat its peak is chance, and half of its height is not.
    """
    best = 0.0
    for step in np.arange(0.05, 0.951, 0.01):
        said = probabilities >= step
        hit = float((importance * (said & (truth == 1))).sum())
        best = max(best, 2 * hit / max(float((importance * said).sum() + (importance * truth).sum()), 1e-9))
    return round(best / 2, 2)


def as_in_news(truth: Truth) -> Matrix:
    """Weights that give harmless texts the share they have in real news."""
    harmless = truth.sum(axis=1) == 0
    share = harmless.mean()
    found: Matrix = np.where(harmless, HARMLESS_SHARE / max(share, 1e-9), (1 - HARMLESS_SHARE) / max(1 - share, 1e-9))
    return found


def by_tag(values: Matrix, truth: Truth) -> zip[tuple[Matrix, Truth]]:
    return zip(values.T, truth.T, strict=True)


def ask_from(chances: Matrix, thresholds: Matrix, truth: Truth) -> float:
    """The highest fast probability below which the encoder need not be asked: what it costs is next to nothing."""
    whole = _macro_f1(chances[EXACT], thresholds[EXACT], truth)
    found = 0.0
    for cut in np.arange(0.01, 0.31, 0.01):
        asked = chances[FAST].max(axis=1) >= cut
        if _macro_f1(chances[EXACT] * asked[:, None], thresholds[EXACT], truth) < whole - LOST_TO_SPEED:
            break
        found = float(round(cut, 2))
    return found


def _macro_f1(chances: Matrix, thresholds: Matrix, truth: Truth) -> float:
    return float(tier_scores(truth, chances, thresholds)["macro_f1"])


def tier_scores(truth: Truth, chances: Matrix, thresholds: Matrix) -> dict[str, Any]:
    """Cross-validated figures of one tier, harmless texts weighed as in news."""
    importance = as_in_news(truth)
    per_tag = {}
    for column, tag in enumerate(TAGS):
        said = chances[:, column] >= thresholds[column]
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
    return {"macro_f1": round(float(np.mean([t["f1"] for t in per_tag.values()])), 4), "tags": per_tag}
