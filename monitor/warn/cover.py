"""What an insurer pays for, by when it has to be told, and how much of a business lies in one place.

Source: 004#finance (cover for investment and credit abroad), 001#II.4 (crowding into the same countries)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.domain import Alert, Cover, Deadline, DeadlineKind, Named, NameKind, Profile

# Herfindahl-Hirschman index of shares, 0 to 1. Source: public:doj-hhi
SPREAD, CONCENTRATED = 0.15, 0.25
HERDING = 0.5  # overlap of two exposures from which firms stand in the same place


def covers_of(profile: Profile, alert: Alert) -> tuple[Cover, ...]:
    """The policies that may pay for an alert: those of its countries and its risks."""
    risks = {*(tag.value for tag in alert.labels), *alert.topics}
    return tuple(
        cover
        for cover in profile.covers
        if (not cover.countries or set(cover.countries) & set(alert.countries))
        and (not cover.risks or risks & set(cover.risks))
    )


def notice_deadlines(profile: Profile, alert: Alert) -> tuple[Deadline, ...]:
    """By when each insurer has to be told, counted from the first alert."""
    return tuple(
        Deadline(
            story=alert.story,
            kind=DeadlineKind.COVER_NOTICE,
            on=(alert.opened + cover.notice).date(),
            found=alert.opened,
            sentence=f"{cover.insurer}: {cover.policy}",
            reckoned=True,
        )
        for cover in covers_of(profile, alert)
    )


def sites_of(profile: Profile, alert: Alert) -> tuple[Named, ...]:
    """The profile's sites that lie where the alert's risk lies, each with those who have to be talked to."""
    return tuple(s for s in profile.named(NameKind.SITE) if set(s.countries) & set(alert.countries))


# --- exposure ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Concentration:
    """How the shares of one business lie: index from 0 to 1, in words, and the largest share."""

    profile: str
    hhi: float
    word: str  # spread, moderate, concentrated
    country: str
    share: float  # percent


@dataclass(frozen=True, slots=True)
class Herd:
    """How alike several businesses lie, 0 (nothing shared) to 1 (all in the same places)."""

    overlap: float  # mean over all pairs of the shares both have in the same country
    herding: bool
    crowded: tuple[tuple[str, int, float], ...]  # country, firms there, their mean share in percent; most first


def concentration(profile: Profile) -> Concentration | None:
    """The Herfindahl-Hirschman index of a profile's exposure; None where it names none.

    Shares are taken of what is named, so that a table that leaves out the home market can be judged, too.
    """
    total = sum(share for _, share in profile.exposure)
    if not total:
        return None
    hhi = sum((share / total) ** 2 for _, share in profile.exposure)
    country, share = max(profile.exposure, key=lambda pair: (pair[1], pair[0]))
    word = "spread" if hhi < SPREAD else "moderate" if hhi < CONCENTRATED else "concentrated"
    return Concentration(profile.name, round(hhi, 4), word, country, share)


def herd(profiles: Iterable[Profile]) -> Herd | None:
    """Whether everybody moves to the same countries; None with fewer than two exposures to compare."""
    tables = [dict(profile.exposure) for profile in profiles if sum(share for _, share in profile.exposure) > 0]
    if len(tables) < 2:
        return None
    normal = [{c: share / sum(table.values()) for c, share in table.items()} for table in tables]
    pairs = [(a, b) for n, a in enumerate(normal) for b in normal[n + 1 :]]
    overlap = sum(_common(a, b) for a, b in pairs) / len(pairs)
    shares: dict[str, list[float]] = defaultdict(list)
    for table in normal:
        for country, share in table.items():
            shares[country].append(share)
    crowded = sorted(
        ((c, len(held), round(100 * sum(held) / len(normal), 1)) for c, held in shares.items() if len(held) > 1),
        key=lambda row: (-row[1], -row[2], row[0]),
    )
    return Herd(round(overlap, 4), overlap >= HERDING, tuple(crowded))


def _common(one: dict[str, float], other: dict[str, float]) -> float:
    return sum(min(share, other.get(country, 0.0)) for country, share in one.items())


def longest_notice_days(covers: Sequence[Cover]) -> int:
    """Days after which no policy's notice period runs any more."""
    return max((cover.notice.days for cover in covers), default=0) + 1
