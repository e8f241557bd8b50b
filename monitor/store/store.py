"""The one door to storage."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, text

from monitor.i18n import _
from monitor.store.alerts import AlertsDoor
from monitor.store.engine import bring_up_to_date, open_engine, reading, schema_version
from monitor.store.feeds import FeedsDoor
from monitor.store.items import ItemsDoor
from monitor.store.obligations import ObligationsDoor
from monitor.store.outbox import OutboxDoor
from monitor.store.passes import PassesDoor
from monitor.store.review import ReviewDoor


class Store(FeedsDoor, ItemsDoor, AlertsDoor, ObligationsDoor, OutboxDoor, ReviewDoor, PassesDoor):
    """Everything that is remembered, by noun; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Store:
        """The store at `url`, created or migrated where needed.

        Raises: ConfigError for a URL that cannot be read; StoreError for a database that cannot be used.
        """
        engine = open_engine(url)
        try:
            bring_up_to_date(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    def check(self) -> str:
        """Empty when the database is sound, else what is wrong with it."""
        if self._engine.dialect.name != "sqlite":
            return ""
        with reading(self._engine) as connection:
            found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
            broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if found == "ok" and broken is None:
            return ""
        return _("damaged: {what}").format(what=_("a reference is broken") if found == "ok" else found)

    def backup(self, target: Path) -> None:
        """A consistent copy of a SQLite database while it is in use."""
        from monitor.store.migrate import backup

        backup(self._engine, target)

    def schema(self) -> str:
        """The migration the database stands at."""
        return schema_version(self._engine)
