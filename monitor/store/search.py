"""Search over everything stored: FTS5 on SQLite, tsvector on PostgreSQL, fed with words cut by `text.words`.

Indexing catches up by itself, in short transactions outside the passes: who searches indexes
first what is not indexed yet, and the daemon does it while it has nothing else to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Integer, column, delete, func, literal_column, select, text

from monitor.domain import Item
from monitor.store.engine import reading, upsert, writing
from monitor.store.items import ItemFilter, where
from monitor.store.rows import item_query, to_item
from monitor.store.schema import items, meta
from monitor.store.schema_sources import full_texts
from monitor.text.words import asked, searchable

BATCH = 500  # items indexed in one transaction, well under its 50 ms
LATE = 20_000  # on PostgreSQL an item with a lower id may be committed after one with a higher id
UPTO = "searchable_upto"


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

    def search(self, question: str, wanted: ItemFilter = ItemFilter()) -> list[Item]:
        """Of the items that `wanted` lets through: those that hold every word of `question`, the nearest first,
        those of one rank the newest first.

        Everything stored is searched. Where no text has the words as words, texts that hold the
        question letter for letter are found.
        """
        words, conditions, limit = asked(question), where(wanted), wanted.limit
        if not words:
            return []
        self.make_searchable()
        with reading(self._engine) as connection:
            ranked = (_ranked_sqlite if connection.dialect.name == "sqlite" else _ranked_postgresql)(words)
            query = item_query().join(ranked, ranked.c.found == items.c.id).where(*conditions)
            query = query.order_by(ranked.c.far, items.c.id.desc())
            rows = connection.execute(query.limit(limit and limit * 2)).all()
            if not rows:
                pattern = f"%{_as_pattern(question.strip())}%"
                within = items.c.title.ilike(pattern, escape="\\") | items.c.summary.ilike(pattern, escape="\\")
                query = item_query().where(within, *conditions).order_by(items.c.id.desc()).limit(limit)
                rows = connection.execute(query).all()
        once = {row.id: row for row in reversed(rows)}  # a text and its full text: the nearer one counts
        nearest = [row for row in rows if once.pop(row.id, None) is not None]
        return [to_item(row) for row in nearest[:limit]]


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


def _ranked_sqlite(words: Sequence[str]):  # type: ignore[no-untyped-def]
    phrase = " ".join(f'"{word}"' for word in words)
    sql = "SELECT abs(rowid) AS found, bm25(item_words, 4.0, 1.0) AS far FROM item_words WHERE item_words MATCH :phrase"
    return text(sql).bindparams(phrase=phrase).columns(column("found", Integer), column("far")).subquery("ranked")


def _ranked_postgresql(words: Sequence[str]):  # type: ignore[no-untyped-def]
    question = func.plainto_tsquery("simple", " ".join(words))
    vector: ColumnElement[Any] = literal_column("item_words.words")
    return (
        select(literal_column("item_words.item_id").label("found"), (-func.ts_rank(vector, question)).label("far"))
        .select_from(text("item_words"))
        .where(vector.op("@@")(question))
        .subquery("ranked")
    )


def _as_pattern(question: str) -> str:
    return question.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
