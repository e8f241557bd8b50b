"""Hosts and their wishes, watched pages, full texts, feeds' arrivals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from json import dumps

from sqlalchemy import Engine, func, select, update

from monitor.domain import Item, Silence
from monitor.store.engine import reading, upsert, writing
from monitor.store.rows import item_query, to_item
from monitor.store.schema import feeds, items, judgements, meta
from monitor.store.schema_sources import arrivals, full_texts, hosts, page_texts
from monitor.store.search import index_full_text, remember

CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What one `host:port` has asked of us."""

    host: str
    spacing_s: float = 0.0  # between two requests, until `spaced_until`
    spaced_until: datetime | None = None
    robots: str = ""
    robots_read: datetime | None = None


class SourcesDoor:
    """The part of the store that knows the manners, watched pages and feeds' habits."""

    _engine: Engine

    def hosts(self, names: Iterable[str] | None = None) -> dict[str, Host]:
        """What is known of these hosts, or of all."""
        query = select(hosts)
        if names is not None:
            query = query.where(hosts.c.host.in_(list(names)))
        with reading(self._engine) as connection:
            return {row.host: Host(**row._mapping) for row in connection.execute(query)}

    def spaced_hosts(self, now: datetime) -> dict[str, Host]:
        """Hosts that have asked for time between two requests."""
        query = select(hosts).where(hosts.c.spacing_s > 0, hosts.c.spaced_until > now)
        with reading(self._engine) as connection:
            return {row.host: Host(**row._mapping) for row in connection.execute(query)}

    def put_hosts(self, known: Sequence[Host]) -> None:
        """Remember what hosts ask for."""
        if not known:
            return
        with writing(self._engine) as connection:
            statement = upsert(connection, hosts)
            values = {c.name: statement.excluded[c.name] for c in hosts.c if c.name != "host"}
            rows = [asdict(host) for host in known]
            connection.execute(statement.on_conflict_do_update(index_elements=["host"], set_=values), rows)

    def put_off(self, due: Mapping[int, datetime]) -> None:
        """Let feeds wait for their host's sake; their leases are given back."""
        with writing(self._engine) as connection:
            for feed_id, moment in due.items():
                values = {"next_poll": moment, "lease_until": None, "leased_by": ""}
                connection.execute(update(feeds).where(feeds.c.id == feed_id).values(**values))

    def page_texts(self, feed_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Selector and text of watched regions, as they were last seen, by feed id."""
        query = select(page_texts).where(page_texts.c.feed_id.in_(list(feed_ids)))
        with reading(self._engine) as connection:
            return {row.feed_id: (row.region, row.text) for row in connection.execute(query)}

    def feed_arrivals(self, feed_ids: Sequence[int], *, since: datetime) -> dict[int, dict[int, int]]:
        """How many items of each feed came in which hour (since 1970, UTC), those of dropped items too."""
        found: dict[int, Counter[int]] = {feed_id: Counter() for feed_id in feed_ids}
        first = int(since.timestamp() // 3600)
        with reading(self._engine) as connection:
            for start in range(0, len(feed_ids), CHUNK):
                part = feed_ids[start : start + CHUNK]
                live = select(items.c.feed_id, items.c.fetched, func.count().label("n"))
                live = live.where(items.c.feed_id.in_(part), ~items.c.baseline, items.c.fetched >= since)
                for row in connection.execute(live.group_by(items.c.feed_id, items.c.fetched)):
                    found[row.feed_id][int(row.fetched.timestamp() // 3600)] += row.n
                old = select(arrivals).where(arrivals.c.feed_id.in_(part), arrivals.c.hour >= first)
                for feed_id, hour, count in connection.execute(old):
                    found[feed_id][hour] += count
        return {feed_id: dict(hours) for feed_id, hours in found.items()}

    def put_silences(self, found: Mapping[int, Silence | None], *, at: datetime) -> None:
        """Remember which feeds are quieter than their habit, and that it was looked at."""
        with writing(self._engine) as connection:
            for feed_id, silence in found.items():
                said = "" if silence is None else dumps(asdict(silence))
                connection.execute(update(feeds).where(feeds.c.id == feed_id).values(silence=said))
            remember(connection, "habits_at", at.isoformat())

    def mark(self, name: str) -> datetime | None:
        """When a housekeeping job was last done."""
        with reading(self._engine) as connection:
            found = connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
        return datetime.fromisoformat(found) if found else None

    def set_mark(self, name: str, at: datetime) -> None:
        """A housekeeping job has been done."""
        with writing(self._engine) as connection:
            remember(connection, name, at.isoformat())

    def thin_items(self, *, since: datetime, shortest: int, limit: int) -> list[Item]:
        """Flagged items whose summary is shorter than `shortest` and whose page was not read yet, newest first."""
        query = (
            item_query()
            .outerjoin(full_texts, full_texts.c.item_id == items.c.id)
            .where(judgements.c.flagged, ~items.c.baseline, items.c.fetched >= since, items.c.url != "")
            .where(full_texts.c.item_id.is_(None), func.length(items.c.summary) < shortest)
            .order_by(items.c.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [to_item(row) for row in connection.execute(query)]

    def put_full_text(self, item_id: int, *, said: str, error: str, at: datetime) -> None:
        """Keep what an item's page says, or why it could not be read; searchable from now on."""
        with writing(self._engine) as connection:
            row = {"item_id": item_id, "text": said, "error": error, "read": at}
            first = upsert(connection, full_texts).values(**row).on_conflict_do_nothing()
            new = connection.execute(first.returning(full_texts.c.item_id)).first()
            if said and new is not None:
                index_full_text(connection, item_id, said)

    def full_text(self, item_id: int) -> str:
        """What an item's page says, as far as it was read."""
        with reading(self._engine) as connection:
            return str(
                connection.execute(select(full_texts.c.text).where(full_texts.c.item_id == item_id)).scalar() or ""
            )
