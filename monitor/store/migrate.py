"""Migrations forward, by Alembic; a SQLite file is copied before it is changed."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from monitor.errors import StoreError
from monitor.i18n import _
from monitor.resources import in_package
from monitor.store.engine import writing

log = logging.getLogger(__name__)


def configuration(engine: Engine) -> Config:
    """Alembic's own configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(in_package("store/migrations")).replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine, stands_at: str) -> None:
    """Bring the schema to the newest version; all of it or nothing.

    Raises: StoreError when the database was made by a newer monitor.
    """
    config = configuration(engine)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if stands_at and stands_at not in known:
        newer = _(
            "the database was made by a newer monitor (schema {schema}): install that version, nothing was changed"
        )
        raise StoreError(newer.format(schema=stands_at))
    if stands_at:
        copy_before(engine, stands_at)
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":  # several machines may start at once; who comes second finds it done
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('monitor: migrate'))"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    log.info("database migrated", extra={"was": stands_at or "empty"})


def copy_before(engine: Engine, stands_at: str) -> None:
    """Keep a copy of a SQLite file beside it, named after the schema it stood at."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        file = Path(engine.url.database)
        target = file.with_name(f"{file.name}.before-{stands_at}")
        if not target.exists():
            from monitor.store.copy import backup

            backup(engine, target)
