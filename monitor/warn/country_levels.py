"""The level of a country for one tag, day by day: counts against their own past, and single grave stories.

    orange  stories > upper bound of the reweighted EARS over four weeks, and at least LEAST_STORIES;
            or one new story of severity 3 where stories are rare
    red     stories > twice that bound, and at least RED_STORIES
    yellow  a story above what is expected, or of severity 2; blue: any story
A level rises at once and falls one step a day.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from monitor.domain import FeedKind, Item, Judgement, Level, Severity, Text, Trust
from monitor.i18n import N_
from monitor.warn.aberration import Bound, reweighted_ears
from monitor.warn.severity import assess
from monitor.warn.stories import OPEN_FOR, Stories

WEEKS = 4  # of past that a day is compared with
LEAST_STORIES = 2  # fewer are no aberration, however quiet the past was
RED_STORIES = 6
RARE = 2.0  # expected stories a day under which a single grave one is a shock by itself
ALPHA = 0.005
SURE = 0.5  # probability from which a judgement counts here
MOST_COUNTRIES = 2  # of one item: the first are the ones it is about
MOST_OPEN = 3_000  # stories, before those that ended are let go


@dataclass(frozen=True, slots=True)
class DayLevel:
    """One country, tag and day; `level` is None where there is nothing to say."""

    day: date
    country: str
    tag: str
    count: int
    expected: float
    upper: float
    level: Level | None
    reasons: tuple[str, ...] = ()


@dataclass
class CountryLevels:
    """The running levels of all countries and tags. Feed it one day after the other."""

    _past: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    _level: dict[tuple[str, str], int] = field(default_factory=dict)

    def day(self, day: date, found: dict[tuple[str, str], list[Severity]]) -> Iterator[DayLevel]:
        """What holds on `day`, given the severities of its stories by country and tag; days may not be left out."""
        for key in sorted({*self._past, *found}):
            severities = found.get(key, [])
            past = self._past[key]
            past.append(len(severities))
            del past[: -7 * WEEKS - 1]
            bound = bound_of(past) if severities else Bound()
            now, reasons = level_of_day(severities, bound)
            held = self._level.get(key, 0) - 1
            level = max(now, held)
            if held > now:
                reasons = (N_("falls one step a day"),)
            self._level[key] = max(level, 0)
            if severities or level > 0:
                shown = Level(level) if level > 0 else None
                yield DayLevel(day, *key, len(severities), bound.expected, bound.upper, shown, reasons)


def bound_of(counts: Sequence[int]) -> Bound:
    """Expected count and upper bound of the last day; a young series is filled up with empty days."""
    filled = [0] * (7 * WEEKS + 1 - len(counts)) + list(counts)
    bound = reweighted_ears(filled, alpha=ALPHA, baseline=7 * WEEKS)
    return Bound(0.0, 0.0) if math.isnan(bound.upper) else bound


def level_of_day(severities: Sequence[Severity], bound: Bound) -> tuple[int, tuple[str, ...]]:
    """The level that one day's stories give by themselves, 0 for none, and why."""
    count, worst = len(severities), max(severities, default=Severity.NONE)
    if not count:
        return 0, ()
    if count >= RED_STORIES and count > 2 * max(bound.upper, 1.0):
        return int(Level.RED), (N_("more than twice the upper bound"),)
    if count >= LEAST_STORIES and count > bound.upper:
        return int(Level.ORANGE), (N_("above the upper bound"),)
    if worst is Severity.CRITICAL and bound.expected < RARE:
        return int(Level.ORANGE), (N_("one grave story where stories are rare"),)
    if worst >= Severity.WARNING or count > bound.upper:
        return int(Level.YELLOW), (N_("a story of weight, or more than usual"),)
    return int(Level.BLUE), ()


def replayed(
    levels: CountryLevels, days: Iterable[tuple[date, dict[tuple[str, str], list[Severity]]]]
) -> Iterator[DayLevel]:
    """All levels of a dated stream, with the empty days between."""
    last: date | None = None
    for day, found in days:
        while last is not None and last + timedelta(1) < day:
            last += timedelta(1)
            yield from levels.day(last, {})
        yield from levels.day(day, found)
        last = day


def severities_of(
    days: Iterable[tuple[date, Sequence[Item]]], *, judge: Callable[[Sequence[Text]], Sequence[Judgement]]
) -> Iterator[tuple[date, dict[tuple[str, str], list[Severity]]]]:
    """The stories of each day, each once, as severities by country and tag; nothing of a later day is looked at."""
    stories = Stories()
    for day, items in days:
        if len(stories.by_id) > MOST_OPEN:
            opened = datetime.combine(day, time(), UTC) - OPEN_FOR
            stories = Stories(story for story in stories.by_id.values() if story.last_seen >= opened)
        worst: dict[tuple[str, str], dict[str, Severity]] = defaultdict(dict)
        texts = [Text(title=item.title, summary=item.summary, language=item.feed_language) for item in items]
        for item, text, judgement in zip(items, texts, judge(texts), strict=True):
            if max(judgement.probabilities.values(), default=0.0) < SURE or not judgement.labels:
                continue
            assessment = assess(text, judgement, trust=Trust.OTHER, kind=FeedKind.NEWS)
            story = stories.add(replace(item, judgement=judgement, assessment=assessment)).id
            for country in judgement.countries[:MOST_COUNTRIES]:
                for tag in judgement.labels:
                    of = worst[country, tag.value]
                    of[story] = max(of.get(story, Severity.NONE), assessment.severity)
        yield day, {key: list(of.values()) for key, of in worst.items()}


def of_stored(
    items: Iterable[Item], *, since: date, until: date
) -> Iterator[tuple[date, dict[tuple[str, str], list[Severity]]]]:
    """The same of items that were judged and grouped before: every day from `since` to `until`."""
    worst: dict[date, dict[tuple[str, str], dict[str, Severity]]] = defaultdict(lambda: defaultdict(dict))
    for item in items:
        judgement, assessment = item.judgement, item.assessment
        if judgement is None or assessment is None or not judgement.labels:
            continue
        for country in judgement.countries[:MOST_COUNTRIES]:
            for tag in judgement.labels:
                of = worst[item.moment.date()][country, tag.value]
                story = item.story or str(item.id)
                of[story] = max(of.get(story, Severity.NONE), assessment.severity)
    for number in range((until - since).days + 1):
        day = since + timedelta(number)
        yield day, {key: list(of.values()) for key, of in worst.get(day, {}).items()}
