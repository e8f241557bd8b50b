"""The whole memory from one database to another, proved row by row: backup, restore, SQLite to PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, LargeBinary, Table, cast, delete, func, insert, select, text

from monitor.errors import StoreError
from monitor.i18n import _
from monitor.store.engine import bring_up_to_date, open_engine, reading, schema_version, writing
from monitor.store.schema import HEAD, metadata
from monitor.store.search import forget_index

ROWS = 2_000  # read, written and compared at a time
MADE_BY_MIGRATIONS = "meta"  # has rows in a database that holds nothing yet

Progress = Callable[[int, int], None]  # rows done, rows in all


def copy_all(source: Engine, target: Engine, *, replace: bool = False, progress: Progress | None = None) -> int:
    """Every row of `source` into `target`, in one transaction; returns how many rows.

    The copy is read back and compared with what was read before it is committed. `replace` clears
    a target that holds something; without it such a target is refused.
    Raises: StoreError for a target that is in use or comes out different; nothing is then changed.
    """
    bring_up_to_date(target)
    with _snapshot(source) as here, writing(target) as there:
        tables = metadata.sorted_tables
        filled = [t.name for t in tables if t.name != MADE_BY_MIGRATIONS and _count(there, t)]
        if filled and not replace:
            said = _("{place} holds data already ({tables}): name an empty database, or say --replace")
            raise StoreError(said.format(place=_place(target), tables=", ".join(filled)))
        total, done = sum(_count(here, table) for table in tables), 0
        for table in reversed(tables):
            there.execute(delete(table))
        for table in tables:
            seen = blake2b()
            for rows in _rows(here, table):
                _digest_into(seen, rows)
                there.execute(insert(table), rows)
                done += len(rows)
                if progress is not None:
                    progress(done, total)
            _continue_numbering(there, table)
            found = blake2b()
            for rows in _rows(there, table):
                _digest_into(found, rows)
            if found.digest() != seen.digest():
                raise StoreError(_("table {name} came out different: nothing was changed").format(name=table.name))
        forget_index(there)  # of the texts, which is made anew when somebody searches
    return done


def backup(source: Engine, file: Path, *, progress: Progress | None = None) -> None:
    """A consistent copy while the database is in use, always as a SQLite file, complete or not at all.

    Raises: StoreError where the file exists.
    """
    if file.exists():
        raise StoreError(_("{file} exists already: name another file").format(file=file))
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    if source.dialect.name == "sqlite":
        with source.connect() as connection:
            connection.connection.driver_connection.execute("VACUUM INTO ?", (str(draft),))  # type: ignore[union-attr]
    else:
        with _opened(draft) as target:
            copy_all(source, target, progress=progress)
            with target.connect() as connection:  # the log is folded in: the file alone is the backup
                connection.connection.driver_connection.execute("PRAGMA journal_mode = DELETE")  # type: ignore[union-attr]
    draft.chmod(0o600)
    draft.rename(file)


def restore(file: Path, target: Engine, *, replace: bool = False, progress: Progress | None = None) -> int:
    """What a backup holds into `target`; a backup of an older schema is migrated on the way, in a copy of it.

    Raises: StoreError for a file that is no backup of ours, and as `copy_all`.
    """
    from shutil import copyfile
    from tempfile import TemporaryDirectory

    if not file.is_file():
        raise StoreError(_("{file} does not exist: name a file that `monitor db backup` wrote").format(file=file))
    none_of_ours = StoreError(_("{file} holds no data of monitor: name a backup").format(file=file))
    if not _is_sqlite(file):
        raise none_of_ours
    with TemporaryDirectory(prefix="monitor-restore-") as folder:
        working = Path(folder) / "backup.db"
        copyfile(file, working)
        with _opened(working) as source:
            if not schema_version(source):
                raise none_of_ours
            bring_up_to_date(source)
            return copy_all(source, target, replace=replace, progress=progress)


def _is_sqlite(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(16) == b"SQLite format 3\0"
    except OSError as problem:
        said = _("{file} cannot be read ({why})").format(file=file, why=problem.strerror)
        raise StoreError(said) from problem


@contextmanager
def _opened(file: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{file}")
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """One state of the whole database, whatever others write meanwhile."""
    stands_at = schema_version(engine)
    if stands_at != HEAD:
        said = _("{place} stands at schema {schema}, this version at {head}: run `monitor db upgrade` on it first")
        raise StoreError(said.format(place=_place(engine), schema=stands_at or "-", head=HEAD))
    still = engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="REPEATABLE READ")
    with reading(still) as connection:
        yield connection


def _rows(connection: Connection, table: Table) -> Iterator[Sequence[dict[str, Any]]]:
    query = select(*map(_as_bytes, table.columns)).order_by(*table.primary_key.columns)
    result = connection.execute(query, execution_options={"yield_per": ROWS})
    for part in result.mappings().partitions(ROWS):
        yield [dict(row) for row in part]


def _as_bytes(column: Any) -> Any:
    """SQLite keeps a bytes column's default as text; everything else stands as it is."""
    return cast(column, LargeBinary).label(column.name) if isinstance(column.type, LargeBinary) else column


def _digest_into(seen: Any, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        seen.update(
            json.dumps(row, default=_plain, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
        )


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _continue_numbering(connection: Connection, table: Table) -> None:
    """PostgreSQL gives out numbers from a counter, which has to know the rows that came with theirs."""
    column = table.autoincrement_column
    if connection.dialect.name == "sqlite" or column is None:
        return
    counter = text("SELECT setval(pg_get_serial_sequence(:name, :column), :last, :used)")
    last = connection.execute(select(func.max(column))).scalar()
    connection.execute(counter, {"name": table.name, "column": column.name, "last": last or 1, "used": bool(last)})


def _place(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
