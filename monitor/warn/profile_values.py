"""What may stand under each field of a profile, read from YAML values; a mistake is a ValueError in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from monitor.domain import (
    ESCALATE_AFTER,
    Cover,
    Level,
    Named,
    NameKind,
    ProfileKind,
    ProfileState,
    Stakeholder,
    Tag,
)
from monitor.i18n import _
from monitor.text.durations import duration
from monitor.warn import tables
from monitor.warn.recipients import calendar

MOST_COUNTRIES_SHARE = 100.5  # percent; rounded shares may add up to a little more


def nearest(name: str, known: Iterable[str]) -> str:
    """A question after the known name that was probably meant; empty where none is near."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    return _(" (did you mean {name}?)").format(name=close[0]) if close else ""


def as_list(value: Any) -> list[Any]:
    """One value is a list of one."""
    return value if isinstance(value, list) else [value]


def _words(value: Any) -> tuple[str, ...]:
    values = as_list(value)
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
    return tuple(_cover(entry) for entry in as_list(value))


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
        return [_one_named(kind, entry) for entry in as_list(value)]

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
        stakeholders=tuple(_stakeholder(s) for s in as_list(entry.get("stakeholders") or [])),
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
        for entry in as_list(value):
            key = by_name.get(str(entry).strip().lower()) if isinstance(entry, str) else None
            if key is not None:
                row = known[key]
                found.append(Named(kind=kind, name=key, aliases=row.words, countries=row.countries))
            elif isinstance(entry, str):
                said = _("{name!r} is not in our table; write it as a mapping of name and aliases")
                raise ValueError(said.format(name=entry) + nearest(entry.lower(), by_name))
            else:
                found.append(_one_named(kind, entry))
        return found

    return read


CALLED = {"digest": "digest_when", "brief": "brief_when"}  # a value's name where a profile's word is shorter
FIELDS: dict[str, Callable[[Any], Any]] = {
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
    "recipients": as_list,
    "least": _level,
    "immediate": _level,
    "budget": _number,
    "digest_every": _span,
    "digest": calendar,
    "brief": partial(calendar, weekly=True),
    "escalate_after": _escalate_after,
    "escalate_to": as_list,
}
NAMES: dict[str, Callable[[Any], list[Named]]] = {
    "sites": _named(NameKind.SITE),
    "suppliers": _named(NameKind.SUPPLIER),
    "products": _named(NameKind.PRODUCT),
    "brands": _named(NameKind.BRAND),
    "routes": _listed(NameKind.ROUTE, tables.routes),
    "ports": _listed(NameKind.ROUTE, tables.routes),
    "laws": _listed(NameKind.LAW, tables.laws),
}
