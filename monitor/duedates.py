"""Dates that come nearer: which alert has which, and who is told again.

A date of a story stands in the database; the notice period of a policy follows from profile and alert.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from monitor.domain import Alert, Deadline, Notice, Profile
from monitor.shell import Shell
from monitor.store import Store
from monitor.warn.countdown import THRESHOLDS, countdown
from monitor.warn.cover import longest_notice_days, notice_deadlines

log = logging.getLogger(__name__)

SOON = timedelta(days=max(THRESHOLDS))


def dates_of(store: Store, alerts: Sequence[Alert], profiles: Iterable[Profile]) -> dict[str, tuple[Deadline, ...]]:
    """Every date of each alert, the soonest first, by the alert's id: of its story and of its profile's policies."""
    by_name = {profile.name: profile for profile in profiles}
    of_stories = store.deadlines_of(sorted({alert.story for alert in alerts}))
    found = {}
    for alert in alerts:
        profile = by_name.get(alert.profile)
        notice = notice_deadlines(profile, alert) if profile else ()
        found[alert.id] = tuple(sorted((*of_stories.get(alert.story, ()), *notice), key=lambda d: (d.on, d.kind)))
    return found


def coming(shell: Shell, *, now: datetime, profile: str = "") -> list[tuple[Alert, Deadline]]:
    """Dates from today to 90 days ahead of alerts that are neither over nor held back, the soonest first."""
    today = now.date()
    return sorted(
        (
            (alert, deadline)
            for alert, dates in _live(shell, today).values()
            for deadline in dates
            if not profile or alert.profile == profile
        ),
        key=lambda pair: (pair[1].on, pair[0].id, pair[1].kind),
    )


def remind(shell: Shell, *, now: datetime) -> int:
    """Write down the duties to tell of dates 90, 60, 30 and 7 days ahead, each once; returns how many."""
    profiles = {profile.name: profile for profile in shell.profiles}
    live = _live(shell, now.date())
    told = shell.store.told_due(sorted(live))
    wanted: list[Notice] = []
    for alert, dates in live.values():
        if alert.profile in profiles:
            wanted += countdown(alert, dates, profiles[alert.profile], told=told, now=now)
    shell.store.add_notices(wanted, at=now)
    if wanted:
        log.info("dates come nearer", extra={"notices": len(wanted)})
    return len(wanted)


def _live(shell: Shell, today: date) -> dict[str, tuple[Alert, tuple[Deadline, ...]]]:
    """Alerts with dates ahead, by id."""
    until = today + SOON
    found = {a.id: (a, dates) for a, dates in shell.store.alerts_with_deadlines(since=today, until=until)}
    for profile in shell.profiles:
        if not profile.covers:
            continue
        since = datetime.combine(today, datetime.min.time(), tzinfo=shell.clock().tzinfo) - timedelta(
            days=longest_notice_days(profile.covers)
        )
        for alert in shell.store.alerts(profile=profile.name, since=since):
            more = tuple(d for d in notice_deadlines(profile, alert) if today <= d.on <= until)
            if more and not alert.held and alert.state.value not in ("closed", "dismissed"):
                found[alert.id] = (alert, (*found.get(alert.id, (alert, ()))[1], *more))
    return found
