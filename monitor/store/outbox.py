"""Duties to tell (notices) and the frozen messages that fulfil them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Engine, Row, and_, func, insert, or_, select, update

from monitor.domain import Alert, Message, MessageKind, MessageState, Notice, Reason, Recipient
from monitor.errors import ConflictError
from monitor.i18n import _
from monitor.store.engine import holder_is_gone, inserted_id, owner, reading, writing
from monitor.store.rows import to_alert
from monitor.store.schema import alerts, notices, outbox

LEASE = timedelta(minutes=15)  # longer than the ten minutes a server may take to answer the final dot


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A notice that is in no message yet, with the alert it speaks of."""

    id: int
    notice: Notice
    alert: Alert


class OutboxDoor:
    """The part of the store that knows notices and messages."""

    _engine: Engine

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

    def created_since(self, recipient: str, since: datetime) -> int:
        """How many notices and digests were planned for one recipient after `since`."""
        query = select(func.count()).where(outbox.c.recipient == recipient, outbox.c.created > since)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def claim_messages(self, *, now: datetime, limit: int) -> list[Message]:
        """Take messages that are due, each by a conditional update that only one sender wins.

        One whose sender died or outlived its lease is taken again: it may arrive twice, with the same Message-ID.
        """
        ready = and_(
            outbox.c.state == MessageState.READY.value, or_(outbox.c.next_try.is_(None), outbox.c.next_try <= now)
        )
        stale = outbox.c.state == MessageState.SENDING.value
        query = select(outbox).where(or_(ready, stale)).order_by(outbox.c.next_try, outbox.c.id).limit(limit)
        claimed = []
        with writing(self._engine) as connection:
            for row in connection.execute(query).all():
                if row.state == MessageState.SENDING.value and not _abandoned(row, now):
                    continue
                values = {"state": MessageState.SENDING.value, "lease_until": now + LEASE, "leased_by": owner()}
                same = and_(outbox.c.id == row.id, outbox.c.state == row.state, outbox.c.attempts == row.attempts)
                won = connection.execute(update(outbox).where(same).values(attempts=row.attempts + 1, **values))
                if won.rowcount == 1:
                    claimed.append(_message(row, attempts=row.attempts + 1))
        return claimed

    def settle(
        self,
        message_id: int,
        *,
        state: MessageState,
        at: datetime,
        error: str = "",
        next_try: datetime | None = None,
        uncount: bool = False,
        body: bytes | None = None,
    ) -> None:
        """Write down what became of a claimed message, right after the server's answer.

        `body` replaces content that a server refused; `uncount` when this message was not tried after all.
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
        with writing(self._engine) as connection:
            connection.execute(update(outbox).where(outbox.c.id == message_id).values(**values))

    def messages(self, *, state: MessageState | None = None, limit: int | None = None) -> list[Message]:
        """Messages, newest first."""
        query = select(outbox).order_by(outbox.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(outbox.c.state == state.value)
        with reading(self._engine) as connection:
            return [_message(row) for row in connection.execute(query)]

    def digest_periods(self, profile: str) -> dict[str, datetime]:
        """The end of the last digest period that was closed, by recipient."""
        ended = func.max(outbox.c.period)
        query = select(outbox.c.recipient, ended).where(outbox.c.kind == MessageKind.DIGEST.value)
        query = query.where(outbox.c.profile == profile).group_by(outbox.c.recipient)
        with reading(self._engine) as connection:
            return {recipient: datetime.fromisoformat(period) for recipient, period in connection.execute(query)}

    def outbox_counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(outbox.c.state, func.count().label("held")).group_by(outbox.c.state)).all()
        return {row.state: row.held for row in rows}

    def oldest_unsent(self) -> datetime | None:
        """When the oldest thing that still has to reach somebody was created: a message or a duty to tell at once."""
        unsent = select(func.min(outbox.c.created)).where(
            outbox.c.state.in_([MessageState.READY.value, MessageState.SENDING.value])
        )
        untold = select(func.min(notices.c.created)).where(
            notices.c.message.is_(None), notices.c.skipped == "", notices.c.immediate
        )
        with reading(self._engine) as connection:
            found = [connection.execute(query).scalar() for query in (unsent, untold)]
        return min((moment for moment in found if moment), default=None)


def _abandoned(row: Row[Any], now: datetime) -> bool:
    if row.lease_until is None or row.lease_until <= now:
        return True
    return holder_is_gone(row.leased_by)


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
    return Duty(id=values["notices_id"], notice=notice, alert=to_alert(SimpleNamespace(**columns)))


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
