"""Whether what the classifier reads and says has moved away from what it was like: the drift report.

Distributions are compared by the population stability index (Siddiqi 2006: below 0.1 steady,
above 0.25 shifted), rates by their difference. A young installation has no past of its own to be compared with: its
items are laid beside what the classifier said of texts it had not seen when it was trained (the manifest keeps that).
None of it says that the classifier is wrong, but for
the reviewers' overrides; two signals out of bounds say that somebody should look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.domain import TAGS, Judgement
from monitor.i18n import N_

SHIFTED = 0.25
MOVED = 0.10  # difference of two rates
FEWEST = 50  # items on either side; fewer say nothing
ENOUGH = 2  # signals out of bounds from which somebody should look
TENTHS = 10

Floats = npt.NDArray[np.float64]

PROBABILITIES = N_("probabilities of {tag}")
LANGUAGES = N_("languages")
UNKNOWN_WORDS = N_("words never learnt")
UNSURE = N_("left unsure")
OVERRIDDEN = N_("overridden by reviewers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Items of one time as the classifier judged them.

    `unknown`: share of words that are not in its vocabulary; `reviewed` and `overridden`: verdicts, and
    those that found other tags than the classifier.
    """

    judgements: Sequence[Judgement]
    unknown: float
    reviewed: int = 0
    overridden: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One comparison; `name` is a sentence with `filled` to fill in, `moved` what lies beyond `limit`."""

    name: str
    filled: Mapping[str, object]
    value: float
    limit: float

    @property
    def moved(self) -> bool:
        """Out of bounds."""
        return self.value > self.limit


def drift_of(before: Sample, now: Sample) -> list[Signal]:
    """The signals, or none where either side is too small to tell."""
    if min(len(before.judgements), len(now.judgements)) < FEWEST:
        return []
    signals = [
        Signal(
            name=PROBABILITIES,
            filled={"tag": tag},
            value=stability([_tenth(j, tag) for j in before.judgements], [_tenth(j, tag) for j in now.judgements]),
            limit=SHIFTED,
        )
        for tag in TAGS
    ]
    languages = stability([j.language for j in before.judgements], [j.language for j in now.judgements])
    signals.append(Signal(name=LANGUAGES, filled={}, value=languages, limit=SHIFTED))
    rates = [
        (UNKNOWN_WORDS, before.unknown, now.unknown),
        (UNSURE, _unsure(before), _unsure(now)),
    ]
    if before.reviewed and now.reviewed:
        rates.append((OVERRIDDEN, before.overridden / before.reviewed, now.overridden / now.reviewed))
    signals += [Signal(name=name, filled={}, value=round(b - a, 4), limit=MOVED) for name, a, b in rates]
    return signals


def drift_from(reference: Mapping[str, Any], now: Sample) -> list[Signal]:
    """The signals beside `reference`, as `reference_of` made it; none where there is none, or too few items now."""
    if not reference or len(now.judgements) < FEWEST:
        return []
    signals = []
    for tag in TAGS:
        were = [tenth for tenth, count in enumerate(reference["tenths"][tag.value]) for _n in range(count)]
        value = stability(were, [_tenth(judgement, tag) for judgement in now.judgements])
        signals.append(Signal(name=PROBABILITIES, filled={"tag": tag}, value=value, limit=SHIFTED))
    rates = ((UNKNOWN_WORDS, reference["unknown"], now.unknown), (UNSURE, reference["unsure"], _unsure(now)))
    signals += [Signal(name=name, filled={}, value=round(b - a, 4), limit=MOVED) for name, a, b in rates]
    return signals


def reference_of(chances: Floats, unsure: npt.NDArray[np.bool_], importance: Floats, unknown: float) -> dict[str, Any]:
    """What a classifier said of texts it had not seen, (n, 3) and (n,), weighed by `importance`: counts by tenths.

    `unknown`: the share of words it did not know in them.
    """
    places = np.minimum((chances * TENTHS).astype(int), TENTHS - 1)
    shares = {
        tag.value: np.bincount(places[:, number], weights=importance, minlength=TENTHS) / importance.sum()
        for number, tag in enumerate(TAGS)
    }
    return {
        "tenths": {tag: [int(count) for count in np.rint(1000 * share)] for tag, share in shares.items()},
        "unsure": round(float((unsure * importance).sum() / importance.sum()), 4),
        "unknown": round(unknown, 4),
    }


def stability(before: Sequence[object], now: Sequence[object]) -> float:
    """Population stability index of two samples of classes; a class that one side lacks counts as half an item."""
    were, are = Counter(before), Counter(now)
    total = 0.0
    for kind in set(were) | set(are):
        was, is_ = (max(counts[kind], 0.5) / max(sum(counts.values()), 1) for counts in (were, are))
        total += (is_ - was) * log(is_ / was)
    return round(total, 4)


def _tenth(judgement: Judgement, tag: object) -> int:
    return min(int(judgement.probabilities.get(tag, 0.0) * TENTHS), TENTHS - 1)  # type: ignore[call-overload]


def _unsure(sample: Sample) -> float:
    return sum(judgement.unsure for judgement in sample.judgements) / len(sample.judgements)
