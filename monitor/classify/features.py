"""What the classifier sees of a text: one string of tokens, the same for training and for scoring.

Words of spaced scripts, single characters of Chinese and Japanese (their pairs become
features as word pairs do), traditional characters written as simplified ones. Figures are
left out: a year or an amount says little about the kind of risk and much about one event.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from monitor.domain import Text

SUMMARY_MOST = 300  # characters; longer summaries repeat themselves and slow everything down
TITLE_MOST = 500
TOKEN_MOST = 40  # letters
SPELLED_LEAST = 3  # letters
PIECES_COUNT = 0.7  # length of the pieces' part of a vector, beside 1 of the words'
PIECES = (4, 5)  # letters: relatives of a word, and words of the same root in related languages, share some

_HAN = r"\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3040-\u30ff\u31c0-\u31ef\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_HAS_HAN = re.compile(r"[\u4e00-\u9fff]")


def prepare(text: Text) -> str:
    """Tokens of title and summary, separated by blanks; empty for a text without words."""
    return " ".join(title_and_whole(text)[1])


def title_and_whole(text: Text) -> tuple[int, list[str]]:
    """How many tokens the title has, and the tokens of title and summary."""
    of_title = tokens(text.title[:TITLE_MOST])
    return len(of_title), of_title + tokens(text.summary[:SUMMARY_MOST]) if text.summary else of_title


def tokens(text: str) -> list[str]:
    """Words of spaced scripts and single characters of the others, simplified, in lower case, without figures."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        if _HAS_HAN.search(text):
            text = simplified(text)
    return [
        token
        for token in _TOKEN.findall(text.lower())
        if (1 < len(token) <= TOKEN_MOST and not token.isdigit())
        or (len(token) == 1 and not token.isascii() and not token.isdecimal())
    ]


def spelled(prepared: str) -> str:
    """The tokens whose spelling is looked at too, each once: words, not single characters and stumps."""
    return " ".join(dict.fromkeys(token for token in prepared.split(" ") if len(token) >= SPELLED_LEAST))


def pieces(token: str) -> list[str]:
    """Runs of letters of a spelled token and its ends, as scikit-learn's `analyzer="char_wb"` makes them."""
    padded = f" {token} "
    return [padded[at : at + n] for n in range(PIECES[0], PIECES[1] + 1) for at in range(len(padded) - n + 1)]


def simplified(text: str) -> str:
    """Traditional Chinese characters written as simplified ones."""
    return str(_converter().convert(text))


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
