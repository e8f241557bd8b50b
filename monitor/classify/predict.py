"""Scoring with NumPy alone: probabilities, topics and evidence, equal to scikit-learn's to 1e-6."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from math import log
from pathlib import Path

import numpy as np
import numpy.typing as npt

from monitor.classify.artefact import Weights, load_weights
from monitor.classify.encoder import Encode, encode, encoder_id, whole_of, words_of
from monitor.classify.features import PIECES_COUNT, grams, pieces, prepare, simplified, spelled
from monitor.domain import TAGS, Evidence, Judgement, Tag, Text
from monitor.text.stopwords import without_edges

TOPIC_FROM = 0.3  # probability from which a second topic is told; the likeliest one always is
EVIDENCE_MOST = 8
CHUNK = 1000
UNDECIDED = (0.1, 0.8)  # chances of a tag by words and title between which the encoder reads on
BAND = (0.6, 1.15)  # unsure between these multiples of a tag's threshold
WORDS_KEPT = 20_000
FAST, EXACT = 0, 1
TIERS = ("fast", "exact")
PARTS = 3  # words, concepts, vectors

Vector = tuple[list[int], list[float]]  # feature numbers and their values
Spelling = tuple[float, float, float, float]  # the log-odds of each tag, and a square of length


class Classifier:
    """A trained classifier ready to judge, in a cascade of two tiers.

    The fast tier reads words and concepts. What it is sure is no risk ends there; everything else, so every
    alert, is confirmed by the exact tier, which also asks the encoder, where this machine has it.
    """

    def __init__(self, weights: Weights, *, encode: Encode = encode) -> None:
        self.weights = weights
        self._encode = encode
        digest = sha256(weights.adapter).hexdigest() if weights.adapter else ""
        self.has_encoder = weights.network is not None and weights.encoder == encoder_id(digest)
        self._index = {word: number for number, word in enumerate(weights.vocabulary)}
        self._idf: list[float] = weights.idf.tolist()
        self._pieces = {piece: number for number, piece in enumerate(weights.pieces)}
        of_pieces = weights.tag_weights[len(weights.vocabulary) :] * weights.pieces_idf[:, None]
        self._of_pieces = np.hstack([of_pieces, weights.pieces_idf[:, None] ** 2])
        self._spelling: dict[str, Spelling] = {}  # of words met lately
        self._concepts = {name: number for number, name in enumerate(weights.concepts)}

    @classmethod
    def load(cls, folder: Path, *, encode: Encode = encode) -> Classifier:
        """From the files in `folder`. Raises: ArtefactError."""
        return cls(load_weights(folder), encode=encode)

    def probabilities(self, texts: Sequence[Text], tier: int = FAST) -> npt.NDArray[np.float64]:
        """Calibrated probability of each tag by one tier, whatever the cascade would do: (len(texts), 3)."""
        prepared = [prepare(text) for text in texts]
        read = self._scores(texts, [self._vector(one) for one in prepared], prepared)
        return self._probabilities(read, self._network_scores(texts, read) if tier == EXACT else None)

    def judge(self, texts: Sequence[Text], *, fast: bool = False) -> list[Judgement]:
        """What the classifier says of each text, with evidence if flagged or unsure; `fast` asks no encoder."""
        found: list[Judgement] = []
        for start in range(0, len(texts), CHUNK):
            part = texts[start : start + CHUNK]
            prepared = [prepare(text) for text in part]
            vectors = [self._vector(one) for one in prepared]
            scores = self._scores(part, vectors, prepared)
            probabilities = self._probabilities(scores, None)
            tiers = np.zeros(len(part), dtype=int)
            doubted = np.flatnonzero(probabilities.max(axis=1) >= self.weights.ask_from)
            if self.has_encoder and not fast and len(doubted):
                dense = self._network_scores([part[int(n)] for n in doubted], scores[doubted])
                probabilities[doubted] = self._probabilities(scores[doubted], dense)
                tiers[doubted] = EXACT
            for row, text in enumerate(part):
                found.append(self._judgement(text, vectors[row], probabilities[row], int(tiers[row])))
        return found

    def _vector(self, prepared: str) -> Vector:
        """Numbers of words and pairs and their TF-IDF values: sublinear counts, length one."""
        index, idf = self._index, self._idf
        counts: dict[int, int] = {}
        for gram in grams(prepared):
            number = index.get(gram)
            if number is not None:
                counts[number] = counts.get(number, 0) + 1
        values = [idf[n] if c == 1 else (1 + log(c)) * idf[n] for n, c in counts.items()]
        length = sum(value * value for value in values) ** 0.5 or 1.0
        return list(counts), [value / length for value in values]

    def _spelled(self, prepared: str) -> Spelling:
        """The sums over a text's words of what `_spelling_of` says of each, scaled by their length."""
        first = second = third = square = 0.0
        for word in spelled(prepared).split():
            known = self._spelling.get(word) or self._spelling_of(word)
            first += known[0]
            second += known[1]
            third += known[2]
            square += known[3]
        scale = PIECES_COUNT / square**0.5 if square else 0.0
        return first * scale, second * scale, third * scale, square

    def _spelling_of(self, word: str) -> Spelling:
        """What a word's pieces say of each tag, and the square of their length; kept, for most words come again."""
        numbers = [number for piece in pieces(word) if (number := self._pieces.get(piece)) is not None]
        if len(self._spelling) >= WORDS_KEPT:
            self._spelling.clear()
        first, second, third, square = self._of_pieces[numbers].sum(axis=0).tolist()
        self._spelling[word] = (first, second, third, square)
        return self._spelling[word]

    def _scores(
        self, texts: Sequence[Text], vectors: Sequence[Vector], prepared: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """What words and concepts say: (len(texts), 2 parts, 3 tags)."""
        concepts = [self._concept_scores(text, one) for text, one in zip(texts, prepared, strict=True)]
        by_concepts: npt.NDArray[np.float64] = np.array(concepts).reshape(-1, len(TAGS))
        return np.stack([self._word_scores(vectors, prepared), by_concepts], axis=1)

    def _concept_scores(self, text: Text, prepared: str) -> npt.NDArray[np.float64]:
        weights = self.weights
        names = weights.lexicon.features(prepare(Text(title=text.title)), prepared)
        numbers = [number for name in names if (number := self._concepts.get(name)) is not None]
        found: npt.NDArray[np.float64] = (
            weights.concept_weights[numbers].sum(axis=0, dtype=float) + weights.concept_bias
        )
        return found

    def _word_scores(self, vectors: Sequence[Vector], prepared: Sequence[str]) -> npt.NDArray[np.float64]:
        sizes = np.array([len(numbers) for numbers, _ in vectors], dtype=np.intp)
        out: npt.NDArray[np.float64] = np.array([self._spelled(one)[:3] for one in prepared]).reshape(-1, len(TAGS))
        out += self.weights.tag_bias
        filled = np.flatnonzero(sizes)
        if len(filled):
            flat = np.fromiter((n for numbers, _ in vectors for n in numbers), dtype=np.intp, count=int(sizes.sum()))
            values = np.fromiter((v for _, values in vectors for v in values), dtype=np.float64, count=len(flat))
            starts = np.concatenate([[0], np.cumsum(sizes[filled])[:-1]])
            out[filled] += np.add.reduceat(self.weights.tag_weights[flat] * values[:, None], starts, axis=0)
        return out

    def _probabilities(
        self, read: npt.NDArray[np.float64], dense: npt.NDArray[np.float64] | None
    ) -> npt.NDArray[np.float64]:
        """Of the fast tier, or of the exact one where the encoder's part is given."""
        tier, weights = FAST if dense is None else EXACT, self.weights
        odds = (read * weights.mix[tier, :-1]).sum(axis=1) + weights.shift[tier]
        if dense is not None:
            odds = odds + dense * weights.mix[tier, -1]
        found: npt.NDArray[np.float64] = 1 / (1 + np.exp(-odds))
        return found

    def _network_scores(self, texts: Sequence[Text], read: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Of the titles, and where those leave a tag undecided the mean of that and of a second look at the whole."""
        titles = [prepare(Text(title=text.title)) for text in texts]
        found = self._looked([words_of(text) for text in texts], titles)
        chances = self._probabilities(read, found)
        undecided = np.any((chances >= UNDECIDED[0]) & (chances < UNDECIDED[1]), axis=1)
        wholes = [(n, said) for n, text in enumerate(texts) if undecided[n] and (said := whole_of(text))]
        if wholes:
            rows = [n for n, _ in wholes]
            looked = self._looked([said for _, said in wholes], [prepare(texts[n]) for n in rows])
            found[rows] = (found[rows] + looked) / 2
        return found

    def _looked(self, said: Sequence[str], prepared: Sequence[str]) -> npt.NDArray[np.float64]:
        """What the network makes of the encoder's vectors of `said` and of the concepts that `prepared` touches."""
        weights = self.weights
        assert weights.network is not None  # noqa: S101  (`has_encoder` says so)
        vectors = self._encode(said, weights.adapter)
        return weights.network.scores(np.concatenate([vectors, weights.lexicon.told(prepared)], axis=1))

    def _judgement(
        self,
        text: Text,
        vector: Vector,
        probabilities: npt.NDArray[np.float64],
        tier: int,
    ) -> Judgement:
        from monitor.text.language import language_of

        weights = self.weights
        thresholds = weights.thresholds[tier]
        labels = tuple(tag for tag, p, t in zip(TAGS, probabilities, thresholds, strict=True) if p >= t)
        doubted = (probabilities >= thresholds * BAND[0]) & (probabilities < np.minimum(thresholds * BAND[1], 0.95))
        unsure = bool(doubted.any())
        language = language_of(text.title, text.summary, text.language)
        told = labels or (tuple(tag for tag, d in zip(TAGS, doubted, strict=True) if d) if unsure else ())
        return Judgement(
            labels=labels,
            probabilities={tag: float(p) for tag, p in zip(TAGS, probabilities, strict=True)},
            unsure=unsure,
            topics=self._topics(labels, vector),
            language=language,
            countries=_countries(text, language) if labels else (),
            evidence=self._evidence(text, vector, told),
            model=f"{weights.version}/{TIERS[tier]}",
        )

    def _topics(self, labels: Sequence[Tag], vector: Vector) -> tuple[str, ...]:
        """For each tag its likeliest topic, and further ones that are likely by themselves."""
        if not labels:
            return ()
        numbers, values = vector
        odds = np.array(values) @ self.weights.topic_weights[numbers] + self.weights.topic_bias
        probabilities = 1 / (1 + np.exp(-odds))
        found: list[tuple[float, str]] = []
        for tag in labels:
            of_tag = [
                (float(p), t) for p, t in zip(probabilities, self.weights.topics, strict=True) if t.startswith(tag)
            ]
            ranked = sorted(of_tag, reverse=True)
            found += ranked[:1] + [(p, topic) for p, topic in ranked[1:3] if p >= TOPIC_FROM]
        return tuple(topic for _, topic in sorted(found, reverse=True))

    def _evidence(self, text: Text, vector: Vector, tags: Sequence[Tag]) -> tuple[Evidence, ...]:
        """The words that carried each tag, the heaviest first, as they stand in the text."""
        numbers, values = vector
        if not tags or not numbers:
            return ()
        raw = f"{text.title} {text.summary}".lower()
        found: list[Evidence] = []
        for tag in tags:
            part = self.weights.tag_weights[numbers, TAGS.index(tag)] * np.array(values)
            taken: list[str] = []
            for position in np.argsort(-part, kind="stable")[: EVIDENCE_MOST * 2]:
                if part[position] <= 0 or len(taken) >= EVIDENCE_MOST:
                    break
                word = _as_written(self.weights.vocabulary[numbers[position]], raw)
                if word and not any(word in other or other in word for other in taken):
                    taken.append(word)
                    found.append(Evidence(word=word, tag=tag, weight=float(part[position])))
        found.sort(key=lambda evidence: -evidence.weight)
        return tuple(found[:EVIDENCE_MOST])


def _as_written(gram: str, raw: str) -> str:
    """The gram without stop words as it stands in `raw`, or "" when it does not stand there as words of its own."""
    words = without_edges(gram.split(" "))
    if not words:
        return ""
    unspaced = not any(word.isascii() for word in words) and all(len(word) == 1 for word in words)
    spaced = ("" if unspaced else " ").join(words)
    if unspaced:
        at = raw.find(spaced)
        at = at if at >= 0 else simplified(raw).find(spaced)
        return raw[at : at + len(spaced)] if at >= 0 else ""
    alone = re.search(rf"(?<!\w){re.escape(spaced)}(?!\w)", raw) or (not spaced.isascii() and spaced in raw)
    return spaced if alone else ""


def _countries(text: Text, language: str) -> tuple[str, ...]:
    from monitor.text.places import places

    return places(text.title, text.summary, language).countries
