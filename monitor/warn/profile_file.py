"""Profiles as people write them: YAML to values, inheritance, and every mistake with its line.

A profile takes from those it `inherits` whatever it does not say itself; of countries, sectors, names,
laws, shares and policies it has theirs and its own. All of a file is taken, or nothing.
Source: 002#platform (firms go abroad in parks and chains), 000#clusters
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from monitor.domain import (
    Level,
    Named,
    Profile,
    ProfileState,
    Recipient,
)
from monitor.errors import ConfigError
from monitor.i18n import _
from monitor.text.lines import Document
from monitor.warn.profile_values import CALLED, FIELDS, NAMES, as_list, nearest
from monitor.warn.recipients import recipient

DEFAULT = "default"


def default_profile(recipients: Iterable[Recipient], *, digest_every: timedelta) -> Profile:
    """The profile that hears of everything flagged, used while nobody has written one."""
    return Profile(name=DEFAULT, title="Everything flagged", recipients=tuple(recipients), digest_every=digest_every)


def parse(document: Any, *, file: str, language: str, digest_every: timedelta) -> tuple[Profile, ...]:
    """Profiles of a YAML document `{profiles: [...]}`, without the templates; a `Document` names lines, too.

    Raises: ConfigError that lists every problem with the profile and the line it is in.
    """
    read = document if isinstance(document, Document) else Document(document)
    entries = read.value.get("profiles") if isinstance(read.value, dict) else None
    if not isinstance(entries, list) or not entries:
        raise ConfigError(_("{file}: write `profiles:` with a list of profiles under it").format(file=file))
    problems = [
        _at(read, ("profiles", number), str(number + 1), _("has to be a mapping with at least `name`"))
        for number, entry in enumerate(entries)
        if not isinstance(entry, Mapping)
    ]
    named = {
        number: str(entry.get("name") or "").strip() for number, entry in enumerate(entries) if isinstance(entry, dict)
    }
    problems += _twice(read, named)
    profiles: list[Profile] = []
    for number, name in named.items():
        place, called = ("profiles", number), name or str(number + 1)
        try:
            whole = _inherited(number, entries, named)
        except _WrongError as wrong:
            problems.append(_at(read, (*place, "inherits"), called, str(wrong)))
            continue
        values: dict[str, Any] = {"digest_every": digest_every}
        before = len(problems)
        problems += [_at(read, (*place, *where), called, said) for where, said in _read(whole, values, language)]
        if len(problems) == before:
            profiles.append(Profile(**values))
    if unknown := sorted(set(map(str, read.value)) - {"profiles"}):
        problems.append(_("the only key at the top is `profiles`, not {names}").format(names=", ".join(unknown)))
    if problems:
        raise ConfigError(f"{file}: " + "; ".join(problems))
    active = tuple(profile for profile in profiles if profile.state is not ProfileState.TEMPLATE)
    if not active:
        raise ConfigError(_("{file}: every profile is a template, so nobody would hear of anything").format(file=file))
    return active


class _WrongError(ValueError):
    """A profile's entry cannot be read as it stands."""


def _at(read: Document, place: Sequence[str | int], called: str, problem: str) -> str:
    line = read.line(*place)
    said = _("profile {name!r}, line {line}: {problem}") if line else _("profile {name!r}: {problem}")
    return said.format(name=called, line=line, problem=problem)


def _twice(read: Document, named: Mapping[int, str]) -> list[str]:
    first: dict[str, int] = {}
    problems = []
    for number, name in named.items():
        if name and name in first:
            problems.append(_at(read, ("profiles", number), name, _("the name is used twice")))
        first.setdefault(name, number)
    return problems


# --- inheritance -----------------------------------------------------------------------------

# Of these a profile has its own and those it inherits; everything else it says replaces what it inherits.
_JOINED = frozenset("countries sectors products suppliers sites routes ports laws brands covers".split())
_OWN = frozenset("name title kind state inherits exposure".split())  # never inherited


def _inherited(number: int, entries: Sequence[Any], named: Mapping[int, str]) -> dict[str, Any]:
    """One entry with all that it inherits, the nearest first. Raises: _WrongError for a circle or an unknown name."""
    by_name = {name: at for at, name in named.items()}

    def whole(at: int, chain: tuple[int, ...]) -> dict[str, Any]:
        if at in chain:
            circle = " → ".join(named[n] for n in (*chain[chain.index(at) :], at))
            raise _WrongError(_("it inherits in a circle: {circle}").format(circle=circle))
        entry = dict(entries[at])
        given = entry.get("inherits")
        parents = [given] if isinstance(given, str) else (given or [])
        if not isinstance(parents, list) or not all(isinstance(parent, str) for parent in parents):
            raise _WrongError(_("`inherits` has to be the name of a profile, or a list of names"))
        for parent in parents:
            if parent not in by_name:
                raise _WrongError(
                    _("it inherits from {name!r}, which is not in this file").format(name=parent)
                    + nearest(parent, by_name)
                )
            _take(entry, whole(by_name[parent], (*chain, at)))
        return entry

    return whole(number, ())


def _take(entry: dict[str, Any], parent: Mapping[str, Any]) -> None:
    for name, value in parent.items():
        if name in _OWN or value is None:
            continue
        if entry.get(name) is None:
            entry[name] = value
        elif name in _JOINED:
            entry[name] = [*as_list(entry[name]), *(v for v in as_list(value) if v not in as_list(entry[name]))]


# --- one profile -----------------------------------------------------------------------------


def _read(entry: Mapping[str, Any], values: dict[str, Any], language: str) -> list[tuple[tuple[str, ...], str]]:
    """Fill `values` from an entry; returns what is wrong, each with the field it is in."""
    problems: list[tuple[tuple[str, ...], str]] = []
    unknown = sorted(set(map(str, entry)) - set(FIELDS) - set(NAMES) - {"inherits"})
    known = (*FIELDS, *NAMES, "inherits")
    for name in unknown:
        said = _("unknown {names}; known are {known}")
        problems.append(((name,), said.format(names=name + nearest(name, known), known=", ".join(known))))
    if not isinstance(entry.get("name"), str) or not entry["name"].strip():
        problems.append((("name",), _("`name` is missing")))
    names: list[Named] = []
    for field, read in {**FIELDS, **NAMES}.items():
        given = entry.get(field)
        if given is None:
            continue
        try:
            found = read(given)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as problem:
            problems.append(((field,), f"`{field}`: {problem}"))
            continue
        if field in NAMES:
            names += found
        else:
            values[CALLED.get(field, field)] = found
    try:
        for field in ("recipients", "escalate_to"):
            values[field] = tuple(recipient(r, language) for r in values.get(field, ()))
    except ValueError as problem:
        problems.append(((field,), f"`{field}`: {problem}"))
    values["names"] = tuple(dict.fromkeys(names))
    least = values.get("least", Level.BLUE)
    if values.setdefault("immediate", max(least, Level.ORANGE)) < least:
        said = _("`immediate` is milder than `least`: alerts below `least` are never raised")
        problems.append((("immediate",) if "immediate" in entry else ("least",), said))
    return problems
