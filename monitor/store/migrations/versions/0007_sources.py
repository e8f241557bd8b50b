"""Manners, habits, page watch, full text and search."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

import monitor.store.schema

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, monitor.store.schema.UtcDateTime(timezone=True), nullable=True)


def upgrade() -> None:
    for column in ("watched_s", "changes", "ttl_s"):
        op.add_column("feeds", sa.Column(column, sa.Float(), server_default="0", nullable=False))
    op.add_column("feeds", sa.Column("entries", sa.Integer(), server_default="0", nullable=False))
    for column in ("skips", "served_from", "held_from", "silence"):
        op.add_column("feeds", sa.Column(column, sa.Text(), server_default="", nullable=False))
    op.create_table(
        "hosts",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("spacing_s", sa.Float(), server_default="0", nullable=False),
        _moment("spaced_until"),
        sa.Column("robots", sa.Text(), server_default="", nullable=False),
        _moment("robots_read"),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_hosts")),
    )
    op.create_table(
        "page_texts",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("region", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_page_texts_feed_id_feeds")),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_page_texts")),
    )
    op.create_table(
        "full_texts",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        _moment("read"),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_full_texts_item_id_items"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_full_texts")),
    )
    op.create_table(
        "arrivals",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_arrivals_feed_id_feeds")),
        sa.PrimaryKeyConstraint("feed_id", "hour", name=op.f("pk_arrivals")),
    )
    if op.get_bind().dialect.name == "sqlite":
        # Without a copy of the texts. Full texts are found under the negative of their item's id.
        op.execute(
            "CREATE VIRTUAL TABLE item_words USING fts5(title, body, content='', "
            "tokenize='unicode61 remove_diacritics 2')"
        )
    else:
        op.execute(
            "CREATE TABLE item_words (item_id INTEGER PRIMARY KEY REFERENCES items (id) ON DELETE CASCADE, "
            "words tsvector)"
        )
        op.execute("CREATE INDEX ix_item_words_words ON item_words USING gin (words)")
