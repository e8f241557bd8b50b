"""Levels of countries against their own past, reckoned after each pass that brought something, and told.

What is reckoned twice comes out the same, so a pass that ended early is made good by the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from monitor.domain import DayLevel, Decision, Item, Level
from monitor.errors import ConflictError
from monitor.shell import Shell
from monitor.store.items import ItemFilter
from monitor.warn import country_levels
from monitor.warn.country_levels import CountryLevels, Sources, replayed, reported_days
from monitor.warn.decide import alert_id, decide_burst
from monitor.warn.profiles import match

log = logging.getLogger(__name__)

OVER = timedelta(days=2 * country_levels.BACK)  # so far back levels are reckoned the first time
DAY = timedelta(days=1)


def watch(shell: Shell, *, now: datetime) -> Iterator[Decision]:
    """Bring levels up to now, then raise alerts of what rose; yields what was decided, already written."""
    levels_until(shell, now)
    yield from _tell_levels(shell, now=now)


def levels_until(shell: Shell, now: datetime) -> None:
    """Reckon the levels of every day that may have changed since the last time, and keep them."""
    began = shell.store.watching_since()
    if began is None:
        return
    with shell.store.deciding():  # the machines of one database take turns
        _reckon(shell, began, now=now)


def _reckon(shell: Shell, began: datetime, *, now: datetime) -> None:
    today, last = now.date(), shell.store.last_level_day()
    first = max(began.date(), today - OVER) if last is None else min(last, today - DAY)
    known = shell.store.level_days(since=first - timedelta(days=country_levels.BACK), until=first - DAY)
    since = datetime.combine(first, time(), UTC)
    reported = map(country_levels.read, shell.store.reported(since=since, likely=country_levels.LIKELY))
    found = reported_days(reported, since=first, until=max(today, first))
    rows = replayed(CountryLevels(_sources(shell, began), known=known), found)
    shell.store.put_levels(list(rows), since=first, until=max(today, first))


def _sources(shell: Shell, began: datetime) -> Sources:
    """A feed speaks from its first answer until its last, or until it leaves the list."""
    states = [s for s in shell.store.feed_states(shell.feeds) if s.first_polled and s.last_ok and s.polled_from]
    return Sources(
        begun=began.date(),
        first={s.feed.name: s.first_polled.date() for s in states if s.first_polled},
        last={s.feed.name: s.last_ok.date() for s in states if s.last_ok},
    )


def _tell_levels(shell: Shell, *, now: datetime) -> Iterator[Decision]:
    """An alert of each country and tag whose stories are more than usual, to the profiles that it concerns."""
    risen = [row for row in shell.store.level_days(since=now.date(), least=Level.ORANGE) if country_levels.more(row)]
    if not risen:
        return
    back = shell.store.level_days(since=now.date() - timedelta(days=country_levels.BACK), least=Level.ORANGE)
    for row in risen:
        items = _items_of(shell, row)
        story = country_levels.story_of(row, begun=country_levels.begun(row, back), items=items, now=now)
        for profile in shell.profiles:
            found = match(profile, story, items)
            former = shell.store.alert(alert_id(profile.name, story.id)) if found.concerned else None
            if not found.concerned or (former is not None and former.level >= (row.level or Level.BLUE)):
                continue
            known = shell.store.known(since=now, today=now - DAY)
            if former is not None:
                known = replace(known, alerts={(profile.name, story.id): former})
            reasons = (*found.reasons, *country_levels.reasons_of(row))
            decision = decide_burst(story, reasons, known=known, profile=profile, points=found.points, now=now)
            if decision.alerts and _kept(shell, decision, ()):
                yield decision


def _items_of(shell: Shell, row: DayLevel) -> list[Item]:
    """The items of the day behind a level."""
    since = datetime.combine(row.day, time(), UTC)
    items = shell.store.items(ItemFilter(since=since, country=row.country, tag=row.tag, flagged=True, limit=200))
    return sorted(items, key=lambda item: item.story != row.story)


def _kept(shell: Shell, decision: Decision, items: list[int] | tuple[()]) -> bool:
    try:
        shell.store.record_burst(decision, items)
    except ConflictError:
        log.info("an aberration is told by the next pass")
        return False
    return True
