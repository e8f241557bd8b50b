"""Silences: what is raised and kept, and told to nobody, until when and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Engine, Index, Integer, Row, String, Table, Text, insert, select, update

from monitor.domain import AlertSilence, Tag
from monitor.store.engine import inserted_id, reading, writing
from monitor.store.schema import metadata, moment_column
from monitor.store.trail import write_trail

silences = Table(
    "silences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("country", String(2), nullable=False, server_default=""),
    Column("tag", String(16), nullable=False, server_default=""),
    Column("topic", String(60), nullable=False, server_default=""),
    moment_column("begun", nullable=False),
    moment_column("until", nullable=False),
    Column("reason", Text, nullable=False),
    Column("author", Text, nullable=False),
    moment_column("ended"),
    Column("ended_by", Text, nullable=False, server_default=""),
    Index(None, "until"),
)


class SilencesDoor:
    """The part of the store that knows silences."""

    _engine: Engine

    def add_silence(self, silence: AlertSilence) -> AlertSilence:
        """Begin a silence; returns it with its id."""
        row = {
            "profile": silence.profile,
            "country": silence.country,
            "tag": silence.tag.value if silence.tag else "",
            "topic": silence.topic,
            "begun": silence.begun,
            "until": silence.until,
            "reason": silence.reason,
            "author": silence.author,
        }
        with writing(self._engine) as connection:
            number = inserted_id(connection.execute(insert(silences), row))
            note = f"{silence.scope} until {silence.until.isoformat(timespec='minutes')}: {silence.reason}"
            subject = f"silence {number}"
            write_trail(
                connection, at=silence.begun, author=silence.author, action="silenced", subject=subject, note=note
            )
        return replace(silence, id=number)

    def silences(self, *, at: datetime | None = None) -> list[AlertSilence]:
        """Every silence, newest first; with `at` those in force at that moment."""
        query = select(silences).order_by(silences.c.id.desc())
        if at is not None:
            query = query.where(silences.c.begun <= at, silences.c.until > at, silences.c.ended.is_(None))
        with reading(self._engine) as connection:
            return [_silence(row) for row in connection.execute(query)]

    def end_silence(self, number: int, *, at: datetime, author: str) -> bool:
        """End a silence before its time; False when none of that number is in force."""
        runs = (silences.c.id == number) & silences.c.ended.is_(None) & (silences.c.until > at)
        with writing(self._engine) as connection:
            ended = connection.execute(update(silences).where(runs).values(ended=at, ended_by=author)).rowcount == 1
            if ended:
                write_trail(connection, at=at, author=author, action="silence ended", subject=f"silence {number}")
        return ended


def _silence(row: Row[Any]) -> AlertSilence:
    return AlertSilence(
        id=row.id,
        profile=row.profile,
        country=row.country,
        tag=Tag(row.tag) if row.tag else None,
        topic=row.topic,
        begun=row.begun,
        until=row.until,
        reason=row.reason,
        author=row.author,
        ended=row.ended,
        ended_by=row.ended_by,
    )
