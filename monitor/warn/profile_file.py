"""Profiles as people write them: YAML to values, inheritance, and every mistake with its line.

A profile takes from those it `inherits` whatever it does not say itself; of countries, sectors, names,
laws, shares and policies it has theirs and its own. All of a file is taken, or nothing.
Source: 002#platform (firms go abroad in parks and chains), 000#clusters
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from monitor.domain import (
    ESCALATE_AFTER,
    Cover,
    Level,
    Named,
    NameKind,
    Profile,
    ProfileKind,
    ProfileState,
    Recipient,
    Stakeholder,
    Tag,
)
from monitor.errors import ConfigError
from monitor.i18n import _
from monitor.text.durations import duration
from monitor.text.lines import Document
from monitor.warn import tables
from monitor.warn.recipients import calendar, recipient

DEFAULT = "default"
MOST_COUNTRIES_SHARE = 100.5  # percent; rounded shares may add up to a little more


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
                    + _nearest(parent, by_name)
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
            entry[name] = [*_as_list(entry[name]), *(v for v in _as_list(value) if v not in _as_list(entry[name]))]


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    return _(" (did you mean {name}?)").format(name=close[0]) if close else ""


# --- one profile -----------------------------------------------------------------------------


def _read(entry: Mapping[str, Any], values: dict[str, Any], language: str) -> list[tuple[tuple[str, ...], str]]:
    """Fill `values` from an entry; returns what is wrong, each with the field it is in."""
    problems: list[tuple[tuple[str, ...], str]] = []
    unknown = sorted(set(map(str, entry)) - set(_FIELDS) - set(_NAMES) - {"inherits"})
    known = (*_FIELDS, *_NAMES, "inherits")
    for name in unknown:
        said = _("unknown {names}; known are {known}")
        problems.append(((name,), said.format(names=name + _nearest(name, known), known=", ".join(known))))
    if not isinstance(entry.get("name"), str) or not entry["name"].strip():
        problems.append((("name",), _("`name` is missing")))
    names: list[Named] = []
    for field, read in {**_FIELDS, **_NAMES}.items():
        given = entry.get(field)
        if given is None:
            continue
        try:
            found = read(given)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as problem:
            problems.append(((field,), f"`{field}`: {problem}"))
            continue
        if field in _NAMES:
            names += found
        else:
            values[_CALLED.get(field, field)] = found
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


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _words(value: Any) -> tuple[str, ...]:
    values = _as_list(value)
    if any(isinstance(v, bool) or not isinstance(v, str | int) for v in values):
        raise ValueError(_("has to be a list of words (quote NO, ON and OFF: YAML reads them as true or false)"))
    return tuple(str(v).strip() for v in values if str(v).strip())


def _countries(value: Any) -> tuple[str, ...]:
    codes = tuple(code.upper() for code in _words(value))
    for code in codes:
        if not re.fullmatch(r"[A-Z]{2}", code) or code not in known_countries():
            said = _("{code!r} is not an ISO 3166 country code of two letters (nor EU or XK)")
            raise ValueError(said.format(code=code))
    return codes


def known_countries() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes, with EU and XK."""
    from monitor.text.places import COUNTRIES

    return COUNTRIES


def _tags(value: Any) -> tuple[Tag, ...]:
    words = _words(value)
    for word in words:
        if word not in tuple(Tag):
            said = _("{word!r} is not a valid Tag; use {known}")
            raise ValueError(said.format(word=word, known=", ".join(Tag)))
    return tuple(map(Tag, words))


