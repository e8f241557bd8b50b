"""What the fast tier reads of texts, a batch at a time: words and pairs, spelling and concepts. NumPy alone.

Equal to scikit-learn's own scores to 1e-6. Each different word is looked up once and remembered; what is left of a
text's cost in Python is cutting it into words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from monitor.classify.artefact import Weights
from monitor.classify.features import PIECES_COUNT, SPELLED_LEAST, pieces, title_and_whole
from monitor.domain import TAGS, Text

WORDS_KEPT = 20_000  # that are remembered from batch to batch

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of n texts. Word features of text r: `numbers[starts[r]:starts[r + 1]]` with their `values`."""

    scores: Floats  # (n, 2, 3): what words and what concepts say of each tag
    starts: Numbers  # (n + 1,)
    numbers: Numbers
    values: Floats  # sublinear TF-IDF, length one for each text
    said: Sequence[str]  # the tokens of each text, separated by blanks
    term_starts: Numbers  # (n + 1,): of the lexicon's terms that stand in each text
    terms: Numbers  # (terms, 3): its number, where it starts and ends in `said`, whose blanks around it count
    added: Floats  # (terms, 3): what each adds to each tag

    def words_of(self, row: int) -> tuple[Numbers, Floats]:
        """The word features of one text, and their values."""
        part = slice(self.starts[row], self.starts[row + 1])
        return self.numbers[part], self.values[part]

    def terms_of(self, row: int) -> dict[str, list[float]]:
        """The lexicon's terms that stand in one text, as its own tokens, and what each adds to each tag."""
        said, part = f" {self.said[row]} ", slice(self.term_starts[row], self.term_starts[row + 1])
        found: dict[str, list[float]] = {}
        for (_, start, end), added in zip(self.terms[part].tolist(), self.added[part].tolist(), strict=True):
            phrase = said[start : said.index(" ", end - 1)].strip()  # a term may be open at its end
            known = found.get(phrase)
            found[phrase] = added if known is None else [a + b for a, b in zip(known, added, strict=True)]
        return found


