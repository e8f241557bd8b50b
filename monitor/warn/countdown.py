"""Dates that come nearer: at which step of the countdown somebody is told again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from monitor.domain import Alert, AlertState, Deadline, Notice, Profile, Reason

THRESHOLDS = (90, 60, 30, 7)  # days before a date at which it is told again
AT_ONCE = 7  # from this threshold on at once, whatever the level


def threshold(on: date, *, today: date, known: date) -> int | None:
    """The countdown step that is due today for a date known since `known`; None when there is none.

    The step is the tightest that `today` has reached; it is due only where the date was known before that
    step began, since the first notice of an alert names the date already.
    """
    left = (on - today).days
    if left < 0:
        return None
    reached = min((step for step in THRESHOLDS if left <= step), default=None)
    return reached if reached is not None and (on - known).days > reached else None


def countdown_revision(on: date, step: int) -> int:
    """The revision by which a countdown notice of one date and step is told once and never again."""
    return on.toordinal() * 100 + step


def countdown(
    alert: Alert, deadlines: Iterable[Deadline], profile: Profile, *, told: set[tuple[str, str, int]], now: datetime
) -> tuple[Notice, ...]:
    """The duties to tell of dates that come nearer: one for each date, step and recipient, told once.

    `told` holds (alert, recipient, revision) of those that exist.
    """
    if alert.held or alert.state in (AlertState.CLOSED, AlertState.DISMISSED):
        return ()
    steps = {
        (deadline.on, step)
        for deadline in deadlines
        if (step := threshold(deadline.on, today=now.date(), known=max(alert.opened, deadline.found).date()))
    }
    return tuple(
        Notice(
            alert=alert.id,
            recipient=recipient,
            reason=Reason.DUE_SOON,
            revision=countdown_revision(on, step),
            immediate=step <= AT_ONCE or alert.level >= profile.immediate,
        )
        for on, step in sorted(steps)
        for recipient in profile.audience
        if (alert.id, recipient.address, countdown_revision(on, step)) not in told
    )
