"""Duties to tell (notices) and the frozen messages that fulfil them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    ColumnElement,
    Engine,
    Row,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from monitor.domain import Alert, Message, MessageKind, MessageState, Notice, Reason, Recipient
from monitor.errors import ConflictError
from monitor.i18n import _
from monitor.store.engine import Together, free_dead_leases, inserted_id, owner, reading, writing
from monitor.store.rows import to_alert
from monitor.store.schema import alerts, notices, outbox
from monitor.store.trail import write_trail

MAIL = "email"
LEASE = timedelta(minutes=15)  # longer than the ten minutes a server may take to answer the final dot
IN_HAND = outbox.c.state == MessageState.SENDING.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A notice that is in no message yet, with the alert it speaks of."""

    id: int
    notice: Notice
    alert: Alert
    created: datetime


class OutboxDoor:
    """The part of the store that knows notices and messages."""

    _engine: Engine
    _together: Together

    def duties(self, *, immediate: bool, profile: str = "", recipient: str = "") -> list[Duty]:
        """Notices that are in no message yet, oldest first."""
        query = (
            select(notices, alerts)
            .join(alerts, alerts.c.id == notices.c.alert)
            .where(notices.c.message.is_(None), notices.c.skipped == "", notices.c.immediate == immediate)
            .order_by(notices.c.id)
            .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
        )
        if profile:
            query = query.where(alerts.c.profile == profile)
        if recipient:
            query = query.where(notices.c.recipient == recipient)
        with reading(self._engine) as connection:
            return [_duty(row) for row in connection.execute(query)]

    def put_message(self, message: Message, duties: Sequence[int] = ()) -> bool:
        """Put one frozen message into the outbox and tick off the duties it fulfils: one transaction.

        False, and nothing written, when the same message stands there already or a duty was fulfilled meanwhile.
        """
        try:
            with writing(self._engine) as connection:
                message_row = inserted_id(connection.execute(insert(outbox), _message_row(message)))
                for start in range(0, len(duties), 500):
                    part = duties[start : start + 500]
                    free = and_(notices.c.id.in_(part), notices.c.message.is_(None), notices.c.skipped == "")
                    ticked = connection.execute(update(notices).where(free).values(message=message_row))
                    if ticked.rowcount != len(part):
                        raise ConflictError(_("a notice was fulfilled by somebody else"))
        except ConflictError:
            return False
        return True

    def skip_duties(self, duties: Sequence[int], why: str) -> None:
        """Nobody has to be told any more; the reason stays."""
        with writing(self._engine) as connection:
            open_ones = and_(notices.c.id.in_(list(duties)), notices.c.message.is_(None))
            connection.execute(update(notices).where(open_ones).values(skipped=why))

    def created_since(
        self, recipient: tuple[str, str], *, since: datetime, until: datetime, kind: MessageKind | None = None
    ) -> int:
        """How many messages, of one kind or any, were planned for one recipient on one channel in a span."""
        theirs = and_(outbox.c.recipient == recipient[0], outbox.c.channel == recipient[1])
        query = select(func.count()).where(theirs, outbox.c.created > since, outbox.c.created <= until)
        if kind is not None:
            query = query.where(outbox.c.kind == kind.value)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def claim_messages(
        self, *, now: datetime, limit: int, mail: bool | None = None, longest: timedelta = timedelta(days=1)
    ) -> list[Message]:
        """Take messages that are due, notices first, each by a lock that only one sender gets.

        `mail` takes only mail (True) or only what goes out on other channels (False). A message whose
        sender died or outlived its lease is taken again: it may arrive twice, with the same Message-ID.
        A next try further off than the `longest` wait was set by a clock that was wrong: it is due.
        """
        due = or_(outbox.c.next_try.is_(None), outbox.c.next_try <= now, outbox.c.next_try > now + longest)
        ready = and_(outbox.c.state == MessageState.READY.value, due)
        with writing(self._engine) as connection:
            free_dead_leases(connection, outbox, IN_HAND)
            lease = outbox.c.lease_until  # twice too far off: set by a clock that was wrong, not by a quicker thread
            over = or_(lease.is_(None), lease <= now, lease > now + 2 * LEASE)
            query = select(outbox.c.id).where(or_(ready, and_(IN_HAND, over)))
            if mail is not None:
                query = query.where((outbox.c.channel == MAIL) if mail else (outbox.c.channel != MAIL))
            order = (outbox.c.kind != MessageKind.NOTICE.value, outbox.c.id)
            first = query.order_by(*order).limit(limit).with_for_update(skip_locked=True)
            ours = outbox.c.id.in_(connection.execute(first).scalars().all())  # locked: nobody else takes them
            rows = connection.execute(select(outbox).where(ours).order_by(*order)).all()
            values = {"state": MessageState.SENDING.value, "lease_until": now + LEASE, "leased_by": owner()}
            connection.execute(update(outbox).where(ours).values(attempts=outbox.c.attempts + 1, **values))
        return [_message(row, attempts=row.attempts + 1) for row in rows]

    def renew(self, message: Message, *, now: datetime) -> bool:
        """Begin a claimed message's lease anew; False when it has been taken by somebody else meanwhile."""
        with writing(self._engine) as connection:
            held = connection.execute(update(outbox).where(_ours(message)).values(lease_until=now + LEASE))
        return held.rowcount == 1

    def settle(
        self,
        message: Message,
        *,
        state: MessageState,
        at: datetime,
        error: str = "",
        next_try: datetime | None = None,
        uncount: bool = False,
        body: bytes | None = None,
    ) -> bool:
        """Write down what became of a claimed message, right after the server's answer.

        `body` replaces content that a server refused; `uncount` when this message was not tried after all.
        False, and nothing written, when its lease had run out and somebody else took it.
        """
        values: dict[str, Any] = {"state": state.value, "error": error, "lease_until": None, "leased_by": ""}
        if state is MessageState.SENT:
            values["sent"] = at
        if next_try is not None:
            values["next_try"] = next_try
        if body is not None:
            values["body"] = body
        if uncount:
            values["attempts"] = outbox.c.attempts - 1
        return self._together.write(update(outbox).where(_ours(message)).values(**values)) == 1

    def retry_now(self, message_id: int, *, at: datetime, author: str) -> bool:
        """A message that waits or is parked is due at once, its tries counted anew."""
        waits = outbox.c.state.in_([MessageState.READY.value, MessageState.PARKED.value])
        again = {"state": MessageState.READY.value, "attempts": 0, "next_try": None}
        with writing(self._engine) as connection:
            found = connection.execute(update(outbox).where(outbox.c.id == message_id, waits).values(again)).rowcount
            if found:
                write_trail(connection, at=at, author=author, action="retried", subject=f"message {message_id}")
        return found == 1

    def messages(self, *, state: MessageState | None = None, limit: int | None = None) -> list[Message]:
        """Messages, newest first."""
        query = select(outbox).order_by(outbox.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(outbox.c.state == state.value)
        with reading(self._engine) as connection:
            return [_message(row) for row in connection.execute(query)]

    def digest_periods(
        self, profile: str, *, until: datetime, kind: MessageKind = MessageKind.DIGEST
    ) -> dict[tuple[str, str], datetime]:
        """The end of the last period that was closed up to `until`, by recipient and channel.

        Ends that lie in the future were written while the clock was wrong, and do not count.
        """
        query = select(outbox.c.recipient, outbox.c.channel, outbox.c.period).where(
            outbox.c.kind == kind.value, outbox.c.profile == profile
        )
        last: dict[tuple[str, str], datetime] = {}
        with reading(self._engine) as connection:
            for recipient, channel, period in connection.execute(query):
                end = datetime.fromisoformat(period)
                if end <= until:
                    last[recipient, channel] = max(end, last.get((recipient, channel), end))
        return last

    def has_period(self, recipient: tuple[str, str], profile: str, period: str, *, kind: MessageKind) -> bool:
        """Whether this period was told to this recipient on this channel already."""
        address, channel = recipient
        same = and_(outbox.c.recipient == address, outbox.c.channel == channel, outbox.c.kind == kind.value)
        query = select(outbox.c.id).where(same, outbox.c.profile == profile, outbox.c.period == period)
        with reading(self._engine) as connection:
            return connection.execute(query.limit(1)).first() is not None

    def outbox_counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(outbox.c.state, func.count().label("held")).group_by(outbox.c.state)).all()
        return {row.state: row.held for row in rows}

    def oldest_unsent(self) -> datetime | None:
        """When the oldest message that still has to reach somebody was created."""
        unsent = select(func.min(outbox.c.created)).where(
            outbox.c.state.in_([MessageState.READY.value, MessageState.SENDING.value])
        )
        with reading(self._engine) as connection:
            return connection.execute(unsent).scalar()


