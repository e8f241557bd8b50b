"""THE FLOW, once, in order: from the feeds that are due to messages that have left.

    due -> fetch -> parse -> new only -> read and tag -> story, match, alert -> outbox -> deliver

Every step may be repeated: same bytes, same rows. Networks, child processes and the
database are reached from here; what is decided is decided by pure functions below.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import fields, replace
from datetime import datetime, timedelta

from monitor.domain import (
    Alike,
    Decision,
    Feed,
    FeedState,
    FeedUpdate,
    Fetched,
    Item,
    ItemSeen,
    NameKind,
    ParsedFeed,
    PollOutcome,
)
from monitor.errors import StoreError
from monitor.ingest.addresses import shown
from monitor.ingest.moves import HELD, has_moved, host_of, to_be_held
from monitor.ingest.politeness import interval, learnt, next_poll, skips_of, spread
from monitor.manners import Visit
from monitor.shell import Shell
from monitor.store import Store
from monitor.store.passes import COUNTS
from monitor.text.normalise import digest
from monitor.warn.newness import is_baseline

log = logging.getLogger(__name__)

BATCH_ITEMS = 2_000  # items that are judged and committed together
BATCH_FEEDS = 200  # feeds whose validators are committed together
BATCH_AGE_S = 2.0  # no answer waits longer than this for its batch to fill

Answer = tuple[Fetched, ParsedFeed]
Progress = Callable[[int, int], None]  # feeds done, feeds due


def run_pass(
    shell: Shell,
    *,
    everything: bool = False,
    most: int | None = None,
    failing: bool | None = None,
    beside: bool = True,
    fetch_only: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> PollOutcome:
    """All due feeds, from the network to the outbox. Safe to repeat; `stop` ends it after the running batch.

    With `most` it takes at most so many of the feeds that are due, for somebody who goes on with the next ones.
    `beside`: whether the list of feeds and what waits for the classifier are looked after, too, or by another job.
    `failing`: only feeds that failed when last asked, or only the others, so that neither kind waits for the other.
    """
    began, now = time.monotonic(), shell.clock()
    _feeds, _profiles = shell.feeds, shell.profiles  # wrong ones end the pass before it begins
    store = shell.store
    if beside:
        shell.sync_feeds()
    _give_back(shell)
    due = store.claim_due(shell.feeds, now=now, everything=everything, most=most, failing=failing)
    pass_id = store.start_pass(at=now) if due else None
    counts: Counter[str] = Counter(feeds=len(due))
    if not fetch_only and beside:
        judge_waiting(shell, now=now, counts=counts)
    if due:
        with _given_back(shell, due):
            _poll(
                shell, due, now=now, fetch_only=fetch_only, counts=counts, progress=progress, stop=stop, full=everything
            )
    if not fetch_only and any(profile.named(NameKind.BRAND) for profile in shell.profiles):
        from monitor.bursts import watch_brands

        for decision in watch_brands(shell, now=now):
            _count(counts, (), (), decision, new=False)
    if not fetch_only and (counts["items_flagged"] or store.last_level_day() not in (None, now.date())):
        from monitor.aberrations import watch

        for decision in watch(shell, now=now):
            _count(counts, (), (), decision, new=False)
    if pass_id is not None:
        store.end_pass(pass_id, at=max(shell.clock(), now), counts={name: counts[name] for name in COUNTS})
    told = {field.name: counts[field.name] for field in fields(PollOutcome) if field.name in COUNTS}
    outcome = PollOutcome(**told, took_s=round(time.monotonic() - began, 3))
    log.info("pass ended", extra={"feeds": outcome.feeds, "new": outcome.items_new, "took_s": outcome.took_s})
    return outcome


@contextmanager
def _given_back(shell: Shell, due: Sequence[FeedState]) -> Iterator[None]:
    """The leases of feeds that were not got to end with the pass; where the database is away, before the next one."""
    try:
        yield
    finally:
        shell.not_given_back.append(due)
        with suppress(StoreError):
            _give_back(shell)


def _give_back(shell: Shell) -> None:
    while True:
        try:
            due = shell.not_given_back.pop()
        except IndexError:  # none, or the other pass was quicker
            return
        try:
            shell.store.release(due)
        except StoreError:
            shell.not_given_back.append(due)
            raise


def _poll(
    shell: Shell,
    due: Sequence[FeedState],
    *,
    now: datetime,
    fetch_only: bool,
    counts: Counter[str],
    progress: Progress | None,
    stop: Callable[[], bool],
    full: bool,
) -> None:
    done = 0
    with shell.pollers() as (fetcher, parsers):
        visit = Visit(shell, due, now=now, patient=full)
        fetched = _unless_same(visit.answers(fetcher))
        with closing(parsers.parse_all(fetched, now=now)) as answers:
            for batch in _batches(answers):
                store_batch(shell, batch, now=now, fetch_only=fetch_only, counts=counts)
                done += len(batch)
                shell.progress.step()
                if progress is not None:
                    progress(done, len(due))
                if stop():
                    break
        visit.remember()


def store_batch(
    shell: Shell, batch: Sequence[Answer], *, now: datetime, fetch_only: bool, counts: Counter[str]
) -> None:
    """Keep what is new of some feeds' answers, judge it, decide, and commit all of it with the validators."""
    batch, pages = _page_changes(shell.store, [_held(shell.store, fetched, parsed) for fetched, parsed in batch])
    fresh = _new_only(shell.store, batch, now=now, counts=counts)
    items, alike = [item for _, _, item in fresh], Alike()
    if items:
        from monitor.judging import compared, decide_and_write, judged

        items = items if fetch_only else judged(shell, items)
        alike = compared(shell.store, items)
    by_feed = Counter(item.feed for item in items)
    updates = [_update_of(fetched, parsed, new=by_feed[fetched.state.feed.name], now=now) for fetched, parsed in batch]
    new = [(feed_id, content_key, item) for (feed_id, content_key, _), item in zip(fresh, items, strict=True)]

    def write(decision: Decision) -> None:
        shell.store.record(updates=updates, new=new, decision=decision, alike=alike, pages=pages)

    decision = decide_and_write(shell, items, now=now, write=write) if items else Decision()
    if not items:
        write(decision)
    _count(counts, batch, items, decision)


