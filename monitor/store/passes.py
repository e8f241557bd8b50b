"""What each pass did: the proof that the watch was awake."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, delete, distinct, func, insert, select, text, update

from monitor.store.engine import inserted_id, reading, upsert, writing
from monitor.store.schema import alerts, feeds, items, meta, passes

COUNTS = (
    "feeds",
    "reached",
    "unchanged",
    "failed",
    "entries_seen",
    "items_new",
    "items_baseline",
    "duplicates",
    "rejected",
    "items_flagged",
    "alerts_new",
    "alerts_held",
)
STEP = "progress."  # begins the names under which `meta` holds when each job last got on


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass with its counts."""

    id: int
    started: datetime
    ended: datetime | None
    counts: dict[str, int]


class PassesDoor:
    """The part of the store that knows passes and the installation itself."""

    _engine: Engine

    def start_pass(self, *, at: datetime) -> int:
        """Write down that a pass began."""
        with writing(self._engine) as connection:
            return inserted_id(connection.execute(insert(passes), {"started": at}))

    def end_pass(self, pass_id: int, *, at: datetime, counts: dict[str, int]) -> None:
        """Write down what it did."""
        with writing(self._engine) as connection:
            connection.execute(update(passes).where(passes.c.id == pass_id).values(ended=at, **counts))

    def last_pass(self) -> Pass | None:
        """The newest pass that ended."""
        query = select(passes).where(passes.c.ended.is_not(None)).order_by(passes.c.id.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return _pass(row) if row else None

    def note_step(self, job: str, *, at: datetime) -> None:
        """Write down that a job got on."""
        with writing(self._engine) as connection:
            values = {"name": STEP + job, "value": at.isoformat()}
            noted = upsert(connection, meta).values(values)
            connection.execute(noted.on_conflict_do_update(index_elements=["name"], set_={"value": values["value"]}))

    def steps(self) -> dict[str, datetime]:
        """When each job last got on, by its name; none of a daemon that was stopped in order."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(meta).where(meta.c.name.startswith(STEP))).all()
        return {row.name.removeprefix(STEP): datetime.fromisoformat(row.value) for row in rows}

    def forget_steps(self, jobs: Collection[str]) -> None:
        """These jobs were stopped in order: nobody is to wait for them."""
        with writing(self._engine) as connection:
            connection.execute(delete(meta).where(meta.c.name.in_([STEP + job for job in jobs])))

    def last_item(self) -> datetime | None:
        """When the newest item was stored."""
        with reading(self._engine) as connection:
            return connection.execute(select(items.c.fetched).order_by(items.c.id.desc()).limit(1)).scalar()

    def watching_since(self) -> datetime | None:
        """When the first pass began; None before it."""
        with reading(self._engine) as connection:
            return connection.execute(select(passes.c.started).order_by(passes.c.id).limit(1)).scalar()

    def pass_sums(self, *, since: datetime, until: datetime) -> dict[str, int]:
        """The counts of all passes that ended in a period, added up, and `passes`, their number."""
        sums = [func.coalesce(func.sum(passes.c[name]), 0).label(name) for name in COUNTS]
        query = select(func.count().label("passes"), *sums).where(passes.c.ended > since, passes.c.ended <= until)
        with reading(self._engine) as connection:
            return dict(connection.execute(query).one()._mapping)

    def totals(self) -> dict[str, int]:
        """How much is stored: items, of which baseline, alerts, of which open, feeds."""
        queries = {
            "items": select(func.count()).select_from(items),
            "baseline": select(func.count()).select_from(items).where(text("items.baseline")),
            "waiting": select(func.count()).select_from(items).where(text("NOT items.judged")),
            "alerts": select(func.count()).select_from(alerts),
            "alerts_open": select(func.count(distinct(alerts.c.id))).where(alerts.c.state.in_(["open", "escalated"])),
            "feeds": select(func.count()).select_from(feeds).where(feeds.c.polled),
        }
        with reading(self._engine) as connection:
            return {name: int(connection.execute(query).scalar_one()) for name, query in queries.items()}

    def install_id(self) -> str:
        """A random name of this installation, made with its database; part of every Message-ID."""
        with reading(self._engine) as connection:
            return str(connection.execute(select(meta.c.value).where(meta.c.name == "install_id")).scalar_one())

    def first_time(self, name: str, now: datetime) -> datetime:
        """When this was asked for the first time: `now`, where it never was."""
        held = select(meta.c.value).where(meta.c.name == name)
        with reading(self._engine) as connection:
            found = connection.execute(held).scalar()
        if found is None:
            with writing(self._engine) as connection:
                made = {"name": name, "value": now.astimezone(UTC).isoformat()}
                connection.execute(upsert(connection, meta).on_conflict_do_nothing(), made)
                found = connection.execute(held).scalar_one()
        return datetime.fromisoformat(str(found))

    def secret(self, name: str) -> bytes:
        """A random key of this installation, made when first asked for: 32 bytes that never leave the database."""
        held = select(meta.c.value).where(meta.c.name == name)
        with reading(self._engine) as connection:
            found = connection.execute(held).scalar()
        if found is None:
            with writing(self._engine) as connection:
                made = {"name": name, "value": secrets.token_hex(32)}
                connection.execute(upsert(connection, meta).on_conflict_do_nothing(), made)
                found = connection.execute(held).scalar_one()
        return bytes.fromhex(str(found))


def _pass(row: Any) -> Pass:
    return Pass(id=row.id, started=row.started, ended=row.ended, counts={name: getattr(row, name) for name in COUNTS})
