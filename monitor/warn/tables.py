"""What profiles may name without explaining it: sectors, routes and ports, laws. Shipped in seeds/."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from monitor import resources
from monitor.text.lines import read_file


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: its names in both languages, the countries it lies in, and the words by which a text means it."""

    english: str
    chinese: str
    words: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


@cache
def sectors() -> Mapping[str, Entry]:
    """ISIC sections and divisions and HS chapters by their code, such as `C29` and `HS87`. Source: public:isic4"""
    found = {}
    for rows in _rows("sectors"):
        for code, row in rows.items():
            english, chinese, words = ([part.strip() for part in str(row).split("|")] + ["", ""])[:3]
            found[code] = Entry(english, chinese, _list(words))
    return found


@cache
def routes() -> Mapping[str, Entry]:
    """Straits, canals, corridors and ports by their id, such as `suez`."""
    return {name: _named(row) for rows in _rows("routes") for name, row in rows.items()}


@cache
def ports() -> frozenset[str]:
    """The ids of those routes that are ports."""
    return frozenset(read_file(resources.path("seeds/routes.yaml")).value["ports"])


@cache
def laws() -> Mapping[str, Entry]:
    """Laws by their id, such as `cbam`."""
    return {name: _named(row) for rows in _rows("laws") for name, row in rows.items()}


def _rows(name: str) -> list[dict[str, str]]:
    return list(read_file(resources.path(f"seeds/{name}.yaml")).value.values())


def _named(row: str) -> Entry:
    countries, _, words = row.partition("|")
    listed = _list(words)
    chinese = next((word for word in listed if "\u3400" <= word[0] <= "\u9fff"), listed[0])
    return Entry(listed[0], chinese, listed, tuple(countries.strip().split("+")))


def _list(words: str) -> tuple[str, ...]:
    return tuple(word for part in words.split(",") if (word := part.strip()))


def sector_code(text: str) -> str:
    """The code that a profile's way of writing means: `29` and `c29` are `C29`, `8703` behind HS is `HS87`.

    Raises: KeyError when the table has none.
    """
    given = re.sub(r"[\s.\-]", "", text).upper().removeprefix("ISIC")
    if found := re.fullmatch(r"HS(\d{2})\d*", given):
        code = f"HS{found[1]}"
    elif re.fullmatch(r"\d{2,4}", given):
        code = next((code for code in sectors() if code[1:] == given[:2] and not code.startswith("HS")), "")
    else:
        code = given if len(given) < 4 else given[:3]
    if code not in sectors():
        raise KeyError(text)
    return code


def divisions(codes: tuple[str, ...]) -> frozenset[str]:
    """The codes, a section given by its divisions."""
    known = sectors()
    return frozenset(
        division
        for code in codes
        for division in ([d for d in known if d.startswith(code) and len(d) == 3] if len(code) == 1 else [code])
    )
