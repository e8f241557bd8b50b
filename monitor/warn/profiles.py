"""Who is concerned, and why or why not.

Hard gates first: tags, places and names, keywords, and for rules about goods the sector. Only what
comes through all of them is given points; every answer carries its reasons, with the points each gave.
Source: 004#information (policy information that matches each enterprise), 001#II.4
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from monitor.domain import Item, Match, Named, NameKind, Profile, Story, Tag
from monitor.text.roles import roles
from monitor.warn.naming import names_of, sectors_in
from monitor.warn.tables import divisions, laws, ports, routes, sectors

EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
# Topics about certain goods: one that names other trades than the profile's does not concern it.
ABOUT_GOODS = frozenset({"compliance.trade_remedy", "compliance.product"})

_SEVERITY, _TAG, _COUNTRY, _KEYWORD, _SECTOR, _FEED = 20, 10, 20, 10, 10, 5
_NAME = {
    NameKind.SITE: 25,
    NameKind.SUPPLIER: 25,
    NameKind.LAW: 20,
    NameKind.ROUTE: 20,
    NameKind.PRODUCT: 15,
    NameKind.BRAND: 15,
}
_TARIFF = re.compile(r"\btariffs?\b|\b(?:customs |import )?dut(?:y|ies)\b|关税", re.IGNORECASE)
_HOME = ("CN", "HK", "MO")
_SHARE_MOST = 20  # points for the share of the business that lies where the risk is: one for 5 percent


@dataclass
class _Case:
    """What speaks for and against, as it is gathered."""

    points: int = 0
    reasons: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)

    def add(self, points: int, kind: str, values: Iterable[str]) -> None:
        self.points += points
        self.reasons.append(f"{kind}: {', '.join(values)} +{points}")


def match(profile: Profile, story: Story, items: Iterable[Item] = ()) -> Match:
    """Whether `story` concerns `profile`: points from 0 to 100 and the reasons, for and against."""
    text = _text(story, items)
    case = _Case(points=_SEVERITY * int(story.severity))
    _tag_gate(profile, story, case)
    named = _names(profile, text, case)
    ours, others = _sectors(profile, text)
    _place_gate(profile, story, case, named=named, ours=ours)
    _goods_gate(story, case, named=named, ours=ours, others=others)
    _law_gate(profile, story, text, case, named=named)
    _port_gate(profile, story, text, case, named=named)
    _origin_gate(profile, story, case, named=named)
    _keyword_gate(profile, text, case)
    if ours:
        case.add(_SECTOR, "sector", sorted(ours))
    if not (profile.tags or profile.keywords or _asks_for_place(profile) or profile.sectors):
        case.reasons.append("this profile hears of everything that is flagged")
    case.points += _FEED * min(len(story.feeds) - 1, 2)
    concerned = not case.against
    return Match(
        profile=profile.name,
        concerned=concerned,
        points=min(case.points, 100) if concerned else 0,
        reasons=tuple(case.reasons if concerned else case.against + case.reasons),
    )


def places_of(profile: Profile) -> tuple[str, ...]:
    """The countries a profile stands in: those it names, its sites', and those its exposure lists."""
    sites = (country for site in profile.named(NameKind.SITE) for country in site.countries)
    return tuple(dict.fromkeys((*profile.countries, *sites, *(country for country, _ in profile.exposure))))


def countries_shared(places: Sequence[str], countries: Sequence[str]) -> list[str]:
    """Which of a story's countries concern somebody in `places`; what the EU decides binds its members."""
    members = EU.intersection(places)
    return [country for country in countries if country in places or (country == "EU" and members)]


def _asks_for_place(profile: Profile) -> bool:
    return bool(places_of(profile) or profile.names)


def _tag_gate(profile: Profile, story: Story, case: _Case) -> None:
    if not profile.tags:
        return
    if shared := [tag.value for tag in story.labels if tag in profile.tags]:
        case.add(_TAG, "tag", shared)
    else:
        case.against.append(f"none of its tags ({_list(profile.tags)}) is among yours")


def _names(profile: Profile, text: str, case: _Case) -> bool:
    """Whether the text names something of the profile; each kind of name gives its points once."""
    if not profile.names:
        return False
    hits = names_of(profile.names).find(text)
    for kind, points in _NAME.items():
        if found := [hit.named.name for hit in hits if hit.named.kind is kind]:
            case.add(points, kind.value, found)
    return bool(hits)


