"""When an alert that nobody acknowledged is told to headquarters: a pure decision over known facts.

The local desk hears of an alert first. Its time runs from then on, or from the last worsening, and stands
still in the hours in which all of the desk is asleep, but for red, of which it is told at any hour.
Source: 004#mechanisms (the local desk first, then headquarters)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.domain import Alert, AlertEvent, AlertState, Level, Notice, Profile, Reason

WAITING = (AlertState.OPEN, AlertState.ESCALATED)
_STEP = timedelta(minutes=5)  # quiet hours are written to the minute; nobody waits for those
_LONGEST = timedelta(days=7)  # after so long it is due, whoever sleeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """What follows for one alert: who is told now, and why in words."""

    alert: Alert
    notices: tuple[Notice, ...]
    why: str


def escalation(
    alert: Alert,
    events: Sequence[AlertEvent],
    *,
    told: datetime | None,
    begun: datetime | None = None,
    profile: Profile,
    asleep: Callable[[datetime], bool],
    now: datetime,
) -> Escalation | None:
    """Whether an alert is due to be escalated; None to wait.

    `events` is its life so far, `told` when the first message of it was made, `asleep` says whether all of
    the desk has quiet hours at a moment. An alert is escalated once a revision; one whose time was over before
    anybody looked after such times (`begun`), as after an upgrade, is not until it worsens.
    """
    limit = profile.escalate_after.get(alert.level)
    if limit is None or told is None or alert.held or alert.state not in WAITING:
        return None
    if f"{alert.revision}" in {e.note.split(":")[0] for e in events if e.what == "escalated"}:
        return None
    since = max([told, *(e.at for e in events if e.what in ("worsened", "reopened", "open"))])
    due = due_at(since, limit, asleep=(lambda _: False) if alert.level is Level.RED else asleep, until=now)
    if due is None or not profile.audience or (begun is not None and due < begun):
        return None
    hours = f"{limit.total_seconds() / 3600:g}"
    why = f"{alert.revision}: nobody acknowledged within {hours} h of {since.isoformat(timespec='minutes')}"
    return Escalation(
        alert=alert,
        why=why,
        notices=tuple(
            Notice(
                alert=alert.id, recipient=recipient, reason=Reason.ESCALATED, revision=alert.revision, immediate=True
            )
            for recipient in dict.fromkeys((*profile.recipients, *profile.escalate_to))
        ),
    )


def due_at(
    since: datetime, limit: timedelta, *, asleep: Callable[[datetime], bool], until: datetime
) -> datetime | None:
    """When `limit` of waking time has passed since `since`; None when that lies after `until`."""
    waited, moment = timedelta(0), since
    while waited < limit:
        step = min(_STEP, limit - waited)
        if moment + step > until:
            return None
        if not asleep(moment) or moment - since > _LONGEST:
            waited += step
        moment += step
    return moment
