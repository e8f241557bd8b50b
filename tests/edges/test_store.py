"""The one door to storage, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from monitor.domain import (
    Alert,
    AlertState,
    Alike,
    Assessment,
    Certainty,
    Decision,
    Feed,
    FeedUpdate,
    Item,
    Judgement,
    Level,
    Message,
    MessageKind,
    MessageState,
    Notice,
    Reason,
    Recipient,
    Severity,
    Stop,
    StopKind,
    Story,
    Tag,
    Urgency,
    Verdict,
    VerdictKind,
)
from monitor.errors import ConfigError, ConflictError, StoreError
from monitor.store import Store
from monitor.store.engine import open_engine, owner, writing
from monitor.store.items import ItemFilter
from monitor.store.migrate import configuration
from monitor.store.schema import HEAD, feeds, metadata

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FEED = Feed(name="Harbour Wire", url="https://harbour.example/rss")
READER = Recipient(address="officer@firm.example")


def an_item(number: int, **changed: object) -> Item:
    judgement = Judgement(labels=(Tag.COMPLIANCE,), probabilities={Tag.COMPLIANCE: 0.9}, countries=("KE",), model="m1")
    item = Item(
        id=None,
        feed=FEED.name,
        key=number.to_bytes(16, "big"),
        title=f"Notice {number}",
        summary="",
        url=f"https://harbour.example/{number}",
        published=NOW,
        fetched=NOW,
        judgement=judgement,
        assessment=Assessment(severity=Severity.WARNING),
    )
    return replace(item, **changed)  # type: ignore[arg-type]


def a_story(**changed: object) -> Story:
    story = Story(
        id="s1",
        title="Notice 1",
        url="",
        language="en",
        first_seen=NOW,
        last_seen=NOW,
        labels=(Tag.COMPLIANCE,),
        topics=("compliance.labour",),
        countries=("KE",),
        severity=Severity.WARNING,
        urgency=Urgency.UNKNOWN,
        certainty=Certainty.OFFICIAL,
        terms=((1, 2), (2**32 - 1, 1)),
    )
    return replace(story, **changed)  # type: ignore[arg-type]


def an_alert(**changed: object) -> Alert:
    alert = Alert(
        id="a1",
        profile="default",
        story="s1",
        level=Level.ORANGE,
        state=AlertState.OPEN,
        title="Notice 1",
        url="",
        labels=(Tag.COMPLIANCE,),
        topics=(),
        countries=("KE",),
        severity=Severity.WARNING,
        urgency=Urgency.UNKNOWN,
        certainty=Certainty.OFFICIAL,
        points=40,
        reasons=("country: KE",),
        opened=NOW,
        updated=NOW,
    )
    return replace(alert, **changed)  # type: ignore[arg-type]


def a_decision(item: Item, *, version: int = 0) -> Decision:
    notice = Notice(alert="a1", recipient=READER, reason=Reason.FIRST, revision=1, immediate=True)
    return Decision(
        version=version, story_of={item.ref: "s1"}, stories=(a_story(),), alerts=(an_alert(),), notices=(notice,)
    )


def a_message(**changed: object) -> Message:
    message = Message(
        message_id="<1@monitor.invalid>",
        kind=MessageKind.NOTICE,
        recipient=READER.address,
        channel="email",
        profile="default",
        subject="Notice 1",
        body=b"bytes",
        created=NOW,
    )
    return replace(message, **changed)  # type: ignore[arg-type]


def put(store: Store, *items: Item, decision: Decision | None = None) -> list[int]:
    store.sync_feeds([FEED])
    feed_id = store.feed_states([FEED])[0].id
    new = [(feed_id, b"c" + item.key[1:], item) for item in items]
    return store.record(updates=[], new=new, decision=decision or Decision())


def test_the_migrations_make_exactly_the_tables_of_the_schema(store: Store) -> None:
    with store._engine.connect() as connection:
        opts = {"compare_type": True, "include_name": lambda name, kind, _: not (name or "").startswith("item_words")}
        assert compare_metadata(MigrationContext.configure(connection, opts=opts), metadata) == []
    assert ScriptDirectory.from_config(configuration(store._engine)).get_current_head() == HEAD == store.schema()


def test_opening_twice_keeps_what_is_stored(database_url: str) -> None:
    first = Store.open(database_url)
    put(first, an_item(1))
    name = first.install_id()
    first.close()
    second = Store.open(database_url)
    assert (second.install_id(), second.totals()["items"]) == (name, 1)
    second.close()


def test_a_database_of_a_newer_monitor_is_refused_and_left_alone(store: Store, database_url: str) -> None:
    with writing(store._engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer monitor"):
        Store.open(database_url)
    assert store.schema() == "9999"


def test_an_item_comes_back_as_it_was_stored(store: Store) -> None:
    [item_id] = put(store, an_item(1))
    found = store.item(item_id)
    assert found is not None
    assert replace(found, id=None, key=an_item(1).key) == replace(
        an_item(1), judgement=found.judgement, assessment=found.assessment
    )
    assert found.judgement is not None and found.judgement.labels == (Tag.COMPLIANCE,)
    assert found.judgement.probabilities[Tag.COMPLIANCE] == pytest.approx(0.9)
    assert found.assessment is not None and found.assessment.severity is Severity.WARNING
    assert store.item("https://harbour.example/1") == found


def test_the_same_item_twice_is_a_conflict_and_nothing_of_that_batch_is_kept(store: Store) -> None:
    put(store, an_item(1))
    with pytest.raises(ConflictError):
        put(store, an_item(2), an_item(1))
    assert store.totals()["items"] == 1


def test_an_item_that_repeats_another_says_so_and_is_found_by_its_bands_no_more(store: Store) -> None:
    first, second = an_item(1), an_item(2)
    store.sync_feeds([FEED])
    feed_id = store.feed_states([FEED])[0].id
    new = [(feed_id, b"c" + item.key[1:], item) for item in (first, second)]
    alike = Alike(bands={first.ref: (5, 2**62)}, duplicate_of={second.ref: (first.ref, 0.9)})
    one, two = store.record(updates=[], new=new, decision=Decision(), alike=alike)
    found = {item.id: item.duplicate_of for item in store.items()}
    assert found == {one: None, two: one}
    assert store.candidates([2**62, 7]) == {one: (first.title, first.summary)}
    later = replace(an_item(3), fetched=first.fetched + timedelta(days=8))
    alike = Alike(bands={later.ref: (5,)})
    [three] = store.record(updates=[], new=[(feed_id, b"d" * 16, later)], decision=Decision(), alike=alike)
    assert set(store.candidates([5])) == {three}


def test_known_keys_are_found_by_identifier_and_by_content(store: Store) -> None:
    put(store, an_item(1))
    feed_id = store.feed_states([FEED])[0].id
    stored, content = an_item(1).key, b"c" + an_item(1).key[1:]
    asked = [(feed_id, stored, b"x" * 16), (feed_id, b"y" * 16, content), (feed_id, b"z" * 16, b"z" * 16)]
    assert store.known_keys(asked) == {(feed_id, stored), (feed_id, content)}
    assert store.known_keys([(feed_id + 1, stored, content)]) == set()


def test_a_decision_on_old_facts_is_refused_whole(store: Store) -> None:
    put(store, an_item(1), decision=a_decision(an_item(1)))
    with pytest.raises(ConflictError):
        put(store, an_item(2), decision=a_decision(an_item(2)))
    assert store.totals()["items"] == 1
    known = store.known(since=NOW - MINUTE, today=NOW - MINUTE)
    assert known.version == 1
    assert known.stories.whole(known.stories.ids) == [a_story()]
    assert (list(known.stories.ids), list(known.stories.last_seen)) == (["s1"], [a_story().last_seen])
    assert store.alerts_of_stories(["s1", "none"]) == {"s1": [an_alert()]}
    assert known.raised_today == {"default": 1}


def test_items_wait_for_the_classifier_and_are_judged_later(store: Store) -> None:
    put(store, an_item(1, judgement=None, assessment=None))
    [waiting] = store.waiting(10)
    store.record_judged([replace(waiting, judgement=an_item(1).judgement, assessment=Assessment())], Decision())
    assert store.waiting(10) == []
    [judged] = store.items(ItemFilter(flagged=True))
    assert judged.judgement is not None and judged.judgement.flagged


def test_items_are_filtered_by_tag_country_and_date(store: Store) -> None:
    old = an_item(1, published=NOW - timedelta(days=9))
    none = an_item(2, judgement=Judgement(model="m1"))
    put(store, old, none, an_item(3))
    titles = lambda **wanted: [item.title for item in store.items(ItemFilter(**wanted))]  # noqa: E731
    assert titles() == ["Notice 3", "Notice 2", "Notice 1"]
    assert titles(tag=Tag.COMPLIANCE) == ["Notice 3", "Notice 1"]
    assert titles(tag=Tag.GEOPOLITICAL) == []
    assert titles(country="ke", since=NOW - MINUTE) == ["Notice 3"]
    assert titles(limit=1) == ["Notice 3"]


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


def test_a_secret_is_made_once(store: Store) -> None:
    assert len(store.secret("links")) == 32
    assert store.secret("links") == store.secret("links") != store.secret("feeds")


def test_a_verdict_replaces_the_former_and_can_be_taken_back(store: Store) -> None:
    [item_id] = put(store, an_item(1))
    assert [item.id for item in store.queue()] == [item_id]
    said = Verdict(item_id=item_id, kind=VerdictKind.DISMISS, labels=(), author="li", at=NOW)
    store.add_verdict(said)
    latest = store.add_verdict(replace(said, kind=VerdictKind.CONFIRM, labels=(Tag.COMPLIANCE,)))
    assert (store.queue(), store.queue_length()) == ([], 0)
    [(verdict, item)] = store.judged_by_people()
    assert (verdict.kind, item.id) == (VerdictKind.CONFIRM, item_id)
    assert store.undo_verdict(latest)
    assert not store.undo_verdict(latest)
    assert store.queue_length() == 1


def test_a_change_of_an_alert_is_written_down_with_its_author(store: Store) -> None:
    put(store, an_item(1), decision=a_decision(an_item(1)))
    done = store.change_alert("a1", author="li", at=NOW, what="acknowledged", state=AlertState.ACKNOWLEDGED)
    assert done
    assert not store.change_alert("a2", author="li", at=NOW, what="closed", state=AlertState.CLOSED)
    alert = store.alert("a1")
    assert alert is not None and alert.state is AlertState.ACKNOWLEDGED
    assert [(event.author, event.what) for event in store.alert_events("a1")] == [("li", "acknowledged")]


def test_naive_times_are_refused(store: Store) -> None:
    with pytest.raises(StoreError):
        store.start_pass(at=datetime(2026, 11, 24))


def test_wrong_databases_are_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        open_engine("nonsense")
    text = tmp_path / "notes.txt"
    text.write_text("no database " * 1000)
    with pytest.raises(StoreError, match="not a SQLite database"):
        Store.open(f"sqlite:///{text}")
    with pytest.raises(StoreError):
        Store.open(f"sqlite:///{tmp_path / 'notes.txt' / 'x.db'}")


def test_a_sqlite_database_keeps_what_we_promise(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'monitor.db'}")
    with store._engine.connect() as connection:
        pragma = lambda name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()  # noqa: E731
        found = [pragma(name) for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")]
        assert found == ["wal", 1, 2, 30_000]
    store.backup(tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT value FROM meta WHERE name = 'install_id'").fetchone() == (store.install_id(),)
    with pytest.raises(StoreError, match="exists already"):
        store.backup(tmp_path / "copy.db")
    assert store.check() == ""
    store.close()


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
