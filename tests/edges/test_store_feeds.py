"""What is remembered of feeds, and who has them in hand, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.domain import (
    Decision,
    Feed,
    FeedUpdate,
)
from monitor.store import Store
from monitor.store.engine import owner, writing
from monitor.store.schema import feeds

from .test_store import FEED, MINUTE, NOW, a_message, an_item, put


def test_a_feed_is_claimed_by_one_poller_until_it_is_written_back(store: Store) -> None:
    store.sync_feeds([FEED])
    [state] = store.claim_due([FEED], now=NOW)
    assert store.claim_due([FEED], now=NOW + MINUTE, everything=True) == []
    due = NOW + timedelta(hours=1)
    update = FeedUpdate(feed_id=state.id, polled=NOW, next_poll=due, ok=True, etag='"1"', new_items=2)
    store.record(updates=[update], new=[], decision=Decision())
    assert store.claim_due([FEED], now=due - MINUTE) == []
    [again] = store.claim_due([FEED], now=due)
    assert (again.etag, again.first_polled, again.last_ok, again.last_new) == ('"1"', NOW, NOW, NOW)


def test_the_lease_of_a_dead_process_is_taken_over_at_once(store: Store) -> None:
    store.sync_feeds([FEED])
    machine, process, began = owner().rsplit(":", 2)
    for dead in (f"{machine}:4194303:{began}", f"{machine}:{process}:1"):  # none, and an earlier one with its number
        store.claim_due([FEED], now=NOW)
        with writing(store._engine) as connection:
            connection.execute(feeds.update().values(leased_by=dead))
        assert len(store.claim_due([FEED], now=NOW)) == 1
        with writing(store._engine) as connection:
            connection.execute(feeds.update().values(lease_until=None))


def test_only_who_shares_its_database_with_no_machine_takes_the_feeds_another_had_in_hand(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.sync_feeds([FEED])
    store.put_message(a_message())
    for door in ("feeds", "outbox"):
        monkeypatch.setattr(f"monitor.store.{door}.owner", lambda: "a-container/4026531836:1:77")
    store.claim_due([FEED], now=NOW)
    store.claim_messages(now=NOW, limit=1)
    monkeypatch.undo()
    assert (store.claim_due([FEED], now=NOW), store.claim_messages(now=NOW, limit=1)) == ([], [])
    store.take_over()
    assert len(store.claim_due([FEED], now=NOW)) == 1
    assert store.claim_messages(now=NOW, limit=1) == []  # it may be on its way: twice is worse than late
    assert len(store.claim_messages(now=NOW + timedelta(minutes=15), limit=1)) == 1
    store.take_over()  # what this process has it keeps
    assert (store.claim_due([FEED], now=NOW), store.claim_messages(now=NOW, limit=1)) == ([], [])


def test_a_failed_poll_keeps_the_last_answer_and_counts(store: Store) -> None:
    store.sync_feeds([FEED])
    [state] = store.claim_due([FEED], now=NOW)
    failed = FeedUpdate(feed_id=state.id, polled=NOW, next_poll=NOW, ok=False, failures=1, error="no answer")
    store.record(updates=[failed], new=[], decision=Decision())
    [state] = store.feed_states([FEED])
    assert (state.first_polled, state.last_ok, state.failures, state.error) == (None, None, 1, "no answer")


def test_a_feed_that_left_the_list_is_kept_and_not_polled(store: Store) -> None:
    put(store, an_item(1))
    store.sync_feeds([Feed(name="Other", url="https://other.example/rss")])
    assert [state.feed.name for state in store.claim_due([FEED], now=NOW)] == []
    assert store.totals() | {"items": 1, "feeds": 1} == store.totals()
    store.sync_feeds([FEED])
    assert len(store.claim_due([FEED], now=NOW)) == 1


def test_a_feed_with_a_new_address_is_asked_anew(store: Store) -> None:
    store.sync_feeds([FEED])
    [state] = store.claim_due([FEED], now=NOW)
    update = FeedUpdate(feed_id=state.id, polled=NOW, next_poll=NOW + MINUTE, ok=True, etag='"1"')
    store.record(updates=[update], new=[], decision=Decision())
    moved = replace(FEED, url="https://harbour.example/new")
    store.sync_feeds([moved])
    [state] = store.claim_due([moved], now=NOW)
    assert (state.etag, state.feed.url) == ("", moved.url)


def test_a_shard_takes_no_more_than_asked_and_no_host_that_another_has(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [Feed(name=f"{host} {n}", url=f"https://{host}.example/{n}") for host in "ab" for n in range(3)]
    store.sync_feeds(listed)
    assert store.due_count(now=NOW, most=100) == 6
    assert store.due_count(now=NOW, most=4) == 4
    mine = store.claim_due(listed, now=NOW, most=2)
    assert [state.feed.name for state in mine] == ["a 0", "a 1"]
    monkeypatch.setattr("monitor.store.feeds.owner", lambda: "elsewhere.example:1")
    theirs = store.claim_due(listed, now=NOW, most=5)
    assert [state.feed.name for state in theirs] == ["b 0", "b 1", "b 2"]
    assert store.claim_due(listed, now=NOW, most=5) == []
    later = NOW + 2 * MINUTE  # a machine that is cut off keeps so few feeds from nobody for longer
    assert len(store.claim_due(listed, now=later, most=9)) == 6


def test_feeds_that_failed_are_claimed_apart_and_no_host_by_both(store: Store) -> None:
    listed = [Feed(name=f"{host} {n}", url=f"https://{host}.example/{n}") for host in "abc" for n in range(2)]
    store.sync_feeds(listed)
    claimed = {state.feed.name: state for state in store.claim_due(listed, now=NOW)}
    failed = [
        FeedUpdate(feed_id=claimed[name].id, polled=NOW, next_poll=NOW, ok=False, failures=1, error="no answer")
        for name in ("a 0", "b 0", "b 1")
    ]
    store.record(updates=failed, new=[], decision=Decision())
    assert store.due_count(now=NOW, most=9, failing=True) == 3
    store.release(list(claimed.values()))
    failing = store.claim_due(listed, now=NOW, failing=True, most=2)
    assert [state.feed.name for state in failing] == ["a 0", "b 0"]
    sound = store.claim_due(listed, now=NOW, failing=False)
    assert [state.feed.name for state in sound] == ["c 0", "c 1"]  # "a 1" comes when its host is free again
    store.release(failing)
    assert [state.feed.name for state in store.claim_due(listed, now=NOW, failing=False)] == ["a 1"]
