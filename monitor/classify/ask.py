"""What to ask a reviewer next: where an answer teaches most.

An answer teaches where the classifier is nearest to changing its mind (uncertainty sampling,
Lewis & Gale 1994), where its two tiers see different risks (query by committee, Seung 1992), and
where nothing like it has just been asked (maximal marginal relevance, Carbonell & Goldstein 1998).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from monitor.domain import TAGS, Item, Judgement, Tag
from monitor.i18n import N_

DISAGREED = 0.5  # what a disagreement of the tiers is worth, beside nearness of at most 1
ALIKE = 0.7  # how much of its worth a copy of what is asked already loses
NEAR = 0.5  # nearness from which it is told as a reason
LEAST, MOST = 0.001, 0.999  # of a probability, so that its odds are finite

Reason = tuple[str, Mapping[str, object]]

NEAR_THRESHOLD = N_("near the threshold of {tag}: {chance:.2f} beside {threshold:.2f}")
TIERS_DISAGREE = N_("the words say otherwise of {tag} than the sentence does")
UNLIKE = N_("unlike what is asked before it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An item to be asked about: its worth, and the reasons as sentences with what to fill in."""

    item: Item
    worth: float
    reasons: tuple[Reason, ...]


def in_order(
    items: Sequence[Item], *, thresholds: Mapping[Tag, float], fast: Mapping[int, Judgement] | None = None
) -> list[Question]:
    """Items that wait, the most instructive first.

    `thresholds`: of the tier that judged; `fast`: what the words alone say, by item id, where it is known.
    Equal ones stay in the order given. Reckons len(items) squared comparisons: give at most some hundred.
    """
    waiting = [_alone(item, thresholds, (fast or {}).get(item.id or 0)) for item in items]
    words = [_words(item.title) for item in items]
    likeness = [0.0] * len(items)
    left = list(range(len(items)))
    asked: list[Question] = []
    while left:
        best = max(left, key=lambda n: (waiting[n].worth * (1 - ALIKE * likeness[n]), -n))
        left.remove(best)
        question = waiting[best]
        worth = question.worth * (1 - ALIKE * likeness[best])
        unlike: tuple[Reason, ...] = ((UNLIKE, {}),) if asked and likeness[best] < 0.1 else ()
        asked.append(Question(item=question.item, worth=round(worth, 4), reasons=(*question.reasons, *unlike)))
        for n in left:
            likeness[n] = max(likeness[n], _shared(words[best], words[n]))
    return asked


def _alone(item: Item, thresholds: Mapping[Tag, float], fast: Judgement | None) -> Question:
    judgement = item.judgement or Judgement()
    near = {
        tag: exp(-abs(_odds(judgement.probabilities[tag]) - _odds(thresholds[tag])))
        for tag in TAGS
        if tag in judgement.probabilities and tag in thresholds
    }
    nearest = max(near, key=lambda tag: near[tag], default=None)
    otherwise = [tag for tag in TAGS if fast is not None and (tag in fast.labels) != (tag in judgement.labels)]
    reasons: list[Reason] = []
    if nearest is not None and near[nearest] >= NEAR:
        told = {"tag": nearest, "chance": judgement.probabilities[nearest], "threshold": thresholds[nearest]}
        reasons.append((NEAR_THRESHOLD, told))
    reasons += [(TIERS_DISAGREE, {"tag": tag}) for tag in otherwise]
    worth = (near[nearest] if nearest is not None else 0.0) + DISAGREED * bool(otherwise)
    return Question(item=item, worth=worth, reasons=tuple(reasons))


def _odds(chance: float) -> float:
    bounded = min(max(chance, LEAST), MOST)
    return log(bounded / (1 - bounded))


def _words(title: str) -> frozenset[str]:
    """Words of spaced scripts, neighbouring pairs of signs of the others."""
    text = title.lower()
    if any("\u2e80" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7a3" for sign in text):
        return frozenset(text[n : n + 2] for n in range(len(text) - 1))
    return frozenset(text.split())


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's index."""
    union = len(one | other)
    return len(one & other) / union if union else 0.0
