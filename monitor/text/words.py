"""Texts and questions cut into the same words, for searching. Pure.

SQLite's and PostgreSQL's own tokenizers take a Chinese sentence for one word, or miss words
of two characters; so both are fed words that were cut here, in one spelling.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from unicodedata import combining, normalize

MOST_WORDS = 12  # of a question
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W_]")


def searchable(text: str) -> str:
    """The words of a text, separated by blanks: Chinese ones simplified, with the short ones that they hold."""
    return " ".join(_words(text))


def asked(text: str) -> tuple[str, ...]:
    """The words of a question, each of which a text has to hold; long Chinese words by their parts."""
    found = list(dict.fromkeys(_words(text)))
    parts = [word for word in found if not _HAN.search(word) or not _is_covered(word, found)]
    return tuple(parts[:MOST_WORDS])


def has_han(text: str) -> bool:
    """Whether a text holds Chinese characters."""
    return bool(_HAN.search(text))


def _is_covered(word: str, words: list[str]) -> bool:
    shorter = [other for other in words if other != word and other in word]
    return len("".join(shorter)) >= len(word)


def _words(text: str) -> list[str]:
    import rjieba

    plain = _one_spelling(text)
    if not _HAN.search(plain):
        return [word for word in re.split(r"[^\w]+|_+", plain) if word]
    cut = [part for word in rjieba.cut_for_search(plain) for part in re.split(r"[^\w]+|_+", word)]
    return [word for word in cut if word and _WORD.search(word)]


def _one_spelling(text: str) -> str:
    text = normalize("NFKC", text).casefold()
    if text.isascii():
        return text
    if _HAN.search(text):
        text = str(_simplifier().convert(text))
    return "".join(c for c in normalize("NFD", text) if not combining(c))


@cache
def _simplifier() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
