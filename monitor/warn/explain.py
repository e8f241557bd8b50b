"""Why a profile heard of an item, or why not: every gate it came through or was stopped at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.domain import Alert, Item, Profile, Story
from monitor.i18n import N_
from monitor.warn.levels import level_of
from monitor.warn.profiles import match
from monitor.warn.stories import Stories

NOT_JUDGED = N_("not judged yet")
NO_RISK = N_("no alert: no tag reached its threshold")
BASELINE = N_("no alert: it was there before the watch began, or is old news")
NOT_YOURS = N_("no alert: it does not concern this profile")
TOO_MILD = N_("no alert: milder than this profile wants to hear of")
NO_STORY = N_("no alert: decided before this profile was written")
HELD = N_("held back: over the daily budget")
RAISED = N_("alert")


def why_of(item: Item, members: Sequence[Item], profile: Profile, alert: Alert | None) -> dict[str, Any]:
    """The answer, its reasons in words, and the alert, if any."""
    answer, reasons = _answer(item, members, profile, alert)
    return {
        "profile": profile.name,
        "answer": answer,
        "reasons": list(reasons),
        "alert": alert.id if alert else None,
        "level": alert.level.word if alert else None,
        "state": alert.state.value if alert else None,
    }


def _answer(item: Item, members: Sequence[Item], profile: Profile, alert: Alert | None) -> tuple[str, tuple[str, ...]]:
    if alert is not None:
        return HELD if alert.held else RAISED, alert.reasons
    if item.judgement is None:
        return NOT_JUDGED, ()
    if not item.judgement.flagged:
        return NO_RISK, _shortfall(item)
    if item.baseline:
        return BASELINE, ()
    story = _story_of(members or [item])
    found = match(profile, story, members)
    if not found.concerned:
        return NOT_YOURS, found.reasons
    level, why = level_of(story)
    return (TOO_MILD, why) if level < profile.least else (NO_STORY, ())


def _shortfall(item: Item) -> tuple[str, ...]:
    if item.judgement is None:
        return ()
    return tuple(f"{tag.value}: {probability:.2f}" for tag, probability in item.judgement.probabilities.items())


def _story_of(members: Sequence[Item]) -> Story:
    stories = Stories()
    return [stories.add(item) for item in members][-1]
