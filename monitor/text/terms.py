"""The words of a headline as numbers, by which reports of one event know each other."""

from __future__ import annotations

import re
from functools import lru_cache
from zlib import crc32

STEM = 6  # letters by which words of spaced scripts are told apart

_WORDS = re.compile(r"[^\W_\u2e80-\u9fff\uac00-\ud7af]+(?:['’][a-z]+)?|[\u2e80-\u9fff]+|[\uac00-\ud7af]{2,}")
_DOTTED = re.compile(r"\b([A-Z])\. ?([A-Z])\.(?=\W|$)")
_PUBLISHER = re.compile(r"\s+[-–—|\[]\s+[^-–—|\[]{2,30}$")
_EMPTY = frozenset(  # words too common to tell stories apart
    word
    for line in (
        "the and for with from that this are was were will has have had its his her their our not but says said say",
        "over after into about amid more than who what how why when may can could would should out off per via is it",
        "in on of to an as at by be or if he she we you do does did no so up all they there them been being most just",
        "also us make makes made get gets take takes took first last year years day days week",
        "des les une der die das und den del los las por con para que est sur dans",
    )
    for word in line.split()
)


def terms_of(title: str) -> tuple[int, ...]:
    """The words of a headline as numbers: stems of spaced scripts, pairs of characters of Chinese and Japanese.

    A publisher's name at the end, as in `Headline - Gazette`, is left out.
    """
    found: list[int] = []
    for word in _WORDS.findall(_DOTTED.sub(r"\1\2", _PUBLISHER.sub("", title)).lower()):
        found.extend(_numbers(word))
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=1 << 16)
def _numbers(word: str) -> tuple[int, ...]:
    if "\u2e80" <= word[0] <= "\u9fff":
        parts = [word[i : i + 2] for i in range(max(1, len(word) - 1))]
    else:
        parts = [stem] if (stem := _stem(word)) and word not in _EMPTY else []
    return tuple(crc32(part.encode()) for part in parts)


def _stem(word: str) -> str:
    word = re.sub(r"['’]s?", "", word)
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4 and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    return word[:STEM] if len(word) > 1 else ""
