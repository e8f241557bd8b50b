"""Evidence shown where it stands: a text cut into plain pieces and words that carried a tag."""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor.domain import Evidence, Tag


def marked(text: str, evidence: Iterable[Evidence]) -> list[tuple[str, Tag | None]]:
    """Pieces of `text` in order, each with the tag that it carried, or None; nothing is escaped here."""
    tags = {found.word.lower(): found.tag for found in evidence if found.weight > 0 and found.word}
    if not tags:
        return [(text, None)]
    longest_first = sorted(tags, key=len, reverse=True)
    pattern = re.compile("|".join(_whole(word) for word in longest_first), re.IGNORECASE)
    pieces: list[tuple[str, Tag | None]] = []
    at = 0
    for found in pattern.finditer(text):
        if found.start() > at:
            pieces.append((text[at : found.start()], None))
        pieces.append((found.group(), tags.get(" ".join(found.group().lower().split()))))
        at = found.end()
    if at < len(text):
        pieces.append((text[at:], None))
    return pieces


def _whole(word: str) -> str:
    spaced = not re.search(r"[\u2e80-\u9fff]", word)
    inner = r"\s+".join(re.escape(part) for part in word.split())
    return rf"(?<!\w){inner}(?!\w)" if spaced else inner
