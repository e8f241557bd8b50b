"""What is known of one country, for one profile: a page to print, every line with its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from monitor.domain import TAGS, Alert, AlertState, Cover, DeadlineKind, FeedState, Item, Level, Profile
from monitor.duedates import dates_of
from monitor.gather import items_of
from monitor.i18n import translator
from monitor.notify import words
from monitor.notify.plain import one_line, safe_link
from monitor.notify.render import render_report
from monitor.planning import stage_of
from monitor.shell import Shell
from monitor.store.items import ItemFilter
from monitor.warn.playbooks import Planned, plan
from monitor.warn.profiles import countries_shared

CITED = 5  # sources named under one line; the rest is counted
LEVELS_OVER = timedelta(days=27)  # before today, in the chart
MOST_ALERTS, MOST_STORIES, MOST_STEPS = 50, 30, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a line comes from."""

    title: str
    link: str
    feed: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that is known, with those who say so."""

    title: str
    level: str  # red, orange, yellow, blue; empty for a story without an alert
    mark: str
    facts: tuple[str, ...]
    sources: tuple[Source, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A date that binds, the sentence it was read in, and where that stands."""

    on: date
    days: int
    what: str
    title: str
    sentence: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to do, by whom, by when, and the rule it follows."""

    text: str
    owner: str
    due: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagLevels:
    """The level for one tag over the last weeks, oldest first, and what the newest one rests on."""

    tag: str
    now: str  # red, orange, yellow, blue; empty for none
    now_word: str
    mark: str
    facts: str
    days: tuple[tuple[date, int, str, str], ...]  # day, height 0 to 4, its level, the same in words


def report(shell: Shell, country: str, profile: Profile, *, days: int, language: str, now: datetime) -> str:
    """The briefing of one country as an HTML page of its own, without scripts or remote parts."""
    say = translator(language)
    since = now - timedelta(days=days)
    alerts = [
        alert
        for alert in shell.store.alerts(profile=profile.name, since=since)
        if alert.state is not AlertState.DISMISSED and countries_shared((country,), alert.countries)
    ]
    known = items_of(shell.store, alerts)
    shown = alerts[:MOST_ALERTS]
    live = [alert for alert in alerts if alert.state is not AlertState.CLOSED]
    top = max(live, key=lambda alert: (alert.level, alert.points), default=None)
    return render_report(
        language,
        country=words.country_word(country, language),
        profile=one_line(profile.title or profile.name, 100),
        since=since,
        until=now,
        days=days,
        top=top and _alert_line(top, known[top.id], language),
        top_word=words.level_word(top.level, say) if top else "",
        because=[words.why(reason, say, language) for reason in top.reasons] if top else [],
        alerts=[_alert_line(alert, known[alert.id], language) for alert in shown],
        more_alerts=len(alerts) - len(shown),
        stories=_stories(shell, country, {alert.story for alert in alerts}, since=since, language=language),
        dues=_dues(shell, live, language=language, now=now),
        steps=_steps(shell, live, language=language),
        levels=_levels(shell, country, language=language, today=now.date()),
        sources=_coverage(shell, country),
        covers=_covers(profile, country, live),
    )


def _levels(shell: Shell, country: str, *, language: str, today: date) -> list[TagLevels]:
    """The country's level for each tag that had one in the last weeks."""
    say, first = translator(language), today - LEVELS_OVER
    known = {(row.tag, row.day): row for row in shell.store.level_days(since=first, until=today, country=country)}
    days = [first + timedelta(number) for number in range(LEVELS_OVER.days + 1)]
    found = []
    for tag in (tag for tag in TAGS if any((tag, day) in known for day in days)):
        levels = [known[tag, day].level if (tag, day) in known else None for day in days]
        named = [words.level_word(level, say) if level else say.gettext("none") for level in levels]
        newest = known.get((tag, today))
        found.append(
            TagLevels(
                tag=words.tag_word(tag, say),
                now=levels[-1].word if levels[-1] else "",
                now_word=named[-1],
                mark=words.mark(levels[-1]) if levels[-1] else "",
                facts=words.level_facts(newest, say) if newest else "",
                days=tuple(
                    (day, int(level or 0), level.word if level else "", word)
                    for day, level, word in zip(days, levels, named, strict=True)
                ),
            )
        )
    return found