class Reader:
    """Reads texts by a trained classifier's weights; keeps what it knows of the words it has met."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        grams = [gram.partition(" ") for gram in weights.vocabulary]
        self._word = {word: at for at, word in enumerate(dict.fromkeys(first for first, _, _ in grams))}
        for _, _, second in grams:
            if second:
                self._word.setdefault(second, len(self._word))
        self._alone = np.full(len(self._word) + 1, -1, dtype=np.intp)  # word -> its number; the last is no word
        keys = np.full(len(grams), -1, dtype=np.intp)  # of pairs
        for number, (first, _, second) in enumerate(grams):
            if second:
                keys[number] = self._word[first] * len(self._word) + self._word[second]
            else:
                self._alone[self._word[first]] = number
        self._pair_number = np.argsort(keys, kind="stable")
        self._pair_key = keys[self._pair_number]
        self._piece = {piece: number for number, piece in enumerate(weights.pieces)}
        of_pieces = weights.tag_weights[len(weights.vocabulary) :] * weights.pieces_idf[:, None]
        self._of_pieces = np.hstack([of_pieces, weights.pieces_idf[:, None] ** 2])  # log-odds; square of the length
        self._forget()
        number_of = {name: number for number, name in enumerate(weights.concepts)}
        names = weights.lexicon.names
        position = {name: at for at, name in enumerate(names)}
        self._concept = np.array([position[name] for name in weights.lexicon.concepts], dtype=np.intp)  # by term
        self._in_title = np.array([number_of.get(f"title:{name}", -1) for name in names], dtype=np.intp)
        self._in_text = np.array([number_of.get(f"text:{name}", -1) for name in names], dtype=np.intp)
        added = np.vstack([weights.concept_weights, np.zeros(len(TAGS))])  # the last row stands for no feature
        self._added_by_title, self._added_by_text = added[self._in_title], added[self._in_text]
        self._pair = np.full((len(names), len(names)), -1, dtype=np.intp)
        for name, number in number_of.items():
            first, _, second = name.partition("+")
            if second:
                self._pair[position[first], position[second]] = number

    def _forget(self) -> None:
        self._seen: dict[str, int] = {}  # row of the tables below
        self._known: Numbers = np.zeros(0, dtype=np.intp)  # which word it is; -1: none that the classifier knows
        self._spelling: Floats = np.zeros((0, len(TAGS) + 1))

    def read(self, texts: Sequence[Text]) -> Reading:
        """Scores and word features of texts."""
        weights, count = self._weights, len(texts)
        cut = [title_and_whole(text) for text in texts]
        rows = np.repeat(np.arange(count), [len(tokens) for _, tokens in cut])
        seen = self._rows_of(list(chain.from_iterable(tokens for _, tokens in cut)))
        of, numbers, values = self._tfidf(*self._words(rows, seen), count)
        by_words = _summed(weights.tag_weights, of, numbers, count, values) + weights.tag_bias
        by_words += self._spelled(rows, seen, count)
        said = [" ".join(tokens) for _, tokens in cut]
        held_by, terms, in_title = self._terms(said, [" ".join(tokens[:title]) for title, tokens in cut])
        concepts = self._concept[terms[:, 0]]
        by_concepts = _summed(weights.concept_weights, *self._concepts(held_by, concepts, in_title), count)
        return Reading(
            scores=np.stack([by_words, by_concepts + weights.concept_bias], axis=1),
            starts=np.searchsorted(of, np.arange(count + 1)),
            numbers=numbers,
            values=values,
            said=said,
            term_starts=np.searchsorted(held_by, np.arange(count + 1)),
            terms=terms,
            added=self._added_by_text[concepts] + self._added_by_title[concepts] * in_title[:, None],
        )

    def topic_odds(self, reading: Reading, rows: Sequence[int]) -> Floats:
        """Log-odds of each topic for some of the texts read: (len(rows), topics)."""
        parts = [reading.words_of(row) for row in rows]
        of = np.repeat(np.arange(len(rows)), [len(numbers) for numbers, _ in parts])
        none: tuple[Numbers, Floats] = (np.zeros(0, dtype=np.intp), np.zeros(0))
        numbers, values = (np.concatenate(both) for both in zip(none, *parts, strict=True))
        return _summed(self._weights.topic_weights, of, numbers, len(rows), values) + self._weights.topic_bias

    def _rows_of(self, tokens: Sequence[str]) -> Numbers:
        """The rows of the tables where each token stands, which are filled with those met for the first time."""
        if len(self._seen) > WORDS_KEPT:
            self._forget()
        seen = self._seen
        fresh = [token for token in dict.fromkeys(tokens) if token not in seen]
        if fresh:
            seen.update(zip(fresh, range(len(seen), len(seen) + len(fresh)), strict=True))
            known = np.array([self._word.get(token, -1) for token in fresh], dtype=np.intp)
            self._known = np.concatenate([self._known, known])
            parts = [
                [n for piece in pieces(token) if (n := self._piece.get(piece)) is not None]
                if len(token) >= SPELLED_LEAST
                else []
                for token in fresh
            ]
            of = np.repeat(np.arange(len(fresh)), [len(part) for part in parts])
            spelled = _summed(self._of_pieces, of, _numbers(chain.from_iterable(parts)), len(fresh))
            self._spelling = np.concatenate([self._spelling, spelled])
        return _numbers(map(seen.__getitem__, tokens))

    def _words(self, rows: Numbers, seen: Numbers) -> tuple[Numbers, Numbers]:
        """Texts, and numbers of the known words and pairs of neighbours in them, as often as they stand there."""
        known = self._known[seen]
        alone = self._alone[known]
        first, second = known[:-1], known[1:]
        both = np.flatnonzero((first >= 0) & (second >= 0) & (rows[:-1] == rows[1:]))
        keys = first[both] * len(self._word) + second[both]
        at = np.minimum(np.searchsorted(self._pair_key, keys), len(self._pair_key) - 1)
        hit = self._pair_key[at] == keys
        of = np.concatenate([rows[alone >= 0], rows[both[hit]]])
        return of, np.concatenate([alone[alone >= 0], self._pair_number[at[hit]]])

    def _tfidf(self, rows: Numbers, numbers: Numbers, count: int) -> tuple[Numbers, Numbers, Floats]:
        """Each text's features once, in order, with sublinear counts times idf, scaled to length one."""
        size = max(1, len(self._weights.idf))
        keys, counts = np.unique(rows * size + numbers, return_counts=True)
        rows, numbers = keys // size, keys % size
        values = (1 + np.log(counts)) * self._weights.idf[numbers]
        lengths = np.sqrt(np.bincount(rows, values * values, minlength=count))
        return rows, numbers, values / lengths[rows]

    def _spelled(self, rows: Numbers, seen: Numbers, count: int) -> Floats:
        """What the pieces of each text's words, each word once, say of the tags, scaled to their part of a length."""
        size = max(1, len(self._spelling))
        once = np.unique(rows * size + seen)
        found = _summed(self._spelling, once // size, once % size, count)
        square = found[:, -1:]
        scale = np.divide(PIECES_COUNT, np.sqrt(square), out=np.zeros_like(square), where=square > 0)
        return found[:, :-1] * scale

    def _terms(self, said: Sequence[str], titles: Sequence[str]) -> tuple[Numbers, Numbers, npt.NDArray[np.bool_]]:
        """The lexicon's terms in texts: whose each is, in order; what `Reading.terms` holds; which stand in a title."""
        begins = np.concatenate([[0], np.cumsum([len(one) + 3 for one in said])])  # " \n" and a blank lie between
        terms = np.array(self._weights.lexicon.matches(" \n ".join(said)), dtype=np.intp).reshape(-1, 3)
        of = np.searchsorted(begins, terms[:, 1], side="right") - 1
        terms[:, 1:] -= begins[of, None]
        ends = np.array([len(title) + 2 if title else 0 for title in titles], dtype=np.intp)
        return of, terms, terms[:, 2] <= ends[of]

    def _concepts(self, of: Numbers, concepts: Numbers, in_title: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
        """Texts, and the features of concepts in them: of title, whole text, pairs. See `Lexicon.features`."""
        size = len(self._in_text)
        keys = of * size + concepts
        whole, titled = np.unique(keys), np.unique(keys[in_title])
        rows, concepts = whole // size, whole % size
        found = [(titled // size, self._in_title[titled % size]), (rows, self._in_text[concepts])]
        for apart in range(1, int(np.bincount(rows).max(initial=0))):  # all pairs within a text
            same = np.flatnonzero(rows[:-apart] == rows[apart:])
            found.append((rows[same], self._pair[concepts[same], concepts[same + apart]]))
        all_rows, numbers = (np.concatenate(part) for part in zip(*found, strict=True))
        return all_rows[numbers >= 0], numbers[numbers >= 0]


def _numbers(found: Iterable[int]) -> Numbers:
    return np.fromiter(found, dtype=np.intp)


def _summed(
    table: npt.NDArray[np.floating], rows: Numbers, numbers: Numbers, count: int, values: Floats | None = None
) -> Floats:
    """For each of `count` texts the sum of its rows of `table`, each times its value: (count, columns)."""
    parts = table[numbers].astype(np.float64, copy=False)
    if values is not None:
        parts = parts * values[:, None]
    return np.stack([np.bincount(rows, column, minlength=count) for column in parts.T], axis=1, dtype=np.float64)
