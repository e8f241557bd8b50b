"""Which concepts a text touches, whatever its wording and language: seeds/lexicon.yaml read into a matcher.

A concept is a feature of the title (`title:port`), of the whole text (`text:port`) and, with every
other concept that the text touches, a pair (`port+labour_strike`).
Source: docs/codebook.md#borders
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.classify.features import tokens
from monitor.errors import ConfigError

WEIGHT = 3.0  # of a concept among the inputs of the network, whose others have a spread of one


@dataclass(frozen=True)
class Lexicon:
    """Terms as they are looked for in a prepared text, each with its concept; both tuples have one length."""

    terms: tuple[str, ...]
    concepts: tuple[str, ...]

    @cached_property
    def _matcher(self) -> Any:
        from ahocorasick_rs import AhoCorasick

        return AhoCorasick(self.terms)

    def matches(self, prepared: str) -> list[tuple[int, int, int]]:
        """Number of the term, start and end of all that stand in a prepared text with a blank before and behind it."""
        found: list[tuple[int, int, int]] = self._matcher.find_matches_as_indexes(f" {prepared} ", overlapping=True)
        return found

    def touched(self, prepared: str) -> frozenset[str]:
        """The concepts whose terms stand in a prepared text (see `features.prepare`)."""
        return frozenset(self.concepts[number] for number, _, _ in self.matches(prepared))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The concepts, each once, in the order of `told`'s columns."""
        return tuple(sorted(set(self.concepts)))

    def told(self, prepared: Sequence[str]) -> npt.NDArray[np.float32]:
        """Which concepts each prepared text touches, for the network: (len(prepared), len(self.names))."""
        place = {name: number for number, name in enumerate(self.names)}
        found = np.zeros((len(prepared), len(place)), np.float32)
        for row, text in zip(found, prepared, strict=True):
            row[[place[name] for name in self.touched(text)]] = WEIGHT
        return found

    def features(self, title: str, text: str) -> list[str]:
        """Names of the features of a text, both arguments prepared: of its title, of all of it, and pairs."""
        whole = sorted(self.touched(text))
        found = [f"title:{concept}" for concept in sorted(self.touched(title))]
        found += [f"text:{concept}" for concept in whole]
        found += [f"{first}+{second}" for first, second in combinations(whole, 2)]
        return found


def read(file: Path) -> Lexicon:
    """The lexicon in `file`. Raises: ConfigError that names concept and term."""
    import yaml

    try:
        written = yaml.safe_load(file.read_text(encoding="utf-8"))
        concepts: Mapping[str, Mapping[str, str]] = written["concepts"]
        pairs = [(pattern(term), name) for name, entry in concepts.items() for term in _terms(name, entry)]
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as problem:
        raise ConfigError(f"{file}: {problem!r}") from problem
    except ValueError as problem:
        raise ConfigError(f"{file}: {problem}") from problem
    return Lexicon(terms=tuple(term for term, _ in pairs), concepts=tuple(name for _, name in pairs))


def pattern(term: str) -> str:
    """A term as it is looked for: its tokens between blanks, open at the end where a star stands.

    Raises: ValueError for a term with a star inside, or with figures or single letters, which texts are read without.
    """
    found = tokens(term)
    if "*" in term[:-1] or not found or len(found) != len(re.findall(r"[^\W\u2e80-\u9fff]+|[\u2e80-\u9fff]", term)):
        raise ValueError(f"{term!r} is no term: words without figures, and a star only at the end")
    return f" {' '.join(found)}{'' if term.endswith('*') else ' '}"


def _terms(name: str, entry: Mapping[str, str]) -> Sequence[str]:
    terms = [term.strip() for term in entry["terms"].split(",")]
    twice = {term for term in terms if terms.count(term) > 1}
    if twice or not entry["says"].strip():
        raise ValueError(f"concept {name}: {f'{min(twice)!r} stands there twice' if twice else 'says nothing'}")
    return terms
