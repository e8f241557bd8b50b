"""Each feed's host, so that machines that share the work keep to its limits; what is due is found by an index."""

import sqlalchemy as sa
from alembic import op

from monitor.store.feeds import host_of

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    leased = sa.text("lease_until IS NOT NULL")
    with op.batch_alter_table("feeds", schema=None) as batch_op:
        batch_op.add_column(sa.Column("host", sa.Text(), server_default="", nullable=False))
        batch_op.create_index(batch_op.f("ix_feeds_next_poll"), ["next_poll"], unique=False)
        batch_op.create_index("ix_feeds_leased", ["host"], unique=False, sqlite_where=leased, postgresql_where=leased)
    feeds = sa.table("feeds", sa.column("id"), sa.column("url"), sa.column("host"))
    connection = op.get_bind()
    for number, url in connection.execute(sa.select(feeds.c.id, feeds.c.url)).all():
        connection.execute(sa.update(feeds).where(feeds.c.id == number).values(host=host_of(url)))
