"""The trail as a chain of digests, lines that stand there included; silences."""

import json
from datetime import UTC
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

import monitor.store.schema

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = monitor.store.schema.UtcDateTime(timezone=True)
    for name in ("former", "digest"):
        op.add_column("trail", sa.Column(name, sa.String(length=64), server_default="", nullable=False))
    _chain(moment)
    op.create_table(
        "silences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), server_default="", nullable=False),
        sa.Column("tag", sa.String(length=16), server_default="", nullable=False),
        sa.Column("topic", sa.String(length=60), server_default="", nullable=False),
        sa.Column("begun", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("ended", moment, nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
    )
    op.create_index(op.f("ix_silences_until"), "silences", ["until"])


def _chain(moment: monitor.store.schema.UtcDateTime) -> None:
    names = ("id", "author", "action", "subject", "note", "former", "digest")
    trail = sa.table("trail", sa.column("at", moment), *map(sa.column, names))
    meta = sa.table("meta", sa.column("name"), sa.column("value"))
    connection = op.get_bind()
    count, head = 0, "0" * 64
    for row in connection.execute(sa.select(trail).order_by(trail.c.id)).all():
        said = [head, row.at.astimezone(UTC).isoformat(), row.author, row.action, row.subject, row.note]
        digest = sha256(json.dumps(said, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()
        connection.execute(trail.update().where(trail.c.id == row.id).values(former=head, digest=digest))
        count, head = count + 1, digest
    connection.execute(meta.insert().values(name="trail_head", value=f"{count} {head}"))
