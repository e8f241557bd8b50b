"""What may be forgotten: items that concerned nobody, oldest first; never what a person may still have to see.

Kept whatever happens: items of a story (an alert's evidence), flagged ones without a verdict,
every item with a verdict, what waits for its judgement, and what a feed still serves.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Engine, and_, bindparam, delete, exists, func, or_, select, text

from monitor.errors import ConflictError
from monitor.store.engine import reading, upsert, writing
from monitor.store.schema import feeds, items, judgements, metadata, passes
from monitor.store.schema_sources import arrivals
from monitor.store.search import forget_index

log = logging.getLogger(__name__)

YOUNGEST = timedelta(days=30)  # nothing younger is dropped, however small the database shall be
DOUBTFUL_FOR = timedelta(days=180)  # what is only unsure waits so long for a reviewer
PASSES_FOR = timedelta(days=400)
CHUNK = 500  # items dropped in one transaction
ROOM = 0.9  # of the set size is filled after pruning, so that the file grows back into its own free pages
STILL_SERVED = 20  # newest items of a feed that stay beyond those of its last document


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was dropped, or would be."""

    items: int = 0
    passes: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    too_large: bool = False  # all that may be dropped is gone and the set size is still exceeded


class RetentionDoor:
    """The part of the store that forgets."""

    _engine: Engine

    def used_bytes(self) -> int:
        """What the database holds, free pages left out."""
        with reading(self._engine) as connection:
            return _used(connection)

    def prune(self, *, now: datetime, keep: timedelta | None, keep_bytes: int | None, dry_run: bool = False) -> Pruned:
        """Drop what is older than `keep`, then the oldest until the database has room under `keep_bytes`."""
        before = self.used_bytes()
        old = self._droppable(now, older_than=max(keep, YOUNGEST)) if keep is not None else []
        over = 0 if keep_bytes is None else before - int(keep_bytes * ROOM)
        if over <= 0 or (keep_bytes is not None and before <= keep_bytes):
            more, over = [], 0
        else:
            known = set(old)
            more = [item for item in self._droppable(now, older_than=YOUNGEST) if item not in known]
        if dry_run:
            wanted = len(old) + _share(more, over, before, self._count(), len(old))
            return Pruned(items=wanted, bytes_before=before, bytes_after=before)
        dropped = sum(self._drop(old[start : start + CHUNK]) for start in range(0, len(old), CHUNK))
        target = int((keep_bytes or 0) * ROOM)
        while more and (used := self.used_bytes()) > target:  # each round drops about as many as hold what is over
            share = max(_share(more, used - target, used, self._count(), 0), 20)
            part, more = more[:share], more[share:]
            dropped += sum(self._drop(part[start : start + CHUNK]) for start in range(0, len(part), CHUNK))
        after_passes = self._drop_passes(now - max(keep or PASSES_FOR, PASSES_FOR))
        if dropped:
            self._tidy(dropped)
        after = self.used_bytes()
        return Pruned(
            items=dropped,
            passes=after_passes,
            bytes_before=before,
            bytes_after=after,
            too_large=keep_bytes is not None and after > keep_bytes,
        )

    def compact(self) -> None:
        """Give free pages of a SQLite file back to the disk; takes as long as a copy and as much room."""
        if self._engine.dialect.name != "sqlite":
            return
        with self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            raw.execute("PRAGMA auto_vacuum = INCREMENTAL")  # type: ignore[union-attr]
            raw.execute("VACUUM")  # type: ignore[union-attr]

    def _count(self) -> int:
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(items)).scalar_one())

    def _droppable(self, now: datetime, *, older_than: timedelta) -> list[int]:
        """Ids of items that may go, the oldest first."""
        newest_first = func.row_number().over(partition_by=items.c.feed_id, order_by=items.c.id.desc())
        ranked = select(items.c.id, items.c.feed_id, newest_first.label("place")).subquery("ranked")
        j = judgements.c
        unsettled = and_(~items.c.baseline, or_(j.flagged, and_(j.unsure, items.c.fetched >= now - DOUBTFUL_FOR)))
        query = (
            select(items.c.id)
            .join(ranked, ranked.c.id == items.c.id)
            .join(feeds, feeds.c.id == items.c.feed_id)
            .join(judgements, j.item_id == items.c.id)
            .where(items.c.judged, items.c.story == "", ~unsettled, items.c.fetched < now - older_than)
            .where(ranked.c.place > feeds.c.entries + STILL_SERVED)
        )
        for column in _references():
            query = query.where(~exists().where(column == items.c.id))
        with reading(self._engine) as connection:
            return [row[0] for row in connection.execute(query.order_by(items.c.fetched, items.c.id))]

    def _drop(self, ids: Sequence[int]) -> int:
        """Drop these items; none of them where something came to rest on one meanwhile."""
        if not ids:
            return 0
        try:
            with writing(self._engine) as connection:
                _remember_arrivals(connection, ids)
                found = connection.execute(delete(items).where(items.c.id.in_(ids), items.c.story == ""))
                return int(found.rowcount)
        except ConflictError:
            log.info("items are kept that somebody has begun to use", extra={"items": len(ids)})
            return 0

    def _drop_passes(self, before: datetime) -> int:
        with writing(self._engine) as connection:
            first = select(func.min(passes.c.id)).scalar_subquery()  # the watch began with it
            found = connection.execute(delete(passes).where(passes.c.ended < before, passes.c.id > first))
            return int(found.rowcount)

    def _tidy(self, dropped: int) -> None:
        if self._engine.dialect.name != "sqlite":
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM items, judgements"))
            return
        with writing(self._engine) as connection:
            if dropped * 5 > connection.execute(select(func.count()).select_from(items)).scalar_one():
                forget_index(connection)
        with self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            while raw.execute("PRAGMA freelist_count").fetchone()[0] and _is_incremental(raw):  # type: ignore[union-attr]
                left = raw.execute("PRAGMA freelist_count").fetchone()[0]  # type: ignore[union-attr]
                raw.execute("PRAGMA incremental_vacuum(2000)").fetchall()  # type: ignore[union-attr]
                if raw.execute("PRAGMA freelist_count").fetchone()[0] >= left:  # type: ignore[union-attr]
                    break


