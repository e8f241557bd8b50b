"""What holds for every input: nothing stored twice or lost, nothing sent twice, levels in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from monitor.domain import (
    Certainty,
    Decision,
    FeedState,
    Fetched,
    ItemSeen,
    Level,
    Message,
    MessageState,
    ParsedFeed,
    Severity,
    Urgency,
)
from monitor.pipeline import _new_only
from monitor.store import Store
from monitor.store.engine import _begin_sqlite, _prepare_sqlite
from monitor.store.migrate import upgrade
from monitor.warn.levels import level_of

from .test_store import FEED, NOW, a_message, a_story

MINUTE = timedelta(minutes=1)


@cache
def template() -> Any:
    """One migrated database, of which each example gets a copy."""
    engine = _engine()
    upgrade(engine, "")
    return engine.raw_connection().driver_connection


def in_memory() -> Store:
    """A database of its own for each example."""
    engine = _engine()
    template().backup(engine.raw_connection().driver_connection)
    return Store(engine)


def _engine() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


entries = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=8)


@settings(max_examples=25)
@given(polls=st.lists(entries, min_size=1, max_size=5))
def test_an_entry_is_stored_once_whatever_a_feed_renames_repeats_or_drops(polls: list[list[tuple[int, int]]]) -> None:
    """An entry is (identifier, content); one with either of them known is a repeat, all others are kept."""
    store = in_memory()
    store.sync_feeds([FEED])
    feed_id = store.feed_states([FEED])[0].id
    keys, contents, kept = set[int](), set[int](), 0
    for poll in polls:
        seen = tuple(
            ItemSeen(
                key=bytes([key]) * 16,
                title=f"t{content}",
                url="",
                summary="",
                published=NOW,
                content_digest=bytes([content]) * 16,
            )
            for key, content in poll
        )
        state = FeedState(id=feed_id, feed=FEED, first_polled=NOW)
        counts: Counter[str] = Counter()
        fresh = _new_only(store, [(Fetched(state=state), ParsedFeed(entries=seen))], now=NOW, counts=counts)
        store.record(updates=[], new=[(feed, content, item) for feed, content, item in fresh], decision=Decision())
        for key, content in poll:
            if key not in keys and content not in contents:
                kept += 1
                keys.add(key), contents.add(content)
        assert len(fresh) + counts["duplicates"] == len(poll)
    assert store.totals()["items"] == kept
    store.close()


@given(
    severity=st.sampled_from(Severity),
    certainty=st.sampled_from(Certainty),
    urgency=st.sampled_from(Urgency),
    feeds=st.lists(st.sampled_from(["a", "b", "c"]), unique=True),
)
def test_a_level_never_falls_with_severity_and_doubt_never_raises_it(
    severity: Severity, certainty: Certainty, urgency: Urgency, feeds: list[str]
) -> None:
    story = a_story(severity=severity, certainty=certainty, urgency=urgency, feeds=tuple(feeds))
    level, reasons = level_of(story)
    assert Level.BLUE <= level <= Level.RED and reasons
    graver = [level_of(replace(story, severity=other))[0] for other in Severity]
    assert graver == sorted(graver)
    sure = level_of(replace(story, certainty=Certainty.OFFICIAL, urgency=Urgency.EXPECTED))[0]
    assert level <= sure
    assert level >= level_of(replace(story, certainty=Certainty.DENIED))[0]


class Outbox(RuleBasedStateMachine):
    """Senders that die and come back, a server that refuses: a message leaves once, and is never forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.store, self.now, self.put = in_memory(), NOW, 0
        self.hands: list[Message] = []  # claimed and not answered
        self.dead: list[Message] = []  # claimed by senders that died
        self.sent: list[str] = []

    @rule()
    def plan(self) -> None:
        self.put += 1
        assert self.store.put_message(a_message(message_id=f"<{self.put}@monitor.invalid>", created=self.now))
        assert not self.store.put_message(a_message(message_id=f"<{self.put}@monitor.invalid>", created=self.now))

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        found = self.store.claim_messages(now=self.now, limit=limit)
        names = {message.message_id for message in found}
        assert not names & {message.message_id for message in self.hands}
        assert not names & set(self.sent)
        self.hands += found

    @precondition(lambda self: self.hands)
    @rule()
    def send(self) -> None:
        message = self.hands.pop()
        self.sent.append(message.message_id)
        assert self.store.settle(message, state=MessageState.SENT, at=self.now)

    @precondition(lambda self: self.hands)
    @rule(minutes=st.integers(0, 5))
    def defer(self, minutes: int) -> None:
        again = self.now + minutes * MINUTE
        self.store.settle(self.hands.pop(), state=MessageState.READY, at=self.now, error="451", next_try=again)

    @precondition(lambda self: self.hands)
    @rule()
    def die(self) -> None:
        self.dead.append(self.hands.pop())

    @rule()
    def wait(self) -> None:
        self.dead += self.hands  # nobody holds a message for so long
        self.hands = []
        self.now += 20 * MINUTE

    @precondition(lambda self: self.dead)
    @rule()
    def a_dead_one_answers_too_late(self) -> None:
        """Its word counts only while nobody else has taken the message."""
        message = self.dead.pop()
        if self.store.settle(message, state=MessageState.SENT, at=self.now):
            assert message.message_id not in self.sent
            self.sent.append(message.message_id)
            self.hands = [held for held in self.hands if held.message_id != message.message_id]

    @invariant()
    def every_message_is_sent_once_or_still_known(self) -> None:
        assert len(self.sent) == len(set(self.sent))
        counts = self.store.outbox_counts()
        assert sum(counts.values()) == self.put
        assert counts.get("sent", 0) == len(self.sent)

    def teardown(self) -> None:
        self.store.close()


Outbox.TestCase.settings = settings(max_examples=20, stateful_step_count=20)
TestOutbox = Outbox.TestCase
