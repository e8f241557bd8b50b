"""Feeds and what is remembered of them between two polls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, case, func, or_, select, text, true, update

from monitor.domain import Feed, FeedState, FeedUpdate, Rhythm, Silence
from monitor.store.engine import free_dead_leases, owner, reading, upsert, writing
from monitor.store.schema import feeds, items

ANEW = {"etag": "", "last_modified": "", "body_digest": b""}  # the next request goes without validators
LEASE = timedelta(minutes=15)  # at most
LEASE_AT_LEAST = timedelta(minutes=1)  # and a second more for each feed: what a machine took that is gone waits so long
IN_HAND = feeds.c.lease_until.is_not(None)
CHUNK = 500  # bound parameters a statement, well under SQLite's limit


class FeedsDoor:
    """The part of the store that knows feeds."""

    _engine: Engine

    def sync_feeds(self, listed: Sequence[Feed]) -> None:
        """Make the database know exactly the feeds of feeds.yaml; one that has left is kept and not polled.

        A feed whose address changed is asked anew, without the old validators.
        """
        wanted = {feed.name: feed for feed in listed}
        with reading(self._engine) as connection:
            known = {row.name: row for row in connection.execute(select(feeds.c.name, feeds.c.url, feeds.c.polled))}
        urls = {feed.name: kept(feed.url) for feed in listed}
        new = [{"name": f.name, "url": urls[f.name], "host": host_of(f.url)} for f in listed if f.name not in known]
        moved = [f for f in listed if f.name in known and known[f.name].url != urls[f.name]]
        back = [f.name for f in listed if f.name in known and not known[f.name].polled]
        gone = [name for name, row in known.items() if name not in wanted and row.polled]
        if not (new or moved or back or gone):
            return
        with writing(self._engine) as connection:
            if new:
                connection.execute(upsert(connection, feeds).on_conflict_do_nothing(), new)
            for feed in moved:
                fresh = {
                    "url": urls[feed.name],
                    "moved_to": "",
                    "served_from": "",
                    "held_from": "",
                    "host": host_of(feed.url),
                } | ANEW
                connection.execute(update(feeds).where(feeds.c.name == feed.name).values(next_poll=None, **fresh))
            for names, polled in ((back, True), (gone, False)):
                for part in _chunks(names):
                    connection.execute(update(feeds).where(feeds.c.name.in_(part)).values(polled=polled))

    def claim_due(
        self,
        listed: Sequence[Feed],
        *,
        now: datetime,
        everything: bool = False,
        most: int | None = None,
        failing: bool | None = None,
    ) -> list[FeedState]:
        """Take the feeds that are due (or all), at `most` so many, each by a lease that other pollers respect.

        `failing` takes only those that failed when last asked, or only the others. While one poller has feeds of
        a host, no other is given any of that host, so that its two connections stay two; where a process polls
        both kinds at once, that holds for its own, too. A lease whose holder died on this machine is taken over
        at once.
        """
        by_name = {feed.name: feed for feed in listed}
        with writing(self._engine) as connection:
            _one_claim_at_a_time(connection)
            free_dead_leases(connection, feeds, IN_HAND)
            elsewhere = select(feeds.c.host).where(_leased(now), feeds.c.host != "")
            if failing is None:
                elsewhere = elsewhere.where(feeds.c.leased_by != owner())
            query = select(feeds).where(
                feeds.c.polled, _of_kind(failing), ~_leased(now), feeds.c.host.not_in(elsewhere)
            )
            if not everything:
                query = query.where(_due(now))
            found = connection.execute(query.order_by(feeds.c.next_poll, feeds.c.id).limit(most))
            rows = [row for row in found if row.name in by_name]
            lease = {"lease_until": now + _lease_of(len(rows)), "leased_by": owner()}
            for part in _chunks([row.id for row in rows]):
                connection.execute(update(feeds).where(feeds.c.id.in_(part)).values(**lease))
        return [_state(row, by_name[row.name]) for row in rows]

    def due_count(self, *, now: datetime, most: int, failing: bool | None = None) -> int:
        """How many feeds (`failing` as for `claim_due`) are due and not in hand, counted up to `most`."""
        ready = (feeds.c.polled, _of_kind(failing), _due(now), ~_leased(now))
        found = select(feeds.c.id).where(*ready).limit(most)
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(found.subquery())).scalar_one())

    def release(self, states: Sequence[FeedState]) -> None:
        """Give back leases that are still ours: of feeds that a pass took and did not get to."""
        with writing(self._engine) as connection:
            for part in _chunks([state.id for state in states]):
                ours = and_(feeds.c.id.in_(part), feeds.c.leased_by == owner())
                connection.execute(update(feeds).where(ours).values(lease_until=None, leased_by=""))

    def feed_states(self, listed: Sequence[Feed]) -> list[FeedState]:
        """Every feed we know; one that is not listed any more has an empty description."""
        by_name = {feed.name: feed for feed in listed}
        with reading(self._engine) as connection:
            rows = connection.execute(select(feeds).order_by(feeds.c.name)).all()
        return [_state(row, by_name.get(row.name) or Feed(name=row.name, url=row.url)) for row in rows]

    def accept_move(self, name: str, host: str) -> bool:
        """Let a feed answer from `host` from now on; its next poll is due at once. False when it waits for nobody."""
        held = and_(feeds.c.name == name, feeds.c.held_from != "")
        values = {"served_from": host, "held_from": "", "failures": 0, "error": "", "next_poll": None, **ANEW}
        with writing(self._engine) as connection:
            return connection.execute(update(feeds).where(held).values(**values)).rowcount == 1

    def items_per_feed(self) -> dict[str, int]:
        """How many items of each feed are stored, by name."""
        query = select(feeds.c.name, func.count(items.c.id).label("held")).outerjoin(
            items, items.c.feed_id == feeds.c.id
        )
        with reading(self._engine) as connection:
            return {row.name: row.held for row in connection.execute(query.group_by(feeds.c.name))}


def write_back(connection: Connection, updates: Sequence[FeedUpdate]) -> None:
    """Write polls' results and give the leases back, inside the caller's transaction."""
    if not updates:
        return
    f = feeds.c
    statement = (
        update(feeds)
        .where(f.id == bindparam("feed_id"))
        .values(
            etag=bindparam("new_etag"),
            last_modified=bindparam("new_last_modified"),
            body_digest=bindparam("new_digest"),
            first_polled=case((f.first_polled.is_(None), bindparam("answered")), else_=f.first_polled),
            last_polled=bindparam("polled_at"),
            last_ok=func.coalesce(bindparam("answered", type_=f.last_ok.type), f.last_ok),
            last_new=func.coalesce(bindparam("brought", type_=f.last_new.type), f.last_new),
            next_poll=bindparam("due"),
            failures=bindparam("new_failures"),
            error=bindparam("new_error"),
            moved_to=bindparam("new_moved_to"),
            watched_s=bindparam("new_watched_s"),
            changes=bindparam("new_changes"),
            ttl_s=bindparam("new_ttl_s"),
            skips=bindparam("new_skips"),
            entries=func.coalesce(bindparam("new_entries", type_=f.entries.type), f.entries),
            served_from=bindparam("new_served_from"),
            held_from=bindparam("new_held_from"),
            silence=case((bindparam("brought", type_=f.last_new.type).is_(None), f.silence), else_=""),
            lease_until=None,
            leased_by="",
        )
    )
    connection.execute(
        statement,
        [
            {
                "feed_id": u.feed_id,
                "new_etag": u.etag,
                "new_last_modified": u.last_modified,
                "new_digest": u.body_digest,
                "answered": u.polled if u.ok else None,
                "brought": u.polled if u.new_items else None,
                "polled_at": u.polled,
                "due": u.next_poll,
                "new_failures": u.failures,
                "new_error": u.error,
                "new_moved_to": u.moved_to,
                "new_watched_s": u.rhythm.watched_s,
                "new_changes": u.rhythm.changes,
                "new_ttl_s": u.ttl_s,
                "new_skips": u.skips,
                "new_entries": u.entries,
                "new_served_from": u.served_from,
                "new_held_from": u.held_from,
            }
            for u in updates
        ],
    )


def kept(url: str) -> str:
    """An address as it is remembered: what may hold a secret, user, password and query, only as a digest of it."""
    if "@" not in url and "?" not in url:
        return url
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
    if "@" not in parts.netloc and not parts.query:
        return url
    return f"{parts.scheme}://{host}{parts.path}#{sha256(url.encode()).hexdigest()[:16]}"


def host_of(url: str) -> str:
    """The host that a feed's address names, in lower case; empty for an address without one."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _of_kind(failing: bool | None) -> ColumnElement[bool]:
    if failing is None:
        return true()
    return feeds.c.failures > 0 if failing else feeds.c.failures == 0


