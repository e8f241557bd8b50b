"""Opening the database: SQLite with the pragmas we promise, or PostgreSQL; never a half-made one."""

from __future__ import annotations

import json
import os
import re
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    Executable,
    Table,
    create_engine,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from monitor.errors import ConfigError, ConflictError, StoreError
from monitor.i18n import N_, _
from monitor.store.schema import HEAD, UtcDateTime, for_postgresql

HIDDEN = "hidden"  # it runs, and when it began is not shown to us
BUSY_MS = 30_000  # a writer waits this long for another one before it gives up


def open_engine(url: str) -> Engine:
    """An engine for `url`; a SQLite file's folder is created, readable by its user alone."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as problem:
        wrong = _("the database URL cannot be read: use sqlite:////path or postgresql://…")
        raise ConfigError(wrong) from problem
    if not parsed.drivername.startswith("sqlite"):
        for_postgresql()
        engine = create_engine(parsed, pool_pre_ping=True)
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    if parsed.database and parsed.database != ":memory:":
        try:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as problem:
            said = _("cannot create the folder of {file}: {why}").format(file=parsed.database, why=problem.strerror)
            raise StoreError(said) from problem
    engine = create_engine(parsed, connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA cache_size = -16000")
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts for a new file only: room can be given back
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """Our questions are short: what helps long ones (helpers, compiling) costs them up to a thousandfold."""
    before, connection.autocommit = connection.autocommit, True
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cursor.execute("SET jit = off")
    connection.autocommit = before


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reading one consistent state."""
    with told(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One short write transaction: all of it, or nothing."""
    with told(engine), engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


class Together:
    """Writes of several threads in shared transactions: one commits for all who came while it waited its turn.

    Nobody goes on before its own change is on the disk; only the number of commits is smaller.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self._turn = engine, Lock()
        self._waiting: deque[tuple[Executable, Future[int]]] = deque()

    def write(self, change: Executable) -> int:
        """Run one change; returns the rows it met. Raises: StoreError, for all of a transaction alike."""
        mine = Future[int]()
        self._waiting.append((change, mine))
        with self._turn:
            if not mine.done():
                batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
                try:
                    with writing(self._engine) as connection:
                        counts = [connection.execute(change).rowcount for change, _ in batch]
                except BaseException as problem:
                    for _, future in batch:
                        future.set_exception(problem)
                else:
                    for (_, future), count in zip(batch, counts, strict=True):
                        future.set_result(count)
        return mine.result()


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """Trouble with the database in words. Raises: ConflictError, StoreError."""
    try:
        yield
    except IntegrityError as problem:
        raise ConflictError(_of(engine, _("another process stored the same first"))) from problem
    except DBAPIError as problem:
        raise StoreError(_of(engine, _in_words(problem))) from problem
    except SQLAlchemyError as problem:
        raise StoreError(_of(engine, str(problem).splitlines()[0])) from problem


def _of(engine: Engine, trouble: str) -> str:
    url = engine.url
    name = str(url.database) if url.drivername.startswith("sqlite") else f"{url.host}/{url.database}"
    return _("database {name}: {trouble}").format(name=name, trouble=trouble)


_READ_ONLY = N_("is read-only: give its user the right to write, or name another with MONITOR_DATABASE_URL")
_ADVICE = (
    ("readonly", _READ_ONLY),
    ("read-only", _READ_ONLY),
    (
        "unable to open",
        N_("cannot be opened: check the path and its rights, or name another with MONITOR_DATABASE_URL"),
    ),
    ("not a database", N_("is not a SQLite database: name another file with MONITOR_DATABASE_URL")),
    ("malformed", N_("is damaged: restore the newest backup made with `monitor db backup`")),
    ("is locked", N_("was locked by another program for 30 s: end that program, then try again")),
    ("disk is full", N_("has no room left on its disk: free some, then try again; nothing was lost")),
    ("i/o error", N_("cannot be read or written: is its disk full or broken? Free some room, then try again")),
    ("no space left", N_("has no room left on its disk: free some, then try again; nothing was lost")),
    ("could not extend", N_("has no room left on its disk: free some, then try again; nothing was lost")),
    ("authentication failed", N_("refuses user or password: check MONITOR_DATABASE_URL and the server's pg_hba.conf")),
    ("no password supplied", N_("asks for a password: put it into MONITOR_DATABASE_URL or its _FILE")),
    (
        "invalid port number",
        N_("cannot be reached by that port: use postgresql://user:password@host:5432/name in MONITOR_DATABASE_URL"),
    ),
    ("too many clients", N_("has no connection left: raise max_connections of the server, or run fewer workers")),
    ("too many connections", N_("has no connection left: raise max_connections of the server, or run fewer workers")),
)
_AWAY = (
    "connection refused",
    "failed to resolve",
    "could not translate",
    "timeout",
    "no route to host",
    "network is unreachable",
    "closed the connection",
    "connection is closed",
    "connection is lost",
    "connection is bad",
    "terminating connection",
    "shutting down",
    "starting up",
    "not yet accepting connections",
    "no such file or directory",
    "reset by peer",
    "consuming input failed",
    "sending query failed",
)


def _in_words(problem: DBAPIError) -> str:
    words = str(problem.orig or problem).strip().splitlines()[0]
    for sign, advice in _ADVICE:
        if sign in words.lower():
            return _(advice)
    if any(sign in words.lower() for sign in _AWAY):
        advice = _("does not answer ({why}): is the server up, is MONITOR_DATABASE_URL right?")
        return advice.format(why=words[-120:])
    missing = re.search(r'(database|role) "([^"]*)" does not exist', words)
    if missing:
        advice = _("knows no {kind} {name}: create it (CREATE {create} …), or correct MONITOR_DATABASE_URL")
        return advice.format(kind=_(missing[1]), name=missing[2], create=missing[1].upper())
    return words


def schema_version(engine: Engine) -> str:
    """The migration the database stands at; empty when it holds none of our tables."""
    query = (
        "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
        if engine.dialect.name == "sqlite"
        else "SELECT to_regclass('alembic_version')"
    )
    with reading(engine) as connection:
        if not connection.execute(text(query)).scalar():
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def bring_up_to_date(engine: Engine) -> None:
    """Create or migrate the schema when it is not the newest; refuse one that is newer than this code."""
    stands_at = schema_version(engine)
    if stands_at == HEAD:
        return
    from monitor.store.migrate import upgrade

    upgrade(engine, stands_at)


@cache
def owner() -> str:
    """Who holds a lease: this machine and process, so that a dead holder is recognised."""
    return f"{_machine()}:{os.getpid()}:{_began(os.getpid())}"


def holder_is_gone(leased_by: str, *, elsewhere: bool = False) -> bool:
    """True when the lease's holder was a process of this machine that no longer runs; `elsewhere` where it was none."""
    machine, _, process = leased_by.rpartition(":")[0].rpartition(":")
    if machine != _machine() or not process.isdigit():
        return elsewhere
    return _began(int(process)) not in (leased_by.rpartition(":")[2], HIDDEN)


@cache
def _machine() -> str:
    """Host name and process namespace: two containers may have the same name, and each has a process 1."""
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return socket.gethostname()


def _began(process: int) -> str:
    """When a process of this machine began, so that none is taken for an earlier one; "" where none runs."""
    try:
        state = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
        return "" if state[0] == b"Z" else state[19].decode()  # Source: proc(5)
    except OSError:  # no such process, not shown to us, or no Linux
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return ""
        except PermissionError:
            pass
        return HIDDEN


def free_dead_leases(
    connection: Connection, table: Table, held: ColumnElement[bool], *, elsewhere: bool = False
) -> None:
    """Take what is `held` from holders that are gone (`elsewhere` as for `holder_is_gone`)."""
    holders = connection.execute(select(table.c.leased_by).where(held).distinct()).scalars()
    if gone := [holder for holder in holders if holder_is_gone(holder, elsewhere=elsewhere)]:
        free = update(table).where(held, table.c.leased_by.in_(gone))
        connection.execute(free.values(lease_until=None, leased_by=""))


def inserted_id(result: CursorResult[Any]) -> int:
    """The primary key that the database gave to the row just inserted."""
    key = result.inserted_primary_key
    if key is None:
        raise StoreError(_("the database gave no key to a new row"))
    return int(key[0])


def insert_many(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """New rows, all with the same columns; on SQLite past the care for each value, which costs more than storing it."""
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(insert(table), list(rows))
        return
    names = list(rows[0])
    columns = [[row[name] for row in rows] for name in names]
    for number, name in enumerate(names):
        kind = table.c[name].type
        if isinstance(kind, UtcDateTime):
            columns[number] = [None if value is None else _sqlite_moment(value) for value in columns[number]]
        elif isinstance(kind, JSON):
            columns[number] = ["[]" if value == [] else json.dumps(value) for value in columns[number]]
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608  names of our own
    connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))


def _sqlite_moment(value: datetime) -> str:
    """As `UtcDateTime` stores it."""
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} must not be stored")
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]


def upsert(connection: Connection, table: Table) -> Any:
    """The dialect's own insert, which knows ON CONFLICT."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as of_sqlite

        return of_sqlite(table)
    from sqlalchemy.dialects.postgresql import insert as of_postgresql

    return of_postgresql(table)
