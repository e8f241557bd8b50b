"""The alerts of a story are read from an index: the other one begins with the profile."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alerts_story", "alerts", ["story"], unique=False)
