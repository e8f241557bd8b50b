"""The level of a country for one tag, day by day: counts against their own past, and single grave stories.

    orange  the reports of a country, of any tag: at least LEAST and above their upper bound; and in a country that
            was not orange for QUIET days: as the first with LEAST_FLAGGED flagged stories;
            or, where no more than LEAST reports a day are usual, a new story of severity 2 or 3 that is judged for
            sure, where there was none for QUIET days, or of an upheaval, where there was none for BACK days
    red     as the first, more than twice the bound and at least RED
    yellow  a story of severity 2 or 3, or more than expected; blue: any story
    bound   mean + t(1 - ALPHA, n - 1) * standard deviation * sqrt(1 + 1 / n) of the n = 28 days before (EARS)

A level rises at once and falls one step a day. Reports count whether they were flagged or only likely enough: a
shock makes many texts of which each is doubtful. Counted are those sources alone that were there all the time a
day is compared with, so that a source coming or going is no signal; a grave story counts whoever tells it.
docs/decisions tells why.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from itertools import chain

from monitor.domain import (
    TAGS,
    Certainty,
    DayLevel,
    FeedKind,
    Item,
    Judgement,
    Level,
    OpenStories,
    Reported,
    Severity,
    Story,
    StoryDay,
    Tag,
    Text,
    Trust,
    Urgency,
)
from monitor.i18n import N_
from monitor.text.places import places
from monitor.warn.aberration import EARS_ALPHA, Bound, reweighted_ears
from monitor.warn.forecast import forecast
from monitor.warn.severity import assess
from monitor.warn.stories import OPEN_FOR, Stories
from monitor.warn.upheaval import is_upheaval

BACK = 28  # days of past that a day is compared with
LEAST_BACK = 14  # a younger watch compares nothing: everything would be more than usual
SPEAKS = timedelta(days=BACK)  # a source that has been silent for longer has gone
FIRST = timedelta(days=7)  # what came in the watch's first days was always there
LEAST = 3  # less is no aberration, however quiet the past was
LEAST_FLAGGED = 2  # ... where as many stories were flagged
RED = 9
ALPHA = EARS_ALPHA
LIKELY = 0.15  # probability from which a report counts, flagged or not
SURE = 0.9  # ... from which one grave story counts by itself
QUIET = timedelta(days=7)  # without a story as grave, so that one is a shock
GRAVE = Severity.WARNING
TWICE, ABOVE = N_("more than twice the upper bound"), N_("above the upper bound")
SHOCK = N_("a grave story where there was none for a week")
UPHEAVAL = N_("many dead or power taken by force, where there was none for four weeks")
MORE = frozenset({TWICE, ABOVE})
MOST_COUNTRIES = 2  # of one item: the first are the ones it is about
MOST_OPEN = 3_000  # stories, before those that ended are let go

Key = tuple[str, Tag]
Found = Mapping[Key, Sequence[StoryDay]]


@dataclass
class Sources:
    """Since when and until when each source has spoken."""

    begun: date | None = None  # when the watch began
    first: dict[str, date] = field(default_factory=dict)
    last: dict[str, date] = field(default_factory=dict)

    def heard(self, source: str, day: date) -> None:
        """A source said something on a day; days come in order."""
        self.begun = self.begun or day
        self.first.setdefault(source, day)
        self.last[source] = day

    def steady(self, day: date) -> frozenset[str]:
        """The sources that a count of `day` may be compared by: here as long as the past, and not gone."""
        begun = self.begun or day
        since = max(day - timedelta(BACK), begun + FIRST)
        return frozenset(
            source for source, first in self.first.items() if first <= since and day - self.last[source] <= SPEAKS
        )


class CountryLevels:
    """The running levels of all countries and tags. Feed it one day after the other.

    `known` are the levels of the days before, in any order; what it yields can be given to another later.
    """

    def __init__(self, sources: Sources | None = None, *, known: Iterable[DayLevel] = ()) -> None:
        self.sources = sources or Sources()
        self._past: dict[Key, dict[date, tuple[StoryDay, ...]]] = defaultdict(dict)
        self._level: dict[Key, int] = {}
        self._raised: dict[str, date] = {}  # country -> when it last was orange
        rows = list(known)
        latest = max((row.day for row in rows), default=None)
        for row in rows:
            self._past[row.key][row.day] = row.told
            if (row.level or 0) >= Level.ORANGE:
                self._raised[row.country] = max(row.day, self._raised.get(row.country, row.day))
            if row.day == latest and row.level:
                self._level[row.key] = int(row.level)

    def day(self, day: date, found: Found) -> Iterator[DayLevel]:
        """What holds on `day`; days may not be left out."""
        steady = self.sources.steady(day)
        age = max(0, min(BACK, (day - (self.sources.begun or day)).days))  # it began later, where a clock was set back
        days = [day - timedelta(back) for back in range(age, -1, -1)]
        for key in found:
            self._past[key][day] = tuple(found[key])
        countries = {country: self._reports(country, days, steady) for country in {country for country, _ in found}}
        raised = dict(self._raised)
        for key in sorted({*self._level, *found}):
            told, past, held = tuple(found.get(key, ())), self._past[key], self._level.get(key, 0) - 1
            for old in [d for d in past if (day - d).days > BACK]:
                del past[old]
            if not told and held <= 0:
                self._level.pop(key, None)
                continue
            before = [past.get(d, ()) for d in days]
            reports = countries.get(key[0]) or self._reports(key[0], days, steady)
            counts = [sum(story.flagged and bool(story.feeds & steady) for story in of) for of in before]
            calm = key[0] not in raised or day - raised[key[0]] > QUIET
            flagged = {s.story for tag in TAGS for s in found.get((key[0], tag), ()) if s.flagged and s.feeds & steady}
            least = LEAST_FLAGGED if calm and len(flagged) >= LEAST_FLAGGED else LEAST
            week = (story for d in days[:-1] if day - d <= QUIET for story in past.get(d, ()))
            told_of = sum(reports[:-1]) > LEAST * (len(reports) - 1)  # so often that no single story is news
            shock = _shock(told, week=week, past=chain.from_iterable(before[:-1])) if calm and not told_of else ""
            most = 2 * _told(told) >= max(_told(found.get((key[0], tag), ())) for tag in TAGS)
            now, reasons = level_of_day(told, reports=reports if most else [], least=least, shock=shock)
            level = max(now, held)
            if held > now:
                reasons = (N_("falls one step a day"),)
            self._level[key] = level
            if level >= Level.ORANGE:
                self._raised[key[0]] = day
            bound, (expected, error) = bound_of(counts), forecast(counts)
            young = math.isnan(bound.upper)
            yield DayLevel(
                day=day,
                country=key[0],
                tag=key[1],
                count=counts[-1],
                expected=0.0 if young else bound.expected,
                upper=0.0 if young else bound.upper,
                level=Level(level) if level > 0 else None,
                reasons=reasons,
                forecast=expected,
                error=error,
                told=told,
                story=max(told, key=lambda story: (story.severity, story.new, story.story)).story if told else "",
            )

    def _reports(self, country: str, days: Sequence[date], steady: frozenset[str]) -> list[int]:
        """Reports of a country by day, whatever their tag, each once."""
        of = [self._past[country, tag] for tag in TAGS if (country, tag) in self._past]
        found = []
        for day in days:
            each: dict[str, int] = {}
            for past in of:
                for story in past.get(day, ()):
                    if story.feeds & steady:
                        each[story.story] = max(each.get(story.story, 0), story.reports)
            found.append(sum(each.values()))
        return found


def _told(stories: Iterable[StoryDay]) -> int:
    return sum(story.reports for story in stories)


def is_grave(story: StoryDay) -> bool:
    """Whether one story by itself may be a shock."""
    return story.severity >= GRAVE and story.chance >= SURE


def _shock(told: Sequence[StoryDay], *, week: Iterable[StoryDay], past: Iterable[StoryDay]) -> str:
    """Why a new story raises a level by itself; empty where none does, or where such stories are usual."""
    new = [story for story in told if story.new and story.flagged]
    if any(map(is_grave, new)) and not any(map(is_grave, week)):
        return SHOCK
    return UPHEAVAL if any(s.upheaval for s in new) and not any(s.upheaval for s in past) else ""


def bound_of(series: Sequence[int]) -> Bound:
    """Expected value and upper bound of the last day; NaN where the past is too short."""
    back = len(series) - 1
    if back < LEAST_BACK:
        return Bound()
    return reweighted_ears(series, alpha=ALPHA, baseline=back, reweight=False)


def level_of_day(
    told: Sequence[StoryDay], *, reports: Sequence[int], least: int, shock: str
) -> tuple[int, tuple[str, ...]]:
    """The level that one day's stories give by themselves, 0 for none, and why.

    `least`: reports that there must be; `shock`: why a single story raises the level, if one does.
    """
    flagged = [story for story in told if story.flagged]
    if not told:
        return 0, ()
    count, upper = (reports[-1], bound_of(reports).upper) if reports else (0, math.nan)
    if count >= RED and count > 2 * max(upper, 1.0):
        return int(Level.RED), (TWICE,)
    if count >= least and count > upper:
        return int(Level.ORANGE), (ABOVE,)
    if shock:
        return int(Level.ORANGE), (shock,)
    if not flagged:
        return 0, ()
    if count > upper or any(story.severity >= GRAVE for story in flagged):
        return int(Level.YELLOW), (N_("a story of weight, or more than usual"),)
    return int(Level.BLUE), ()


def replayed(levels: CountryLevels, days: Iterable[tuple[date, Found]]) -> Iterator[DayLevel]:
    """All levels of a dated stream, with the empty days between."""
    last: date | None = None
    for day, found in days:
        while last is not None and last + timedelta(1) < day:
            last += timedelta(1)
            yield from levels.day(last, {})
        yield from levels.day(day, found)
        last = day


def judged_days(
    days: Iterable[tuple[date, Sequence[Item]]],
    *,
    judge: Callable[[Sequence[Text]], Sequence[Judgement]],
    sources: Sources,
) -> Iterator[tuple[date, Found]]:
    """The stories of each day of a stream that is judged as it goes; nothing of a later day is looked at."""
    stories = Stories()
    for day, items in days:
        for item in items:
            sources.heard(item.feed, day)
        if len(stories.by_id) > MOST_OPEN:
            opened = datetime.combine(day, time(), UTC) - OPEN_FOR
            stories = Stories(OpenStories.of(story for story in stories.by_id.values() if story.last_seen >= opened))
        texts = [Text(title=item.title, summary=item.summary, language=item.feed_language) for item in items]
        reported = []
        for item, text, judgement in zip(items, texts, judge(texts), strict=True):
            if not (tags := tags_of(judgement)):
                continue
            assessment = assess(text, judgement, trust=Trust.OTHER, kind=FeedKind.NEWS)
            report = read(
                Reported(
                    moment=item.moment,
                    story="",
                    began=None,
                    feed=item.feed,
                    tags=tags,
                    countries=judgement.countries,
                    severity=assessment.severity,
                    chance=max(judgement.probabilities.values()),
                    flagged=judgement.flagged,
                    text=replace(text, language=judgement.language),
                )
            )
            placed = replace(judgement, countries=report.countries)
            story = stories.add(replace(item, judgement=placed, assessment=assessment))
            reported.append(report._replace(story=story.id, began=story.first_seen))
        yield day, stories_of_day(day, reported)


def tags_of(judgement: Judgement) -> tuple[Tag, ...]:
    """The tags a report counts for: those it was flagged with, else the likeliest, where that is likely enough."""
    if judgement.labels:
        return judgement.labels
    tag, chance = max(judgement.probabilities.items(), key=lambda pair: pair[1], default=(None, 0.0))
    return (tag,) if tag is not None and chance >= LIKELY else ()


def counts_alone(text: Text, judgement: Judgement) -> bool:
    """Whether a report may raise a level by itself, so that the exact tier is worth asking."""
    if not judgement.flagged:
        return False
    return is_upheaval(text) or assess(text, judgement, trust=Trust.OTHER, kind=FeedKind.NEWS).severity >= GRAVE


def read(report: Reported) -> Reported:
    """With what nobody asked yet: where the risk lies that was not flagged; whether one that was is an upheaval."""
    if (text := report.text) is None:
        return report
    if report.flagged:
        return report._replace(text=None, upheaval=is_upheaval(text))
    return report._replace(text=None, countries=places(text.title, text.summary, text.language).countries)


def reported_days(reported: Iterable[Reported], *, since: date, until: date) -> Iterator[tuple[date, Found]]:
    """The stories of every day from `since` to `until`, both included."""
    by_day: dict[date, list[Reported]] = defaultdict(list)
    for one in reported:
        by_day[one.moment.date()].append(one)
    for number in range((until - since).days + 1):
        day = since + timedelta(number)
        yield day, stories_of_day(day, by_day.get(day, ()))


def stories_of_day(day: date, reported: Iterable[Reported]) -> Found:
    """The stories of one day by country and tag."""
    found: dict[Key, dict[str, StoryDay]] = defaultdict(dict)
    reports: Counter[tuple[str, str]] = Counter()
    for one in reported:
        countries = one.countries[:MOST_COUNTRIES]
        reports.update((country, one.story) for country in countries)
        for key in ((country, tag) for country in countries for tag in one.tags):
            former = found[key].get(one.story)
            found[key][one.story] = StoryDay(
                story=one.story,
                severity=max(one.severity, former.severity if former else Severity.NONE),
                feeds=(former.feeds if former else frozenset()) | {one.feed},
                new=one.began is None or one.began.date() >= day,
                chance=max(one.chance, former.chance if former else 0.0),
                flagged=one.flagged or (former is not None and former.flagged),
                upheaval=(one.upheaval and key[0] == countries[0]) or (former is not None and former.upheaval),
            )
    return {
        key: [replace(story, reports=reports[key[0], story.story]) for story in of.values()]
        for key, of in found.items()
    }


def more(row: DayLevel) -> bool:
    """Whether a level says that there are more stories than usual, not only that one of them is grave."""
    return bool(MORE.intersection(row.reasons))


def begun(row: DayLevel, days: Iterable[DayLevel]) -> date:
    """The first day of the run of orange or red that a level belongs to; `days` are those of orange or red."""
    high = {other.day for other in days if other.key == row.key}
    first = row.day
    while first - timedelta(1) in high:
        first -= timedelta(1)
    return first


def story_of(row: DayLevel, *, begun: date, items: Sequence[Item], now: datetime) -> Story:
    """A level as a story, named after country, tag and the day it rose: the same run gives the same story."""
    identity = f"{row.country}\0{row.tag.value}\0{begun.isoformat()}".encode()
    level = row.level or Level.BLUE
    return Story(
        id="l" + blake2b(identity, digest_size=6).hexdigest(),
        title=f"{row.country} {row.tag.value}: {row.count} stories, at most {row.upper:.1f} expected",
        url=next((item.url for item in items if item.url), ""),
        language="en",
        first_seen=min((item.moment for item in items), default=now),
        last_seen=now,
        labels=(row.tag,),
        topics=(),
        countries=(row.country,),
        severity=Severity.CRITICAL if level is Level.RED else Severity.WARNING,
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.REPORTED,
        item_count=len(items),
        feeds=tuple(dict.fromkeys(item.feed for item in items)),
    )


def reasons_of(row: DayLevel) -> tuple[str, ...]:
    """Why a level is what it is, in words."""
    return (
        f"{row.count} stories on {row.day.isoformat()}; its own past lets expect {row.expected:.1f}, "
        f"at most {row.upper:.1f}",
        *row.reasons,
    )
