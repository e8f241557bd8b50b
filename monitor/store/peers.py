"""Other installations whose bundles are taken in, each with its public key and how far its word carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Engine, Integer, String, Table, Text, delete, select

from monitor.store.engine import reading, upsert, writing
from monitor.store.schema import UtcDateTime, metadata
from monitor.store.trail import write_trail

peers = Table(
    "peers",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("trust", Integer, nullable=False),
    Column("added", UtcDateTime(), nullable=False),
    Column("author", Text, nullable=False, server_default=""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another installation; `trust` as of feeds, 1 an authority to 3 anybody."""

    name: str
    key: str  # Ed25519, 64 hexadecimal digits
    trust: int
    added: datetime
    author: str = ""


class PeersDoor:
    """The part of the store that knows peers."""

    _engine: Engine

    def peers(self) -> list[Peer]:
        """All of them, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(peers).order_by(peers.c.name))
            return [Peer(name=r.name, key=r.key, trust=r.trust, added=r.added, author=r.author) for r in rows]

    def put_peer(self, peer: Peer) -> None:
        """Add a peer, or give it another key or trust."""
        row = {
            "name": peer.name,
            "key": peer.key,
            "trust": peer.trust,
            "added": peer.added,
            "author": peer.author,
        }
        with writing(self._engine) as connection:
            statement = upsert(connection, peers)
            changed = {name: statement.excluded[name] for name in row if name != "name"}
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed), row)
            write_trail(connection, at=peer.added, author=peer.author, action="peer", subject=peer.name, note=peer.key)

    def drop_peer(self, name: str, *, at: datetime, author: str) -> bool:
        """Take nothing more from a peer; what came from it stays."""
        with writing(self._engine) as connection:
            gone = connection.execute(delete(peers).where(peers.c.name == name)).rowcount == 1
            if gone:
                write_trail(connection, at=at, author=author, action="peer removed", subject=name)
        return gone
