"""Stories, alerts and what people did with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select, text, update

from monitor.domain import Alert, AlertEvent, AlertState, Decision, Known, Level, Notice
from monitor.errors import ConflictError
from monitor.i18n import _
from monitor.store.engine import reading, upsert, writing
from monitor.store.obligations import write_deadlines, write_mentions
from monitor.store.people import write_trail
from monitor.store.rows import from_alert, from_story, joined, story_query, to_alert, to_story
from monitor.store.schema import alert_events, alerts, meta, notices, stories


class AlertsDoor:
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
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SELECT pg_advisory_lock(hashtext(:name))"), turn)
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), turn)

    def known(self, *, since: datetime, today: datetime) -> Known:
        """Stories seen after `since`, their alerts, and how many alerts each profile was told of after `today`."""
        with reading(self._engine) as connection:
            version = _version(connection)
            recent = story_query().where(stories.c.last_seen >= since).order_by(stories.c.id)
            found = tuple(to_story(row) for row in connection.execute(recent))
            of_recent = select(alerts).join(stories, stories.c.id == alerts.c.story)
            rows = connection.execute(of_recent.where(stories.c.last_seen >= since))
            theirs = {(row.profile, row.story): to_alert(row) for row in rows}
            opened = select(alerts.c.profile, func.count().label("raised")).where(
                alerts.c.opened >= today, ~alerts.c.held
            )
            raised = {row.profile: row.raised for row in connection.execute(opened.group_by(alerts.c.profile))}
        return Known(version=version, stories=found, alerts=theirs, raised_today=raised)

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
            return [
                AlertEvent(alert=row.alert, at=row.at, author=row.author, what=row.what, note=row.note)
                for row in connection.execute(query)
            ]

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

    def change_alert(
        self, alert_id: str, *, author: str, at: datetime, what: str, note: str = "", **values: Any
    ) -> bool:
        """Set columns of one alert (`state`, `owner`) and write down who did it; False when there is none."""
        if isinstance(values.get("state"), AlertState):
            values["state"] = values["state"].value
        with writing(self._engine) as connection:
            changed = connection.execute(update(alerts).where(alerts.c.id == alert_id).values(updated=at, **values))
            if changed.rowcount == 1:
                event = {"alert": alert_id, "at": at, "author": author, "what": what, "note": note}
                connection.execute(insert(alert_events), event)
                write_trail(connection, at=at, author=author, action=what, subject=f"alert {alert_id}", note=note)
        return changed.rowcount == 1

    def correct_alert(self, alert: Alert, *, author: str, at: datetime, note: str) -> bool:
        """Give an alert the level and the tags that a reviewer found right."""
        right = {"labels": joined(alert.labels), "level": int(alert.level), "revision": alert.revision}
        return self.change_alert(alert.id, author=author, at=at, what="corrected", note=note, **right)


def check_version(connection: Connection, decision: Decision) -> None:
    """Refuse a decision that rests on facts which somebody else has changed."""
    if decision.stories and _version(connection) != decision.version:
        raise ConflictError(_("another process decided first"))


def write_decision(connection: Connection, decision: Decision) -> None:
    """Stories, alerts, their notices, events and dates, inside the caller's transaction."""
    write_mentions(connection, decision.mentions)
    if not decision.stories:
        return
    next_version = {"value": str(decision.version + 1)}
    connection.execute(update(meta).where(meta.c.name == "decisions").values(next_version))
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


def _put(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert, or replace every column of the row that has the same id."""
    if not rows:
        return
    statement = upsert(connection, table)
    columns = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=columns), rows)
