"""Who is concerned: an enterprise with its names, covers and recipients, and why a story matches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from monitor.domain.words import Level, NameKind, ProfileKind, ProfileState, Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A person or desk that is told; language and zone belong to them, not to the installation."""

    address: str  # of mail; of another channel the name it is known by, since its URL is a secret
    channel: str = "email"  # or the scheme of its Apprise URL: wecombot, dingtalk, ntfy …
    language: str = "en"  # en, zh, or both: each sentence in the two, side by side
    timezone: str = "UTC"
    quiet: tuple[time, time] | None = None  # local hours in which only red is told
    url: str = field(default="", repr=False, compare=False)  # Apprise's, with its secrets; never stored

    @property
    def key(self) -> tuple[str, str]:
        """Who it is, whatever language or hours they chose."""
        return self.address, self.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A moment that comes back by the reader's clock: every day, or one day of the week (0 is Monday)."""

    at: time
    weekday: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakeholder:
    """Somebody outside who has to be talked to about a site. Source: 001#III.4, 001#IV"""

    name: str
    role: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something of a profile that a text may name, by any of its names in any script."""

    kind: NameKind
    name: str
    aliases: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()  # phrases that hold a name and mean something else
    countries: tuple[str, ...] = ()
    stakeholders: tuple[Stakeholder, ...] = ()  # of a site


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """One insurance policy. Source: 004#finance"""

    insurer: str
    policy: str
    countries: tuple[str, ...] = ()  # empty: anywhere
    risks: tuple[str, ...] = ()  # tags and topics it pays for; empty: any
    amount: str = ""  # as the policy says it, such as "20,000,000 USD"
    notice: timedelta = timedelta(days=30)  # from the first alert until the insurer has to know
    contact: str = ""


# How long an alert of this level may wait until somebody acknowledges it.
ESCALATE_AFTER: Mapping[Level, timedelta] = {Level.ORANGE: timedelta(hours=4), Level.RED: timedelta(hours=2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An enterprise, branch or cluster and what it cares about. Empty gates let everything through."""

    name: str
    title: str = ""
    kind: ProfileKind = ProfileKind.ENTERPRISE
    state: ProfileState = ProfileState.ACTIVE
    sectors: tuple[str, ...] = ()  # ISIC sections and divisions, HS chapters, as in seeds/sectors.yaml
    names: tuple[Named, ...] = ()  # sites, suppliers, products, brands, routes, laws
    exposure: tuple[tuple[str, float], ...] = ()  # country, percent of the business
    covers: tuple[Cover, ...] = ()
    countries: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    keywords: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    least: Level = Level.BLUE  # milder alerts are not raised
    immediate: Level = Level.ORANGE  # from here on told at once; milder waits for the digest
    budget: int = 50  # alerts a day; the rest is ranked, held back and counted
    digest_every: timedelta = timedelta(days=1)
    digest_when: Calendar | None = None  # by the recipients' clocks, before `digest_every`
    brief_when: Calendar | None = None  # the weekly policy brief; None: not sent by itself
    escalate_after: Mapping[Level, timedelta] = field(default_factory=lambda: dict(ESCALATE_AFTER), hash=False)
    escalate_to: tuple[Recipient, ...] = ()  # headquarters: told of what nobody acknowledged in time

    @property
    def audience(self) -> tuple[Recipient, ...]:
        """Who is told: nobody while the profile is tried out."""
        return self.recipients if self.state is ProfileState.ACTIVE else ()

    @property
    def everybody(self) -> tuple[Recipient, ...]:
        """Whoever may be told of something, headquarters included."""
        return tuple(dict.fromkeys((*self.recipients, *self.escalate_to)))

    def named(self, kind: NameKind) -> tuple[Named, ...]:
        """Its names of one kind."""
        return tuple(named for named in self.names if named.kind is kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Why a story concerns a profile, or which rule held it back."""

    profile: str
    concerned: bool
    points: int
    reasons: tuple[str, ...]  # in words, for and against


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandDay:
    """How often a brand was named on one day (UTC), and in what tone."""

    profile: str
    brand: str
    day: date
    mentions: int = 0
    negative: int = 0
    positive: int = 0