def _place_gate(profile: Profile, story: Story, case: _Case, *, named: bool, ours: Iterable[str]) -> None:
    """In one of its places, or about something it names: a supplier's fire counts wherever it burns."""
    places = places_of(profile)
    if shared := countries_shared(places, story.countries):
        case.add(_COUNTRY, "country", shared)
        shares = dict(profile.exposure)
        share = sum(shares.get(country, 0.0) for country in shared)
        if points := min(round(share / 5), _SHARE_MOST):
            case.add(points, "exposure", [f"{share:g}%"])
    elif named:
        return
    elif places:
        where = ", ".join(story.countries) or "no country"
        case.against.append(f"it lies in {where}, outside your countries ({', '.join(places)})")
    elif (profile.names or profile.sectors) and not ours:
        case.against.append("it names none of your sites, suppliers, routes, laws, products, brands or sectors")


def _sectors(profile: Profile, text: str) -> tuple[set[str], set[str]]:
    """The sectors named in the text: the profile's own, and others."""
    if not profile.sectors:
        return set(), set()
    own, found = divisions(profile.sectors), set(sectors_in(text))
    return found & own, found - own


def _goods_gate(story: Story, case: _Case, *, named: bool, ours: set[str], others: set[str]) -> None:
    about_goods = story.topics and ABOUT_GOODS.issuperset(story.topics)
    if others and not (ours or named) and (about_goods or _TARIFF.search(story.title)):
        known = sectors()
        about = ", ".join(f"{known[code].english} ({code})" for code in sorted(others)[:3])
        case.against.append(f"it is about {about}, none of your sectors")


def _law_gate(profile: Profile, story: Story, text: str, case: _Case, *, named: bool) -> None:
    """A rule that a profile does not live under is none of its business, in whatever country it lies."""
    if named or Tag.COMPLIANCE not in story.labels or not profile.named(NameKind.LAW):
        return
    if found := [hit.named.aliases[0] for hit in names_of(_known(NameKind.LAW)).find(text)]:
        case.against.append(f"it is about {', '.join(found[:3])}, none of your laws")


def _port_gate(profile: Profile, story: Story, text: str, case: _Case, *, named: bool) -> None:
    """What closes other ports than those a profile lists does not hold up its goods."""
    if named or Tag.SUPPLY_CHAIN not in story.labels:
        return
    if ports().isdisjoint(route.name for route in profile.named(NameKind.ROUTE)):
        return
    if found := [hit.named.aliases[0] for hit in names_of(_known(NameKind.ROUTE)).find(text)]:
        case.against.append(f"it is about {', '.join(found[:3])}, none of your ports")


def _origin_gate(profile: Profile, story: Story, case: _Case, *, named: bool) -> None:
    """A tariff of one state on the goods of others is none of a profile's whose goods come from neither of those.

    A tariff on Chinese goods is let through: that a firm abroad is supplied from home goes without saying.
    """
    if named or not _TARIFF.search(story.title):
        return
    said = roles(story.title, "", story.language)
    suppliers = (country for supplier in profile.named(NameKind.SUPPLIER) for country in supplier.countries)
    origins = {*places_of(profile), *suppliers, *_HOME}
    if said.imposes and said.hit and not origins.intersection(said.hit):
        case.against.append(f"it is a tariff on goods of {', '.join(said.hit)}, which yours are not")


@cache
def _known(kind: NameKind) -> tuple[Named, ...]:
    """Every law or port of our tables, as names."""
    rows = laws() if kind is NameKind.LAW else {name: row for name, row in routes().items() if name in ports()}
    return tuple(Named(kind=kind, name=name, aliases=entry.words) for name, entry in rows.items())


def _keyword_gate(profile: Profile, text: str, case: _Case) -> None:
    if not profile.keywords:
        return
    if found := keywords_in(profile.keywords, text):
        case.add(_KEYWORD, "keyword", found)
    else:
        case.against.append(f"none of your keywords ({', '.join(profile.keywords)}) stands in it")


def keywords_in(keywords: Sequence[str], text: str) -> list[str]:
    """The keywords that stand in `text`: whole words where the script has spaces, anywhere in Chinese and Japanese."""
    low = text.lower()
    return [word for word in keywords if _pattern(word.lower()).search(low)]


def _pattern(word: str) -> re.Pattern[str]:
    spaced = not re.search(r"[\u2e80-\u9fff]", word)
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)" if spaced else re.escape(word))


def _text(story: Story, items: Iterable[Item]) -> str:
    return " . ".join([story.title, *(f"{item.title} . {item.summary}" for item in items)])


def _list(tags: Iterable[Tag]) -> str:
    return ", ".join(tag.value for tag in tags)
