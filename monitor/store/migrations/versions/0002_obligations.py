"""Dates that bind, brands by day, steps of response plans."""

import sqlalchemy as sa
from alembic import op

import monitor.store.schema

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deadlines",
        sa.Column("story", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("found", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sentence", sa.Text(), server_default="", nullable=False),
        sa.Column("stage", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("reckoned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["story"], ["stories.id"], name=op.f("fk_deadlines_story_stories")),
        sa.PrimaryKeyConstraint("story", "kind", "on", name=op.f("pk_deadlines")),
    )
    op.create_index(op.f("ix_deadlines_on"), "deadlines", ["on"])
    op.create_table(
        "brand_days",
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("mentions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("negative", sa.Integer(), server_default="0", nullable=False),
        sa.Column("positive", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("profile", "brand", "day", name=op.f("pk_brand_days")),
    )
    op.create_table(
        "alert_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert", sa.String(16), nullable=False),
        sa.Column("step", sa.String(80), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("due", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("at", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_alert_steps_alert_alerts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_steps")),
    )
    op.create_index(op.f("ix_alert_steps_alert_step"), "alert_steps", ["alert", "step"], unique=True)
