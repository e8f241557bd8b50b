"""The four colours of a story, and the reason in words."""

from __future__ import annotations

from monitor.domain import Certainty, Level, Severity, Story, Urgency

_OF_SEVERITY = {
    Severity.NONE: Level.BLUE,
    Severity.WATCH: Level.YELLOW,
    Severity.WARNING: Level.ORANGE,
    Severity.CRITICAL: Level.RED,
}


def level_of(story: Story) -> tuple[Level, tuple[str, ...]]:
    """The level of a story and why.

    Severity gives the colour (watch yellow, warning orange, critical red). What is only
    rumoured, denied or withdrawn stands one step lower, as does what lies in the future;
    two feeds that report the same take the doubt of a rumour away.
    Source: 001#II.4 (regional risks are predicted and adjusted as they change)
    """
    level = _OF_SEVERITY[story.severity]
    reasons = [f"severity {int(story.severity)}"]
    if story.certainty in (Certainty.DENIED, Certainty.WITHDRAWN):
        level, why = _lower(level), story.certainty.value
        reasons.append(f"one step lower: {why}")
    elif story.certainty is Certainty.RUMOUR and len(story.feeds) < 2:
        level = _lower(level)
        reasons.append("one step lower: a rumour in one feed")
    if story.urgency is Urgency.PAST:
        level = _lower(level)
        reasons.append("one step lower: it is over")
    if len(story.feeds) > 1:
        reasons.append(f"{len(story.feeds)} feeds report it")
    return level, tuple(reasons)


def _lower(level: Level) -> Level:
    return Level(max(int(level) - 1, int(Level.BLUE)))
