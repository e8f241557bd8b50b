"""Search over everything stored: FTS5 on SQLite, tsvector on PostgreSQL, fed with words cut by `text.words`.

Indexing catches up by itself, in short transactions outside the passes: who searches indexes
first what is not indexed yet, and the daemon does it while it has nothing else to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, collate, delete, func, or_, select, text

from monitor.domain import Item
from monitor.store.engine import reading, upsert, writing
from monitor.store.items import LATEST, ItemFilter, first_read, where
from monitor.store.rows import item_query, to_item
from monitor.store.schema import alerts, items, meta
from monitor.store.schema_sources import full_texts
from monitor.text.words import asked, searchable

BATCH = 500  # items indexed in one transaction, well under its 50 ms
LATE = 20_000  # on PostgreSQL an item with a lower id may be committed after one with a higher id
UPTO = "searchable_upto"
CHUNK = 2_000  # matches that are held against the other filters at once
LOOKED_AT = (CHUNK, 2 * CHUNK)  # matches for one page: a common word with a rare country answers in its time too
RARE = 20_000  # texts that PostgreSQL expects to hold the words; so many are read from their index at once
STRETCH = 50_000  # ids that one step walks over where more than that hold them
LETTERS = 20_000  # newest items that are read letter by letter where no text has the words


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search, newest first; `before` is where the next one goes on, None at the end."""

    items: list[Item]
    before: int | None
    letters: bool = False  # no text has the words as words: these hold the question letter for letter


class SearchDoor:
    """The part of the store that finds texts by their words."""

    _engine: Engine

    def make_searchable(self, *, most: int | None = None) -> int:
        """Index items that are not indexed yet, the oldest first, at most about `most`; returns how many."""
        done = 0
        while most is None or done < most:
            with reading(self._engine) as connection:
                upto = _upto(connection)
                rows = connection.execute(_not_indexed(connection, upto)).all()
                full = connection.execute(select(full_texts.c.item_id, full_texts.c.text)).all() if not upto else []
            if not rows:
                return done
            words = [(row.id, searchable(row.title), searchable(row.summary)) for row in rows]
            with writing(self._engine) as connection:
                if _upto(connection) != upto:
                    continue  # another process has been faster
                _index(connection, words)
                for item_id, said in full:
                    index_full_text(connection, item_id, said)
                remember(connection, UPTO, str(max(upto, rows[-1].id)))
            done += len(rows)
        return done

    def search(self, question: str, wanted: ItemFilter = ItemFilter()) -> Found:
        """A page of the items that `wanted` lets through and that hold every word of `question`, newest first.

        What is looked at is bounded: a page may hold less than `wanted.limit` and yet go on. Where no text at all
        has the words, the newest items that hold the question letter for letter are found.
        """
        words, limit = asked(question), wanted.limit or CHUNK
        if not words:
            return Found([], None)
        with reading(self._engine) as connection:
            behind = (connection.execute(select(func.max(items.c.id))).scalar() or 0) > _upto(connection)
        if behind:
            self.make_searchable(most=1)  # a batch; the daemon does the rest
        found, is_filtered = list[int](), wanted != ItemFilter(limit=wanted.limit, before_id=wanted.before_id)
        with reading(self._engine) as connection:
            top, end = _between(connection, wanted)
            holding, lets_through = _Holding(connection, words), _Filters(connection, wanted)
            if wanted.until is not None:
                late, top = _read_late(connection, wanted.until, top)
                found = lets_through(holding.among(late))[:limit]
            for most in LOOKED_AT if is_filtered else (limit,):
                if top <= end or len(found) >= limit:
                    break
                ids, top = holding(top, most)
                found += lets_through(ids)[: limit - len(found)] if is_filtered else ids
            if not found and top <= end and wanted.before_id is None:
                ids = lets_through(_with_letters(connection, question.strip()))
                query = item_query().where(_among(ids[:limit])).order_by(items.c.id.desc())
                return Found([to_item(row) for row in connection.execute(query)], None, letters=True)
            query = item_query().where(_among(found)).order_by(items.c.id.desc())
            rows = [to_item(row) for row in connection.execute(query)]
        full = len(found) >= limit
        return Found(rows, found[-1] if full else top if top > end else None)

    def search_all(self, question: str, wanted: ItemFilter = ItemFilter()) -> list[Item]:
        """What `search` finds on all its pages, `wanted.limit` items at most; everything is indexed first."""
        self.make_searchable()
        found: list[Item] = []
        before = wanted.before_id
        while wanted.limit is None or len(found) < wanted.limit:
            page = self.search(question, replace(wanted, limit=CHUNK, before_id=before))
            found += page.items
            before = page.before
            if before is None:
                break
        return found[: wanted.limit]


