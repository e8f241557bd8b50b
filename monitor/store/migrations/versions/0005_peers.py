"""Other installations whose bundles are taken in."""

import sqlalchemy as sa
from alembic import op

import monitor.store.schema

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "peers",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("trust", sa.Integer(), nullable=False),
        sa.Column("added", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_peers")),
    )
