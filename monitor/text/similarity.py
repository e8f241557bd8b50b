"""Texts that are nearly the same: one agency's report in two papers, a correction, an entry under a new identifier.

Runs of five letters, or of two Chinese characters, are compared as sets (Jaccard). MinHash finds candidates
without comparing everything with everything: texts with a band in common. Broder (1997); bands of four rows
find a likeness of 0.8 with a probability of 0.98, one of 0.3 with 0.06.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

LIKE = 0.8  # from here two texts are nearly the same
LEAST_RUNS = 20  # a text with fewer says too little to be recognised
SUMMARY_MOST = 600  # characters
ROWS, BANDS = 4, 8
_RUN, _RUN_HAN = 5, 2
_HAN = re.compile(r"[\u3400-\u9fff]")
_FIGURES = re.compile(r"\d+")
_APART = re.compile(r"[\W_]+")
_Key = TypeVar("_Key")


class Sketch(NamedTuple):
    """What of a text is compared."""

    runs: frozenset[str]
    figures: frozenset[str]  # of the title: "M 4.5" and "M 6.1" are two earthquakes, however alike the rest


def sketch(title: str, summary: str) -> Sketch | None:
    """The runs of characters of title and beginning of the summary; None for a text that is too short."""
    text = _APART.sub(" ", f"{title} {summary[:SUMMARY_MOST]}".lower())
    size = _RUN_HAN if len(_HAN.findall(text)) * 3 > len(text) else _RUN
    runs = frozenset(text[i : i + size] for i in range(len(text) - size + 1))
    return Sketch(runs, frozenset(_FIGURES.findall(title))) if len(runs) >= LEAST_RUNS else None


def bands(found: Sketch) -> tuple[int, ...]:
    """Eight numbers of 63 bits; texts that are nearly the same have one of them in common."""
    import rensa

    minhash = rensa.RMinHash(num_perm=ROWS * BANDS, seed=1)
    minhash.update(sorted(found.runs))
    rows = minhash.digest()
    return tuple(_number(band, rows[band * ROWS : (band + 1) * ROWS]) for band in range(BANDS))


def nearest(found: Sketch, others: Mapping[_Key, Sketch]) -> tuple[_Key, float] | None:
    """The most alike of `others` and how alike, 0 to 1, if it is nearly the same."""
    best: tuple[_Key, float] | None = None
    for key, other in others.items():
        if found.figures != other.figures:
            continue
        likeness = len(found.runs & other.runs) / len(found.runs | other.runs)
        if likeness >= LIKE and (best is None or likeness > best[1]):
            best = (key, likeness)
    return best


def _number(band: int, rows: Any) -> int:
    data = b"".join(int(row).to_bytes(8, "big") for row in (band, *rows))
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big") >> 1