class _Holding:
    """Which items hold every one of some words."""

    def __init__(self, connection: Connection, words: Sequence[str]) -> None:
        self._connection, self._on_sqlite = connection, connection.dialect.name == "sqlite"
        self._given = {"words": " ".join(words), "phrase": " ".join(f'"{word}"' for word in words)}
        self._are_rare = False
        if not self._on_sqlite:
            plan = connection.execute(text(_EXPECTED), self._given).scalar_one()
            self._are_rare = plan[0]["Plan"]["Plan Rows"] <= RARE

    def __call__(self, top: int, most: int) -> tuple[list[int], int]:
        """The newest of them under `top`, at most about `most`, and the id down to which they are all of them; 0 where
        there are no more.
        """
        given = self._given | {"top": top, "low": -top, "most": most}
        if not self._on_sqlite:
            return self._on_postgresql(given)
        short, full = (  # of titles and summaries; of full texts, whose rows are numbered downwards
            self._ids(_NEWEST_HOLDING.format(under=under, order=order), given)
            for under, order in (("rowid < :top AND rowid > 0", "DESC"), ("rowid > :low AND rowid < 0", "ASC"))
        )
        floor = max((part[-1] for part in (short, full) if len(part) == most), default=0)
        return sorted({one for one in (*short, *full) if one >= floor}, reverse=True), floor

    def among(self, ids: Sequence[int]) -> list[int]:
        """Those of `ids` that are among them, the newest first."""
        if not ids:
            return []
        listed = ",".join(str(int(one)) for one in (*ids, *(-one for one in ids)))
        form = _SQLITE_AMONG if self._on_sqlite else _POSTGRESQL_AMONG
        return sorted(set(self._ids(form.format(ids=listed), self._given)), reverse=True)

    def _on_postgresql(self, given: dict[str, Any]) -> tuple[list[int], int]:
        """Rare words by their index, all of them and then in order; common ones by walking a stretch of ids down."""
        if self._are_rare:
            ids, end = self._ids(_HELD_BY_FEW, given), 0
        else:
            newest = self._connection.execute(text("SELECT max(item_id) FROM item_words")).scalar() or 0
            end = max(min(given["top"], newest + 1) - STRETCH, 0)
            ids = self._ids(_HELD_BY_MANY, given | {"end": end})
        return ids, ids[-1] if len(ids) == given["most"] else end

    def _ids(self, statement: str, given: dict[str, Any]) -> list[int]:
        return [abs(one) for one in self._connection.execute(text(statement), given).scalars()]


_EXPECTED = "EXPLAIN (FORMAT JSON) SELECT item_id FROM item_words WHERE words @@ plainto_tsquery('simple', :words)"
_HELD_BY_FEW = (
    "WITH held AS MATERIALIZED (SELECT item_id FROM item_words WHERE words @@ plainto_tsquery('simple', :words)) "
    "SELECT item_id FROM held WHERE item_id < :top ORDER BY item_id DESC LIMIT :most"
)
_HELD_BY_MANY = (
    "SELECT item_id FROM item_words WHERE words @@ plainto_tsquery('simple', :words) "
    "AND item_id < :top AND item_id >= :end ORDER BY item_id DESC LIMIT :most"
)
_POSTGRESQL_AMONG = (
    "SELECT item_id FROM item_words WHERE words @@ plainto_tsquery('simple', :words) AND item_id IN ({ids})"
)
_SQLITE_AMONG = "SELECT rowid FROM item_words WHERE item_words MATCH :phrase AND rowid IN ({ids})"
_NEWEST_HOLDING = (
    "SELECT rowid FROM item_words WHERE item_words MATCH :phrase AND {under} ORDER BY rowid {order} LIMIT :most"
)


def _between(connection: Connection, wanted: ItemFilter) -> tuple[int, int]:
    """The ids between which what is wanted lies: under the first, above the second."""
    top, end = wanted.before_id or 2**31 - 1, 0
    if wanted.until is not None:
        top = min(top, connection.execute(select(first_read(wanted.until + LATEST, none=2**31 - 1))).scalar_one())
    if wanted.since is not None:
        end = connection.execute(select(first_read(wanted.since))).scalar_one() - 1
    return top, end


def _read_late(connection: Connection, until: datetime, top: int) -> tuple[list[int], int]:
    """The newest items under `top` that were read from `until` on and yet are older, and where to go on: few are, and
    a common word is held by thousands of those between that are not.
    """
    turn = connection.execute(select(first_read(until, none=2**31 - 1))).scalar_one()
    if top <= turn:
        return [], top
    moment = func.coalesce(items.c.published, items.c.fetched)
    query = select(items.c.id).where(items.c.id >= turn, items.c.id < top, moment < until)
    late = list(connection.execute(query.order_by(items.c.id.desc()).limit(CHUNK)).scalars())
    return late, late[-1] if len(late) == CHUNK else turn


