"""What a profile would have heard of: stored items decided again, day by day, for it alone.

Source: 001#III.3 (responses are ready beforehand); nothing is written and nobody is told
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from monitor.domain import Alert, Item, Known, Level, OpenStories, Profile, ProfileState, Story
from monitor.warn.decide import decide
from monitor.warn.stories import OPEN_FOR


@dataclass(frozen=True, slots=True)
class Day:
    """What one day would have brought."""

    day: date
    items: int  # flagged items of that day
    at_once: int
    in_digest: int
    held: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a span of days would have brought one profile."""

    profile: str
    days: tuple[Day, ...]
    alerts: tuple[Alert, ...]  # the gravest first, those held back among them

    def count(self, level: Level) -> int:
        """Alerts of one level that would have been told."""
        return sum(alert.level is level and not alert.held for alert in self.alerts)


def rehearse(profile: Profile, items: Iterable[Item], *, since: datetime, until: datetime) -> Rehearsal:
    """Run `profile` over judged items between two moments, as if it had been switched on at `since`.

    What was baseline when its feed was first read counts here: it is what the feed would have brought.
    """
    active = replace(profile, state=ProfileState.ACTIVE)
    by_day: dict[date, list[Item]] = defaultdict(list)
    for item in items:
        if item.judgement and item.judgement.flagged and since <= item.moment <= until:
            by_day[item.moment.date()].append(replace(item, baseline=False))
    stories: dict[str, Story] = {}
    alerts: dict[tuple[str, str], Alert] = {}
    days = []
    for day in sorted(by_day):
        end = datetime.combine(day, time.max, tzinfo=UTC)
        open_ones = (story for story in stories.values() if end - story.last_seen <= OPEN_FOR + timedelta(days=1))
        known = Known(stories=OpenStories.of(open_ones), alerts=alerts)
        decision = decide(by_day[day], known=known, profiles=[active], now=end)
        stories.update({story.id: story for story in decision.stories})
        new = [alert for alert in decision.alerts if (alert.profile, alert.story) not in alerts]
        told = [alert for alert in new if not alert.held]
        at_once = sum(alert.level >= active.immediate for alert in told)
        alerts.update({(alert.profile, alert.story): alert for alert in decision.alerts})
        days.append(Day(day, len(by_day[day]), at_once, len(told) - at_once, len(new) - len(told)))
    ranked = sorted(alerts.values(), key=lambda a: (a.held, -a.level, -a.points, a.id))
    return Rehearsal(profile.name, tuple(days), tuple(ranked))
