"""Who changed what, as a chain: each line carries the digest of the one before it and its own.

A line that is changed, taken out or put in later breaks the chain at that place; the newest digest
also stands in `meta`, so that lines cut off the end are missed too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, Connection, Engine, Index, Integer, String, Table, Text, insert, select, update

from monitor.store.engine import reading, writing
from monitor.store.schema import meta, metadata, moment_column

BEGINNING = "0" * 64  # what the first line names as the one before it
HEAD_ROW = "trail_head"  # how many lines there are and the newest digest
ROWS = 1_000

trail = Table(
    "trail",
    metadata,
    Column("id", Integer, primary_key=True),
    moment_column("at", nullable=False),
    Column("author", Text, nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("former", String(64), nullable=False, server_default=""),
    Column("digest", String(64), nullable=False, server_default=""),
    Index(None, "subject"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailLine:
    """One change: when, by whom, what, to what; `digest` is over all of it and `former`, the one before."""

    id: int
    at: datetime
    author: str
    action: str
    subject: str
    note: str
    former: str = ""
    digest: str = ""

    @property
    def right_digest(self) -> str:
        """The digest that its words have: SHA-256 in hexadecimal of a JSON list in one agreed form."""
        return digest_of(self.former, self.at, self.author, self.action, self.subject, self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailCheck:
    """What verifying found: how many lines are intact, the digest they end at, and the first line that is not."""

    lines: int
    head: str
    broken: TrailLine | None = None
    missing: int = 0  # lines cut off the end

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, put in or taken out."""
        return self.broken is None and not self.missing


class TrailDoor:
    """The part of the store that knows the trail."""

    _engine: Engine

    def note_change(self, *, at: datetime, author: str, action: str, subject: str = "", note: str = "") -> None:
        """One line of the trail for a change that no other method writes down."""
        with writing(self._engine) as connection:
            write_trail(connection, at=at, author=author, action=action, subject=subject, note=note)

    def trail(
        self, *, limit: int = 100, before_id: int | None = None, subject: str = "", author: str = ""
    ) -> list[TrailLine]:
        """Who changed what, newest first."""
        query = select(trail).order_by(trail.c.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(trail.c.id < before_id)
        if subject:
            query = query.where(trail.c.subject == subject)
        if author:
            query = query.where(trail.c.author == author)
        with reading(self._engine) as connection:
            return [TrailLine(**row._mapping) for row in connection.execute(query)]

    def whole_trail(self) -> Iterator[TrailLine]:
        """Every line, oldest first, without holding them all in memory."""
        with reading(self._engine) as connection:
            yield from _lines(connection)

    def verify_trail(self) -> TrailCheck:
        """Whether the chain holds from its beginning to the newest digest."""
        still = self._engine
        if still.dialect.name != "sqlite":  # there each statement would see what was written meanwhile
            still = still.execution_options(isolation_level="REPEATABLE READ")
        with reading(still) as connection:
            expected, head = _head(connection)
            found = check_chain(_lines(connection))
        if found.broken is not None or (found.lines, found.head) == (expected, head):
            return found
        return TrailCheck(lines=found.lines, head=found.head, missing=max(expected - found.lines, 1))


def check_chain(lines: Iterator[TrailLine]) -> TrailCheck:
    """Follow the chain to its end or to the first line that does not fit."""
    count, head = 0, BEGINNING
    for line in lines:
        if line.former != head or line.digest != line.right_digest:
            return TrailCheck(lines=count, head=head, broken=line)
        count, head = count + 1, line.digest
    return TrailCheck(lines=count, head=head)


def digest_of(former: str, at: datetime, author: str, action: str, subject: str, note: str) -> str:
    """The digest of one line, SHA-256 in hexadecimal."""
    said = [former, at.astimezone(UTC).isoformat(), author, action, subject, note]
    return sha256(json.dumps(said, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


def write_trail(
    connection: Connection, *, at: datetime, author: str, action: str, subject: str = "", note: str = ""
) -> None:
    """One line of the trail, inside the transaction of the change itself.

    Whoever appends holds the row of the newest digest until the end of its transaction, so that lines
    stand one behind the other on PostgreSQL as well as on SQLite, which knows one writer only.
    """
    count, former = _head(connection, hold=True)
    words = {"author": author, "action": action, "subject": subject, "note": note}
    clean = {name: text.replace("\0", " ").encode("utf-8", "replace").decode() for name, text in words.items()}
    digest = digest_of(former, at, **clean)
    row: Mapping[str, Any] = {"at": at, **clean, "former": former, "digest": digest}
    connection.execute(insert(trail), row)
    connection.execute(update(meta).where(meta.c.name == HEAD_ROW).values(value=f"{count + 1} {digest}"))


def _head(connection: Connection, *, hold: bool = False) -> tuple[int, str]:
    query = select(meta.c.value).where(meta.c.name == HEAD_ROW)
    count, digest = connection.execute(query.with_for_update() if hold else query).scalar_one().split()
    return int(count), digest


def _lines(connection: Connection) -> Iterator[TrailLine]:
    query = select(trail).order_by(trail.c.id)
    with connection.execute(query, execution_options={"yield_per": ROWS}) as result:
        for row in result:
            yield TrailLine(**row._mapping)