def _ours(message: Message) -> ColumnElement[bool]:
    """This claim of this message: a later one counts one attempt more."""
    return and_(
        outbox.c.id == message.id,
        outbox.c.state == MessageState.SENDING.value,
        outbox.c.attempts == message.attempts,
        outbox.c.leased_by == owner(),
    )


def _duty(row: Row[Any]) -> Duty:
    values = row._mapping
    recipient = Recipient(
        address=values["notices_recipient"],
        channel=values["notices_channel"],
        language=values["notices_language"],
        timezone=values["notices_timezone"],
    )
    notice = Notice(
        alert=values["notices_alert"],
        recipient=recipient,
        reason=Reason(values["notices_reason"]),
        revision=values["notices_revision"],
        immediate=values["notices_immediate"],
    )
    columns = {name.removeprefix("alerts_"): value for name, value in values.items() if name.startswith("alerts_")}
    alert = to_alert(SimpleNamespace(**columns))
    return Duty(id=values["notices_id"], notice=notice, alert=alert, created=values["notices_created"])


def _message_row(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "kind": message.kind.value,
        "recipient": message.recipient,
        "channel": message.channel,
        "profile": message.profile,
        "period": message.period,
        "subject": message.subject,
        "body": message.body,
        "state": message.state.value,
        "created": message.created,
        "next_try": message.next_try,
    }


def _message(row: Row[Any], **changed: Any) -> Message:
    values = {
        "id": row.id,
        "message_id": row.message_id,
        "kind": MessageKind(row.kind),
        "recipient": row.recipient,
        "channel": row.channel,
        "profile": row.profile,
        "period": row.period,
        "subject": row.subject,
        "body": row.body,
        "state": MessageState(row.state),
        "attempts": row.attempts,
        "created": row.created,
        "next_try": row.next_try,
        "error": row.error,
        "sent": row.sent,
    }
    return Message(**{**values, **changed})