def _due(now: datetime) -> ColumnElement[bool]:
    """A next poll further ahead than any wait we set comes from a clock that was wrong: due now."""
    return or_(feeds.c.next_poll.is_(None), feeds.c.next_poll <= now, feeds.c.next_poll > now + timedelta(days=2))


def _leased(now: datetime) -> ColumnElement[bool]:
    """In somebody's hands: a lease that has not run out and was not written by a clock that was wrong."""
    until = feeds.c.lease_until
    return and_(until.is_not(None), until > now, until <= now + 2 * LEASE)


def _lease_of(count: int) -> timedelta:
    """How long a claim of so many feeds may take: 32 at a time, and no answer takes longer than 30 s."""
    return min(LEASE_AT_LEAST + timedelta(seconds=count), LEASE)


def _one_claim_at_a_time(connection: Connection) -> None:
    """Hosts are given out whole, so two claims must not run into one another; SQLite has one writer anyhow."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('monitor: claim feeds'))"))


def _chunks(values: Sequence) -> list[Sequence]:  # type: ignore[type-arg]
    return [values[i : i + CHUNK] for i in range(0, len(values), CHUNK)]


def _state(row, feed: Feed) -> FeedState:  # type: ignore[no-untyped-def]
    return FeedState(
        id=row.id,
        feed=feed,
        etag=row.etag,
        last_modified=row.last_modified,
        body_digest=bytes(row.body_digest or b""),  # SQLite gives the column's default as text
        first_polled=row.first_polled,
        last_polled=row.last_polled,
        last_ok=row.last_ok,
        last_new=row.last_new,
        next_poll=row.next_poll,
        failures=row.failures,
        error=row.error,
        moved_to=row.moved_to,
        polled_from=row.polled,
        rhythm=Rhythm(watched_s=row.watched_s, changes=row.changes),
        ttl_s=row.ttl_s,
        skips=row.skips,
        served_from=row.served_from,
        held_from=row.held_from,
        silence=Silence(**json.loads(row.silence)) if row.silence else None,
    )
