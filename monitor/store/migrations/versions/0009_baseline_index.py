"""What was there before the watch, counted without reading every item."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_items_baseline",
        "items",
        ["id"],
        unique=False,
        sqlite_where=sa.text("baseline"),
        postgresql_where=sa.text("baseline"),
    )
