"""The one door to storage, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.event import listen

from monitor.domain import (
    Alert,
    AlertState,
    Alike,
    Assessment,
    Certainty,
    Decision,
    Feed,
    Item,
    Judgement,
    Level,
    Message,
    MessageKind,
    Notice,
    Reason,
    Recipient,
    Severity,
    Story,
    Tag,
    Urgency,
    Verdict,
    VerdictKind,
)
from monitor.errors import ConfigError, ConflictError, StoreError
from monitor.store import Store
from monitor.store.engine import open_engine, writing
from monitor.store.items import ItemFilter
from monitor.store.migrate import configuration
from monitor.store.schema import HEAD, metadata

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


def test_a_pass_finds_what_waits_for_a_judgement_by_its_index_however_much_is_stored(tmp_path: Path):
    with closing(Store.open(f"sqlite:///{tmp_path / 'm.db'}")) as store:
        asked: list[str] = []
        listen(store._engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
        store.waiting(10)
        with store._engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[-1]}", (10, 0)).all()
    assert any("ix_items_waiting" in step[-1] for step in plan), plan
