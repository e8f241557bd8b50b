"""Feeds that have fallen silent, or nearly: found by their own habit at the same weekdays and hours. Pure.

A feed's past is cut into the 168 hours of a week. For each, the share of weeks in which
something came gives the chance that nothing comes; the surprise of a silence is the sum of the
negative logarithms of those chances over its hours, so that a quiet night or weekend counts for
little. How rare a surprise is, the feed's own pauses tell: their largest fifth is taken for
exponential (peaks over threshold, Pickands 1975; for a Poisson feed the surprise itself is
exponential with mean 1 by time rescaling), and nothing it has done before is called rare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean, pvariance

from monitor.domain import Silence

WEEK = 168
LEAST_HOURS = 20  # hours in which something came, before there is a habit
LEAST_DAYS = 14
RECENT_WEEKS = 8  # of a busy feed only these count
FALSE_PER_YEAR = 1.0  # how often one healthy feed may be called silent
SHORTEST_H = 3
LEAST_USUAL = 1.0
DWINDLED_TO = 1 / 3  # of a usual week
LEAST_WEEKS = 4
LEAST_A_WEEK = 7
STEADY = 0.04  # least squared variation of a feed's weeks beyond chance: 20 % from week to week


def silence(arrivals: Mapping[int, int], *, until: int) -> Silence | None:
    """What is unusual about a feed's quiet; None while it keeps its habit or is not known long enough.

    `arrivals`: items by hour since 1970 (UTC) in which some came. `until`: the hour of the feed's
    last answer, up to which its quiet is known.
    """
    hours = sorted(hour for hour in arrivals if hour <= until)
    if len(hours) < LEAST_HOURS or hours[-1] - hours[0] < LEAST_DAYS * 24:
        return None
    recent = [hour for hour in hours if hour > until - RECENT_WEEKS * WEEK]
    known = recent if len(recent) >= LEAST_HOURS and recent[-1] - recent[0] >= LEAST_DAYS * 24 else hours
    return _silent(known, arrivals, until) or _dwindled(hours, arrivals, until)


def _silent(hours: Sequence[int], arrivals: Mapping[int, int], until: int) -> Silence | None:
    quiet = until - hours[-1] - 1
    if quiet < SHORTEST_H:
        return None
    weight, mean = _week(hours, arrivals)
    pauses = [_sum(weight, a + 1, b) for a, b in pairwise(hours)]
    rare = _chance(_sum(weight, hours[-1] + 1, until), pauses)
    a_year = rare * len(pauses) / (hours[-1] - hours[0]) * 24 * 365
    usual = _sum(mean, hours[-1] + 1, until)
    if a_year >= FALSE_PER_YEAR or usual < LEAST_USUAL:
        return None
    return _told(usual, 0, quiet, until, rare)


def _dwindled(hours: Sequence[int], arrivals: Mapping[int, int], until: int) -> Silence | None:
    """A week far below its weeks before: the same weekdays and hours, so compared like with like."""
    weeks = min((until - hours[0]) // WEEK, RECENT_WEEKS + 1)
    sums = [
        sum(arrivals[hour] for hour in hours if until - (n + 1) * WEEK < hour <= until - n * WEEK) for n in range(weeks)
    ]
    if len(sums) <= LEAST_WEEKS:
        return None
    now, before = sums[0], sums[1:]
    mean = fmean(before)
    if mean < LEAST_A_WEEK or now >= DWINDLED_TO * mean:
        return None
    spread = max(pvariance(before) * (1 + 1 / len(before)), mean + STEADY * mean**2)
    rare = _negative_binomial(now, mean, spread)
    return _told(mean, now, WEEK, until, rare) if rare * 52 < FALSE_PER_YEAR else None


def _week(hours: Sequence[int], arrivals: Mapping[int, int]) -> tuple[list[float], list[float]]:
    """For each hour of the week: the surprise of nothing coming in it, and the items that come on average."""
    first, last = hours[0], hours[-1]
    came, items = [0] * WEEK, [0] * WEEK
    for hour in hours:
        came[hour % WEEK] += 1
        items[hour % WEEK] += arrivals[hour]
    weeks = [(last - first - (slot - first) % WEEK) // WEEK + 1 for slot in range(WEEK)]
    daily = [sum(came[h::24]) / max(sum(weeks[h::24]), 1) for h in range(24)]
    weight = []
    for slot in range(WEEK):
        before, after = (slot - 1) % WEEK, (slot + 1) % WEEK
        seen = came[slot] + 0.5 * (came[before] + came[after]) + daily[slot % 24]
        share = seen / (weeks[slot] + 0.5 * (weeks[before] + weeks[after]) + 1)
        weight.append(-math.log1p(-min(share, 0.98)))
    return weight, [items[slot] / max(weeks[slot], 1) for slot in range(WEEK)]


def _sum(of_week: Sequence[float], start: int, end: int) -> float:
    """The sum over the hours from `start` up to, without, `end`."""
    whole, rest = divmod(max(end - start, 0), WEEK)
    return whole * sum(of_week) + sum(of_week[(start + i) % WEEK] for i in range(rest))


def _chance(surprise: float, pauses: Sequence[float]) -> float:
    """The share of the feed's pauses that are as surprising or more."""
    ordered = sorted(pauses)
    if surprise <= ordered[-1]:
        return (sum(one >= surprise for one in ordered) + 1) / (len(ordered) + 1)
    threshold = ordered[int(0.8 * len(ordered))]
    over = [one - threshold for one in ordered if one > threshold]
    scale = max(1.0, fmean(over) if over else 1.0)
    return min(0.2 * math.exp(-(surprise - threshold) / scale), 1 / (len(ordered) + 1))


def _negative_binomial(most: int, mean: float, variance: float) -> float:
    """The chance of at most `most` under a negative binomial of this mean and variance."""
    size = mean**2 / (variance - mean)
    share = size / (size + mean)
    terms = (
        math.lgamma(n + size) - math.lgamma(size) - math.lgamma(n + 1) + size * math.log(share) + n * math.log1p(-share)
        for n in range(most + 1)
    )
    return math.fsum(math.exp(term) for term in terms)


def _told(usual: float, found: int, hours: float, until: int, rare: float) -> Silence:
    # 1970 began on a Thursday.
    return Silence(
        usual=round(usual, 1),
        found=found,
        hours=hours,
        weekday=(until // 24 + 3) % 7,
        hour=until % 24,
        once_in=max(2, round(1 / max(rare, 1e-6))),
    )
