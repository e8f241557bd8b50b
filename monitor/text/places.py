"""Placeholder while the real one is being written."""
from __future__ import annotations
from dataclasses import dataclass
from monitor.text.gazetteer import gazetteer, simplified
COUNTRIES: frozenset[str] = frozenset("US CN DE FR GB EU XK JP KR IN VN BR RU UA IR IL YE EG PA".split())
@dataclass(frozen=True, slots=True)
class Places:
    """Where the risk lies."""
    countries: tuple[str, ...]
def places(title: str, summary: str, language: str) -> Places:
    """Where the risk lies."""
    text = f"{title} . {summary[:200]}"
    if language == "zh":
        text = simplified(text)
    return Places(tuple(dict.fromkeys(c for f in gazetteer(language).find(text) for c in f.countries))[:6])
