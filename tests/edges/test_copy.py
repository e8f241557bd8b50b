"""The whole memory in a backup, back from it, and from one kind of database to the other: nothing is lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    Table,
    delete,
    insert,
    select,
)

from monitor.errors import StoreError
from monitor.store import Store
from monitor.store.copy import backup, copy_all, restore
from monitor.store.engine import open_engine, writing
from monitor.store.schema import UtcDateTime, feeds, metadata

NOW = datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=UTC)
ROWS = 7
HARD = ("罢工 — “strike”", "𠮷野家 🚢", "O'Brien; DROP TABLE items", "%s :name \\ \t", "e\u0301 \u202e")


def a_value(column: Column[Any], number: int, chance: random.Random, of: dict[str, list[Any]]) -> Any:
    for key in column.foreign_keys:
        parents = of[key.column.table.name]
        return parents[number % len(parents)] if parents else None
    kind = column.type
    if isinstance(kind, UtcDateTime | DateTime):
        return NOW + timedelta(seconds=chance.randrange(10**6))
    if isinstance(kind, Date):
        return NOW.date() + timedelta(days=number)
    if isinstance(kind, Boolean):
        return bool(chance.getrandbits(1))
    if isinstance(kind, Integer):
        return number + 1
    if isinstance(kind, Float):
        return chance.random()
    if isinstance(kind, LargeBinary):
        return number.to_bytes(2, "big") + chance.randbytes(14)
    if isinstance(kind, JSON):
        return [{"word": chance.choice(HARD), "weight": chance.random()}, None, number]
    length = getattr(kind, "length", None) or 200
    return f"{number} {chance.choice(HARD)}"[:length]


def fill(engine: Engine) -> None:
    """Some rows in every table there is, whatever tables later versions add."""
    chance, of = random.Random(7), {}  # type: ignore[var-annotated]
    with writing(engine) as connection:
        for table in metadata.sorted_tables:
            if table.name != "meta":
                connection.execute(delete(table))
                rows = [{c.name: a_value(c, n, chance, of) for c in table.columns} for n in range(ROWS)]
                connection.execute(insert(table), rows)
            key = next(iter(table.primary_key.columns))
            of[table.name] = list(connection.execute(select(key).order_by(key)).scalars())


def everything(engine: Engine) -> dict[str, list[Any]]:
    def rows(connection: Any, table: Table) -> list[Any]:
        return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]

    with engine.connect() as connection:
        return {table.name: rows(connection, table) for table in metadata.sorted_tables}


@pytest.fixture
def filled(database_url: str) -> Iterator[Engine]:
    Store.open(database_url).close()
    engine = open_engine(database_url)
    fill(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def other(postgres: str, filled: Engine, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of the other kind."""
    if filled.dialect.name == "postgresql":
        engine = open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    else:
        import psycopg
        from sqlalchemy.engine import make_url

        name = f"c{random.randrange(10**12)}"
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = make_url(postgres).set(drivername="postgresql+psycopg", database=name)
        engine = open_engine(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def test_a_copy_into_the_other_kind_of_database_holds_every_row_as_it_was(filled: Engine, other: Engine) -> None:
    told: list[tuple[int, int]] = []
    rows = copy_all(filled, other, progress=lambda done, total: told.append((done, total)))
    assert everything(other) == everything(filled)
    assert rows == sum(len(found) for found in everything(filled).values())
    assert told[-1] == (rows, rows)


def test_numbering_goes_on_after_a_copy(filled: Engine, other: Engine) -> None:
    copy_all(filled, other)
    with writing(other) as connection:
        fresh = connection.execute(insert(feeds), {"name": "One more"}).inserted_primary_key
    assert fresh is not None
    assert fresh[0] == ROWS + 1


def test_a_backup_made_in_use_comes_back_whole(filled: Engine, other: Engine, tmp_path: Path) -> None:
    file = tmp_path / "backup" / "monitor.db"
    backup(filled, file)
    assert [found.name for found in file.parent.iterdir()] == ["monitor.db"]
    assert file.stat().st_mode & 0o077 == 0
    restore(file, other)
    assert everything(other) == everything(filled)
    with pytest.raises(StoreError, match="exists already"):
        backup(filled, file)


def test_what_is_there_is_not_overwritten_unless_asked(filled: Engine, other: Engine) -> None:
    copy_all(filled, other)
    with writing(filled) as connection:
        connection.execute(insert(feeds), {"id": 99, "name": "Later", "body_digest": b""})
    before = everything(other)
    with pytest.raises(StoreError, match="holds data already"):
        copy_all(filled, other)
    assert everything(other) == before
    copy_all(filled, other, replace=True)
    assert everything(other) == everything(filled)


def test_a_copy_that_comes_out_different_changes_nothing(
    filled: Engine, other: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitor.store import copy

    honest = copy._rows

    def lying(connection: Any, table: Table) -> Iterator[Any]:
        for rows in honest(connection, table):
            same = connection.engine is not other
            yield rows if same or table.name != "items" else [{**row, "title": "altered"} for row in rows]

    Store.open(other.url.render_as_string(hide_password=False)).close()
    before = everything(other)
    monkeypatch.setattr(copy, "_rows", lying)
    with pytest.raises(StoreError, match="items came out different"):
        copy_all(filled, other)
    assert everything(other) == before


def test_a_file_that_is_no_backup_is_named(filled: Engine, tmp_path: Path) -> None:
    for content in (b"", b"not a database at all, only some text that is long enough"):
        file = tmp_path / "wrong.db"
        file.write_bytes(content)
        with pytest.raises(StoreError, match=r"wrong\.db holds no data of monitor: name a backup"):
            restore(file, filled, replace=True)
    with pytest.raises(StoreError, match="does not exist"):
        restore(tmp_path / "missing.db", filled)
