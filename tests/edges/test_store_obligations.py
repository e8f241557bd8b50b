"""Dates that bind, brands by day and steps of a plan, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from monitor.domain import (
    AlertState,
    BrandDay,
    Deadline,
    DeadlineKind,
    Decision,
    MessageState,
    Notice,
    Reason,
    Stage,
)
from monitor.store import Store

from .test_store import MINUTE, NOW, READER, a_decision, a_message, a_story, an_alert, an_item, put


def decide_again(store: Store, decision: Decision) -> None:
    store.record(updates=[], new=[], decision=decision)


def test_dates_of_a_story_are_kept_once_with_the_first_sentence(store: Store) -> None:
    put(store, an_item(1), decision=a_decision(an_item(1)))
    first = Deadline(
        story="s1",
        kind=DeadlineKind.COMMENTS,
        on=date(2027, 1, 15),
        found=NOW,
        sentence="Comments until 15 January 2027",
        stage=Stage.CONSULTATION,
        url="https://a.example/1",
    )
    again = replace(first, sentence="another", found=NOW + MINUTE)
    sooner = replace(first, kind=DeadlineKind.TRANSITION, on=date(2026, 12, 1), reckoned=True, stage=None)
    for version, dates in enumerate(((first,), (again, sooner)), 1):
        decide_again(store, Decision(version=version, stories=(a_story(),), alerts=(an_alert(),), deadlines=dates))
    assert store.deadlines_of(["s1", "none"]) == {"s1": (sooner, first)}
    [(alert, dates)] = store.alerts_with_deadlines(since=date(2026, 12, 2), until=date(2027, 2, 1))
    assert (alert.id, dates) == ("a1", (first,))
    store.change_alert("a1", author="x", at=NOW, what="closed", state=AlertState.CLOSED)
    assert store.alerts_with_deadlines(since=date(2026, 11, 1), until=date(2027, 2, 1)) == []


def test_a_countdown_is_told_once_and_the_ledger_says_how_long_before(store: Store) -> None:
    put(store, an_item(1), decision=a_decision(an_item(1)))
    on = date(2027, 1, 15)
    deadline = Deadline(story="s1", kind=DeadlineKind.IN_FORCE, on=on, found=NOW)
    decide_again(store, Decision(version=1, stories=(a_story(),), alerts=(an_alert(),), deadlines=(deadline,)))
    due = Notice(alert="a1", recipient=READER, reason=Reason.DUE_SOON, revision=73990030, immediate=False)
    for _ in range(2):
        store.add_notices([due], at=NOW)
    assert store.told_due(["a1"]) == {("a1", READER.address, 73990030)}
    [line] = store.lead_times(profile="default")
    assert (line.told, line.acknowledged, line.days) == (None, None, (on - NOW.date()).days)
    [duty] = store.duties(immediate=False)
    assert store.put_message(a_message(), [duty.id])
    [sent] = store.claim_messages(now=NOW, limit=1)
    store.settle(sent, state=MessageState.SENT, at=NOW + timedelta(days=5))
    store.change_alert("a1", author="x", at=NOW + timedelta(days=6), what="acknowledged", state=AlertState.ACKNOWLEDGED)
    [line] = store.lead_times()
    assert line.told == NOW + timedelta(days=5)
    assert line.acknowledged == NOW + timedelta(days=6)
    assert line.days == (on - (NOW + timedelta(days=5)).date()).days
    assert store.lead_times(profile="nobody") == []


def test_mentions_of_a_brand_add_up_by_day(store: Store) -> None:
    day = BrandDay(profile="p", brand="Arno", day=date(2026, 11, 24), mentions=2, negative=1)
    for counted in (day, replace(day, mentions=3, positive=1), replace(day, day=date(2026, 11, 1))):
        decide_again(store, Decision(mentions=(counted,)))
    assert store.brand_days(since=date(2026, 11, 20)) == [replace(day, mentions=5, negative=2, positive=1)]
    assert len(store.brand_days(profile="p", since=date(2026, 10, 1))) == 2


def test_the_newest_word_on_a_step_counts(store: Store) -> None:
    put(store, an_item(1), decision=a_decision(an_item(1)))
    store.set_step("a1", "verify", state="open", author="x", at=NOW, owner="legal", due=NOW + MINUTE)
    store.set_step("a1", "verify", state="done", author="y", at=NOW + MINUTE, note="seen")
    [(step, stands)] = store.steps_of("a1").items()
    assert (step, stands["state"], stands["author"], stands["note"]) == ("verify", "done", "y", "seen")
