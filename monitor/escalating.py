"""What happens to alerts that nobody acknowledges, and to those that have to be taken back."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from monitor.domain import SELF, Alert, AlertState, Level, Notice, Profile, Reason
from monitor.notify.schedule import is_quiet, zone_of
from monitor.shell import Shell
from monitor.warn.escalation import WAITING, escalation

log = logging.getLogger(__name__)


def escalate(shell: Shell, *, now: datetime) -> int:
    """Escalate what was not acknowledged in time, each alert once a revision; returns how many."""
    profiles = {profile.name: profile for profile in shell.profiles}
    silences, made, begun = shell.store.silences(at=now), 0, shell.store.first_time("escalating_since", now)
    for alert, events, told in shell.store.unacknowledged(least=Level.ORANGE):
        profile = profiles.get(alert.profile)
        if profile is None or any(silence.holds(alert, now) for silence in silences):
            continue

        def asleep(moment: datetime, profile: Profile = profile) -> bool:
            return all(is_quiet(r.quiet, zone=zone_of(r), now=moment) for r in profile.recipients)

        found = escalation(alert, events, told=told, begun=begun, profile=profile, asleep=asleep, now=now)
        if found is not None:
            made += shell.store.change_alert(
                alert.id,
                author=SELF,
                at=now,
                what=AlertState.ESCALATED.value,
                note=found.why,
                state=AlertState.ESCALATED,
                tell=found.notices,
                only_in=WAITING,
            )
    if made:
        log.warning("alerts escalated", extra={"alerts": made})
    return made


def take_back(
    shell: Shell, alert: Alert, *, withdrawn: bool, note: str, author: str, level: Level | None = None
) -> int:
    """Withdraw or correct an alert: a new revision, and everybody who was told of it is told; returns how many."""
    revision = alert.revision + 1
    reason = Reason.WITHDRAWN if withdrawn else Reason.CORRECTED
    told = [
        Notice(alert=alert.id, recipient=recipient, reason=reason, revision=revision, immediate=True)
        for recipient in shell.store.told_of(alert.id)
    ]
    values: dict[str, Any] = {"revision": revision}
    if withdrawn:
        values["state"] = AlertState.DISMISSED
    elif level is not None:
        values["level"] = int(level)
    shell.store.change_alert(
        alert.id, author=author, at=shell.clock(), what=reason.value, note=note, tell=told, **values
    )
    return len(told)
