"""The one door to storage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, text

from monitor.i18n import _
from monitor.store.addresses import AddressesDoor
from monitor.store.alerts import AlertsDoor
from monitor.store.alike import AlikeDoor
from monitor.store.desk import DeskDoor
from monitor.store.engine import (
    Together,
    bring_up_to_date,
    free_dead_leases,
    open_engine,
    reading,
    schema_version,
    writing,
)
from monitor.store.feeds import IN_HAND, FeedsDoor
from monitor.store.items import ItemsDoor
from monitor.store.levels import LevelsDoor
from monitor.store.obligations import ObligationsDoor
from monitor.store.outbox import OutboxDoor
from monitor.store.passes import PassesDoor
from monitor.store.peers import PeersDoor
from monitor.store.people import PeopleDoor
from monitor.store.retention import RetentionDoor
from monitor.store.review import ReviewDoor
from monitor.store.schema import feeds
from monitor.store.search import SearchDoor
from monitor.store.silences import SilencesDoor
from monitor.store.sources import SourcesDoor
from monitor.store.trail import TrailDoor

Progress = Callable[[int, int], None]  # rows done, rows in all


class Store(
    FeedsDoor,
    ItemsDoor,
    AlikeDoor,
    AlertsDoor,
    ObligationsDoor,
    LevelsDoor,
    OutboxDoor,
    AddressesDoor,
    PeersDoor,
    ReviewDoor,
    PassesDoor,
    SourcesDoor,
    SearchDoor,
    RetentionDoor,
    PeopleDoor,
    TrailDoor,
    SilencesDoor,
    DeskDoor,
):
    """Everything that is remembered, by noun; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._together = engine, Together(engine)

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

    def take_over(self) -> None:
        """Free the feeds that processes elsewhere had in hand: for a database that no other daemon uses.

        Not the messages: twice is worse than late.
        """
        with writing(self._engine) as connection:
            free_dead_leases(connection, feeds, IN_HAND, elsewhere=True)

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

    def check_writable(self) -> None:
        """Write a row back as it is. Raises: StoreError in words where that cannot be."""
        with writing(self._engine) as connection:
            connection.execute(text("UPDATE meta SET value = value WHERE name = 'decisions'"))

    def backup(self, file: Path, *, progress: Progress | None = None) -> None:
        """A consistent copy as a SQLite file while the database is in use. Raises: StoreError where it exists."""
        from monitor.store.copy import backup

        backup(self._engine, file, progress=progress)

    def restore(self, file: Path, *, replace: bool = False, progress: Progress | None = None) -> int:
        """What a backup holds, all or nothing; returns how many rows. Raises: StoreError."""
        from monitor.store.copy import restore

        return restore(file, self._engine, replace=replace, progress=progress)

    def copy_to(self, url: str, *, replace: bool = False, progress: Progress | None = None) -> int:
        """Everything into the database at `url`, all or nothing; returns how many rows. Raises: StoreError."""
        from monitor.store.copy import copy_all

        target = open_engine(url)
        try:
            return copy_all(self._engine, target, replace=replace, progress=progress)
        finally:
            target.dispose()

    def schema(self) -> str:
        """The migration the database stands at."""
        return schema_version(self._engine)
