"""Who may use the page and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Engine, Index, String, Table, Text, delete, insert, select, update

from monitor.domain import Role
from monitor.store.engine import reading, writing
from monitor.store.schema import meta, metadata, moment_column
from monitor.store.trail import write_trail

users = Table(
    "users",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password", Text, nullable=False, server_default=""),  # scrypt with its salt; empty: only by proxy
    moment_column("created", nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the cookie, which itself is nowhere kept
    Column("name", String(100), nullable=False),
    Column("credential", String(64), nullable=False),  # digest of the password it was opened with
    moment_column("created", nullable=False),
    moment_column("seen", nullable=False),
    Index(None, "seen"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    moment_column("created", nullable=False),
    moment_column("used"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with a role; `password` is a scrypt hash, empty when only the proxy can name them."""

    name: str
    role: Role
    password: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login that is still open."""

    name: str
    credential: str
    created: datetime
    seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A client of the API; the token itself is shown once and nowhere kept."""

    name: str
    role: Role
    created: datetime
    used: datetime | None


class PeopleDoor:
    """The part of the store that knows users, sessions and API tokens."""

    _engine: Engine

    def form_key(self) -> bytes:
        """The installation's key for the tokens of forms, so that a restart spoils no open page."""
        with reading(self._engine) as connection:
            return bytes.fromhex(connection.execute(select(meta.c.value).where(meta.c.name == "form_key")).scalar_one())

    def users(self) -> list[User]:
        """Everybody, by name."""
        with reading(self._engine) as connection:
            return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]

    def user(self, name: str) -> User | None:
        """One user by name."""
        with reading(self._engine) as connection:
            row = connection.execute(select(users).where(users.c.name == name)).first()
        return _user(row) if row else None

    def put_user(self, name: str, *, role: Role, at: datetime, author: str, password: str | None = None) -> None:
        """Add a user or change one; their sessions end with a new password."""
        values = {"role": role.value} | ({"password": password} if password is not None else {})
        with writing(self._engine) as connection:
            if connection.execute(update(users).where(users.c.name == name).values(**values)).rowcount == 0:
                connection.execute(insert(users), {"name": name, "created": at, "password": "", **values})
            if password is not None:
                connection.execute(delete(sessions).where(sessions.c.name == name))
            write_trail(connection, at=at, author=author, action="user", subject=name, note=role.value)

    def drop_user(self, name: str, *, at: datetime, author: str) -> bool:
        """Take a user out with every session; what they did stays on record. False when there is none."""
        with writing(self._engine) as connection:
            gone = connection.execute(delete(users).where(users.c.name == name)).rowcount == 1
            if gone:
                connection.execute(delete(sessions).where(sessions.c.name == name))
                write_trail(connection, at=at, author=author, action="user removed", subject=name)
        return gone

    def open_session(self, digest: str, *, name: str, credential: str, at: datetime, idle_since: datetime) -> None:
        """Remember a login; sessions that were not used since `idle_since` are forgotten."""
        row = {"digest": digest, "name": name, "credential": credential, "created": at, "seen": at}
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.seen < idle_since))
            connection.execute(insert(sessions), row)
            write_trail(connection, at=at, author=name, action="login", subject=name)

    def session(self, digest: str) -> Session | None:
        """The session whose cookie has this digest."""
        with reading(self._engine) as connection:
            row = connection.execute(select(sessions).where(sessions.c.digest == digest)).first()
        return (
            Session(name=row.name, credential=row.credential, created=row.created, seen=row.seen)
            if row is not None
            else None
        )

    def session_seen(self, digest: str, *, at: datetime) -> None:
        """Note that a session was used."""
        with writing(self._engine) as connection:
            connection.execute(update(sessions).where(sessions.c.digest == digest).values(seen=at))

    def close_session(self, digest: str, *, at: datetime) -> None:
        """End a login."""
        with writing(self._engine) as connection:
            name = connection.execute(select(sessions.c.name).where(sessions.c.digest == digest)).scalar()
            connection.execute(delete(sessions).where(sessions.c.digest == digest))
            if name:
                write_trail(connection, at=at, author=name, action="logout", subject=name)

    def tokens(self) -> list[Token]:
        """Every client of the API, by name."""
        with reading(self._engine) as connection:
            return [_token(row) for row in connection.execute(select(tokens).order_by(tokens.c.name))]

    def put_token(self, digest: str, *, name: str, role: Role, at: datetime, author: str) -> None:
        """Let a client in; a former token of that name is void."""
        with writing(self._engine) as connection:
            connection.execute(delete(tokens).where(tokens.c.name == name))
            row = {"digest": digest, "name": name, "role": role.value, "created": at}
            connection.execute(insert(tokens), row)
            write_trail(connection, at=at, author=author, action="token", subject=name, note=role.value)

    def drop_token(self, name: str, *, at: datetime, author: str) -> bool:
        """Shut a client out; False when there is none."""
        with writing(self._engine) as connection:
            gone = connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount == 1
            if gone:
                write_trail(connection, at=at, author=author, action="token removed", subject=name)
        return gone

    def token(self, digest: str) -> Token | None:
        """The client whose token has this digest."""
        with reading(self._engine) as connection:
            row = connection.execute(select(tokens).where(tokens.c.digest == digest)).first()
        return _token(row) if row else None

    def token_used(self, digest: str, *, at: datetime) -> None:
        """Note that a client came."""
        with writing(self._engine) as connection:
            connection.execute(update(tokens).where(tokens.c.digest == digest).values(used=at))


def _user(row: Any) -> User:
    return User(name=row.name, role=Role(row.role), password=row.password, created=row.created)


def _token(row: Any) -> Token:
    return Token(name=row.name, role=Role(row.role), created=row.created, used=row.used)
