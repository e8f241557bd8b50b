"""Names of countries, and of what stands for one, found in a text.

Territory names and time-zone cities come from the Unicode CLDR through Babel, in the
language of the text and in English; everything else from seeds/places.yaml. One
automaton per language is built when the first text of that language arrives.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from monitor import resources
from monitor.errors import ConfigError

KINDS = ("name", "people", "capital", "body", "leader", "city", "water", "letter", "either", "hint")
LOCALES = frozenset("en zh es fr de pt it nl ru uk ar fa ur ja ko id ms vi th tr hi pl sv he el bn ta".split())

_SKIPPED = frozenset("EZ UN QO AC CP CQ DG EA IC TA XA XB AQ BV GS HM IO PM TF UM CC CX NF ZZ".split())
# CLDR names that are everyday words of their language, or a person's or a state's name.
_EVERYDAY = {
    "en": frozenset(["Jersey", "Georgia", "Jordan", "Chad"]),
    "fr": frozenset(["La Réunion", "Réunion"]),
    "vi": frozenset(["Ý", "Áo", "Úc", "Bỉ"]),
    "es": frozenset(["Granada", "San Martín"]),
    "pt": frozenset(["Granada", "São Martinho", "Jersey"]),
}
_ZONES_LEFT_OUT = frozenset(
    "Casey Davis Mawson Palmer Vostok Troll Syowa Rothera Center Knox Nome Adak Eucla Dawson Creston Resolute Regina"
    " Oral Marigot Midway Wake Easter Christmas Cocos Stanley Perth Melbourne Lindeman Jersey Chita Mahe Central Man"
    " Gambier Johnston Norfolk Sitka Mérida Merida Bahia Eden Cambridge Samara Chatham Nuuk Cayman Palau".split()
)
_TAKEN = "\0"  # stands for a letter of a name already found
# 美商务部 is not China's. Letters that also end common words before a body's name (日, 以, 法) are left out.
_OWNERS = {
    "美": "US", "俄": "RU", "乌": "UA", "伊": "IR", "韩": "KR", "朝": "KP", "欧": "EU",
    "英": "GB", "德": "DE", "印": "IN", "澳": "AU", "菲": "PH", "越": "VN", "泰": "TH",
}  # fmt: skip
_LETTER_PARTS = ("letter", "joint", "before", "behind", "apart")  # kinds of the lexicon that form compounds
# Scripts written without spaces: a name may stand anywhere in a run of letters.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_ARABIC = re.compile("[\u0600-\u06ff]")
_ARABIC_FRONT = frozenset(["", "ال", "و", "ب", "ل", "ف", "ك", "وال", "بال", "لل", "فال", "كال", "ول", "وب"])
_ARABIC_TAIL = frozenset(["", "ة", "ية", "ين", "ون", "ان", "ا", "ه", "ي", "يا", "يين", "يون"])
_CYRILLIC_ENDINGS = (("ия", ("ии", "ию", "ией")), ("а", ("ы", "у", "е", "ой")), ("й", ("я", "ю", "е", "ем")))


@dataclass(frozen=True, slots=True)
class Found:
    """A name in a text: characters `start` to `end`, the countries it means, and by what kind of name."""

    countries: tuple[str, ...]
    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class _Name:
    countries: tuple[str, ...]
    kind: str
    open_ended: bool  # matches the beginning of longer words, too


class Gazetteer:
    """All names that count in texts of one language; `find` returns them in their order, none overlapping.

    `letters` are the compounds of one-letter names (中美, 俄军, 对华). They count only where no
    longer name stands: 其中美国 holds no 中美.
    """

    def __init__(self, names: Mapping[str, _Name], letters: Mapping[str, _Name]) -> None:
        self._names = list(names.values())
        self._letters = list(letters.values())
        self._automaton = _automaton(names)
        self._letter_automaton = _automaton(letters)

    def find(self, text: str) -> list[Found]:
        """The names in `text` that stand as words of their own; phrases that mean no place are left out."""
        found: list[Found] = []
        rest: list[str] = []  # the text with names blotted out
        at = 0
        for index, start, end in self._automaton.find_matches_as_indexes(text):
            name = self._names[index]
            if not stands_alone(text, start, end, open_ended=name.open_ended):
                continue
            rest += text[at:start], _TAKEN * (end - start)
            at = end
            if name.countries:
                owner = _OWNERS.get(text[start - 1 : start]) if name.kind == "body" and self._letters else None
                found.append(Found((owner,) if owner else name.countries, start, end, name.kind))
        if not self._letters:
            return found
        return sorted([*found, *self._by_letter("".join((*rest, text[at:])))], key=_start)

    def _by_letter(self, rest: str) -> Iterator[Found]:
        for index, start, end in self._letter_automaton.find_matches_as_indexes(rest):
            name = self._letters[index]
            if name.countries:
                yield Found(name.countries, start, end, name.kind)


def _automaton(names: Iterable[str]) -> Any:
    from ahocorasick_rs import AhoCorasick, MatchKind

    return AhoCorasick(list(names), matchkind=MatchKind.LeftmostLongest)


def _start(found: Found) -> int:
    return found.start


@cache
def gazetteer(language: str) -> Gazetteer:
    """The names of `language` and the English ones, which appear in texts of every language."""
    names: dict[str, _Name] = {}
    for spoken in dict.fromkeys(("en", language)):
        names.update(_from_cldr(spoken))
    for spoken in dict.fromkeys(("en", language)):
        names.update(_from_lexicon(spoken))
    return Gazetteer(names, dict(_compounds(_lexicon().get(language, {}))))


def simplified(text: str) -> str:
    """Chinese text in simplified characters, which the names are kept in."""
    return str(_converter().convert(text))


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


# --- where names come from ---------------------------------------------------------------------


@cache
def _lexicon() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    import yaml

    place = resources.path("seeds/places.yaml")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(place.read_text(encoding="utf-8"), Loader=loader)  # type: ignore[no-any-return]  # noqa: S506
    except yaml.YAMLError as e:
        raise ConfigError(f"seeds/places.yaml cannot be read: {e}") from e


def _from_lexicon(language: str) -> Iterator[tuple[str, _Name]]:
    for kind, by_country in _lexicon().get(language, {}).items():
        if kind in _LETTER_PARTS:
            continue
        for codes, listed in by_country.items():
            countries = tuple(code for code in codes.split("+") if code)
            for name in _listed(listed):
                yield name.rstrip("*"), _Name(countries, kind, name.endswith("*"))


def _listed(names: str) -> list[str]:
    return [name for part in names.split(",") if (name := part.strip())]


def _compounds(lexicon: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, _Name]]:
    """What one-letter names form: pairs either way round, a word before or behind; and what only looks so."""
    letters, joint, before, behind, apart = (lexicon.get(part, {}) for part in _LETTER_PARTS)
    code_of = {letter: code for code, listed in letters.items() for letter in _listed(listed)}
    for pair in _listed(joint.get("", "")):
        countries = tuple(code_of[letter] for letter in pair)
        yield pair, _Name(countries, "letter", open_ended=False)
        yield pair[::-1], _Name(countries[::-1], "letter", open_ended=False)
    for places, allowed in ((before, "{word}{letter}"), (behind, "{letter}{word}")):
        for codes, words in places.items():
            for letter, code in code_of.items():
                if not codes or code in codes.split("+"):
                    for word in _listed(words):
                        yield allowed.format(word=word, letter=letter), _Name((code,), "letter", open_ended=False)
    for codes, words in apart.items():
        for word in _listed(words):
            yield word, _Name(tuple(code for code in codes.split("+") if code), "letter", open_ended=False)


def _from_cldr(language: str) -> Iterator[tuple[str, _Name]]:
    if language not in LOCALES:
        return
    from babel import Locale

    spellings = [Locale.parse(language)] + ([Locale.parse("zh_Hant")] if language == "zh" else [])
    everyday = _EVERYDAY.get(language, frozenset())
    for locale in spellings:
        for code, city in _cities(locale):
            yield (simplified(city) if language == "zh" else city), _Name((code,), "city", open_ended=False)
    for locale in spellings:
        own = set(locale.territories.values())
        for code, name in _territories(locale):
            for spelling in _spellings(name, language):
                # "Macao (China)" does not make China a name of Macao
                if spelling not in everyday and len(spelling) > 1 and (spelling == name or spelling not in own):
                    yield spelling, _Name((code,), "name", open_ended=False)


def _territories(locale: Any) -> Iterator[tuple[str, str]]:
    for code, name in locale.territories.items():
        if len(code) == 2 and code not in _SKIPPED:
            yield code, name


def _spellings(name: str, language: str) -> Iterable[str]:
    """The ways a text writes a CLDR name: without its bracket, the bracket alone, without `SAR China`, inflected."""
    outside, _, inside = name.replace("（", "(").replace("）", "").replace(")", "").partition("(")
    spellings = [outside.strip()]
    if inside and language not in ("zh", "ja", "ko"):
        spellings.append(inside.strip())
    for spelling in spellings:
        plain = re.sub(r" SAR China$|^(?:中国|中國)(?=香港|澳门|澳門)|特别行政区$|特別行政區$", "", spelling)
        if " - " in plain:  # Congo - Kinshasa
            continue
        yield simplified(plain) if language == "zh" else plain
        if language in ("ru", "uk"):
            yield from _inflected(plain)
        elif language == "de" and not plain.endswith("s"):
            yield plain + "s"
        elif language == "ar" and plain.startswith("ال"):
            yield plain[2:]


def _inflected(name: str) -> Iterable[str]:
    for ending, others in _CYRILLIC_ENDINGS:
        if name.endswith(ending):
            return [name[: -len(ending)] + other for other in others]
    return [name + ending for ending in ("а", "у", "ом", "е")] if name[-1:] in "нктрсдлмбпв" else []


def _cities(locale: Any) -> Iterator[tuple[str, str]]:
    from babel.core import get_global

    named = locale.time_zones
    for zone, code in get_global("zone_territories").items():
        if zone.count("/") != 1 or zone.startswith(("Etc", "Antarctica", "Arctic")) or len(code) != 2 or code == "001":
            continue
        english = zone.rpartition("/")[2].replace("_", " ")
        city = named.get(zone, {}).get("city") or (english if locale.language == "en" else "")
        if len(city) > 1 and english not in _ZONES_LEFT_OUT and city not in _ZONES_LEFT_OUT:
            yield code, city


# --- whether a hit is a word -------------------------------------------------------------------


def stands_alone(text: str, start: int, end: int, *, open_ended: bool) -> bool:
    """Whether a hit is a word of its own in its script, not a part of a longer one."""
    first = text[start]
    if first.isascii():
        return _plain_word(text, start, end, open_ended=open_ended)
    if _KATAKANA.match(first):  # ドバイ, but not in アドバイス
        return not (start and _KATAKANA.match(text[start - 1])) and not (end < len(text) and _KATAKANA.match(text[end]))
    if _UNSPACED.match(first):
        return True
    if _HANGUL.match(first):  # particles follow without a space
        return start == 0 or not _HANGUL.match(text[start - 1])
    if _ARABIC.match(first):
        return _arabic_word(text, start, end)
    return _plain_word(text, start, end, open_ended=open_ended)


def _plain_word(text: str, start: int, end: int, *, open_ended: bool) -> bool:
    if start and _in_word(text[start - 1], text[start]):
        return False
    if end == len(text) or open_ended:
        return True
    after = text[end]
    if after == "$":  # US$ is money
        return text[end - 1] not in "SA"
    return not _in_word(after, text[end - 1])


def _in_word(neighbour: str, letter: str) -> bool:
    """Whether `neighbour` continues the word that `letter` belongs to. Han beside Latin letters does not."""
    if not letter.isalnum() or _UNSPACED.match(neighbour) or _HANGUL.match(neighbour):
        return False
    return neighbour.isalnum() or unicodedata.category(neighbour)[0] == "M"


def _arabic_word(text: str, start: int, end: int) -> bool:
    front = start
    while front and _ARABIC.match(text[front - 1]) and text[front - 1].isalpha():
        front -= 1
    tail = end
    while tail < len(text) and _ARABIC.match(text[tail]) and text[tail].isalpha():
        tail += 1
    return text[front:start] in _ARABIC_FRONT and text[end:tail] in _ARABIC_TAIL
