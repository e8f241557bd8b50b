"""The words that carried a tag, as they stand in the text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from monitor.classify.features import simplified
from monitor.domain import TAGS, Evidence, Tag, Text
from monitor.text.stopwords import without_edges

MOST = 8


def evidence(
    text: Text, grams: Sequence[str], carried: Sequence[Sequence[float]], tags: Sequence[Tag]
) -> tuple[Evidence, ...]:
    """For each of `tags` the words that carried it, the heaviest first, in the text's own spelling.

    `carried`: of each gram how much that word, pair or term added to the score of each of the three tags. Single signs
    of scripts without blanks are named only where nothing longer is.
    """
    raw = f"{text.title} {text.summary}".lower()
    plain = raw if raw.isascii() else simplified(raw)
    found: list[Evidence] = []
    for tag in tags:
        at = TAGS.index(tag)
        part = [added[at] for added in carried]
        longer: list[Evidence] = []
        single: list[Evidence] = []
        for position in sorted(range(len(part)), key=part.__getitem__, reverse=True)[: MOST * 3]:
            if part[position] <= 0 or len(longer) >= MOST:
                break
            word = as_written(grams[position], raw, plain)
            if word and not any(word in other.word or other.word in word for other in longer):
                (longer if len(word) > 1 else single).append(Evidence(word=word, tag=tag, weight=part[position]))
        found += longer or single[:MOST]
    found.sort(key=lambda evidence: -evidence.weight)
    return tuple(found[:MOST])


def as_written(gram: str, raw: str, plain: str) -> str:
    """The gram without stop words as it stands in `raw`, or "" when it does not stand there as words of its own.

    `plain`: the same in simplified characters.
    """
    word, unspaced = _joined(gram)
    if not word:
        return ""
    if unspaced:
        at = raw.find(word)
        at = at if at >= 0 else plain.find(word)
        return raw[at : at + len(word)] if at >= 0 else ""
    return word if (not word.isascii() and word in raw) or _stands_alone(word, raw) else ""


@lru_cache(maxsize=20_000)
def _joined(gram: str) -> tuple[str, bool]:
    """A gram without stop words at its edges, and whether it is of a script that puts no blanks between words."""
    words = without_edges(gram.split(" "))
    unspaced = not any(word.isascii() for word in words) and all(len(word) == 1 for word in words)
    return ("" if unspaced else " ").join(words), unspaced


def _stands_alone(word: str, raw: str) -> bool:
    at = raw.find(word)
    while at >= 0:
        before, behind = raw[at - 1 : at], raw[at + len(word) : at + len(word) + 1]
        if not (before == "_" or before.isalnum() or behind == "_" or behind.isalnum()):
            return True
        at = raw.find(word, at + 1)
    return False
