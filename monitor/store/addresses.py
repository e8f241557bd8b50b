"""Addresses that are not written to: refused by their server, or unsubscribed by their owner.

A row is never deleted: who stopped and who resumed an address, and when, stays to be seen.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Engine, Integer, Row, String, Table, Text, and_, insert, select, update

from monitor.domain import MessageState, Stop, StopKind
from monitor.errors import ConflictError
from monitor.store.engine import reading, writing
from monitor.store.schema import UtcDateTime, metadata, outbox, partial
from monitor.store.trail import write_trail

stops = Table(
    "stops",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("profile", Text, nullable=False, server_default=""),
    Column("kind", String(16), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("author", Text, nullable=False, server_default=""),
    Column("why", Text, nullable=False, server_default=""),
    Column("ended", UtcDateTime(), nullable=True),
    Column("ended_by", Text, nullable=False, server_default=""),
    partial(
        "uq_stops_open",
        "recipient",
        "channel",
        "profile",
        "kind",
        unique=True,
        where="ended IS NULL",
    ),
)


class AddressesDoor:
    """The part of the store that knows who is not written to."""

    _engine: Engine

    def stop(self, stop: Stop) -> bool:
        """Write to this address no more; False when that was said before."""
        row = {
            "recipient": stop.recipient,
            "channel": stop.channel,
            "profile": stop.profile,
            "kind": stop.kind.value,
            "at": stop.at,
            "author": stop.author,
            "why": stop.why,
        }
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(stops), row)
                what = f"{stop.profile} {stop.why}".strip()
                write_trail(
                    connection,
                    at=stop.at,
                    author=stop.author,
                    action=stop.kind.value,
                    subject=stop.recipient,
                    note=what,
                )
        except ConflictError:
            return False
        return True

    def stops(self, *, ended: bool = False) -> list[Stop]:
        """The stops in force, oldest first; with `ended` those that were lifted as well."""
        query = select(stops).order_by(stops.c.id)
        if not ended:
            query = query.where(stops.c.ended.is_(None))
        with reading(self._engine) as connection:
            return [_stop(row) for row in connection.execute(query)]

    def resume(
        self, recipient: str, *, kind: StopKind, at: datetime, author: str, profile: str | None = None
    ) -> tuple[int, int]:
        """Write to this address again: how many stops were lifted, and how many parked messages are due again."""
        lifted = and_(stops.c.recipient == recipient, stops.c.kind == kind.value, stops.c.ended.is_(None))
        if profile is not None:
            lifted = and_(lifted, stops.c.profile == profile)
        with writing(self._engine) as connection:
            ended = connection.execute(update(stops).where(lifted).values(ended=at, ended_by=author)).rowcount
            if ended:
                write_trail(connection, at=at, author=author, action="released", subject=recipient, note=kind.value)
            again = 0
            if kind is StopKind.PARKED:
                theirs = and_(outbox.c.recipient == recipient, outbox.c.state == MessageState.PARKED.value)
                fresh = {"state": MessageState.READY.value, "attempts": 0, "next_try": None}
                again = connection.execute(update(outbox).where(theirs).values(fresh)).rowcount
        return ended, again


def _stop(row: Row[Any]) -> Stop:
    said = {name: value for name, value in row._mapping.items() if name != "id"}
    return Stop(**said | {"kind": StopKind(row.kind)})
