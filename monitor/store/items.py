"""Items with their judgements: kept once, found again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, and_, delete, func, insert, select, text, update

from monitor.domain import Alike, Decision, FeedUpdate, Item, Level, Tag
from monitor.store import alerts as alert_rows
from monitor.store.alike import write_alike
from monitor.store.engine import insert_many, reading, writing
from monitor.store.feeds import CHUNK, write_back
from monitor.store.pages import put_page_texts
from monitor.store.rows import from_judged, item_query, to_item, without_verdict
from monitor.store.schema import alerts, feeds, items, judgements

LATEST = timedelta(days=30)  # after its date that an item is still looked for by that date


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which items to list; everything that is not named is let through."""

    tag: Tag | None = None
    country: str = ""
    since: datetime | None = None
    until: datetime | None = None
    feed: str = ""
    topic: str = ""
    language: str = ""
    level: Level | None = None  # of an alert of its story, at least
    flagged: bool = False
    limit: int | None = None
    before_id: int | None = None


class ItemsDoor:
    """The part of the store that knows items."""

    _engine: Engine

    def known_keys(self, feed_keys: Iterable[tuple[int, bytes, bytes]]) -> set[tuple[int, bytes]]:
        """Of (feed id, key, content key): which are stored, each as (feed id, key or content key)."""
        wanted: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
        for feed_id, key, content_key in feed_keys:
            wanted[feed_id].append((key, content_key))
        found: set[tuple[int, bytes]] = set()
        with reading(self._engine) as connection:
            mark = "?" if connection.dialect.name == "sqlite" else "%s"
            for feed_id, pairs in wanted.items():
                for start in range(0, len(pairs), CHUNK):
                    part = pairs[start : start + CHUNK]
                    marks = ", ".join([mark] * len(part))
                    for column, values in (
                        ("key", [key for key, _ in part]),
                        ("content_key", [own for _, own in part]),
                    ):
                        # written out: building and caching such a statement costs ten times its execution
                        query = f"SELECT {column} FROM items WHERE feed_id = {mark} AND {column} IN ({marks})"  # noqa: S608
                        rows = connection.exec_driver_sql(query, (feed_id, *values))
                        found.update((feed_id, bytes(row[0])) for row in rows)
        return found

    def record(
        self,
        *,
        updates: Sequence[FeedUpdate],
        new: Sequence[tuple[int, bytes, Item]],
        decision: Decision,
        alike: Alike = Alike(),
        pages: Mapping[int, tuple[str, str]] | None = None,
    ) -> list[int]:
        """Items, judgements, what was decided of them and the feeds' validators: one transaction.

        `new` holds (feed id, content key, item), `pages` the watched regions by feed id.
        Returns the items' ids in order.
        Raises: ConflictError when the facts under the decision have changed meanwhile.
        """
        with writing(self._engine) as connection:
            alert_rows.check_version(connection, decision)
            ids = _insert_items(connection, new, decision)
            judged = [from_judged(i, item) for i, (_, _, item) in zip(ids, new, strict=True) if item.judgement]
            insert_many(connection, judgements, judged)
            if alike:
                refs = {item.ref: item_id for item_id, (_, _, item) in zip(ids, new, strict=True)}
                write_alike(connection, alike, refs, now=new[-1][2].fetched)
            alert_rows.write_decision(connection, decision)
            write_back(connection, updates)
            put_page_texts(connection, pages or {})
        return ids

    def record_again(self, judged: Sequence[Item], decision: Decision) -> None:
        """New judgements in place of old ones, with what was decided of them; the items keep their stories."""
        with writing(self._engine) as connection:
            alert_rows.check_version(connection, decision)
            connection.execute(delete(judgements).where(judgements.c.item_id.in_([item.id for item in judged])))
            connection.execute(insert(judgements), [from_judged(item.id or 0, item) for item in judged])
            alert_rows.write_decision(connection, decision)

    def record_judged(self, judged: Sequence[Item], decision: Decision) -> None:
        """Judgements of items that were stored before, with what was decided of them."""
        with writing(self._engine) as connection:
            alert_rows.check_version(connection, decision)
            insert_many(connection, judgements, [from_judged(item.id or 0, item) for item in judged])
            for item in judged:
                values = {"judged": True, "story": decision.story_of.get(item.ref, "")}
                language = item.judgement.language if item.judgement else ""
                connection.execute(update(items).where(items.c.id == item.id).values(language=language, **values))
            alert_rows.write_decision(connection, decision)

    def record_burst(self, decision: Decision, item_ids: Sequence[int]) -> None:
        """A burst of mentions with its story; items that are in no story yet become its own."""
        with writing(self._engine) as connection:
            alert_rows.check_version(connection, decision)
            alert_rows.write_decision(connection, decision)
            for story in decision.stories:
                free = and_(items.c.id.in_(list(item_ids)[:CHUNK]), items.c.story == "")
                connection.execute(update(items).where(free).values(story=story.id))

    def waiting(self, limit: int) -> list[Item]:
        """Items that were stored without a judgement, oldest first."""
        not_judged = text("NOT items.judged")  # as its index says it: SQLite would not know it by `judged = 0`
        query = item_query().where(not_judged).order_by(items.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [to_item(row) for row in connection.execute(query)]

    def items(self, wanted: ItemFilter = ItemFilter()) -> list[Item]:
        """Stored items, newest first."""
        query = item_query().where(*where(wanted)).order_by(items.c.id.desc())
        if wanted.limit is not None:  # which ones, before their texts are touched
            ids = query.with_only_columns(items.c.id).limit(wanted.limit)
            query = item_query().where(items.c.id.in_(ids)).order_by(items.c.id.desc())
        with reading(self._engine) as connection:
            return [to_item(row) for row in connection.execute(query)]

    def item(self, id_or_url: int | str) -> Item | None:
        """One item by its id or link; the newest where several have the link."""
        wanted = str(id_or_url).strip()
        is_id = wanted.isdigit() and len(wanted) < 10  # ids are 32 bits wide
        condition = items.c.id == int(wanted) if is_id else items.c.url == wanted
        with reading(self._engine) as connection:
            row = connection.execute(item_query().where(condition).order_by(items.c.id.desc()).limit(1)).first()
        return to_item(row) if row else None

    def story_items(self, story: str, limit: int | None = None) -> list[Item]:
        """The items of a story, oldest first."""
        query = item_query().where(items.c.story == story, items.c.story != "").order_by(items.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [to_item(row) for row in connection.execute(query)]

    def items_of_stories(self, stories: Sequence[str]) -> dict[str, tuple[Item, ...]]:
        """The items of many stories, each oldest first."""
        found: dict[str, list[Item]] = defaultdict(list)
        with reading(self._engine) as connection:
            for start in range(0, len(stories), CHUNK):
                part = stories[start : start + CHUNK]
                query = item_query().where(items.c.story.in_(part), items.c.story != "").order_by(items.c.id)
                for row in connection.execute(query):
                    found[row.story].append(to_item(row))
        return {story: tuple(members) for story, members in found.items()}

    def queue(self, *, limit: int = 50, before_id: int | None = None) -> list[Item]:
        """What waits for a reviewer: flagged or unsure, no baseline, without a verdict, newest first."""
        # The same words as the index's condition, so that SQLite uses it.
        query = item_query().where(text("(judgements.flagged OR judgements.unsure)"), ~items.c.baseline)
        query = query.where(without_verdict(items.c.id))
        if before_id is not None:
            query = query.where(items.c.id < before_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(items.c.id.desc()).limit(limit))
            return [to_item(row) for row in rows]

    def queue_length(self, *, most: int | None = None) -> int:
        """How many items wait for a reviewer; counted no further than `most`."""
        old = select(items.c.id).where(text("items.baseline"))  # as its index says it
        query = select(judgements.c.item_id).where(text("(judgements.flagged OR judgements.unsure)"))
        query = query.where(without_verdict(judgements.c.item_id), judgements.c.item_id.not_in(old))
        query = query.order_by(judgements.c.item_id.desc()).limit(most)
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())


def where(wanted: ItemFilter):  # type: ignore[no-untyped-def]
    conditions = []
    if wanted.tag is not None:
        conditions.append(has_word(judgements.c.labels, wanted.tag.value))
    if wanted.country:
        conditions.append(has_word(judgements.c.countries, wanted.country.upper()))
    if wanted.since is not None:
        moment = func.coalesce(items.c.published, items.c.fetched)
        conditions.append(and_(moment >= wanted.since))
    if wanted.tag is not None or wanted.country or wanted.topic:
        conditions += [text("(judgements.flagged OR judgements.unsure)"), judgements.c.item_id > 0]
    if wanted.since is not None:  # nothing is read before it is published, and ids grow as items are read
        conditions.append(_id_of(wanted) >= first_read(wanted.since))
    if wanted.until is not None:
        conditions.append(_id_of(wanted) < first_read(wanted.until + LATEST, none=2**31 - 1))
    if wanted.until is not None:
        conditions.append(func.coalesce(items.c.published, items.c.fetched) < wanted.until)
    if wanted.topic:
        conditions.append(has_word(judgements.c.topics, wanted.topic))
    if wanted.language:
        conditions.append(items.c.language.startswith(wanted.language, autoescape=True))
    if wanted.level is not None:
        conditions.append(text("items.story <> ''"))  # as its index says it
        conditions.append(items.c.story.in_(select(alerts.c.story).where(alerts.c.level >= int(wanted.level))))
    if wanted.feed:
        conditions.append(feeds.c.name == wanted.feed)
    if wanted.flagged:
        conditions.append(judgements.c.flagged)
    if wanted.before_id is not None:
        conditions.append(_id_of(wanted) < wanted.before_id)
    return conditions


def _id_of(wanted: ItemFilter):  # type: ignore[no-untyped-def]
    """The id by which items are ordered: where only flagged ones can match, by their short index."""
    return judgements.c.item_id if wanted.tag is not None or wanted.country or wanted.topic else items.c.id


def first_read(moment: datetime, *, none: int = 0):  # type: ignore[no-untyped-def]
    """The id of the first item read from `moment` on."""
    first = select(items.c.id).where(items.c.fetched >= moment).order_by(items.c.fetched).limit(1)
    return func.coalesce(first.scalar_subquery(), none)


def has_word(column, word: str):  # type: ignore[no-untyped-def]
    """Whether `word` is one of the comma-separated words of a column."""
    return ("," + column + ",").contains(f",{word},", autoescape=True)


def _insert_items(connection: Connection, new: Sequence[tuple[int, bytes, Item]], decision: Decision) -> list[int]:
    if not new:
        return []
    ids = _reserve_ids(connection, len(new))
    rows = [
        {
            "id": item_id,
            "feed_id": feed_id,
            "key": item.key,
            "content_key": content_key,
            "title": item.title,
            "summary": item.summary,
            "url": item.url,
            "language": item.judgement.language if item.judgement else item.feed_language,
            "published": item.published,
            "fetched": item.fetched,
            "date_doubt": item.date_doubt,
            "baseline": item.baseline,
            "judged": item.judgement is not None,
            "story": decision.story_of.get(item.ref, ""),
        }
        for item_id, (feed_id, content_key, item) in zip(ids, new, strict=True)
    ]
    insert_many(connection, items, rows)
    return ids


def _reserve_ids(connection: Connection, count: int) -> list[int]:
    if connection.dialect.name == "sqlite":  # the write lock is ours: nobody else takes an id meanwhile
        last = connection.execute(select(func.coalesce(func.max(items.c.id), 0))).scalar_one()
        return list(range(last + 1, last + 1 + count))
    query = text("SELECT nextval(pg_get_serial_sequence('items', 'id')) FROM generate_series(1, :n)")
    return [int(row[0]) for row in connection.execute(query, {"n": count})]
