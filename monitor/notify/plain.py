"""Text of strangers on its way into a mail: one harmless line, or a link that only opens a page."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

TITLE_MOST = 500  # characters of a title in a mail; the page has it whole
LINK_MOST = 2000

_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Zero-width and direction marks, surrogates, noncharacters. The joiners U+200C and U+200D stay:
# Persian, Hindi and emoji are misspelt without them.
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]+"
)
_SPACE = re.compile(r"\s+")


def one_line(text: str, most: int = TITLE_MOST) -> str:
    """`text` as one line of at most `most` characters, without anything unseen.

    Controls and line ends leave a space, so that words never grow together.
    """
    line = _SPACE.sub(" ", _UNSEEN.sub("", _BREAKS.sub(" ", text[: most * 4]))).strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def safe_link(url: str) -> str:
    """`url` when it is http(s), whole and without a password; otherwise the empty text."""
    line = url.strip()
    if not line or len(line) > LINK_MOST or _UNSEEN.search(line) or _BREAKS.search(line) or _SPACE.search(line):
        return ""
    try:
        parts = urlsplit(line)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not host or "@" in parts.netloc or "\\" in parts.netloc:
        return ""
    return quote(line, safe="%:/?#[]@!$&'()*+,;=-._~")