def judge_waiting(shell: Shell, *, now: datetime, counts: Counter[str]) -> None:
    """Judge what was stored without a judgement: by `--fetch-only`, or while the classifier was not to be had."""
    by_name = {feed.name: feed for feed in shell.feeds}
    while waiting := shell.store.waiting(BATCH_ITEMS):
        from monitor.judging import decide_and_write, judged

        items = judged(shell, [_with_feed(item, by_name) for item in waiting])
        if not all(item.judgement for item in items):
            return  # the classifier is not to be had: they wait on

        def write(decision: Decision, items: Sequence[Item] = items) -> None:
            shell.store.record_judged(items, decision)

        decision = decide_and_write(shell, items, now=now, write=write)
        _count(counts, (), items, decision, new=False)


def _unless_same(answers: Iterable[Fetched]) -> Iterator[Fetched]:
    """A body that is byte for byte the last one counts as unchanged, so it is never parsed again."""
    for fetched in answers:
        if fetched.body and not fetched.error and digest(fetched.body) == fetched.state.body_digest:
            yield replace(fetched, status=304, body=b"")
        else:
            yield fetched


def _batches(answers: Iterable[Answer]) -> Iterator[list[Answer]]:
    batch: list[Answer] = []
    entries, opened = 0, time.monotonic()
    for answer in answers:
        batch.append(answer)
        entries += len(answer[1].entries)
        full = entries >= BATCH_ITEMS or len(batch) >= BATCH_FEEDS
        if full or time.monotonic() - opened > BATCH_AGE_S:
            yield batch
            batch, entries, opened = [], 0, time.monotonic()
    if batch:
        yield batch


def _held(store: Store, fetched: Fetched, parsed: ParsedFeed) -> Answer:
    """The answer, or none of it where it comes from a house that nobody has accepted yet."""
    state = fetched.state
    if not parsed.entries or not has_moved(state.served_from, fetched.url):
        return fetched, parsed
    keys = [(state.id, entry.key, content_key(entry)) for entry in parsed.entries]
    known = store.known_keys(keys)
    new = sum((state.id, key) not in known and (state.id, content) not in known for _, key, content in keys)
    if not to_be_held(permanent=bool(fetched.moved_to), entries=len(keys), new=new):
        return fetched, parsed
    log.warning("feed answers from another host: held", extra={"feed": state.feed.name, "host": host_of(fetched.url)})
    return replace(fetched, error=HELD, body=b""), ParsedFeed()


def _page_changes(store: Store, batch: Sequence[Answer]) -> tuple[list[Answer], dict[int, tuple[str, str]]]:
    """Watched pages with their difference as their entry, and their regions as they are now, by feed id."""
    regions = {
        fetched.state.id: (fetched.state.feed.watch, parsed.region)
        for fetched, parsed in batch
        if parsed.region and fetched.state.feed.watch
    }
    if not regions:
        return list(batch), {}
    from monitor.ingest.page import changes

    before = store.page_texts(regions)
    told = [
        (fetched, changes(fetched.state, parsed, before=before.get(fetched.state.id)))
        if fetched.state.id in regions
        else (fetched, parsed)
        for fetched, parsed in batch
    ]
    return told, {feed_id: seen for feed_id, seen in regions.items() if before.get(feed_id) != seen}


