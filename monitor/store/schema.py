"""The tables. `items`, `alerts` and `outbox` may be read by other programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

HEAD = "0014"  # newest migration; a test compares it with the migrations folder

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMES)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes only, stored and returned as UTC (SQLite forgets zones, PostgreSQL does not)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} must not be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _moment(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, UtcDateTime(), nullable=nullable)


moment_column = _moment  # for the tables that other modules of this folder add to `metadata`


def _count(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False, server_default="0")


def _measure(name: str) -> Column[Any]:
    return Column(name, Float, nullable=False, server_default="0")


def _line(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False, server_default="")


def _flag(name: str, default: str = "false") -> Column[Any]:
    return Column(name, Boolean, nullable=False, server_default=text(default))


def partial(name: str | None, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the rows where `where` holds.

    PostgreSQL learns of the condition only when it is opened (`for_postgresql`): naming its dialect
    here would load it, a tenth of the start, for everybody on SQLite too.
    """
    return Index(name, *columns, unique=unique, sqlite_where=text(where), info={"where": where})


def for_postgresql() -> None:
    """Tell every partial index its condition in PostgreSQL's name too."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if where := index.info.get("where"):
                index.dialect_options["postgresql"]["where"] = text(where)


meta = Table("meta", metadata, Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))


feeds = Table(
    "feeds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    _line("url"),
    _line("etag"),
    _line("last_modified"),
    Column("body_digest", LargeBinary, nullable=False, server_default=text("''")),
    _moment("first_polled"),
    _moment("last_polled"),
    _moment("last_ok"),
    _moment("last_new"),
    _moment("next_poll"),
    _count("failures"),
    _line("error"),
    _line("moved_to"),
    _flag("polled", "true"),
    _moment("lease_until"),
    _line("leased_by"),
    _line("host"),  # one machine at a time polls the feeds of one host
    _measure("watched_s"),
    _measure("changes"),
    _measure("ttl_s"),
    _count("entries"),  # in its last document
    _line("skips"),
    _line("served_from"),
    _line("held_from"),
    _line("silence"),  # JSON of domain.Silence; empty while the feed keeps its habit
    Index(None, "next_poll", "id"),
    partial("ix_feeds_leased", "host", where="lease_until IS NOT NULL"),
)

items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feeds.id"), nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("content_key", LargeBinary, nullable=False),
    _line("title"),
    _line("summary"),
    _line("url"),
    _line("language"),
    _moment("published"),
    _moment("fetched", nullable=False),
    _line("date_doubt"),
    _flag("baseline"),
    _flag("judged"),
    Column("story", String(16), nullable=False, server_default=""),
    # A feed's keys lie together, so looking them up stays local however many items are stored.
    UniqueConstraint("feed_id", "key"),
    Index(None, "feed_id", "content_key"),
    Index(None, "fetched"),
    Index(None, "id", "fetched"),  # days are counted from it alone
    partial(None, "story", where="story <> ''"),
    Index(None, "url"),
    # Only what still waits for the classifier is in this index, so finding it never grows with history.
    partial("ix_items_baseline", "id", where="baseline"),
    partial("ix_items_waiting", "id", where="NOT judged"),
)

judgements = Table(
    "judgements",
    metadata,
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    _line("model"),
    _line("labels"),  # comma-separated, in the order of domain.TAGS
    Column("geopolitical", Float, nullable=False),
    Column("compliance", Float, nullable=False),
    Column("supply_chain", Float, nullable=False),
    _flag("unsure"),
    _flag("flagged"),
    _line("topics"),
    _line("countries"),
    _count("severity"),
    _line("urgency"),
    _line("certainty"),
    _line("stage"),
    Column("evidence", JSON, nullable=False),
    Column("reasons", JSON, nullable=False),
    partial(
        "ix_judgements_to_review",
        "item_id",
        where="flagged OR unsure",
    ),
)

stories = Table(
    "stories",
    metadata,
    Column("id", String(16), primary_key=True),
    _line("title"),
    _line("url"),
    _line("language"),
    _moment("first_seen", nullable=False),
    _moment("last_seen", nullable=False),
    _line("labels"),
    _line("topics"),
    _line("countries"),
    _count("severity"),
    _line("urgency"),
    _line("certainty"),
    _count("item_count"),
    Column("feeds", JSON, nullable=False),
    Column("terms", JSON, nullable=False),
    Index(None, "last_seen"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("profile", Text, nullable=False),
    Column("story", ForeignKey("stories.id"), nullable=False),
    Column("level", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    _line("title"),
    _line("url"),
    _line("labels"),
    _line("topics"),
    _line("countries"),
    _count("severity"),
    _line("urgency"),
    _line("certainty"),
    _count("points"),
    Column("reasons", JSON, nullable=False),
    _moment("opened", nullable=False),
    _moment("updated", nullable=False),
    Column("revision", Integer, nullable=False),
    _flag("held"),
    _line("owner"),
    _count("item_count"),
    Column("feeds", JSON, nullable=False),
    UniqueConstraint("profile", "story"),
    Index(None, "story"),
    Index(None, "opened"),
    Index(None, "state", "level"),
)

alert_events = Table(
    "alert_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert", ForeignKey("alerts.id"), nullable=False),
    _moment("at", nullable=False),
    _line("author"),
    _line("what"),
    _line("note"),
    Index(None, "alert"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message_id", String(200), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("channel", String(16), nullable=False),
    _line("profile"),
    _line("period"),
    _line("subject"),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    _count("attempts"),
    _moment("created", nullable=False),
    _moment("next_try"),
    _moment("lease_until"),
    _line("leased_by"),
    _moment("sent"),
    _line("error"),
    Index(None, "state", "next_try"),
    Index(None, "recipient", "created"),
    partial(
        "uq_outbox_digest",
        "recipient",
        "channel",
        "profile",
        "period",
        unique=True,
        where="kind = 'digest'",
    ),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("language", String(16), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("alert", ForeignKey("alerts.id"), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    _flag("immediate"),
    _moment("created", nullable=False),
    Column("message", ForeignKey("outbox.id"), nullable=True),
    _line("skipped"),  # why nobody had to be told any more
    UniqueConstraint("recipient", "channel", "alert", "reason", "revision"),
    Index(None, "alert"),
    partial(
        None,
        "recipient",
        "immediate",
        where="message IS NULL AND skipped = ''",
    ),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("items.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    _line("labels"),
    Column("author", Text, nullable=False),
    _moment("at", nullable=False),
    _line("why"),
    _flag("undone"),
    Index(None, "item_id"),
)

models = Table(
    "models",
    metadata,
    Column("digest", String(64), primary_key=True),
    _moment("created", nullable=False),
    Column("state", String(16), nullable=False),  # candidate, promoted, former
    _moment("promoted"),
    Column("manifest", JSON, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("files", LargeBinary, nullable=False),  # the artefact's files as one uncompressed tar
)

passes = Table(
    "passes",
    metadata,
    Column("id", Integer, primary_key=True),
    _moment("started", nullable=False),
    _moment("ended"),
    _count("feeds"),
    _count("reached"),
    _count("unchanged"),
    _count("failed"),
    _count("entries_seen"),
    _count("items_new"),
    _count("items_baseline"),
    _count("duplicates"),
    _count("rejected"),
    _count("items_flagged"),
    _count("alerts_new"),
    _count("alerts_held"),
    Index(None, "ended"),
)
