"""What the classifier gets wrong, grouped so that the rule behind a heap of errors is seen.

A false alarm belongs to the topic that was told (each topic is a row of the codebook, with its
border), a missed tag to the tag and to what was said instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.classify.evaluate import GoldText
from monitor.domain import TAGS, Judgement, Tag

SHOWN = 160  # characters of a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One text with one tag too many or too few."""

    kind: str  # "false alarm" or "missed"
    tag: Tag
    group: str
    entry: GoldText
    judgement: Judgement


def mistakes_of(gold: Sequence[GoldText], said: Sequence[Judgement]) -> list[tuple[str, list[Mistake]]]:
    """Heaps of mistakes with their names, the largest first; in each the surest mistakes first."""
    heaps: dict[str, list[Mistake]] = defaultdict(list)
    for entry, judgement in zip(gold, said, strict=True):
        for tag in TAGS:
            if (tag in entry.labels) != (tag in judgement.labels):
                mistake = _mistake(entry, judgement, tag)
                heaps[mistake.group].append(mistake)
    for heap in heaps.values():
        heap.sort(key=_doubt)
    return sorted(heaps.items(), key=lambda named: (-len(named[1]), named[0]))


def _mistake(entry: GoldText, judgement: Judgement, tag: Tag) -> Mistake:
    if tag in judgement.labels:
        topic = next((topic for topic in judgement.topics if topic.startswith(f"{tag}.")), tag.value)
        beside = "harmless text" if not entry.labels else "tag too many"
        kind, group = "false alarm", f"false alarm, {beside}: {topic}"
    else:
        instead = "nothing" if not judgement.labels else "+".join(sorted(label.value for label in judgement.labels))
        kind, group = "missed", f"missed {tag}, said {instead}"
    return Mistake(kind=kind, tag=tag, group=group, entry=entry, judgement=judgement)


def _doubt(mistake: Mistake) -> float:
    chance = mistake.judgement.probabilities[mistake.tag]
    return chance if mistake.kind == "missed" else -chance


def in_lines(heaps: Sequence[tuple[str, list[Mistake]]]) -> list[str]:
    """Every heap with its size, and under it each text: chance of the tag, language, source, severity, words."""
    lines = []
    for name, heap in heaps:
        lines.append(f"{name} ({len(heap)})")
        for one in heap:
            text = " ".join(f"{one.entry.text.title} | {one.entry.text.summary}".split())[:SHOWN]
            facts = f"{one.judgement.probabilities[one.tag]:.2f} {one.judgement.language:<3}{one.entry.source[:18]:<19}"
            lines.append(f"  {facts}{one.entry.severity if one.entry.severity is not None else '-'}  {text}")
    return lines
