"""What is done beside the passes: habits looked at, texts made searchable, thin items read in full, old ones forgotten.

Each is bounded, may be repeated and never holds up a pass; the daemon does them in turn, and
each can be done by a command.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.domain import Feed, FeedFormat, FeedState
from monitor.judging import judge_again
from monitor.manners import DISALLOWED, host_of, may_read, read_robots
from monitor.shell import Shell
from monitor.store.retention import Pruned
from monitor.warn.habits import silence

log = logging.getLogger(__name__)

HABITS_EVERY = timedelta(minutes=30)
HABIT_PAST = timedelta(days=400)
PRUNE_EVERY = timedelta(days=1)
ROBOTS_EVERY = timedelta(days=1)
MANY_HOSTS = 500  # whose robots.txt is read in one go
INDEX_AT_ONCE = 5_000
ARTICLES_AT_ONCE = 10
ARTICLES_FOR = timedelta(hours=48)
THIN = 200  # characters of a summary; with less, the page is read


def tend(shell: Shell, *, now: datetime, stop: Callable[[], bool] = lambda: False) -> None:
    """Everything that is due, in turn."""
    jobs: tuple[Callable[[], object], ...] = (
        lambda: look_at_habits(shell, now=now),
        lambda: shell.store.make_searchable(most=INDEX_AT_ONCE),
        lambda: read_thin(shell, now=now),
        lambda: learn_spacing(shell, now=now),
        lambda: prune_when_due(shell, now=now),
    )
    for job in jobs:
        if stop():
            return
        job()


def look_at_habits(shell: Shell, *, now: datetime, every: timedelta = HABITS_EVERY) -> int:
    """Compare every feed that answers with its own past; returns how many are quieter than their habit."""
    last = shell.store.mark("habits_at")
    states = [s for s in shell.store.feed_states(shell.feeds) if s.polled_from]
    if last is not None and timedelta(0) <= now - last < every:
        return sum(state.silence is not None for state in states)
    asked = [s for s in states if s.last_ok and s.last_new]
    arrivals = shell.store.feed_arrivals([s.id for s in asked], since=now - HABIT_PAST)
    found = {}
    for state in asked:
        until = int(state.last_ok.timestamp() // 3600) if state.last_ok else 0
        found[state.id] = silence(arrivals[state.id], until=until)
    changed = {state.id: found[state.id] for state in asked if found[state.id] != state.silence}
    shell.store.put_silences(changed, at=now)
    silent = sum(one is not None for one in found.values())
    if silent:
        log.info("feeds are quieter than their habit", extra={"feeds": silent})
    return silent


def read_thin(shell: Shell, *, now: datetime, limit: int = ARTICLES_AT_ONCE) -> int:
    """Read the pages of flagged items that say too little, and judge those again; returns how many were read."""
    items = {i.id: i for i in shell.store.thin_items(since=now - ARTICLES_FOR, shortest=THIN, limit=limit) if i.id}
    if not items or not shell.settings.full_text:
        return 0
    rules = read_robots(shell, [item.url for item in items.values()], now=now)
    states = []
    for item_id, item in items.items():
        if may_read(rules[host_of(item.url)], item.url):
            feed = Feed(name=f"item {item_id}", url=item.url, format=FeedFormat.ARTICLE, language=item.feed_language)
            states.append(FeedState(id=item_id, feed=feed))
        else:
            shell.store.put_full_text(item_id, said="", error=DISALLOWED, at=now)
    texts: dict[int, str] = {}
    with closing(shell.fetcher(per_host=1)) as fetcher, closing(shell.parsers()) as parsers:
        for fetched, parsed in parsers.parse_all(fetcher.fetch_all(states), now=now):
            if fetched.put_off:
                continue  # tried again with the next round
            item_id, trouble = fetched.state.id, fetched.error or parsed.error
            shell.store.put_full_text(item_id, said=parsed.region, error=trouble, at=now)
            if len(parsed.region) > len(items[item_id].summary):
                texts[item_id] = parsed.region
    by_name = {feed.name: feed for feed in shell.feeds}
    again = []
    for item_id in texts:
        feed = by_name.get(items[item_id].feed, Feed(name="", url=""))
        again.append(replace(items[item_id], trust=feed.trust, feed_language=feed.language, feed_country=feed.country))
    judge_again(shell, again, texts, now=now)
    log.info("pages of thin items read", extra={"asked": len(states), "read": len(texts)})
    return len(texts)


def learn_spacing(shell: Shell, *, now: datetime) -> None:
    """Read robots.txt of hosts that serve several feeds, once a day: they may ask for time between two requests."""
    last = shell.store.mark("robots_at")
    if last is not None and timedelta(0) <= now - last < ROBOTS_EVERY:
        return
    shell.store.set_mark("robots_at", now)
    hosts: dict[str, list[str]] = {}
    for feed in shell.feeds:
        hosts.setdefault(host_of(feed.url), []).append(feed.url)
    shared = [urls[0] for urls in hosts.values() if len(urls) > 1]
    for start in range(0, len(shared), MANY_HOSTS):
        read_robots(shell, shared[start : start + MANY_HOSTS], now=now)


def prune_when_due(shell: Shell, *, now: datetime) -> Pruned | None:
    """Forget by the settings `keep` and `keep_size`, once a day."""
    settings = shell.settings
    last = shell.store.mark("pruned_at")
    if (settings.keep is None and settings.keep_size is None) or (
        last is not None and timedelta(0) <= now - last < PRUNE_EVERY
    ):
        return None
    shell.store.set_mark("pruned_at", now)
    return prune(shell, now=now, keep=settings.keep, keep_size=settings.keep_size)


def prune(
    shell: Shell, *, now: datetime, keep: timedelta | None, keep_size: int | None, dry_run: bool = False
) -> Pruned:
    """Forget what concerned nobody; told in the log."""
    found = shell.store.prune(now=now, keep=keep, keep_bytes=keep_size, dry_run=dry_run)
    if not dry_run:
        told = {"items": found.items, "bytes_before": found.bytes_before, "bytes_after": found.bytes_after}
        log.warning("old items forgotten", extra=told) if found.items else log.info("nothing to forget", extra=told)
        if found.too_large:
            log.warning("the database is larger than its set size: what is left may still be needed", extra=told)
    return found
