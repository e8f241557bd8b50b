"""What the fast tier reads of texts, a batch at a time: words and pairs, spelling and concepts. NumPy alone.

Equal to scikit-learn's own scores to 1e-6; looking words up is all that is left of a text's cost in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from monitor.classify.artefact import Weights
from monitor.classify.features import PIECES_COUNT, SPELLED_LEAST, pieces, title_and_whole
from monitor.domain import TAGS, Text

WORDS_KEPT = 20_000  # whose spelling is remembered from batch to batch

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of n texts. Word features of text r: `numbers[starts[r]:starts[r + 1]]` with their `values`."""

    scores: Floats  # (n, 2, 3): what words and what concepts say of each tag
    starts: Numbers  # (n + 1,)
    numbers: Numbers
    values: Floats  # sublinear TF-IDF, length one for each text

    def words_of(self, row: int) -> tuple[Numbers, Floats]:
        """The word features of one text, and their values."""
        part = slice(self.starts[row], self.starts[row + 1])
        return self.numbers[part], self.values[part]


class Reader:
    """Reads texts by a trained classifier's weights; keeps the spelling of words it has met."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._word: dict[str, int] = {}
        self._after: dict[str, dict[str, int]] = {}  # first word of a pair -> second -> number
        for number, gram in enumerate(weights.vocabulary):
            first, _, second = gram.partition(" ")
            if second:
                self._after.setdefault(first, {})[second] = number
            else:
                self._word[first] = number
        self._piece = {piece: number for number, piece in enumerate(weights.pieces)}
        of_pieces = weights.tag_weights[len(weights.vocabulary) :] * weights.pieces_idf[:, None]
        self._of_pieces = np.hstack([of_pieces, weights.pieces_idf[:, None] ** 2])  # log-odds; square of the length
        self._spelling: dict[str, int] = {}  # row of `_spellings`
        self._spellings: Floats = np.zeros((0, len(TAGS) + 1))
        number_of = {name: number for number, name in enumerate(weights.concepts)}
        self._concept_names = sorted(set(weights.lexicon.concepts))
        position = {name: at for at, name in enumerate(self._concept_names)}
        self._concept = [position[name] for name in weights.lexicon.concepts]  # by term
        self._in_title = [number_of.get(f"title:{name}", -1) for name in self._concept_names]
        self._in_text = [number_of.get(f"text:{name}", -1) for name in self._concept_names]
        self._pair = {
            (position[first], position[second]): number
            for name, number in number_of.items()
            for first, _, second in [name.partition("+")]
            if second
        }

    def read(self, texts: Sequence[Text]) -> Reading:
        """Scores and word features of texts."""
        words: list[list[int]] = []
        spelled: list[list[str]] = []
        concepts: list[list[int]] = []
        for text in texts:
            in_title, tokens = title_and_whole(text)
            words.append(self._words(tokens))
            spelled.append([token for token in dict.fromkeys(tokens) if len(token) >= SPELLED_LEAST])
            concepts.append(self._concepts(tokens, in_title))
        starts, numbers, values = self._tfidf(words)
        weights = self._weights
        by_words = _summed(weights.tag_weights, numbers, starts, values) + weights.tag_bias + self._spelled(spelled)
        by_concepts = _summed(weights.concept_weights, *_flat(concepts)) + weights.concept_bias
        return Reading(np.stack([by_words, by_concepts], axis=1), starts, numbers, values)

    def topic_odds(self, reading: Reading, rows: Sequence[int]) -> Floats:
        """Log-odds of each topic for some of the texts read: (len(rows), topics)."""
        parts = [reading.words_of(row) for row in rows]
        starts = np.concatenate([[0], np.cumsum([len(numbers) for numbers, _ in parts], dtype=np.intp)])
        none: tuple[Numbers, Floats] = (np.zeros(0, dtype=np.intp), np.zeros(0))
        numbers, values = (np.concatenate(both) for both in zip(none, *parts, strict=True))
        return _summed(self._weights.topic_weights, numbers, starts, values) + self._weights.topic_bias

    def _words(self, tokens: Sequence[str]) -> list[int]:
        """Numbers of the known words and pairs of neighbours, as often as they stand there."""
        word, after = self._word, self._after
        found = [number for token in tokens if (number := word.get(token)) is not None]
        found += [
            number
            for first, second in pairwise(tokens)
            if (of_first := after.get(first)) is not None and (number := of_first.get(second)) is not None
        ]
        return found

    def _tfidf(self, words: Sequence[Sequence[int]]) -> tuple[Numbers, Numbers, Floats]:
        """Each text's features once, with sublinear counts times idf, scaled to length one."""
        numbers, starts = _flat(words)
        size = max(1, len(self._weights.idf))
        rows = np.repeat(np.arange(len(words)), np.diff(starts))
        keys, counts = np.unique(rows * size + numbers, return_counts=True)
        rows, numbers = keys // size, keys % size
        values = (1 + np.log(counts)) * self._weights.idf[numbers]
        lengths = np.sqrt(np.bincount(rows, values * values, minlength=len(words)))
        starts = np.searchsorted(rows, np.arange(len(words) + 1))
        return starts, numbers, values / lengths[rows]

    def _spelled(self, words: Sequence[Sequence[str]]) -> Floats:
        """What the pieces of each text's words say of the tags, scaled to the pieces' part of a length."""
        if len(self._spelling) > WORDS_KEPT:
            self._spelling.clear()
            self._spellings = self._spellings[:0]
        known = self._spelling
        fresh = list(dict.fromkeys(word for one in words for word in one if word not in known))
        if fresh:
            of_words = [[n for piece in pieces(word) if (n := self._piece.get(piece)) is not None] for word in fresh]
            known.update(zip(fresh, range(len(known), len(known) + len(fresh)), strict=True))
            self._spellings = np.concatenate([self._spellings, _summed(self._of_pieces, *_flat(of_words))])
        found = _summed(self._spellings, *_flat([[known[word] for word in one] for one in words]))
        square = found[:, -1:]
        scale = np.divide(PIECES_COUNT, np.sqrt(square), out=np.zeros_like(square), where=square > 0)
        return found[:, :-1] * scale

    def _concepts(self, tokens: Sequence[str], in_title: int) -> list[int]:
        """Numbers of the features of concepts: of the title, of the whole text, and pairs. See `Lexicon.features`."""
        matches = self._weights.lexicon.matches(" ".join(tokens))
        if not matches:
            return []
        title_ends = len(" ".join(tokens[:in_title])) + 2 if in_title else 0
        whole = sorted({self._concept[term] for term, _, _ in matches})
        titled = {self._concept[term] for term, _, end in matches if end <= title_ends}
        found = [self._in_title[concept] for concept in sorted(titled)]
        found += [self._in_text[concept] for concept in whole]
        found += [self._pair.get(both, -1) for both in combinations(whole, 2)]
        return [number for number in found if number >= 0]


def _flat(lists: Sequence[Sequence[int]]) -> tuple[Numbers, Numbers]:
    """All numbers in one row, and where each list starts in it, with the end."""
    starts = np.zeros(len(lists) + 1, dtype=np.intp)
    np.cumsum([len(one) for one in lists], out=starts[1:])
    return np.fromiter((n for one in lists for n in one), dtype=np.intp, count=int(starts[-1])), starts


def _summed(table: npt.NDArray[np.floating], numbers: Numbers, starts: Numbers, values: Floats | None = None) -> Floats:
    """For each list the sum of its rows of `table`, each times its value: (lists, columns)."""
    out: Floats = np.zeros((len(starts) - 1, table.shape[1]))
    filled = np.flatnonzero(np.diff(starts))
    if len(filled):
        rows = table[numbers].astype(np.float64, copy=False)
        if values is not None:
            rows = rows * values[:, None]
        out[filled] = np.add.reduceat(rows, starts[:-1][filled], axis=0)
    return out
