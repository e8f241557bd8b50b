"""Stories, alerts and what people did with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, func, insert, select, text, update

from monitor.domain import Alert, AlertEvent, AlertState, Decision, Known, Level, Notice, Reason, Recipient
from monitor.errors import ConflictError
from monitor.i18n import _
from monitor.store.engine import reading, told, upsert, writing
from monitor.store.obligations import write_deadlines, write_mentions
from monitor.store.rows import from_alert, from_story, joined, to_alert
from monitor.store.schema import alert_events, alerts, meta, notices, stories
from monitor.store.stories import StoriesDoor
from monitor.store.trail import write_trail

SILENCED = "silenced"  # begins the reason of a duty that a silence struck off


class AlertsDoor(StoriesDoor):
    """The part of the store that knows stories and alerts."""

    _engine: Engine

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Between reading what is known and writing what follows, the machines of one PostgreSQL take turns.

        Without it a decision on facts that have changed is refused all the same; this saves deciding it again.
        """
        if self._engine.dialect.name != "postgresql":
            yield
            return
        turn = {"name": "monitor: decide"}
        lasting = {"isolation_level": "AUTOCOMMIT"}
        with told(self._engine), self._engine.connect().execution_options(**lasting) as connection:
            connection.execute(text("SELECT pg_advisory_lock(hashtext(:name))"), turn)
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), turn)

    def known(self, *, since: datetime, today: datetime) -> Known:
        """What stories seen after `since` are recognised by, and of how many alerts profiles heard after `today`.

        The alerts of stories that matter are asked for by themselves.
        """
        opened = select(alerts.c.profile, func.count().label("raised")).where(alerts.c.opened >= today, ~alerts.c.held)
        with reading(self._engine) as connection:
            version = _version(connection)
            found = self.open_stories(connection, since=since)
            raised = {row.profile: row.raised for row in connection.execute(opened.group_by(alerts.c.profile))}
        return Known(version=version, stories=found, raised_today=raised)

    def alerts(
        self,
        *,
        profile: str = "",
        level: Level | None = None,
        state: AlertState | None = None,
        since: datetime | None = None,
    ) -> list[Alert]:
        """Alerts, the gravest and newest first."""
        conditions = []
        if profile:
            conditions.append(alerts.c.profile == profile)
        if level is not None:
            conditions.append(alerts.c.level == int(level))
        if state is not None:
            conditions.append(alerts.c.state == state.value)
        if since is not None:
            conditions.append(alerts.c.updated >= since)
        order = (alerts.c.level.desc(), alerts.c.updated.desc(), alerts.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(select(alerts).where(*conditions).order_by(*order))
            return [to_alert(row) for row in rows]

    def alert(self, alert_id: str) -> Alert | None:
        """One alert by its id."""
        with reading(self._engine) as connection:
            row = connection.execute(select(alerts).where(alerts.c.id == alert_id)).first()
        return to_alert(row) if row else None

    def alerts_of_story(self, story: str) -> list[Alert]:
        """The alerts that one story raised, by profile."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(alerts).where(alerts.c.story == story).order_by(alerts.c.profile))
            return [to_alert(row) for row in rows]

    def alert_events(self, alert_id: str) -> list[AlertEvent]:
        """An alert's life, oldest first."""
        query = select(alert_events).where(alert_events.c.alert == alert_id).order_by(alert_events.c.id)
        with reading(self._engine) as connection:
            return [_event(row) for row in connection.execute(query)]

    def alert_notices(self, alert_id: str) -> list[Mapping[str, Any]]:
        """Who was told of an alert, why, and what became of the message."""
        from monitor.store.schema import outbox

        query = (
            select(
                notices.c.recipient,
                notices.c.channel,
                notices.c.reason,
                notices.c.revision,
                notices.c.immediate,
                notices.c.created,
                notices.c.skipped,
                outbox.c.message_id,
                outbox.c.kind,
                outbox.c.state,
                outbox.c.sent,
                outbox.c.error,
                outbox.c.attempts,
            )
            .outerjoin(outbox, outbox.c.id == notices.c.message)
            .where(notices.c.alert == alert_id)
            .order_by(notices.c.id)
        )
        with reading(self._engine) as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def unacknowledged(self, *, least: Level) -> list[tuple[Alert, list[AlertEvent], datetime]]:
        """Alerts from a level on that somebody was told of and nobody acknowledged: its life, and when it was told."""
        from monitor.store.schema import outbox

        told = select(notices.c.alert, func.min(outbox.c.created).label("told"))
        first = told.join(outbox, outbox.c.id == notices.c.message).group_by(notices.c.alert).subquery()
        waits = alerts.c.state.in_([AlertState.OPEN.value, AlertState.ESCALATED.value])
        meant = and_(waits, alerts.c.level >= int(least), ~alerts.c.held)
        query = select(alerts, first.c.told).join(first, first.c.alert == alerts.c.id).where(meant)
        lives: dict[str, list[AlertEvent]] = defaultdict(list)
        events = select(alert_events).join(alerts, alerts.c.id == alert_events.c.alert).where(meant)
        with reading(self._engine) as connection:
            for row in connection.execute(events.order_by(alert_events.c.id)):
                lives[row.alert].append(_event(row))
            rows = connection.execute(query.order_by(alerts.c.opened)).all()
        return [(to_alert(row), lives[row.id], row.told) for row in rows]

    def told_of(self, alert_id: str) -> list[Recipient]:
        """Everybody for whom a message of this alert was made."""
        n = notices.c
        query = select(n.recipient, n.channel, n.language, n.timezone).order_by(n.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(n.alert == alert_id, n.message.is_not(None))).all()
        told = (
            Recipient(address=r.recipient, channel=r.channel, language=r.language, timezone=r.timezone) for r in rows
        )
        return list({recipient.key: recipient for recipient in told}.values())

    def silenced_alerts(self, profile: str) -> set[str]:
        """Alerts of a profile that were not told because of a silence."""
        query = select(notices.c.alert).join(alerts, alerts.c.id == notices.c.alert)
        query = query.where(alerts.c.profile == profile, notices.c.skipped.like(f"{SILENCED}%")).distinct()
        with reading(self._engine) as connection:
            return set(connection.execute(query).scalars())

    def change_alert(
        self,
        alert_id: str,
        *,
        author: str,
        at: datetime,
        what: str,
        note: str = "",
        tell: Sequence[Notice] = (),
        only_in: Sequence[AlertState] = (),
        **values: Any,
    ) -> bool:
        """Set columns of one alert (`state`, `owner`), write down who did it and whom to tell of it.

        False, and nothing written, when there is none, or it is in none of the states `only_in`.
        """
        meant = alerts.c.id == alert_id
        if only_in:
            meant &= alerts.c.state.in_([state.value for state in only_in])
        if isinstance(values.get("state"), AlertState):
            values["state"] = values["state"].value
        with writing(self._engine) as connection:
            changed = connection.execute(update(alerts).where(meant).values(updated=at, **values))
            if changed.rowcount == 1:
                event = {"alert": alert_id, "at": at, "author": author, "what": what, "note": note}
                connection.execute(insert(alert_events), event)
                if tell:
                    insert_new_notices(connection, tell, at=at)
                _next_version(connection)  # a pass that read the alert before this change decides again
                write_trail(connection, at=at, author=author, action=what, subject=f"alert {alert_id}", note=note)
        return changed.rowcount == 1

    def correct_alert(self, alert: Alert, *, author: str, at: datetime, note: str) -> bool:
        """Give an alert the level and the tags that a reviewer found right; those who were told of it are told."""
        right: dict[str, Any] = {"labels": joined(alert.labels), "level": int(alert.level), "revision": alert.revision}
        again = [
            Notice(alert=alert.id, recipient=who, reason=Reason.CORRECTED, revision=alert.revision, immediate=True)
            for who in self.told_of(alert.id)
        ]
        return self.change_alert(alert.id, author=author, at=at, what="corrected", note=note, tell=again, **right)


def _event(row: Any) -> AlertEvent:
    return AlertEvent(alert=row.alert, at=row.at, author=row.author, what=row.what, note=row.note)


def check_version(connection: Connection, decision: Decision) -> None:
    """Refuse a decision that rests on facts which somebody else has changed."""
    if decision.stories and _version(connection) != decision.version:
        raise ConflictError(_("another process decided first"))


def write_decision(connection: Connection, decision: Decision) -> None:
    """Stories, alerts, their notices, events and dates, inside the caller's transaction."""
    write_mentions(connection, decision.mentions)
    if not decision.stories:
        return
    _next_version(connection)
    _put(connection, stories, [from_story(story) for story in decision.stories])
    write_deadlines(connection, decision.deadlines)
    _put(connection, alerts, [from_alert(alert) for alert in decision.alerts])
    if decision.events:
        rows = [
            {"alert": e.alert, "at": e.at, "author": e.author, "what": e.what, "note": e.note} for e in decision.events
        ]
        connection.execute(insert(alert_events), rows)
    if decision.notices:
        insert_new_notices(connection, decision.notices, at=max(a.updated for a in decision.alerts))


def insert_new_notices(connection: Connection, wanted: Sequence[Notice], *, at: datetime) -> None:
    """Write down the duty to tell; one that was written before stays as it is."""
    rows = [
        {
            "recipient": n.recipient.address,
            "channel": n.recipient.channel,
            "language": n.recipient.language,
            "timezone": n.recipient.timezone,
            "alert": n.alert,
            "reason": n.reason.value,
            "revision": n.revision,
            "immediate": n.immediate,
            "created": at,
        }
        for n in wanted
    ]
    connection.execute(upsert(connection, notices).on_conflict_do_nothing(), rows)


def _version(connection: Connection) -> int:
    return int(connection.execute(select(meta.c.value).where(meta.c.name == "decisions")).scalar() or 0)


def _next_version(connection: Connection) -> None:
    next_version = {"value": str(_version(connection) + 1)}
    connection.execute(update(meta).where(meta.c.name == "decisions").values(next_version))


def _put(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert, or replace every column of the row that has the same id."""
    if not rows:
        return
    statement = upsert(connection, table)
    columns = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=columns), rows)
