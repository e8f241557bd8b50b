"""From every earlier schema with rows in every table: what stood there stands there still, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Date, DateTime, Engine, MetaData, Table, insert, inspect, select
from sqlalchemy.types import NullType

from monitor.errors import StoreError
from monitor.store import Store
from monitor.store.engine import open_engine, reading, writing
from monitor.store.migrate import configuration
from monitor.store.schema import HEAD

from .test_copy import ROWS, a_value

OWN = ("meta", "alembic_version")  # kept by the migrations themselves
INDEX = "item_words"  # begins the names of tables that the database derives from items


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    found = open_engine(database_url)
    yield found
    found.dispose()


def revisions(engine: Engine) -> list[str]:
    return [script.revision for script in ScriptDirectory.from_config(configuration(engine)).walk_revisions()][::-1]


def upgrade(engine: Engine, revision: str) -> None:
    config = configuration(engine)
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def tables(connection: Connection) -> list[Table]:
    found = MetaData()
    wanted = [name for name in inspect(connection).get_table_names() if name not in OWN and INDEX not in name]
    found.reflect(connection, only=wanted)
    return [table for table in found.sorted_tables if table.name in wanted and len(table.primary_key.columns)]


def names_of(table: Table) -> list[str]:
    """The columns that hold what was written there."""
    return [c.name for c in table.columns if c.computed is None and not isinstance(c.type, NullType)]


def fill(engine: Engine, chance: random.Random, former: set[str]) -> None:
    """Some rows in every table that was not there before."""
    with writing(engine) as connection:
        of: dict[str, list[Any]] = {}
        for table in tables(connection):
            if table.name not in former:
                columns = [table.c[name] for name in names_of(table)]
                rows = [{c.name: plain(c, a_value(c, n, chance, of)) for c in columns} for n in range(ROWS)]
                connection.execute(insert(table), rows)
            key = next(iter(table.primary_key.columns))
            of[table.name] = list(connection.execute(select(key).order_by(key)).scalars())


def plain(column: Any, value: Any) -> Any:
    """A moment as a column without zone takes it."""
    naive = isinstance(column.type, DateTime) and not isinstance(column.type, Date) and not column.type.timezone
    return value.astimezone(UTC).replace(tzinfo=None) if naive and value is not None else value


def content(connection: Connection, wanted: dict[str, list[str]] | None = None) -> dict[str, list[Any]]:
    found = {}
    for table in tables(connection):
        if wanted is None or table.name in wanted:
            names = wanted[table.name] if wanted else names_of(table)
            query = select(*(table.c[name] for name in names)).order_by(*table.primary_key.columns)
            found[table.name] = [tuple(row) for row in connection.execute(query)]
    return found


def test_every_earlier_schema_is_brought_up_with_every_row_it_held(engine: Engine, database_url: str) -> None:
    chance, former = random.Random(11), set[str]()
    steps = revisions(engine)
    assert steps[-1] == HEAD
    for before, after in zip([*steps, HEAD], [*steps[1:], HEAD, HEAD], strict=False):
        if not former:
            upgrade(engine, before)
        fill(engine, chance, former)
        with reading(engine) as connection:
            former = {table.name for table in tables(connection)}
            columns = {table.name: names_of(table) for table in tables(connection)}
            held = content(connection, columns)
        assert all(len(rows) >= ROWS for rows in held.values())
        upgrade(engine, after)
        with reading(engine) as connection:
            assert content(connection, columns) == held, f"{before} to {after}"
    with closing(Store.open(database_url)) as store:
        assert store.schema() == HEAD and store.check() == ""


def test_a_migration_that_is_broken_off_changes_nothing_and_the_next_start_completes_it(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    steps = revisions(engine)
    upgrade(engine, steps[-2])
    fill(engine, random.Random(5), set())
    with reading(engine) as connection:
        held = content(connection)

    def cut(*_: object, **__: object) -> None:
        command_upgrade(*_, **__)
        raise StoreError("the power is cut before the commit")

    command_upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", cut)
    with pytest.raises(StoreError):
        Store.open(database_url)
    with reading(engine) as connection:
        assert content(connection) == held
    monkeypatch.undo()
    with closing(Store.open(database_url)) as store:
        assert store.schema() == HEAD
    if engine.dialect.name == "sqlite":
        assert list(tmp_path.glob(f"*.before-{steps[-2]}"))


def test_several_machines_may_start_on_an_empty_database_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: Store.open(database_url), range(4)))
    assert {store.schema() for store in stores} == {HEAD}
    for store in stores:
        store.close()
