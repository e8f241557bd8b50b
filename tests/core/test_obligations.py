"""Stages and dates of policies, and the countdown to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import (
    Alert,
    AlertState,
    Certainty,
    Deadline,
    DeadlineKind,
    Level,
    Profile,
    ProfileState,
    Reason,
    Recipient,
    Severity,
    Stage,
    Tag,
    Urgency,
)
from monitor.warn.countdown import THRESHOLDS, countdown, countdown_revision, threshold
from monitor.warn.obligations import read, sentences

WRITTEN = datetime(2026, 11, 24, 8, tzinfo=UTC)
READER = Recipient(address="officer@firm.example")
COMMENTS, TRANSITION, IN_FORCE = DeadlineKind.COMMENTS, DeadlineKind.TRANSITION, DeadlineKind.IN_FORCE


@pytest.mark.parametrize(
    ("text", "stage", "dates"),
    [
        (
            "The authority opens a consultation on draft carbon rules; comments until 15 January 2027.",
            Stage.CONSULTATION,
            [(COMMENTS, "2027-01-15")],
        ),
        (
            "New labelling rules enter into force on 1 March 2027, with a transition period until 31 December 2027.",
            None,
            [(IN_FORCE, "2027-03-01"), (TRANSITION, "2027-12-31")],
        ),
        (
            "The ban was adopted on 3 May 2026 and applies from 1 August 2027",
            Stage.ADOPTED,
            [(IN_FORCE, "2027-08-01")],
        ),
        ("Parliament approves a law that will apply from July 2027", Stage.ADOPTED, [(IN_FORCE, "2027-07-01")]),
        ("Tariffs on pumps take effect Dec. 1, officials said.", None, [(IN_FORCE, "2026-12-01")]),
        ("Sellers must register by 30 June 2027 to stay listed", None, [(TRANSITION, "2027-06-30")]),
        ("Regulator requests comments within 30 days on duties", Stage.CONSULTATION, [(COMMENTS, "2026-12-24")]),
        ("A 60-day comment period begins for the vehicle rule", Stage.CONSULTATION, [(COMMENTS, "2027-01-23")]),
        (
            "It shall enter into force on the twentieth day following that of its publication in the Official Journal.",
            Stage.PUBLISHED,
            [(IN_FORCE, "2026-12-14")],
        ),
        (
            "某部就出口条例公开征求意见，意见反馈截止时间为2026年12月24日。",
            Stage.CONSULTATION,
            [(COMMENTS, "2026-12-24")],
        ),
        ("征求意见稿于11月20日发布，12月20日前反馈意见", Stage.CONSULTATION, [(COMMENTS, "2026-12-20")]),
        ("《某某数据条例》自2027年1月1日起施行。", None, [(IN_FORCE, "2027-01-01")]),
        ("办法自公布之日起30日后施行", Stage.PUBLISHED, [(IN_FORCE, "2026-12-24")]),
        ("新规设12个月过渡期", None, [(TRANSITION, "2027-11-24")]),
        ("某国拟对平台征收关税，预计明年1月1日起实施", Stage.PROPOSAL, [(IN_FORCE, "2027-01-01")]),
        ("自公布之日起施行", Stage.IN_FORCE, [(IN_FORCE, "2026-11-24")]),
        ("The law took effect on Monday", Stage.IN_FORCE, []),
        ("Minister visits a battery plant on 3 December 2026", None, []),
        ("Firms may 10 times over complain", None, []),
        ("Rule applies from 31 February 2027", None, []),
    ],
)
def test_stage_and_dates_are_read_with_what_they_ask(text: str, stage: Stage | None, dates: list) -> None:
    found = read(text, "", written=WRITTEN)
    assert [(d.kind, str(d.on)) for d in found.deadlines] == dates
    assert found.stage is stage


def test_the_sentence_is_kept_and_a_counted_date_says_so() -> None:
    summary = "The plan is old. Comments are due within 60 days. No. 5 of the annex stays."
    [deadline] = read("Duty on pumps", summary, written=WRITTEN, story="s1", url="https://a.example/1").deadlines
    assert (deadline.sentence, deadline.reckoned) == ("Comments are due within 60 days", True)
    assert (deadline.story, deadline.url, deadline.stage) == ("s1", "https://a.example/1", None)


def test_sentences_end_at_points_but_not_at_abbreviations() -> None:
    assert sentences("It starts Dec. 1 in Art. 5 areas. Then more! 第一句。第二句；三") == [
        "It starts Dec. 1 in Art. 5 areas",
        "Then more",
        "第一句",
        "第二句",
        "三",
    ]


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    for deadline in read(text, text, written=WRITTEN).deadlines:
        assert abs((deadline.on - WRITTEN.date()).days) < 6000


@given(st.sampled_from(["comments 1月 until 2月 3日 ", "1 may 2027 apply ", "within thirty days comments, "]))
def test_long_repetitions_are_read_in_bounded_time(piece: str) -> None:
    read(piece * 500, piece * 3000, written=WRITTEN)


# --- countdown ------------------------------------------------------------------------------------

ON = date(2027, 6, 30)


def an_alert(**changed: object) -> Alert:
    alert = Alert(
        id="a1",
        profile="p",
        story="s1",
        level=Level.YELLOW,
        state=AlertState.OPEN,
        title="Rule",
        url="",
        labels=(Tag.COMPLIANCE,),
        topics=(),
        countries=(),
        severity=Severity.WATCH,
        urgency=Urgency.FUTURE,
        certainty=Certainty.OFFICIAL,
        points=0,
        reasons=(),
        opened=WRITTEN,
        updated=WRITTEN,
    )
    return replace(alert, **changed)  # type: ignore[arg-type]


DEADLINE = Deadline(story="s1", kind=IN_FORCE, on=ON, found=WRITTEN)
PROFILE = Profile(name="p", recipients=(READER,))


def days_before(days: int) -> datetime:
    return datetime(ON.year, ON.month, ON.day, 9, tzinfo=UTC) - timedelta(days=days)


def test_each_step_of_the_countdown_is_told_once() -> None:
    told: set[tuple[str, str, int]] = set()
    heard = []
    for left in range(120, -5, -1):
        for notice in countdown(an_alert(), [DEADLINE], PROFILE, told=told, now=days_before(left)):
            told.add((notice.alert, notice.recipient.address, notice.revision))
            heard.append((left, notice.reason, notice.immediate))
    assert heard == [(step, Reason.DUE_SOON, step == 7) for step in THRESHOLDS]


def test_after_a_long_sleep_only_the_tightest_step_is_told() -> None:
    [notice] = countdown(an_alert(), [DEADLINE], PROFILE, told=set(), now=days_before(20))
    assert notice.revision == countdown_revision(ON, 30)


def test_a_date_that_came_with_the_alert_is_not_counted_down_at_once() -> None:
    fresh = an_alert(opened=days_before(20))
    assert countdown(fresh, [DEADLINE], PROFILE, told=set(), now=days_before(20)) == ()
    assert len(countdown(fresh, [DEADLINE], PROFILE, told=set(), now=days_before(7))) == 1


@pytest.mark.parametrize(
    "alert",
    [an_alert(held=True), an_alert(state=AlertState.CLOSED), an_alert(state=AlertState.DISMISSED)],
)
def test_what_is_over_or_held_back_is_not_counted_down(alert: Alert) -> None:
    assert countdown(alert, [DEADLINE], PROFILE, told=set(), now=days_before(7)) == ()


def test_a_profile_that_is_tried_out_tells_nobody() -> None:
    sandbox = replace(PROFILE, state=ProfileState.SANDBOX)
    assert countdown(an_alert(), [DEADLINE], sandbox, told=set(), now=days_before(7)) == ()


@given(st.integers(-10, 400), st.integers(0, 500))
def test_a_step_is_due_only_within_its_days_and_when_known_before(left: int, known_before: int) -> None:
    step = threshold(ON, today=ON - timedelta(days=left), known=ON - timedelta(days=known_before))
    if step is not None:
        assert 0 <= left <= step < known_before
