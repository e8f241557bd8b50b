"""Alembic's entry: one connection, given by monitor.store.migrate, one transaction."""

from alembic import context

import monitor.store.store  # noqa: F401  (with it every table is known, wherever it is described)
from monitor.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
)
context.run_migrations()
