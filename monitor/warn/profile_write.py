"""Profiles written: eight answers to an entry, profiles to YAML, and new entries into a file that people keep.

Source: 004#information (what a firm is and does decides what it is told)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from monitor import resources
from monitor.domain import ESCALATE_AFTER, Cover, Named, NameKind, Profile, Recipient
from monitor.errors import UsageError
from monitor.i18n import N_, _
from monitor.text.lines import read_file
from monitor.warn import tables

# The eight questions of `monitor profiles new`: the key of the answer and what is asked.
QUESTIONS: tuple[tuple[str, str], ...] = (
    ("name", N_("1/8 A short name for the profile, such as pumps-europe")),
    ("like", N_("2/8 Which example comes closest: {examples}; empty for none")),
    ("countries", N_("3/8 In which countries, with what percent of the business: DE 40, PL 20, EU")),
    ("sectors", N_("4/8 What does it make or do (ISIC, HS), and which products: C28, HS84; heat pump|热泵")),
    ("partners", N_("5/8 Sites and suppliers: site Lodz works|罗兹工厂 @PL; supplier Arno Castings @DE")),
    ("routes", N_("6/8 Routes and ports the goods take: suez, rotterdam")),
    ("laws", N_("7/8 Laws it lives under, and its brands: cbam, gdpr; brand Arvo|阿沃")),
    (
        "tell",
        N_("8/8 Whom to tell, language, zone, and from which level at once: risk@a.example zh Asia/Shanghai orange"),
    ),
)
_LEVELS = ("blue", "yellow", "orange", "red")


def examples() -> tuple[str, ...]:
    """The kinds of enterprise an example is shipped for."""
    return tuple(sorted(file.stem for file in resources.path("seeds/profiles").glob("*.yaml")))


def entry_of(answers: Mapping[str, str]) -> dict[str, Any]:
    """The profile that the answers describe, as it is written into a file; it is checked when read there.

    Raises: UsageError for an answer that is not understood or a key that is not asked.
    """
    keys = [key for key, _question in QUESTIONS]
    if unknown := sorted(set(answers) - set(keys)):
        said = _("{names} is not asked; the answers are {known}")
        raise UsageError(said.format(names=", ".join(unknown), known=", ".join(keys)))
    given = {key: str(answers.get(key) or "").strip() for key in keys}
    entry: dict[str, Any] = {"name": given["name"]}
    entry |= _example(given["like"])
    _countries(entry, given["countries"])
    codes, products = _codes_and_names(given["sectors"])
    entry |= {"sectors": codes, "products": products}
    entry |= _partners(given["partners"])
    entry["routes"] = _list(given["routes"])
    laws, brands = _codes_and_names(given["laws"])
    entry |= {"laws": laws, "brands": brands}
    _tell(entry, given["tell"])
    return {key: value for key, value in entry.items() if value not in ([], {}, "")}


def _example(name: str) -> dict[str, Any]:
    """What holds for every enterprise of a kind: its tags and its laws are asked anew, so only the tags."""
    if not name:
        return {}
    if name not in examples():
        said = _("there is no example {name!r}; there are {known}")
        raise UsageError(said.format(name=name, known=", ".join(examples())))
    [first, *_more] = read_file(resources.path(f"seeds/profiles/{name}.yaml")).value["profiles"]
    return {key: first[key] for key in ("kind", "tags", "least", "immediate", "budget") if key in first}


def _list(text: str) -> list[str]:
    return [word for part in re.split(r"[,，;；]", text) if (word := part.strip())]


def _countries(entry: dict[str, Any], text: str) -> None:
    countries, shares = [], {}
    for word in _list(text):
        found = re.fullmatch(r"([A-Za-z]{2})(?:[\s=:]+(\d+(?:\.\d+)?)\s*%?)?", word)
        if not found:
            said = _("{word!r} is not a country with a percentage, such as DE 40")
            raise UsageError(said.format(word=word))
        countries.append(found[1].upper())
        if found[2]:
            shares[found[1].upper()] = float(found[2])
    entry |= {"countries": countries, "exposure": shares}


def _codes_and_names(text: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Codes, and after `;` names with aliases: `C28, HS84; heat pump|热泵`."""
    codes, _separator, names = text.replace("；", ";").partition(";")
    return _list(codes), [_named(re.sub(r"^(?:brand|product)\s+", "", name)) for name in _list(names)]


def _named(text: str) -> dict[str, Any]:
    """`Name|alias|alias @DE` as a mapping."""
    text, _at, country = text.partition("@")
    name, *aliases = [part.strip() for part in text.split("|")]
    entry: dict[str, Any] = {"name": name}
    if aliases := [alias for alias in aliases if alias]:
        entry["aliases"] = aliases
    if country.strip():
        entry["country"] = country.strip().upper()
    return entry


def _partners(text: str) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {"sites": [], "suppliers": []}
    for word in _list(text):
        kind, _space, rest = word.partition(" ")
        if kind not in ("site", "supplier") or not rest.strip():
            raise UsageError(_("{word!r}: begin with site or supplier").format(word=word))
        found[kind + "s"].append(_named(rest))
    return found


