"""What is due is read from an index in the order in which it is taken, so that a claim reads no more than it takes."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_feeds_next_poll", "feeds")
    op.create_index("ix_feeds_next_poll_id", "feeds", ["next_poll", "id"], unique=False)
