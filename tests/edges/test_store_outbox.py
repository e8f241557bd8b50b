"""Messages and the duty to tell, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from monitor.domain import (
    Message,
    MessageKind,
    MessageState,
    Reason,
    Stop,
    StopKind,
)
from monitor.errors import StoreError
from monitor.store import Store

from .test_store import MINUTE, NOW, READER, a_decision, a_message, an_alert, an_item, put


def test_a_message_and_the_duties_it_fulfils_are_one_transaction(store: Store) -> None:
    put(store, an_item(1), decision=a_decision(an_item(1)))
    [duty] = store.duties(immediate=True)
    assert (duty.alert, duty.notice.recipient, duty.notice.reason) == (an_alert(), READER, Reason.FIRST)
    assert store.duties(immediate=False) == []
    assert store.put_message(a_message(), [duty.id])
    assert not store.put_message(a_message(message_id="<2@monitor.invalid>"), [duty.id])  # fulfilled already
    assert not store.put_message(a_message())  # the same message
    assert [message.message_id for message in store.messages()] == ["<1@monitor.invalid>"]
    assert store.duties(immediate=True) == []


def test_a_message_is_claimed_once_and_its_answer_written_down(store: Store) -> None:
    store.put_message(a_message())
    [claimed] = store.claim_messages(now=NOW, limit=5)
    assert store.claim_messages(now=NOW, limit=5) == []
    assert claimed.body == b"bytes"
    store.settle(claimed, state=MessageState.READY, at=NOW, error="deferred", next_try=NOW + MINUTE)
    assert store.claim_messages(now=NOW, limit=5) == []
    [again] = store.claim_messages(now=NOW + MINUTE, limit=5)
    assert (again.attempts, again.message_id) == (2, claimed.message_id)
    store.settle(again, state=MessageState.SENT, at=NOW + MINUTE)
    assert store.oldest_unsent() is None
    assert store.outbox_counts() == {"sent": 1}


def test_a_message_whose_lease_ran_out_is_sent_again(store: Store) -> None:
    store.put_message(a_message())
    store.claim_messages(now=NOW, limit=5)
    assert store.oldest_unsent() == NOW
    assert len(store.claim_messages(now=NOW + timedelta(hours=1), limit=5)) == 1


def test_one_digest_a_period_and_recipient(store: Store) -> None:
    digest = a_message(kind=MessageKind.DIGEST, period=NOW.isoformat())
    assert store.put_message(digest)
    assert not store.put_message(replace(digest, message_id="<other@monitor.invalid>"))
    assert store.digest_periods("default", until=NOW) == {READER.key: NOW}
    assert store.digest_periods("default", until=NOW - MINUTE) == {}  # closed by a clock that was ahead
    assert store.has_period(READER.key, "default", NOW.isoformat(), kind=MessageKind.DIGEST)
    assert not store.has_period(READER.key, "default", NOW.isoformat(), kind=MessageKind.BRIEF)


def test_a_lease_that_somebody_else_took_is_neither_renewed_nor_settled(store: Store) -> None:
    store.put_message(a_message())
    [slow] = store.claim_messages(now=NOW, limit=5)
    assert store.renew(slow, now=NOW + MINUTE)
    [taken] = store.claim_messages(now=NOW + timedelta(hours=1), limit=5)
    assert not store.renew(slow, now=NOW + timedelta(hours=1))
    assert not store.settle(slow, state=MessageState.PARKED, at=NOW)
    assert store.settle(taken, state=MessageState.SENT, at=NOW)
    assert store.outbox_counts() == {"sent": 1}


def test_what_is_in_other_hands_hides_nothing_that_is_due(store: Store) -> None:
    for number in range(6):
        store.put_message(a_message(message_id=f"<{number}@monitor.invalid>"))
    assert len(store.claim_messages(now=NOW, limit=4)) == 4
    assert len(store.claim_messages(now=NOW, limit=4)) == 2


def test_a_claim_that_waited_for_its_turn_takes_nothing_from_a_quicker_one(store: Store) -> None:
    store.put_message(a_message())
    assert len(store.claim_messages(now=NOW + MINUTE, limit=5)) == 1
    assert store.claim_messages(now=NOW, limit=5) == []


def test_a_lease_from_a_clock_that_was_a_year_ahead_does_not_hold_a_message_back(store: Store) -> None:
    store.put_message(a_message())
    store.claim_messages(now=NOW + timedelta(days=365), limit=5)
    assert len(store.claim_messages(now=NOW, limit=5)) == 1


def test_notices_leave_before_digests_and_mail_apart_from_other_channels(store: Store) -> None:
    store.put_message(a_message(message_id="<d@x>", kind=MessageKind.DIGEST, period="p"))
    store.put_message(a_message(message_id="<n@x>"))
    store.put_message(a_message(message_id="<c@x>", channel="ntfy"))
    assert [m.message_id for m in store.claim_messages(now=NOW, limit=9, mail=True)] == ["<n@x>", "<d@x>"]
    assert [m.message_id for m in store.claim_messages(now=NOW, limit=9, mail=False)] == ["<c@x>"]


def test_a_next_try_set_by_a_clock_that_was_years_ahead_does_not_hold_a_message_back(store: Store) -> None:
    ahead = NOW + timedelta(days=365)
    store.put_message(a_message())
    [claimed] = store.claim_messages(now=ahead, limit=5)
    store.settle(claimed, state=MessageState.READY, at=ahead, next_try=ahead + MINUTE)
    assert len(store.claim_messages(now=NOW, limit=5)) == 1


def test_a_stopped_address_is_kept_with_its_story(store: Store) -> None:
    stop = Stop(
        recipient="desk@example.com", channel="email", kind=StopKind.PARKED, at=NOW, author="monitor", why="550"
    )
    assert store.stop(stop)
    assert not store.stop(replace(stop, at=NOW + MINUTE))
    assert store.stops() == [stop]
    store.put_message(a_message(recipient="desk@example.com", state=MessageState.PARKED))
    lifted = store.resume("desk@example.com", kind=StopKind.PARKED, at=NOW + MINUTE, author="li")
    assert lifted == (1, 1) and store.stops() == []
    [told] = store.stops(ended=True)
    assert (told.ended, told.ended_by) == (NOW + MINUTE, "li")
    assert len(store.claim_messages(now=NOW, limit=5)) == 1
    assert store.stop(stop)  # a second time is a second line


def test_answers_of_several_connections_share_commits_and_each_is_on_the_disk(store: Store) -> None:
    messages = [a_message(message_id=f"<{n}@monitor.invalid>", recipient=f"r{n}@firm.example") for n in range(24)]
    for message in messages:
        store.put_message(message)
    claimed = store.claim_messages(now=NOW, limit=24)
    commits: list[object] = []
    event.listen(store._engine, "commit", commits.append)
    gate = threading.Barrier(8, timeout=20)

    def line(mine: list[Message]) -> list[bool]:
        gate.wait()
        return [store.settle(message, state=MessageState.SENT, at=NOW) for message in mine]

    with ThreadPoolExecutor(8) as pool:
        assert all(all(done) for done in pool.map(line, [claimed[n::8] for n in range(8)]))
    assert len(commits) < 24
    assert len(store.messages(state=MessageState.SENT)) == 24


def test_a_commit_that_fails_is_told_to_every_line_that_shared_it(store: Store) -> None:
    store.put_message(a_message())
    [claimed] = store.claim_messages(now=NOW, limit=1)

    def full(*_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    event.listen(store._engine, "commit", full)
    with pytest.raises(StoreError):
        store.settle(claimed, state=MessageState.SENT, at=NOW)
    event.remove(store._engine, "commit", full)
    assert store.settle(claimed, state=MessageState.SENT, at=NOW)