def _one_of(kind: type[ProfileKind] | type[ProfileState]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in tuple(kind):
            raise ValueError(_("{word!r} is none of {known}").format(word=str(value), known=", ".join(kind)))
        return kind(value)

    return read


def _level(value: Any) -> Level:
    try:
        return Level.of(str(value))
    except ValueError as problem:
        said = _("unknown level {word!r}: use blue, yellow, orange or red").format(word=value)
        raise ValueError(said) from problem


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(_("has to be a whole number from 1"))
    return value


def _span(value: Any) -> timedelta:
    span = duration(str(value))
    if span <= timedelta(0):
        raise ValueError(_("has to be longer than nothing"))
    return span


def _escalate_after(value: Any) -> dict[Level, timedelta]:
    """One span for orange and red, or a mapping of the two; a level that is not named is not escalated."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(ESCALATE_AFTER, _span(value))
    if not value or not {_level(word) for word in value} <= set(ESCALATE_AFTER):
        raise ValueError(_("has to be a span such as 4h, or a mapping of orange and red"))
    return {_level(word): _span(span) for word, span in value.items()}


def _sectors(value: Any) -> tuple[str, ...]:
    codes = []
    for word in _words(value):
        try:
            codes.append(tables.sector_code(word))
        except KeyError:
            said = _("{word!r} is neither an ISIC section or division such as C29 nor an HS chapter such as HS87")
            raise ValueError(said.format(word=word)) from None
    return tuple(dict.fromkeys(codes))


def _exposure(value: Any) -> tuple[tuple[str, float], ...]:
    if not isinstance(value, Mapping):
        raise ValueError(_("has to be a mapping of country and percent, such as {example}").format(example="{DE: 40}"))
    shares = []
    for code, share in value.items():
        [country] = _countries(code)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 100:
            raise ValueError(_("{country}: a share is a percentage from 0 to 100").format(country=country))
        shares.append((country, float(share)))
    total = sum(share for _country, share in shares)
    if total > MOST_COUNTRIES_SHARE:
        raise ValueError(_("the shares add up to {total:g} percent").format(total=total))
    return tuple(shares)


def _covers(value: Any) -> tuple[Cover, ...]:
    return tuple(_cover(entry) for entry in _as_list(value))


def _cover(entry: Any) -> Cover:
    known = ("insurer", "policy", "countries", "risks", "amount", "notice", "contact")
    if not isinstance(entry, Mapping) or not set(entry) <= set(known):
        raise ValueError(_("a policy is a mapping of {known}").format(known=", ".join(known)))
    for needed in ("insurer", "policy", "notice"):
        if not entry.get(needed):
            raise ValueError(_("a policy needs `{name}`").format(name=needed))
    risks = _words(entry.get("risks") or [])
    for risk in risks:
        if risk.split(".")[0] not in tuple(Tag):
            raise ValueError(_("{word!r} is neither a tag nor a topic").format(word=risk))
    return Cover(
        insurer=str(entry["insurer"]),
        policy=str(entry["policy"]),
        countries=_countries(entry.get("countries") or []),
        risks=risks,
        amount=str(entry.get("amount") or ""),
        notice=_span(entry["notice"]),
        contact=str(entry.get("contact") or ""),
    )


# --- what a profile names ---------------------------------------------------------------------


def _named(kind: NameKind) -> Callable[[Any], list[Named]]:
    def read(value: Any) -> list[Named]:
        return [_one_named(kind, entry) for entry in _as_list(value)]

    return read


def _one_named(kind: NameKind, value: Any) -> Named:
    entry = {"name": value} if isinstance(value, str) else value
    known = {"name", "aliases", "country", "unlike"} | ({"stakeholders"} if kind is NameKind.SITE else set())
    if not isinstance(entry, Mapping) or not set(entry) <= known or not str(entry.get("name") or "").strip():
        said = _("an entry is a name, or a mapping of {known}")
        raise ValueError(said.format(known=", ".join(sorted(known))))
    name = str(entry["name"]).strip()
    aliases = _words(entry.get("aliases") or [])
    if kind in (NameKind.LAW, NameKind.ROUTE):
        aliases = tuple(dict.fromkeys((name, *aliases)))
    for alias in (name, *aliases):
        if len(alias) < 2:
            raise ValueError(_("{name!r} is too short to be looked for in texts").format(name=alias))
    return Named(
        kind=kind,
        name=name,
        aliases=aliases,
        unlike=_words(entry.get("unlike") or []),
        countries=_countries(entry.get("country") or []),
        stakeholders=tuple(_stakeholder(s) for s in _as_list(entry.get("stakeholders") or [])),
    )


def _stakeholder(value: Any) -> Stakeholder:
    entry = {"name": value} if isinstance(value, str) else value
    known = ("name", "role", "contact")
    if not isinstance(entry, Mapping) or not set(entry) <= set(known) or not entry.get("name"):
        raise ValueError(_("a stakeholder is a name, or a mapping of {known}").format(known=", ".join(known)))
    return Stakeholder(**{name: str(entry[name]) for name in known if name in entry})


def _listed(kind: NameKind, table: Callable[[], Mapping[str, tables.Entry]]) -> Callable[[Any], list[Named]]:
    """Entries of a shipped table by their id or one of their names; others have to bring names of their own."""

    def read(value: Any) -> list[Named]:
        known = table()
        by_name = {word.lower(): key for key, entry in known.items() for word in (key, *entry.words)}
        found = []
        for entry in _as_list(value):
            key = by_name.get(str(entry).strip().lower()) if isinstance(entry, str) else None
            if key is not None:
                row = known[key]
                found.append(Named(kind=kind, name=key, aliases=row.words, countries=row.countries))
            elif isinstance(entry, str):
                said = _("{name!r} is not in our table; write it as a mapping of name and aliases")
                raise ValueError(said.format(name=entry) + _nearest(entry.lower(), by_name))
            else:
                found.append(_one_named(kind, entry))
        return found

    return read


_CALLED = {"digest": "digest_when", "brief": "brief_when"}  # a value's name where a profile's word is shorter
_FIELDS: dict[str, Callable[[Any], Any]] = {
    "name": lambda value: str(value).strip(),
    "title": str,
    "kind": _one_of(ProfileKind),
    "state": _one_of(ProfileState),
    "countries": _countries,
    "exposure": _exposure,
    "tags": _tags,
    "sectors": _sectors,
    "keywords": _words,
    "covers": _covers,
    "recipients": _as_list,
    "least": _level,
    "immediate": _level,
    "budget": _number,
    "digest_every": _span,
    "digest": calendar,
    "brief": partial(calendar, weekly=True),
    "escalate_after": _escalate_after,
    "escalate_to": _as_list,
}
_NAMES: dict[str, Callable[[Any], list[Named]]] = {
    "sites": _named(NameKind.SITE),
    "suppliers": _named(NameKind.SUPPLIER),
    "products": _named(NameKind.PRODUCT),
    "brands": _named(NameKind.BRAND),
    "routes": _listed(NameKind.ROUTE, tables.routes),
    "ports": _listed(NameKind.ROUTE, tables.routes),
    "laws": _listed(NameKind.LAW, tables.laws),
}