class _Filters:
    """What lets ids through. The alerts' stories are read once, so that no plan begins with them."""

    def __init__(self, connection: Connection, wanted: ItemFilter) -> None:
        self._connection = connection
        self._conditions = where(replace(wanted, before_id=None, level=None, since=None, until=None))
        moment = func.coalesce(items.c.published, items.c.fetched)
        if wanted.since is not None:
            self._conditions.append(moment >= wanted.since)
        if wanted.until is not None:
            self._conditions.append(moment < wanted.until)
        # PostgreSQL begins with the judgements where they are asked for: there the ids have to narrow it down.
        self._id = "judgements.item_id" if wanted.tag or wanted.country or wanted.topic else "items.id"
        self._stories: set[str] | None = None
        if wanted.level is not None:
            self._conditions.append(items.c.story != "")
            query = select(alerts.c.story).where(alerts.c.level >= int(wanted.level))
            self._stories = set(connection.execute(query).scalars())

    def __call__(self, ids: Sequence[int]) -> list[int]:
        """Those of `ids` that pass, the newest first."""
        if not ids:
            return []
        among = _among(ids, self._id if self._connection.dialect.name != "sqlite" else "items.id")
        query = item_query().with_only_columns(items.c.id, items.c.story).where(among, *self._conditions)
        rows = self._connection.execute(query.order_by(items.c.id.desc())).all()
        return [row.id for row in rows if self._stories is None or row.story in self._stories]


def _with_letters(connection: Connection, question: str) -> list[int]:
    pattern = f"%{_as_pattern(question)}%"
    texts: list[ColumnElement[Any]] = [items.c.title, items.c.summary]
    if connection.dialect.name != "sqlite":  # A to Z alone are folded, as SQLite does: half the time
        texts = [collate(one, "C") for one in texts]
    within = or_(*(one.ilike(pattern, escape="\\") for one in texts))
    newest = select(func.max(items.c.id) - LETTERS).scalar_subquery()
    query = select(items.c.id).where(items.c.id > newest, within).order_by(items.c.id.desc()).limit(CHUNK)
    return list(connection.execute(query).scalars())


def _among(ids: Sequence[int], column: str = "items.id") -> ColumnElement[bool]:
    """Written out, since thousands of bound parameters cost more than the question."""
    listed = ",".join(str(int(one)) for one in ids) or "NULL"
    return text(f"{column} IN ({listed})")  # type: ignore[return-value]


def index_full_text(connection: Connection, item_id: int, said: str) -> None:
    """Make the full text of an item searchable, once, inside the caller's transaction."""
    words = searchable(said)
    if connection.dialect.name == "sqlite":
        row = {"id": -item_id, "title": "", "body": words}
        connection.execute(text("INSERT INTO item_words (rowid, title, body) VALUES (:id, :title, :body)"), row)
        return
    statement = (
        "INSERT INTO item_words (item_id, words) VALUES (:id, setweight(to_tsvector('simple', :body), 'C')) "
        "ON CONFLICT (item_id) DO UPDATE SET words = item_words.words || excluded.words"
    )
    connection.execute(text(statement), {"id": item_id, "body": words[:900_000]})


def forget_index(connection: Connection) -> None:
    """Let everything be indexed anew: SQLite's index keeps words of items that were dropped, a copy has none."""
    empty = "INSERT INTO item_words (item_words) VALUES ('delete-all')"
    connection.execute(text(empty if connection.dialect.name == "sqlite" else "DELETE FROM item_words"))
    connection.execute(delete(meta).where(meta.c.name == UPTO))


def remember(connection: Connection, name: str, value: str) -> None:
    """Set one line of `meta`."""
    statement = upsert(connection, meta).values(name=name, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def _upto(connection: Connection) -> int:
    return int(connection.execute(select(meta.c.value).where(meta.c.name == UPTO)).scalar() or 0)


def _not_indexed(connection: Connection, upto: int):  # type: ignore[no-untyped-def]
    query = select(items.c.id, items.c.title, items.c.summary).order_by(items.c.id).limit(BATCH)
    if connection.dialect.name == "sqlite":
        return query.where(items.c.id > upto)
    missing = text("NOT EXISTS (SELECT 1 FROM item_words WHERE item_words.item_id = items.id)")
    return query.where(items.c.id > upto - LATE, missing)


def _index(connection: Connection, words: Sequence[tuple[int, str, str]]) -> None:
    rows = [{"id": item_id, "title": title, "body": body} for item_id, title, body in words]
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO item_words (rowid, title, body) VALUES (:id, :title, :body)"), rows)
        return
    statement = (
        "INSERT INTO item_words (item_id, words) VALUES (:id, setweight(to_tsvector('simple', :title), 'A') || "
        "setweight(to_tsvector('simple', :body), 'B')) ON CONFLICT DO NOTHING"
    )
    connection.execute(text(statement), rows)


def _as_pattern(question: str) -> str:
    return question.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
