"""What to ask a reviewer next: where an answer teaches most.

An answer teaches where the classifier is nearest to changing its mind (uncertainty sampling,
Lewis & Gale 1994), where its two tiers see different risks (query by committee, Seung 1992), and
where nothing like it has just been asked (maximal marginal relevance, Carbonell & Goldstein 1998).
What somebody was alarmed by comes before all that, and of one story only one item stands in its place: one verdict
may serve the others. The page and the terminal ask in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from monitor.domain import TAGS, Item, Judgement, Tag
from monitor.i18n import N_

DISAGREED = 0.5  # what a disagreement of the tiers is worth, beside nearness of at most 1
ALIKE = 0.7  # how much of its worth a copy of what is asked already loses
ALARMED = 2.0  # a step of the level of an open alert, so that any alarm comes before any doubt
GRAVE = 0.1  # a step of severity: it decides between equal doubts
VARIED = 30  # of the first, each is compared with what is asked before it
NEAR = 0.5  # nearness from which it is told as a reason
LEAST, MOST = 0.001, 0.999  # of a probability, so that its odds are finite

Reason = tuple[str, Mapping[str, object]]

NEAR_THRESHOLD = N_("near the threshold of {tag}: {chance:.2f} beside {threshold:.2f}")
TIERS_DISAGREE = N_("the words say otherwise of {tag} than the sentence does")
UNLIKE = N_("unlike what is asked before it")
WARNED_OF = N_("an open alert rests on it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An item to be asked about: its worth, and the reasons as sentences with what to fill in."""

    item: Item
    worth: float
    reasons: tuple[Reason, ...]


def in_order(
    items: Sequence[Item],
    *,
    thresholds: Mapping[Tag, float],
    fast: Mapping[int, Judgement] | None = None,
    alarms: Mapping[str, int] | None = None,
) -> list[Question]:
    """Items that wait, the most instructive first; further ones of a story after the first ones of all others.

    `thresholds`: of the tier that judged; `fast`: what the words alone say, by item id, where it is known;
    `alarms`: the level of the gravest open alert of each story. Equal ones stay in the order given.
    """
    waiting = [
        _alone(item, thresholds, (fast or {}).get(item.id or 0), (alarms or {}).get(item.story, 0)) for item in items
    ]
    words = [_words(item.title) for item in items]
    likeness = [0.0] * len(items)
    left = dict.fromkeys(range(len(items)))  # in order, and quick to take from
    asked: list[Question] = []
    stories: set[str] = set()

    def rank(n: int) -> tuple[bool, float, int]:
        return items[n].story not in stories, waiting[n].worth * (1 - ALIKE * likeness[n]), -n

    def ask(n: int) -> None:
        del left[n]
        question = waiting[n]
        unlike: tuple[Reason, ...] = ((UNLIKE, {}),) if asked and likeness[n] < 0.1 else ()
        worth = round(rank(n)[1], 4)
        asked.append(Question(item=question.item, worth=worth, reasons=(*question.reasons, *unlike)))
        stories.add(items[n].story)
        stories.discard("")

    while left and len(asked) < VARIED:
        ask(best := max(left, key=rank))
        for n in left:
            likeness[n] = max(likeness[n], _shared(words[best], words[n]))
    by_worth = sorted(left, key=rank, reverse=True)  # likeness stands still from here on
    for n in by_worth:
        if items[n].story not in stories:
            ask(n)
    for n in sorted(left, key=rank, reverse=True):
        ask(n)
    return asked


def _alone(item: Item, thresholds: Mapping[Tag, float], fast: Judgement | None, alarm: int) -> Question:
    judgement = item.judgement or Judgement()
    near = {
        tag: exp(-abs(_odds(judgement.probabilities[tag]) - _odds(thresholds[tag])))
        for tag in TAGS
        if tag in judgement.probabilities and tag in thresholds
    }
    nearest = max(near, key=lambda tag: near[tag], default=None)
    otherwise = [tag for tag in TAGS if fast is not None and (tag in fast.labels) != (tag in judgement.labels)]
    reasons: list[Reason] = [(WARNED_OF, {})] if alarm else []
    if nearest is not None and near[nearest] >= NEAR:
        told = {"tag": nearest, "chance": judgement.probabilities[nearest], "threshold": thresholds[nearest]}
        reasons.append((NEAR_THRESHOLD, told))
    reasons += [(TIERS_DISAGREE, {"tag": tag}) for tag in otherwise]
    grave = GRAVE * int(item.assessment.severity) if item.assessment else 0.0
    worth = (near[nearest] if nearest is not None else 0.0) + DISAGREED * bool(otherwise) + grave + ALARMED * alarm
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