_PG_USED = """
SELECT pg_database_size(current_database()) - pg_total_relation_size('items') - pg_total_relation_size('judgements')
  - pg_total_relation_size('item_words')
  + (SELECT coalesce(sum(3 * (octet_length(title) + octet_length(summary)) + octet_length(url) + 900), 0) FROM items)
"""


def _is_incremental(raw) -> bool:  # type: ignore[no-untyped-def]
    return bool(raw.execute("PRAGMA auto_vacuum").fetchone()[0] == 2)


def _references() -> Iterator[Column[Any]]:
    """Columns of every table that point at items and would be left without them."""
    for table in metadata.tables.values():
        for key in table.foreign_keys:
            if key.column is items.c.id and key.ondelete != "CASCADE":
                yield key.parent


def _share(more: Sequence[int], over: int, used: int, count: int, already: int) -> int:
    """About how many items have to go so that `over` bytes go with them."""
    if over <= 0 or not count:
        return 0
    return min(len(more), max(0, over * count // max(used, 1) + 1 - already))


def _remember_arrivals(connection: Connection, ids: Sequence[int]) -> None:
    """A feed's habit outlives its items: how many came in which hour."""
    rows = connection.execute(
        select(items.c.feed_id, items.c.fetched).where(items.c.id.in_(ids), ~items.c.baseline)
    ).all()
    counted = Counter((row.feed_id, int(row.fetched.timestamp() // 3600)) for row in rows)
    if not counted:
        return
    statement = upsert(connection, arrivals).values(
        feed_id=bindparam("of_feed"), hour=bindparam("of_hour"), items=bindparam("more")
    )
    grown = {"items": arrivals.c["items"] + statement.excluded["items"]}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["feed_id", "hour"], set_=grown),
        [{"of_feed": feed, "of_hour": hour, "more": count} for (feed, hour), count in counted.items()],
    )


def _used(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        pages, free, size = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size
    # Rows that were dropped leave room inside PostgreSQL's files, which do not shrink: the texts are counted.
    return int(connection.execute(text(_PG_USED)).scalar_one())
