"""What is told to others of one alert, and what is the same in every form."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from monitor.domain import Alert, AlertState, Certainty, Item, Severity, Urgency

GONE = (Certainty.WITHDRAWN, Certainty.DENIED)

CAP_SEVERITY = {
    Severity.NONE: "Minor",
    Severity.WATCH: "Moderate",
    Severity.WARNING: "Severe",
    Severity.CRITICAL: "Extreme",
}
CAP_URGENCY = {
    Urgency.IMMEDIATE: "Immediate",
    Urgency.EXPECTED: "Expected",
    Urgency.FUTURE: "Future",
    Urgency.PAST: "Past",
    Urgency.UNKNOWN: "Unknown",
}
CAP_CERTAINTY = {
    Certainty.RUMOUR: "Possible",
    Certainty.REPORTED: "Likely",
    Certainty.OFFICIAL: "Observed",
    Certainty.IN_FORCE: "Observed",
    Certainty.DENIED: "Unlikely",
    Certainty.WITHDRAWN: "Unlikely",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert with its story's items and the moments of its revisions, the first raised first."""

    alert: Alert
    items: tuple[Item, ...] = ()
    revised: tuple[datetime, ...] = field(default=())

    @property
    def cancelled(self) -> bool:
        """It does not hold any more: dismissed here, or denied or withdrawn by its source."""
        return self.alert.state is AlertState.DISMISSED or self.alert.certainty in GONE

    def sent(self, revision: int) -> datetime:
        """When a revision, from 1, was told."""
        known = (self.alert.opened, *self.revised)
        return known[min(revision, len(known)) - 1]


def stamp(moment: datetime) -> str:
    """`2026-11-24T08:00:00Z`, as Atom, JSON Feed and STIX want it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
