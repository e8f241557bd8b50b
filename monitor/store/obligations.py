"""Dates that stories set, how long before them somebody knew, brands by day, and the steps of a response plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    Engine,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    and_,
    func,
    insert,
    select,
    update,
)

from monitor.domain import Alert, AlertState, BrandDay, Deadline, DeadlineKind, LeadTime, Notice, Reason, Stage
from monitor.store.engine import reading, upsert, writing
from monitor.store.rows import to_alert
from monitor.store.schema import (
    UtcDateTime,
    _count,
    _flag,
    _line,
    _moment,
    alert_events,
    alerts,
    metadata,
    notices,
    outbox,
    stories,
)
from monitor.store.trail import write_trail

OVER = (AlertState.CLOSED.value, AlertState.DISMISSED.value)

deadlines = Table(
    "deadlines",
    metadata,
    Column("story", ForeignKey("stories.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("on", Date, nullable=False),
    _moment("found", nullable=False),
    _line("sentence"),
    _line("stage"),
    _line("url"),
    _flag("reckoned"),
    PrimaryKeyConstraint("story", "kind", "on"),
    Index(None, "on"),
)

brand_days = Table(
    "brand_days",
    metadata,
    Column("profile", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("day", Date, nullable=False),
    _count("mentions"),
    _count("negative"),
    _count("positive"),
    PrimaryKeyConstraint("profile", "brand", "day"),
)

alert_steps = Table(
    "alert_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert", ForeignKey("alerts.id"), nullable=False),
    Column("step", String(80), nullable=False),
    Column("state", String(16), nullable=False),  # open, done, skipped
    _line("owner"),
    Column("due", UtcDateTime(), nullable=True),
    _line("author"),
    _moment("at", nullable=False),
    _line("note"),
    Index(None, "alert", "step", unique=True),
)


class ObligationsDoor:
    """The part of the store that knows dates that bind, brands by day and steps."""

    _engine: Engine

    def deadlines_of(self, story_ids: Sequence[str]) -> dict[str, tuple[Deadline, ...]]:
        """The dates of each story, the soonest first."""
        found: dict[str, list[Deadline]] = defaultdict(list)
        with reading(self._engine) as connection:
            for start in range(0, len(story_ids), 500):
                part = select(deadlines).where(deadlines.c.story.in_(story_ids[start : start + 500]))
                for row in connection.execute(part.order_by(deadlines.c.on, deadlines.c.kind)):
                    found[row.story].append(_deadline(row))
        return {story: tuple(dates) for story, dates in found.items()}

    def alerts_with_deadlines(self, *, since: date, until: date) -> list[tuple[Alert, tuple[Deadline, ...]]]:
        """Alerts that are neither over nor held back, whose story has dates from `since` to `until`."""
        within = deadlines.c.on.between(since, until)
        live = and_(alerts.c.state.not_in(OVER), ~alerts.c.held)
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(alerts).where(live, alerts.c.story.in_(select(deadlines.c.story).where(within))).order_by("id")
            )
            found = [to_alert(row) for row in rows]
        of = self.deadlines_of(sorted({alert.story for alert in found}))
        return [(alert, tuple(d for d in of[alert.story] if since <= d.on <= until)) for alert in found]

    def told_due(self, alert_ids: Sequence[str]) -> set[tuple[str, str, int]]:
        """Of these alerts, the countdown notices that exist: alert, recipient's address, revision."""
        found: set[tuple[str, str, int]] = set()
        with reading(self._engine) as connection:
            for start in range(0, len(alert_ids), 500):
                query = select(notices.c.alert, notices.c.recipient, notices.c.revision).where(
                    notices.c.reason == Reason.DUE_SOON.value, notices.c.alert.in_(alert_ids[start : start + 500])
                )
                found.update((row.alert, row.recipient, row.revision) for row in connection.execute(query))
        return found

    def add_notices(self, wanted: Sequence[Notice], *, at: datetime) -> None:
        """Write down duties to tell that follow from time alone; one that stands there already is left as it is."""
        from monitor.store.alerts import insert_new_notices

        if wanted:
            with writing(self._engine) as connection:
                insert_new_notices(connection, wanted, at=at)

    def lead_times(self, *, profile: str = "") -> list[LeadTime]:
        """The ledger: every date of every alert that was not held back, with who knew when; the soonest first."""
        first_sent = (
            select(notices.c.alert, func.min(outbox.c.sent).label("told"))
            .join(outbox, outbox.c.id == notices.c.message)
            .group_by(notices.c.alert)
            .subquery()
        )
        first_ack = (
            select(alert_events.c.alert, func.min(alert_events.c.at).label("acknowledged"))
            .where(alert_events.c.what == AlertState.ACKNOWLEDGED.value)
            .group_by(alert_events.c.alert)
            .subquery()
        )
        query = (
            select(
                alerts.c.id,
                alerts.c.profile,
                alerts.c.title,
                alerts.c.opened,
                stories.c.first_seen,
                deadlines.c.kind,
                deadlines.c.on,
                first_sent.c.told,
                first_ack.c.acknowledged,
            )
            .join(stories, stories.c.id == alerts.c.story)
            .join(deadlines, deadlines.c.story == alerts.c.story)
            .outerjoin(first_sent, first_sent.c.alert == alerts.c.id)
            .outerjoin(first_ack, first_ack.c.alert == alerts.c.id)
            .where(~alerts.c.held)
            .order_by(deadlines.c.on, alerts.c.id, deadlines.c.kind)
        )
        if profile:
            query = query.where(alerts.c.profile == profile)
        with reading(self._engine) as connection:
            return [
                LeadTime(
                    alert=row.id,
                    profile=row.profile,
                    title=row.title,
                    kind=DeadlineKind(row.kind),
                    on=row.on,
                    first_seen=row.first_seen,
                    alerted=row.opened,
                    told=row.told,
                    acknowledged=row.acknowledged,
                )
                for row in connection.execute(query)
            ]

    def brand_days(self, *, profile: str = "", since: date) -> list[BrandDay]:
        """How often each brand was named on each day from `since` on; days without a mention have no row."""
        query = select(brand_days).where(brand_days.c.day >= since)
        if profile:
            query = query.where(brand_days.c.profile == profile)
        order = (brand_days.c.profile, brand_days.c.brand, brand_days.c.day)
        with reading(self._engine) as connection:
            return [BrandDay(**row._mapping) for row in connection.execute(query.order_by(*order))]

    def set_step(
        self,
        alert: str,
        step: str,
        *,
        state: str,
        author: str,
        at: datetime,
        note: str = "",
        owner: str = "",
        due: datetime | None = None,
    ) -> None:
        """Write down how one step of an alert's response plan stands; the newest word counts."""
        values = {"state": state, "owner": owner, "due": due, "author": author, "at": at, "note": note}
        with writing(self._engine) as connection:
            statement = upsert(connection, alert_steps).values(alert=alert, step=step, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["alert", "step"], set_=values))
            said = f"{step} {note}".strip()
            write_trail(connection, at=at, author=author, action=f"step {state}", subject=f"alert {alert}", note=said)

    def steps_of(self, alert: str) -> dict[str, dict[str, Any]]:
        """How the steps of an alert's plan stand, by step: state, owner, due, author, at, note."""
        query = select(alert_steps).where(alert_steps.c.alert == alert)
        with reading(self._engine) as connection:
            return {row.step: dict(row._mapping) for row in connection.execute(query)}


