"""The encoder's own tokenizer, read from its weights file: what the engine reads of a text, for tuning it.

Unigram pieces (Kudo 2018) of the normalised text: the likeliest way to cut it, found by Viterbi's algorithm.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from monitor.classify.adapter import TOKENIZER_AT

PREFIX = "query: "  # which the engine puts before every question
SPACE = "\u2581"
START, END = 0, 2  # pieces around every text
MISSING = 10.0  # how much less likely a character without a piece is than the rarest piece


class Pieces:
    """Texts to numbers of pieces, as the engine does it."""

    def __init__(self, weights: bytes) -> None:
        """`weights`: the content of the engine's weights file."""
        count, _start, _end, _pad, self._unknown = struct.unpack_from("<5i", weights, TOKENIZER_AT)
        at = TOKENIZER_AT + 20
        (length,) = struct.unpack_from("<Q", weights, at)
        ends = np.frombuffer(weights, "<u4", count + 1, at + 8)
        scores = np.frombuffer(weights, "<f4", count, at + 8 + 4 * (count + 1))
        at += 8 + 4 * (count + 1) + 4 * count
        spelled = weights[at : at + length]
        self._known: dict[str, tuple[int, float]] = {}
        for number in range(count):
            piece = spelled[ends[number] : ends[number + 1]].decode()
            if piece and number != self._unknown:
                self._known.setdefault(piece, (number, float(scores[number])))
        self._longest = max(map(len, self._known))
        self._missing = float(scores.min()) - MISSING
        self._normal = _normalisation(weights, at + length)

    def __call__(self, text: str, most: int) -> list[int]:
        """The numbers of at most `most` pieces, with those that mark start and end."""
        said = (PREFIX + text).translate(self._normal)
        while "  " in said:
            said = said.replace("  ", " ")
        return [START, *self._cut((SPACE + said.lstrip(" ")).replace(" ", SPACE))[: most - 2], END]

    def _cut(self, said: str) -> Sequence[int]:
        best = [0.0] + [float("-inf")] * len(said)
        piece, start = [0] * (len(said) + 1), [0] * (len(said) + 1)
        for at in range(len(said)):
            for to in range(at + 1, min(len(said), at + self._longest) + 1):
                number, score = self._known.get(said[at:to], (self._unknown, float("-inf")))
                if to == at + 1:
                    score = max(score, self._missing)
                if best[at] + score > best[to]:
                    best[to], piece[to], start[to] = best[at] + score, number, at
        found, at = [], len(said)
        while at > 0:
            found.append(piece[at])
            at = start[at]
        return found[::-1]


def _normalisation(weights: bytes, at: int) -> dict[int, str]:
    (count,) = struct.unpack_from("<i", weights, at)
    at += 8
    found = {}
    for _number in range(count):
        character, size = struct.unpack_from("<IB", weights, at)
        found[character] = "".join(map(chr, struct.unpack_from(f"<{size}I", weights, at + 5)))
        at += 5 + 4 * size
    return found
