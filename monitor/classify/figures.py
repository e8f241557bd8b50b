"""All that the model card tells of a classifier: figures by tag, language and source, with counts and intervals.

Intervals are 90 % percentile intervals of a bootstrap over items (Efron 1979): the items are
drawn anew with replacement, and every figure is reckoned again from sums over those drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.classify.evaluate import GoldText, scores_of
from monitor.domain import TAGS, Judgement

DRAWS = 1000
SIDES = (5, 95)  # percentiles
LEAST = 25  # items a source needs for figures of its own
AT_RECALL = 0.8
BINS = 10

Bools = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.float64]


def figures_of(
    gold: Sequence[GoldText], said: Sequence[Judgement], severities: Sequence[int], on_labels: Sequence[int]
) -> dict[str, Any]:
    """Every figure of parallel sequences; `on_labels` are severities of judgements with the right tags.

    Keys of `scores_of`, and: intervals, any_risk, languages, zh_minus_en, sources, reliability,
    severity (as judged, and with the right tags), tiers.
    """
    truth = np.array([[tag in entry.labels for tag in TAGS] for entry in gold], dtype=bool)
    labels = _labels(said)
    chances = np.array([[judgement.probabilities[tag] for tag in TAGS] for judgement in said])
    groups = _groups(gold, said)
    sums = _Sums(_columns(gold, said, truth, labels), groups)
    any_truth, any_score = truth.max(axis=1), chances.max(axis=1)
    weights = np.ones(len(gold))
    drawn = list(_draws(len(gold)))
    again = [sums.of(w) for w in drawn]
    whole = sums.of(weights)
    scores = scores_of(gold, said, severities)
    for number, tag in enumerate(TAGS):
        scores["tags"][tag.value]["f1_interval"] = _interval([_f1(s["all"], number) for s in again])
    at = [_precision_at_recall(any_truth, any_score, w) for w in drawn]
    difference = [_macro(s["zh"]) - _macro(s["en"]) for s in again] if {"zh", "en"} <= set(groups) else []
    return {
        **scores,
        "risks": int(any_truth.sum()),
        "tiers": dict(Counter(judgement.model.rpartition("/")[2] for judgement in said)),
        "intervals": {
            "macro_f1": _interval([_macro(s["all"]) for s in again]),
            "countries_f1": _interval([_countries(s["all"]) for s in again]),
        },
        "any_risk": {
            "f1": round(_f1(whole["all"], ANY), 4),
            "precision_at_recall_0.8": round(_precision_at_recall(any_truth, any_score, weights), 4),
            "interval": _interval(at),
        },
        "languages": {name: _group(name, whole, again) for name in groups if name in ("en", "zh", "other")},
        "zh_minus_en": {
            "difference": round(_macro(whole["zh"]) - _macro(whole["en"]), 4),
            "interval": _interval(difference),
        }
        if difference
        else None,
        "sources": {name[1:]: _group(name, whole, again) for name in groups if name.startswith("@")},
        "reliability": _reliability(truth, chances),
        "severity": {
            "as_judged": _steps(gold, severities, labels.max(axis=1)),
            "with_right_tags": _steps(gold, on_labels, any_truth),
        },
    }


def _labels(said: Sequence[Judgement]) -> Bools:
    return np.array([[tag in judgement.labels for tag in TAGS] for judgement in said], dtype=bool)


# --- sums over items, from which every figure follows --------------------------------------------

ANY = len(TAGS)  # the column of "some tag"
_HIT, _ALL = -2, -1  # countries found, and twice their mean number


def _columns(gold: Sequence[GoldText], said: Sequence[Judgement], truth: Bools, labels: Bools) -> Matrix:
    """Per item: right, said and true of each tag and of any, then countries: (items, 3 * 4 + 2)."""
    true = np.column_stack([truth, truth.max(axis=1)])
    told = np.column_stack([labels, labels.max(axis=1)])
    places = np.zeros((len(gold), 2))
    for row, (entry, judgement) in enumerate(zip(gold, said, strict=True)):
        if entry.countries is not None and entry.labels and judgement.labels:
            places[row] = (
                2 * len(entry.countries & set(judgement.countries)),
                (len(entry.countries) + len(judgement.countries)),
            )
    return np.column_stack([true & told, told, true, places]).astype(float)


def _groups(gold: Sequence[GoldText], said: Sequence[Judgement]) -> dict[str, Bools]:
    """Items of each group: all, languages as labelled or else as judged, and `@source` where it has enough."""
    languages = np.array([e.text.language or j.language for e, j in zip(gold, said, strict=True)])
    found = {"all": np.ones(len(gold), dtype=bool)}
    found |= {name: languages == name for name in ("en", "zh")}
    found["other"] = ~found["en"] & ~found["zh"]
    sources = np.array([entry.source for entry in gold])
    many = [name for name, count in Counter(sources.tolist()).most_common() if name and count >= LEAST]
    found |= {f"@{name}": sources == name for name in many}
    if many:
        found["@"] = ~np.isin(sources, many)
    return {name: mask for name, mask in found.items() if mask.any()}


class _Sums:
    """Weighted sums of the columns in every group at once."""

    def __init__(self, columns: Matrix, groups: Mapping[str, Bools]) -> None:
        self._names = list(groups)
        self._parts = np.hstack(
            [np.column_stack([np.ones(len(columns)), columns]) * m[:, None] for m in groups.values()]
        )

    def of(self, weights: Matrix) -> dict[str, Matrix]:
        rows = (weights @ self._parts).reshape(len(self._names), -1)
        return dict(zip(self._names, rows, strict=True))


def _f1(sums: Matrix, column: int) -> float:
    width = len(TAGS) + 1
    hit, told, true = (sums[1 + column + part * width] for part in range(3))
    return float(2 * hit / max(told + true, 1e-9))


def _macro(sums: Matrix) -> float:
    return sum(_f1(sums, number) for number in range(len(TAGS))) / len(TAGS)


def _countries(sums: Matrix) -> float:
    return float(sums[_HIT] / max(sums[_ALL], 1e-9))


def _group(name: str, whole: Mapping[str, Matrix], again: Sequence[Mapping[str, Matrix]]) -> dict[str, Any]:
    sums = whole[name]
    width = len(TAGS) + 1
    return {
        "items": int(sums[0]),
        "risks": int(sums[1 + 2 * width + ANY]),
        "macro_f1": round(_macro(sums), 4),
        "macro_f1_interval": _interval([_macro(s[name]) for s in again]),
        "any_risk_f1": round(_f1(sums, ANY), 4),
        "any_risk_f1_interval": _interval([_f1(s[name], ANY) for s in again]),
    }


def _draws(items: int) -> Any:
    generator = np.random.default_rng(1979)
    for _draw in range(DRAWS):
        yield np.bincount(generator.integers(items, size=items), minlength=items).astype(float)


def _interval(values: Sequence[float]) -> list[float]:
    return [round(float(side), 4) for side in np.percentile(values, SIDES)] if values else []


# --- the other figures ---------------------------------------------------------------------------


def _precision_at_recall(truth: Bools, score: Matrix, weights: Matrix) -> float:
    """Precision of the shortest list, by falling score, that holds `AT_RECALL` of the risks."""
    order = np.argsort(-score, kind="stable")
    read, hit = np.cumsum(weights[order]), np.cumsum((weights * truth)[order])
    if not len(hit) or not hit[-1]:
        return 0.0
    at = int(np.searchsorted(hit, AT_RECALL * hit[-1]))
    return float(hit[at] / read[at])


def _reliability(truth: Bools, chances: Matrix) -> list[dict[str, Any]]:
    """Of the chances told in each tenth: how many, their mean, and how often it came true; all tags together."""
    place = np.minimum((chances * BINS).astype(int), BINS - 1)
    return [
        {
            "from": number / BINS,
            "count": int((place == number).sum()),
            "told": round(float(chances[place == number].mean()), 4),
            "found": round(float(truth[place == number].mean()), 4),
        }
        for number in range(BINS)
        if (place == number).any()
    ]


def _steps(gold: Sequence[GoldText], said: Sequence[int], counted: Bools) -> dict[str, Any] | None:
    """Severity of the items that are counted and are risks: rows of the table are true steps 1 to 3, columns told ones.

    Kappa is quadratically weighted (Cohen 1968), mean recall over the true steps that occur.
    """
    from sklearn.metrics import cohen_kappa_score

    pairs = [(e.severity, s) for e, s, c in zip(gold, said, counted, strict=True) if c and e.severity and s]
    if not pairs:
        return None
    table = np.zeros((3, 3), dtype=int)
    for true, told in pairs:
        table[true - 1, told - 1] += 1
    occurs = table.sum(axis=1) > 0
    recalls = table.diagonal()[occurs] / table.sum(axis=1)[occurs]
    right, found = zip(*pairs, strict=True)
    return {
        "items": len(pairs),
        "mean_recall": round(float(recalls.mean()), 4),
        "kappa": round(float(cohen_kappa_score(right, found, labels=[1, 2, 3], weights="quadratic")), 4),
        "exact": round(float(table.diagonal().sum() / len(pairs)), 4),
        "table": table.tolist(),
    }