def _tell(entry: dict[str, Any], text: str) -> None:
    recipients = []
    for word in _list(text):
        address, *rest = word.split()
        recipient = {"address": address}
        for part in rest:
            if part in _LEVELS:
                entry["immediate"] = part
            elif part in ("en", "zh"):
                recipient["language"] = part
            else:
                recipient["timezone"] = part
        recipients.append(recipient)
    entry["recipients"] = recipients


# --- to YAML -------------------------------------------------------------------------------------


def exported(profile: Profile) -> dict[str, Any]:
    """A profile as an entry that reads back as the same profile, what it inherits written out.

    Only the channels that are no mail are left out: their addresses are secrets, and not for whom it is given to.
    """
    entry: dict[str, Any] = {
        "name": profile.name,
        "title": profile.title,
        "kind": profile.kind.value,
        "state": profile.state.value,
        "countries": list(profile.countries),
        "exposure": dict(profile.exposure),
        "tags": [tag.value for tag in profile.tags],
        "sectors": list(profile.sectors),
        "keywords": list(profile.keywords),
        **_names_by_field(profile),
        "covers": [_cover(cover) for cover in profile.covers],
        "recipients": _recipients(profile.recipients),
        "least": profile.least.word,
        "immediate": profile.immediate.word,
        "budget": profile.budget,
        "digest_every": _span(profile.digest_every),
        "escalate_after": {level.word: _span(span) for level, span in profile.escalate_after.items()},
        "escalate_to": _recipients(profile.escalate_to),
    }
    if profile.escalate_after == ESCALATE_AFTER:
        del entry["escalate_after"]
    return {key: value for key, value in entry.items() if value not in ([], {}, "")}


def _recipients(told: Sequence[Recipient]) -> list[dict[str, str]]:
    return [_recipient(one) for one in told if one.channel == "email"]


def _recipient(told: Recipient) -> dict[str, str]:
    entry = {"address": told.address, "language": told.language, "timezone": told.timezone}
    return entry | ({"quiet": "-".join(f"{at:%H:%M}" for at in told.quiet)} if told.quiet else {})


def _span(span: timedelta) -> str:
    return f"{span.total_seconds():.3f}".rstrip("0").rstrip(".") + "s"


def _names_by_field(profile: Profile) -> dict[str, list[Any]]:
    fields = {
        "sites": NameKind.SITE,
        "suppliers": NameKind.SUPPLIER,
        "products": NameKind.PRODUCT,
        "brands": NameKind.BRAND,
        "routes": NameKind.ROUTE,
        "laws": NameKind.LAW,
    }
    return {field: [_name_entry(named) for named in profile.named(kind)] for field, kind in fields.items()}


def _name_entry(named: Named) -> Any:
    table = {NameKind.ROUTE: tables.routes, NameKind.LAW: tables.laws}.get(named.kind)
    if table is not None and named.name in table() and table()[named.name].words == named.aliases:
        return named.name
    entry: dict[str, Any] = {"name": named.name}
    if named.aliases:
        entry["aliases"] = list(named.aliases)
    if named.unlike:
        entry["unlike"] = list(named.unlike)
    if named.countries:
        entry["country"] = list(named.countries)
    if named.stakeholders:
        entry["stakeholders"] = [
            {key: value for key in ("name", "role", "contact") if (value := getattr(s, key))}
            for s in named.stakeholders
        ]
    return entry


def _cover(cover: Cover) -> dict[str, Any]:
    entry = {
        "insurer": cover.insurer,
        "policy": cover.policy,
        "countries": list(cover.countries),
        "risks": list(cover.risks),
        "amount": cover.amount,
        "notice": _span(cover.notice),
        "contact": cover.contact,
    }
    return {key: value for key, value in entry.items() if value not in ([], "")}


def as_yaml(entries: Sequence[Mapping[str, Any]]) -> str:
    """Entries as a profiles.yaml; every text quoted, so that NO stays Norway."""
    import json

    lines = ["profiles:"]
    for entry in entries:
        fields = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()]
        lines.append("  - " + "\n    ".join(fields))
    return "\n".join(lines) + "\n"


def with_more(text: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """A file's text with more entries at its end, its comments and order kept where its form allows it."""
    import yaml

    if not text.strip():
        return as_yaml(entries)
    added = as_yaml(entries).partition("\n")[2]
    indent = re.search(r"^profiles:[^\n]*\n(?:\s*#[^\n]*\n|\s*\n)*( *)- ", text, re.MULTILINE)
    before = yaml.safe_load(text)
    if indent:
        moved = "".join(f"{indent[1]}{line[2:]}" if line.strip() else line for line in added.splitlines(keepends=True))
        longer = text.rstrip("\n") + "\n" + moved
        try:
            if yaml.safe_load(longer)["profiles"] == [
                *before["profiles"],
                *yaml.safe_load(as_yaml(entries))["profiles"],
            ]:
                return longer
        except (yaml.YAMLError, KeyError, TypeError):
            pass
    return as_yaml([*before["profiles"], *entries])
