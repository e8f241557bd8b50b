"""Brands that are named more than their own past lets expect: found in the mentions stored, told as alerts."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta

from monitor.domain import BrandDay, Decision, NameKind, Profile
from monitor.errors import ConflictError
from monitor.shell import Shell
from monitor.store.items import ItemFilter
from monitor.warn import brands
from monitor.warn.brands import Burst
from monitor.warn.decide import alert_id, decide_burst

log = logging.getLogger(__name__)


def watch_brands(shell: Shell, *, now: datetime) -> list[Decision]:
    """Raise an alert where a brand is named today more than its own past lets expect; what was written down."""
    told: list[Decision] = []
    began = shell.store.watching_since()
    if began is None or now - began < brands.BACK:
        return told  # there is no past yet to compare with
    for profile in shell.profiles:
        if not profile.named(NameKind.BRAND):
            continue
        days: dict[str, dict[date, BrandDay]] = defaultdict(dict)
        for day in shell.store.brand_days(profile=profile.name, since=now.date() - brands.BACK):
            days[day.brand][day.day] = day
        for of_brand in days.values():
            if found := brands.burst(of_brand, now.date()):
                told += _tell_burst(shell, profile, found, now=now)
    return told


def _tell_burst(shell: Shell, profile: Profile, found: Burst, *, now: datetime) -> list[Decision]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    named = [
        item
        for item in shell.store.items(ItemFilter(since=midnight))
        if found.day.brand in brands.brands_in(profile, item)
    ]
    story, reasons = brands.story_of(found, now=now, items=named), brands.reasons_of(found)
    known = shell.store.known(since=now, today=now - timedelta(days=1))
    former = shell.store.alert(alert_id(profile.name, story.id))
    if former is not None and former.title == story.title:
        return []  # nothing new was said of it since the last pass
    known = replace(known, alerts={(profile.name, story.id): former} if former else {})
    decision = decide_burst(story, reasons, known=known, profile=profile, points=20 * int(story.severity), now=now)
    try:
        shell.store.record_burst(decision, [item.id for item in named if item.id is not None])
    except ConflictError:
        log.info("a burst is told by the next pass", extra={"profile": profile.name})
        return []
    return [decision]
