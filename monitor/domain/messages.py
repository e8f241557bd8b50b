"""Who is told: notices, messages in the outbox, addresses that are not written to, and roles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.domain.profiles import Recipient
from monitor.domain.words import MessageKind, MessageState, Reason, StopKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The duty to tell one recipient of one alert, once per reason and revision."""

    alert: str
    recipient: Recipient
    reason: Reason
    revision: int
    immediate: bool  # at once, or in the next digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one recipient, frozen: every attempt sends the same bytes."""

    message_id: str  # digest of what it says to whom; never of the attempt
    kind: MessageKind
    recipient: str
    channel: str
    profile: str
    subject: str
    body: bytes  # RFC 5322, with Date
    created: datetime
    period: str = ""  # of a digest: its end, ISO 8601
    notices: tuple[Notice, ...] = ()
    id: int | None = None
    state: MessageState = MessageState.READY
    attempts: int = 0
    next_try: datetime | None = None
    error: str = ""
    sent: datetime | None = None


class Role(StrEnum):
    """What somebody may do on the page and through the API, each with all that stands before it."""

    READER = "reader"
    REVIEWER = "reviewer"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        """Whether this role includes `needed`."""
        order = tuple(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An address that is not written to, since when, why and by whose hand; kept when it has ended."""

    recipient: str
    channel: str
    kind: StopKind
    at: datetime
    author: str
    profile: str = ""  # empty: whatever the profile
    why: str = ""
    ended: datetime | None = None
    ended_by: str = ""
