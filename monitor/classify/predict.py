"""Scoring with NumPy alone: probabilities, topics and evidence, equal to scikit-learn's to 1e-6."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from monitor.classify.artefact import Weights, load_weights
from monitor.classify.encoder import Encode, encode, encoder_id, whole_of, words_of
from monitor.classify.evidence import evidence
from monitor.classify.features import prepare
from monitor.classify.reading import Reader, Reading
from monitor.domain import TAGS, Evidence, Judgement, Tag, Text
from monitor.text.language import language_of
from monitor.text.places import places

TOPIC_FROM = 0.3  # probability from which a second topic is told; the likeliest one always is
CHUNK = 1000
WORDED = ("en", "zh")  # languages of nine tenths of the examples, which the words know
UNDECIDED = (0.1, 0.8)  # chances of a tag by words and title between which the encoder reads on in other languages
BAND = (0.6, 1.15)  # unsure between these multiples of a tag's threshold
FAST, EXACT = 0, 1
TIERS = ("fast", "exact")
PARTS = 3  # words, concepts, vectors

Floats = npt.NDArray[np.float64]


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
        self.reader = Reader(weights)

    @classmethod
    def load(cls, folder: Path, *, encode: Encode = encode) -> Classifier:
        """From the files in `folder`. Raises: ArtefactError."""
        return cls(load_weights(folder), encode=encode)

    def probabilities(self, texts: Sequence[Text], tier: int = FAST) -> Floats:
        """Calibrated probability of each tag by one tier, whatever the cascade would do: (len(texts), 3)."""
        read = self.reader.read(texts).scores
        return self._probabilities(
            read, self._network_scores(texts, _languages(texts), read) if tier == EXACT else None
        )

    def judge(self, texts: Sequence[Text], *, fast: bool = False) -> list[Judgement]:
        """What the classifier says of each text, with evidence if flagged or unsure; `fast` asks no encoder."""
        found: list[Judgement] = []
        for start in range(0, len(texts), CHUNK):
            part = texts[start : start + CHUNK]
            languages = _languages(part)  # before the encoder is loaded: the library needs much room for a moment
            reading = self.reader.read(part)
            probabilities = self._probabilities(reading.scores, None)
            tiers = np.zeros(len(part), dtype=int)
            doubted = np.flatnonzero(probabilities.max(axis=1) >= self.weights.ask_from)
            if self.has_encoder and not fast and len(doubted):
                asked = doubted.tolist()
                dense = self._network_scores(
                    [part[n] for n in asked], [languages[n] for n in asked], reading.scores[doubted]
                )
                probabilities[doubted] = self._probabilities(reading.scores[doubted], dense)
                tiers[doubted] = EXACT
            found += self._judgements(part, languages, reading, probabilities, tiers)
        return found

    def _probabilities(self, read: Floats, dense: Floats | None) -> Floats:
        """Of the fast tier, or of the exact one where the encoder's part is given."""
        tier, weights = FAST if dense is None else EXACT, self.weights
        odds = (read * weights.mix[tier, :-1]).sum(axis=1) + weights.shift[tier]
        if dense is not None:
            odds = odds + dense * weights.mix[tier, -1]
        found: Floats = 1 / (1 + np.exp(-odds))
        return found

    def _network_scores(self, texts: Sequence[Text], languages: Sequence[str], read: Floats) -> Floats:
        """What the network makes of the titles, by their vectors, and of the concepts that the whole texts touch.

        In languages that the words hardly know, where that leaves a tag undecided: the mean of it and of a second look,
        by vectors of titles and summaries.
        """
        touched = self.weights.lexicon.told([prepare(text) for text in texts])
        found = self._looked([words_of(text) for text in texts], touched)
        chances = self._probabilities(read, found)
        undecided = np.any((chances >= UNDECIDED[0]) & (chances < UNDECIDED[1]), axis=1)
        wholes = {
            n: said
            for n, text in enumerate(texts)
            if undecided[n] and languages[n] not in WORDED and (said := whole_of(text))
        }
        if wholes:
            rows = list(wholes)
            found[rows] = (found[rows] + self._looked(list(wholes.values()), touched[rows])) / 2
        return found

    def _looked(self, said: Sequence[str], touched: npt.NDArray[np.float32]) -> Floats:
        weights = self.weights
        assert weights.network is not None  # noqa: S101  (`has_encoder` says so)
        return weights.network.scores(np.concatenate([self._encode(said, weights.adapter), touched], axis=1))

    def _judgements(
        self,
        texts: Sequence[Text],
        languages: Sequence[str],
        reading: Reading,
        probabilities: Floats,
        tiers: npt.NDArray[np.int_],
    ) -> list[Judgement]:
        weights = self.weights
        thresholds = weights.thresholds[tiers]
        flagged = probabilities >= thresholds
        doubted = (probabilities >= thresholds * BAND[0]) & (probabilities < np.minimum(thresholds * BAND[1], 0.95))
        rows = np.flatnonzero(flagged.any(axis=1)).tolist()
        topics = dict(zip(rows, 1 / (1 + np.exp(-self.reader.topic_odds(reading, rows))), strict=True))
        carried = weights.tag_weights[reading.numbers] * reading.values[:, None]
        models = [f"{weights.version}/{name}" for name in TIERS]
        by_text = (probabilities.tolist(), tiers.tolist(), flagged.tolist(), doubted.tolist())
        found = []
        for row, (text, language, chances, tier, holds, is_doubted) in enumerate(
            zip(texts, languages, *by_text, strict=True)
        ):
            labels = _tags_where(holds) if row in topics else ()
            unsure = True in is_doubted
            told = labels or (_tags_where(is_doubted) if unsure else ())
            found.append(
                Judgement(
                    labels=labels,
                    probabilities=dict(zip(TAGS, chances, strict=True)),
                    unsure=unsure,
                    topics=self._topics(labels, topics[row]) if labels else (),
                    language=language,
                    countries=places(text.title, text.summary, language).countries if labels else (),
                    evidence=self._evidence(text, reading, row, carried, told) if told else (),
                    model=models[tier],
                )
            )
        return found

    def _topics(self, labels: Sequence[Tag], probabilities: Floats) -> tuple[str, ...]:
        """For each tag its likeliest topic, and further ones that are likely by themselves."""
        named = list(zip(probabilities.tolist(), self.weights.topics, strict=True))
        found: list[tuple[float, str]] = []
        for tag in labels:
            ranked = sorted((one for one in named if one[1].startswith(tag)), reverse=True)
            found += ranked[:1] + [(p, topic) for p, topic in ranked[1:3] if p >= TOPIC_FROM]
        return tuple(topic for _, topic in sorted(found, reverse=True))

    def _evidence(
        self, text: Text, reading: Reading, row: int, carried: Floats, tags: Sequence[Tag]
    ) -> tuple[Evidence, ...]:
        part = slice(*reading.starts[row : row + 2].tolist())
        terms = reading.terms_of(row)
        grams = [self.weights.vocabulary[number] for number in reading.numbers[part].tolist()]
        return evidence(text, [*grams, *terms], [*carried[part].tolist(), *terms.values()], tags)


def _languages(texts: Sequence[Text]) -> list[str]:
    return [language_of(text.title, text.summary, text.language) for text in texts]


def _tags_where(holds: Sequence[bool]) -> tuple[Tag, ...]:
    return tuple(tag for tag, is_so in zip(TAGS, holds, strict=True) if is_so)