def _alert_line(alert: Alert, items: Sequence[Item], language: str) -> Line:
    say = translator(language)
    tags = (words.tag_word(tag, say) for tag in alert.labels)
    topics = (words.topic_word(topic, say) for topic in alert.topics)
    stage = stage_of(items, ())
    facts = [words.level_word(alert.level, say), words.state_word(alert.state, say)]
    facts += [*tags, *topics, words.severity_word(alert.severity, say), words.certainty_word(alert.certainty, say)]
    if stage is not None:
        facts.append(words.stage_word(stage, say))
    told = tuple(dict.fromkeys(fact for fact in facts if fact))
    return _line(words.headline(alert.title, say), alert.url, items, alert.level, told)


def _line(title: str, url: str, items: Sequence[Item], level: Level | None, facts: tuple[str, ...]) -> Line:
    cited = [
        Source(
            title=one_line(item.title), link=safe_link(item.url), feed=one_line(item.feed, 100), on=item.moment.date()
        )
        for item in items
    ]
    cited.sort(key=lambda source: (not source.link, source.on))
    return Line(
        title=one_line(title),
        level=level.word if level else "",
        mark=words.mark(level) if level else "",
        facts=facts,
        sources=tuple(cited[:CITED]),
        more=max(len(cited) - CITED, 0),
    )


def _stories(shell: Shell, country: str, alerted: set[str], *, since: datetime, language: str) -> list[Line]:
    """Flagged reports of the country that raised no alert of this profile, by story, the newest first."""
    say = translator(language)
    by_story: dict[str, list[Item]] = {}
    for item in shell.store.items(ItemFilter(country=country, since=since, flagged=True, limit=1000)):
        if item.story not in alerted:
            by_story.setdefault(item.story or str(item.id), []).append(item)
    lines = []
    for items in list(by_story.values())[:MOST_STORIES]:
        judged = items[0].judgement
        facts = tuple(words.tag_word(tag, say) for tag in judged.labels) if judged else ()
        lines.append(_line(items[-1].title, items[-1].url, items, None, facts))
    return lines


def _dues(shell: Shell, alerts: Sequence[Alert], *, language: str, now: datetime) -> list[Due]:
    say, today = translator(language), now.date()
    by_id = {alert.id: alert for alert in alerts}
    found = [
        Due(
            on=deadline.on,
            days=(deadline.on - today).days,
            what=words.deadline_word(deadline.kind, say),
            title=one_line(by_id[alert].title),
            sentence=one_line(deadline.sentence),
            link=safe_link(deadline.url or by_id[alert].url) if deadline.kind is not DeadlineKind.COVER_NOTICE else "",
        )
        for alert, deadlines in dates_of(shell.store, alerts, shell.profiles).items()
        for deadline in deadlines
        if deadline.on >= today
    ]
    return sorted(found, key=lambda due: (due.on, due.title))


def _steps(shell: Shell, alerts: Sequence[Alert], *, language: str) -> list[Step]:
    """The first steps of each plan that the alerts ask for, each step once, the soonest first."""
    soonest: dict[str, Planned] = {}
    for alert in alerts:
        for planned in plan(shell.playbooks, alert).steps[:MOST_STEPS]:
            former = soonest.get(planned.step.id)
            if former is None or planned.due < former.due:
                soonest[planned.step.id] = planned
    return [
        Step(
            text=one_line(planned.step.text.said(language)),
            owner=shell.playbooks.roles[planned.step.owner].said(language),
            due=planned.due,
            source=", ".join(planned.step.source),
        )
        for planned in sorted(soonest.values(), key=lambda planned: planned.due)
    ]


def _coverage(shell: Shell, country: str) -> list[FeedState]:
    """The feeds that speak for this country, those that answer first."""
    states = [s for s in shell.store.feed_states(shell.feeds) if s.polled_from and s.feed.country == country]
    return sorted(states, key=lambda state: (state.failures > 0 or state.last_ok is None, state.feed.name))


def _covers(profile: Profile, country: str, alerts: Sequence[Alert]) -> list[tuple[Cover, date | None]]:
    """Policies that pay in this country, with the day by which the insurer has to know of the oldest open alert."""
    from monitor.warn.cover import covers_of

    found: list[tuple[Cover, Any]] = []
    for cover in profile.covers:
        if cover.countries and country not in cover.countries:
            continue
        opened = [alert.opened for alert in alerts if cover in covers_of(profile, alert)]
        found.append((cover, (min(opened) + cover.notice).date() if opened else None))
    return found