def _new_only(
    store: Store, batch: Sequence[Answer], *, now: datetime, counts: Counter[str]
) -> list[tuple[int, bytes, Item]]:
    seen = [(fetched, entry, content_key(entry)) for fetched, parsed in batch for entry in parsed.entries]
    # of a feed that never answered before nothing is stored
    known = store.known_keys(
        (fetched.state.id, entry.key, content) for fetched, entry, content in seen if fetched.state.first_polled
    )
    fresh = []
    for fetched, entry, content in seen:
        feed_id = fetched.state.id
        if (feed_id, entry.key) in known or (feed_id, content) in known:
            counts["duplicates"] += 1
            continue
        known.update(((feed_id, entry.key), (feed_id, content)))
        fresh.append((feed_id, content, _item_of(fetched, entry, now=now)))
    return fresh


def content_key(entry: ItemSeen) -> bytes:
    """What an entry says and when: recognises one whose identifier or link the feed has changed."""
    when = entry.published.isoformat() if entry.published else ""
    return digest(entry.content_digest, when.encode())


def _item_of(fetched: Fetched, entry: ItemSeen, *, now: datetime) -> Item:
    feed = fetched.state.feed
    return Item(
        id=None,
        feed=feed.name,
        key=entry.key,
        title=entry.title,
        summary=entry.summary,
        url=entry.url,
        published=entry.published,
        fetched=now,
        baseline=is_baseline(entry.published, first_poll=fetched.state.first_polled is None, now=now),
        trust=feed.trust,
        feed_language=feed.language,
        feed_country=feed.country,
        date_doubt=entry.date_doubt,
        content_digest=entry.content_digest,
    )


def _with_feed(item: Item, by_name: Mapping[str, Feed]) -> Item:
    feed = by_name.get(item.feed, Feed(name=item.feed, url=""))
    return replace(item, trust=feed.trust, feed_language=feed.language, feed_country=feed.country)


def _update_of(fetched: Fetched, parsed: ParsedFeed, *, new: int, now: datetime) -> FeedUpdate:
    state = fetched.state
    error = fetched.error or parsed.error
    failures = state.failures + 1 if error else 0
    whole = not error and not fetched.unchanged
    ttl_s = (parsed.ttl.total_seconds() if parsed.ttl else 0.0) if whole else state.ttl_s
    skips = skips_of(fetched.body) if whole else state.skips
    rhythm = state.rhythm
    if not error and state.last_ok:
        rhythm = learnt(rhythm, waited=now - state.last_ok, changed=bool(new))
    asks = [timedelta(seconds=s) for s in (fetched.retry_after_s, fetched.max_age_s, min(ttl_s, 1e6)) if s]
    due = next_poll(
        now,
        every=state.feed.every if error else interval(state.feed, rhythm),
        failures=failures,
        server_asks=max(asks, default=None),
        spread=spread(state.feed.name),
        skips=skips,
    )
    held_from = shown(fetched.url) if error == HELD else state.held_from if error else ""
    return FeedUpdate(
        feed_id=state.id,
        polled=now,
        next_poll=due,
        ok=not error,
        etag=fetched.etag if whole else state.etag,
        last_modified=fetched.last_modified if whole else state.last_modified,
        body_digest=digest(fetched.body) if whole else state.body_digest,
        failures=failures,
        error=error,
        moved_to=shown(fetched.moved_to) if fetched.moved_to else state.moved_to,
        new_items=new,
        rhythm=rhythm,
        ttl_s=ttl_s,
        skips=skips,
        served_from=host_of(fetched.url or state.feed.url) if whole and parsed.entries else state.served_from,
        held_from=held_from,
        entries=len(parsed.entries) if whole else None,
    )


def _count(
    counts: Counter[str], batch: Sequence[Answer], items: Sequence[Item], decision: Decision, *, new: bool = True
) -> None:
    for fetched, parsed in batch:
        failed = bool(fetched.error or parsed.error)
        counts["failed"] += failed
        counts["reached"] += not failed
        counts["unchanged"] += fetched.unchanged
        counts["entries_seen"] += len(parsed.entries) + len(parsed.rejected)
        counts["rejected"] += len(parsed.rejected)
    if new:
        counts["items_new"] += len(items)
        counts["items_baseline"] += sum(item.baseline for item in items)
    counts["items_flagged"] += sum(item.judgement is not None and item.judgement.flagged for item in items)
    counts["alerts_new"] += sum(event.what == "raised" for event in decision.events)
    counts["alerts_held"] += sum(event.what == "held" for event in decision.events)
