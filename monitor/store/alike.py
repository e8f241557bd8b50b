"""Items that say nearly the same as an earlier one: kept all the same, since a second source corroborates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    delete,
    select,
)

from monitor.domain import Alike
from monitor.store.engine import insert_many, reading
from monitor.store.schema import items, metadata

COMPARED_FOR = timedelta(days=7)  # how long an item is looked at for others like it
CHUNK = 500
MOST_CANDIDATES = 2_000  # a batch whose bands are all over the place does not read the whole memory

text_bands = Table(
    "text_bands",
    metadata,
    Column("band", BigInteger, nullable=False),
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("band", "item_id"),
    Index(None, "item_id"),
)

near_duplicates = Table(
    "near_duplicates",
    metadata,
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("duplicate_of", ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("likeness", Float, nullable=False),
    Index(None, "duplicate_of"),
)


class AlikeDoor:
    """The part of the store that knows which texts are alike."""

    _engine: Engine

    def candidates(self, bands: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Title and summary of the stored items that have one of `bands`, by id."""
        wanted, found = sorted(set(bands)), dict[int, tuple[str, str]]()
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), CHUNK):
                part = wanted[start : start + CHUNK]
                query = select(items.c.id, items.c.title, items.c.summary).join(text_bands)
                rows = connection.execute(query.where(text_bands.c.band.in_(part)).limit(MOST_CANDIDATES))
                found.update({row.id: (row.title, row.summary) for row in rows})
        return found


def write_alike(connection: Connection, alike: Alike, ids: Mapping[bytes, int], *, now: datetime) -> None:
    """Bands of the new items (`ids` by their `ref`) and which of them repeat another, in the caller's transaction."""
    if not alike:
        return
    first = select(items.c.id).where(items.c.fetched >= now - COMPARED_FOR).order_by(items.c.fetched).limit(1)
    if (oldest := connection.execute(first).scalar()) is not None:
        connection.execute(delete(text_bands).where(text_bands.c.item_id < oldest))
    rows = [{"band": band, "item_id": ids[ref]} for ref, bands in alike.bands.items() for band in bands]
    insert_many(connection, text_bands, rows)
    repeats = [
        {
            "item_id": ids[ref],
            "duplicate_of": original if isinstance(original, int) else ids[original],
            "likeness": round(likeness, 3),
        }
        for ref, (original, likeness) in alike.duplicate_of.items()
    ]
    insert_many(connection, near_duplicates, repeats)
