"""Levels of countries by tag and day."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "levels",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("tag", sa.String(length=16), nullable=False),
        sa.Column("count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("expected", sa.Float(), server_default="0", nullable=False),
        sa.Column("upper", sa.Float(), server_default="0", nullable=False),
        sa.Column("level", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("forecast", sa.Float(), server_default="0", nullable=False),
        sa.Column("error", sa.Float(), server_default="0", nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("story", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("day", "country", "tag", name=op.f("pk_levels")),
    )