def write_deadlines(connection: Connection, found: Iterable[Deadline]) -> None:
    """Dates of stories, inside the caller's transaction; one that is known keeps its first sentence."""
    rows = [
        {
            "story": d.story,
            "kind": d.kind.value,
            "on": d.on,
            "found": d.found,
            "sentence": d.sentence,
            "stage": d.stage.value if d.stage else "",
            "url": d.url,
            "reckoned": d.reckoned,
        }
        for d in found
    ]
    if rows:
        connection.execute(upsert(connection, deadlines).on_conflict_do_nothing(), rows)


def write_mentions(connection: Connection, counted: Iterable[BrandDay]) -> None:
    """Add mentions of brands to what is counted already, inside the caller's transaction."""
    for day in counted:
        key = and_(brand_days.c.profile == day.profile, brand_days.c.brand == day.brand, brand_days.c.day == day.day)
        more = {name: brand_days.c[name] + getattr(day, name) for name in ("mentions", "negative", "positive")}
        if connection.execute(update(brand_days).where(key).values(**more)).rowcount == 0:
            names = ("profile", "brand", "day", "mentions", "negative", "positive")
            connection.execute(insert(brand_days), {name: getattr(day, name) for name in names})


def _deadline(row: Any) -> Deadline:
    return Deadline(
        story=row.story,
        kind=DeadlineKind(row.kind),
        on=row.on,
        found=row.found,
        sentence=row.sentence,
        stage=Stage(row.stage) if row.stage else None,
        url=row.url,
        reckoned=row.reckoned,
    )
