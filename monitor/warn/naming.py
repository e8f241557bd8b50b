"""Which of a profile's names stand in a text: exact, in any script, as words of their own.

One automaton a profile (Aho and Corasick, 1975) finds all names at once, the longest where several begin.
Guards: names of spaced scripts have to be whole words; short capitals (NIO) count only as capitals; a
Chinese name of two characters counts only where its neighbours show that it is no part of a longer word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from monitor.domain import Named, NameKind
from monitor.text.gazetteer import simplified, stands_alone
from monitor.warn.tables import sectors

_HAN = re.compile(r"[\u3400-\u9fff]")
_SHORT = 2  # Chinese characters that are too few to stand for themselves
_CAPITALS = 5  # letters up to which a name in capitals is not looked for in small letters
# What follows a short Chinese company name when it is one.
_COMPANY = re.compile(
    r"(?:公司|集团|股份|控股|汽车|电池|科技|电子|能源|新能源|动力|材料|医药|生物|重工|工厂|港|厂|国际|系|方面|官方|品牌|"
    r"宣布|称|表示|回应|旗下|遭|被|获|将|拟|在|与|和|及|的|、)"
)
# What follows a strait or sea when it is one: 红海 is an idiom, too, for a market full of rivals.
_WATER = re.compile(r"(?:局势|危机|航|船|海域|水域|沿岸|地区|冲突|上空|通行|遇袭|再|袭击|商船|油轮|货轮)")
_BEFORE = re.compile(r"(?:对|与|和|及|、|将|向|由|被|把|制裁|起诉|调查|抵制|供应商|企业|巨头|公司|品牌)$")


@dataclass(frozen=True, slots=True)
class Hit:
    """One name found: whose it is, as it stands in the text, and where."""

    named: Named
    text: str
    start: int


class Names:
    """The names of one profile, ready to be found."""

    def __init__(self, names: Iterable[Named]) -> None:
        from ahocorasick_rs import AhoCorasick, MatchKind

        self._owners: dict[str, tuple[Named | None, bool]] = {}  # pattern -> whose, and whether capitals are needed
        for named in names:
            # Ids of our tables (reach, ear) are no names; who writes a law of their own has its name among the aliases.
            own = () if named.kind in (NameKind.LAW, NameKind.ROUTE) and named.aliases else (named.name,)
            for alias in dict.fromkeys((*own, *named.aliases)):
                pattern = plain(alias)
                capitals = pattern.isascii() and pattern.isupper() and len(pattern) <= _CAPITALS
                self._owners.setdefault(pattern.lower(), (named, capitals))
            for phrase in named.unlike:
                self._owners[plain(phrase).lower()] = (None, False)
        self._patterns = list(self._owners)
        self._automaton: Any = AhoCorasick(self._patterns, matchkind=MatchKind.LeftmostLongest)

    def find(self, text: str) -> list[Hit]:
        """The names in `text`, each owner once, in the order of the text."""
        given = plain(text)
        low = _lower(given)
        found: dict[Named, Hit] = {}
        for index, start, end in self._automaton.find_matches_as_indexes(low):
            named, capitals = self._owners[self._patterns[index]]
            if named is None or named in found or not stands_alone(low, start, end, open_ended=False):
                continue
            if capitals and not given[start:end].isupper():
                continue
            if _HAN.match(low, start) and not _sure(low, start, end, named.kind):
                continue
            found[named] = Hit(named, given[start:end], start)
        return list(found.values())


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Full-width letters narrow, traditional characters simplified; capitals as they are."""
    narrow = unicodedata.normalize("NFKC", text)
    return simplified(narrow) if _HAN.search(narrow) else narrow


def _lower(text: str) -> str:
    """Small letters, none more and none fewer: some letters become two."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _sure(text: str, start: int, end: int, kind: NameKind) -> bool:
    """Whether a Chinese name is one: long enough, alone between signs, or beside words that go with its kind."""
    if end - start > _SHORT or (kind is NameKind.ROUTE and _WATER.match(text, end)):
        return True
    before, after = text[start - 1 : start], text[end : end + 1]
    borders = not _HAN.match(before) and not _HAN.match(after)
    return borders or bool(_COMPANY.match(text, end)) or bool(_BEFORE.search(text[max(0, start - 4) : start]))


@lru_cache(maxsize=256)
def names_of(names: tuple[Named, ...]) -> Names:
    """The automaton of these names, built once."""
    return Names(names)


@cache
def _sector_patterns() -> dict[str, re.Pattern[str]]:
    patterns = {}
    for code, entry in sectors().items():
        if entry.words:
            spaced = [re.escape(w.lower()).replace(r"\*", r"\w*") for w in entry.words if not _HAN.search(w)]
            chinese = [re.escape(w) for w in entry.words if _HAN.search(w)]
            parts = ([rf"\b(?:{'|'.join(spaced)})\b"] if spaced else []) + chinese
            patterns[code] = re.compile("|".join(parts))
    return patterns


@lru_cache(maxsize=4096)
def sectors_in(text: str) -> dict[str, str]:
    """The sectors that a text names, each with the word that names it."""
    low = plain(text).lower()
    return {code: hit.group() for code, pattern in _sector_patterns().items() if (hit := pattern.search(low))}
