"""From judged items to alerts and the duty to tell: one pure decision over known facts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from monitor.domain import (
    SELF,
    Alert,
    AlertEvent,
    AlertState,
    Decision,
    Item,
    Known,
    Level,
    Match,
    Notice,
    Profile,
    Reason,
    Story,
)
from monitor.warn.brands import mentions
from monitor.warn.levels import level_of
from monitor.warn.obligations import deadlines_of
from monitor.warn.profiles import match
from monitor.warn.stories import Meaning, Stories

AlertsOf = Callable[[Sequence[str]], Mapping[str, Sequence[Alert]]]  # the alerts of stories, by story


def decide(
    items: Sequence[Item],
    *,
    known: Known,
    profiles: Sequence[Profile],
    now: datetime,
    meaning: Meaning | None = None,
    alerts_of: AlertsOf | None = None,
) -> Decision:
    """What follows from newly judged items: stories, alerts and notices, to be written in one transaction.

    `alerts_of` reads the alerts of those stories that items joined, where `known` does not hold them.
    """
    flagged = [item for item in items if item.judgement and item.judgement.flagged and not item.baseline]
    if not flagged:
        return Decision(version=known.version, mentions=mentions(items, profiles))
    stories = Stories(known.stories, meaning=meaning)
    in_order = sorted(flagged, key=lambda item: (item.moment, item.ref))
    joined = stories.add_all(in_order)
    story_of = {item.ref: story.id for item, story in zip(in_order, joined, strict=True)}
    members = defaultdict(list)
    for item in flagged:
        members[story_of[item.ref]].append(item)
    changed = [stories.by_id[story] for story in stories.changed]
    if alerts_of is not None:
        theirs = (alert for of_story in alerts_of(list(stories.changed)).values() for alert in of_story)
        known = replace(known, alerts={(alert.profile, alert.story): alert for alert in theirs})
    plans = [
        plan for profile in profiles for plan in _for_profile(profile, changed, members=members, known=known, now=now)
    ]
    return Decision(
        version=known.version,
        story_of=story_of,
        stories=tuple(changed),
        alerts=tuple(alert for alert, _, _ in plans),
        notices=tuple(notice for _, notices, _ in plans for notice in notices),
        events=tuple(event for _, _, events in plans for event in events),
        deadlines=deadlines_of(flagged, story_of, now=now),
        mentions=mentions(items, profiles),
    )


_Plan = tuple[Alert, tuple[Notice, ...], tuple[AlertEvent, ...]]


def _for_profile(
    profile: Profile, stories: Sequence[Story], *, members: dict[str, list[Item]], known: Known, now: datetime
) -> list[_Plan]:
    matched = [(story, match(profile, story, members[story.id])) for story in stories]
    ranked = sorted(
        (
            (story, found, *level_of(story))
            for story, found in matched
            if found.concerned or (profile.name, story.id) in known.alerts
        ),
        key=lambda entry: (-int(entry[2]), -entry[1].points, entry[0].id),
    )
    room = Counter({profile.name: profile.budget - known.raised_today.get(profile.name, 0)})
    plans = []
    for story, found, level, why in ranked:
        former = known.alerts.get((profile.name, story.id))
        if level < profile.least and former is None:
            continue
        reasons = (*found.reasons, *why)
        if former is None:
            held = room[profile.name] <= 0 and level < Level.RED  # what is critical is never held back
            room[profile.name] -= not held
            plans.append(_raised(profile, story, level, found, reasons, held=held, now=now))
        else:
            plans.append(_updated(profile, former, story, level, found, reasons, now=now))
    return plans


def decide_burst(
    story: Story, reasons: tuple[str, ...], *, known: Known, profile: Profile, points: int, now: datetime
) -> Decision:
    """What follows from a burst of mentions: its story and the alert of the one profile whose brand it is."""
    level, why = level_of(story)
    found = Match(profile=profile.name, concerned=True, points=points, reasons=reasons)
    former = known.alerts.get((profile.name, story.id))
    if former is None:
        if level < profile.least:
            return Decision(version=known.version)
        held = known.raised_today.get(profile.name, 0) >= profile.budget and level < Level.RED
        plan = _raised(profile, story, level, found, (*reasons, *why), held=held, now=now)
    else:
        plan = _updated(profile, former, story, level, found, (*reasons, *why), now=now)
    alert, notices, events = plan
    return Decision(version=known.version, stories=(story,), alerts=(alert,), notices=notices, events=events)


def alert_id(profile: str, story: str) -> str:
    """An alert is named after its profile and story, so repeating the work names it the same."""
    return "a" + blake2b(f"{profile}\0{story}".encode(), digest_size=6).hexdigest()


def _raised(
    profile: Profile, story: Story, level: Level, found: Match, reasons: tuple[str, ...], *, held: bool, now: datetime
) -> _Plan:
    alert = _of_story(
        Alert(
            id=alert_id(profile.name, story.id),
            profile=profile.name,
            story=story.id,
            level=level,
            state=AlertState.OPEN,
            title=story.title,
            url=story.url,
            labels=(),
            topics=(),
            countries=(),
            severity=story.severity,
            urgency=story.urgency,
            certainty=story.certainty,
            points=found.points,
            reasons=reasons,
            opened=now,
            updated=now,
            held=held,
        ),
        story,
    )
    event = AlertEvent(alert=alert.id, at=now, author=SELF, what="held" if held else "raised", note=level.word)
    return alert, () if held else _notices(profile, alert, Reason.FIRST), (event,)


def _updated(
    profile: Profile,
    former: Alert,
    story: Story,
    level: Level,
    found: Match,
    reasons: tuple[str, ...],
    *,
    now: datetime,
) -> _Plan:
    """More of a story that was alerted: a worse level is material and told; growth alone is not."""
    worse = level > former.level and former.state not in (AlertState.CLOSED, AlertState.DISMISSED)
    kept_back = former.held and not (worse and level is Level.RED)
    alert = _of_story(
        replace(
            former,
            level=max(level, former.level),
            points=max(found.points, former.points),
            reasons=reasons if found.concerned else former.reasons,
            updated=now,
            revision=former.revision + worse,
            held=kept_back,
        ),
        story,
    )
    if not worse:
        return alert, (), ()
    event = AlertEvent(alert=alert.id, at=now, author=SELF, what="worsened", note=f"{former.level.word} {level.word}")
    reason = Reason.FIRST if former.held else Reason.WORSENED
    return alert, () if kept_back else _notices(profile, alert, reason), (event,)


def _of_story(alert: Alert, story: Story) -> Alert:
    return replace(
        alert,
        labels=story.labels,
        topics=story.topics,
        countries=story.countries,
        severity=story.severity,
        urgency=story.urgency,
        certainty=story.certainty,
        item_count=story.item_count,
        feeds=story.feeds,
    )


def _notices(profile: Profile, alert: Alert, reason: Reason) -> tuple[Notice, ...]:
    at_once = alert.level >= profile.immediate
    return tuple(
        Notice(alert=alert.id, recipient=recipient, reason=reason, revision=alert.revision, immediate=at_once)
        for recipient in profile.audience
    )
