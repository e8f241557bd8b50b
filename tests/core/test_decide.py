"""From judged items to alerts and the duty to tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.domain import (
    AlertState,
    Assessment,
    Certainty,
    Decision,
    Item,
    Judgement,
    Known,
    Level,
    OpenStories,
    Profile,
    Reason,
    Recipient,
    Severity,
    Tag,
)
from monitor.warn.decide import decide
from monitor.warn.explain import why_of
from monitor.warn.newness import is_baseline

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
READER = Recipient(address="officer@firm.example")
EVERYTHING = Profile(name="default", recipients=(READER,))
STRIKE = "Dockers at Valparaiso vote to walk out on Monday, terminals close"
STRIKE_AGAIN = "Valparaiso dockers walk out as terminals close"


def flagged(title: str, *, feed: str = "Harbour Wire", severity: int = 2, **changed: object) -> Item:
    judgement = Judgement(labels=(Tag.SUPPLY_CHAIN,), probabilities={Tag.SUPPLY_CHAIN: 0.9}, countries=("CL",))
    item = Item(
        id=None,
        feed=feed,
        key=title.encode().ljust(16, b"\0")[:16],
        title=title,
        summary="",
        url="",
        published=NOW,
        fetched=NOW,
        judgement=judgement,
        assessment=Assessment(severity=Severity(severity)),
    )
    return replace(item, **changed)  # type: ignore[arg-type]


def after(*decisions: Decision) -> Known:
    """What is known once these decisions were written."""
    stories = {story.id: story for decision in decisions for story in decision.stories}
    alerts = {(a.profile, a.story): a for decision in decisions for a in decision.alerts}
    return Known(version=len(decisions), stories=OpenStories.of(stories.values()), alerts=alerts)


def test_a_flagged_item_raises_one_alert_and_the_duty_to_tell_each_recipient() -> None:
    two = replace(EVERYTHING, recipients=(READER, replace(READER, address="boss@firm.example")))
    decision = decide([flagged(STRIKE)], known=Known(), profiles=[two], now=NOW)
    [alert] = decision.alerts
    assert (alert.level, alert.state, alert.countries) == (Level.ORANGE, AlertState.OPEN, ("CL",))
    assert [n.recipient.address for n in decision.notices] == ["officer@firm.example", "boss@firm.example"]
    assert {(n.reason, n.immediate, n.revision) for n in decision.notices} == {(Reason.FIRST, True, 1)}


def test_the_same_story_from_another_feed_raises_no_second_alert() -> None:
    first = decide([flagged(STRIKE)], known=Known(), profiles=[EVERYTHING], now=NOW)
    again = flagged(STRIKE_AGAIN, feed="Coast News")
    second = decide([again], known=after(first), profiles=[EVERYTHING], now=NOW + timedelta(hours=1))
    [alert] = second.alerts
    assert (alert.id, alert.item_count, alert.feeds) == (first.alerts[0].id, 2, ("Harbour Wire", "Coast News"))
    assert (second.notices, alert.revision) == ((), 1)


def test_a_story_that_gets_worse_is_told_again_as_a_new_revision() -> None:
    first = decide([flagged(STRIKE, severity=1)], known=Known(), profiles=[EVERYTHING], now=NOW)
    assert not first.notices[0].immediate  # yellow waits for the digest
    worse = flagged(STRIKE_AGAIN, severity=3)
    second = decide([worse], known=after(first), profiles=[EVERYTHING], now=NOW)
    [notice] = second.notices
    assert (notice.reason, notice.revision, notice.immediate) == (Reason.WORSENED, 2, True)
    assert second.events[0].note == "yellow red"


def test_a_closed_alert_stays_closed_when_the_story_grows() -> None:
    first = decide([flagged(STRIKE, severity=1)], known=Known(), profiles=[EVERYTHING], now=NOW)
    closed = replace(first.alerts[0], state=AlertState.CLOSED)
    known = replace(after(first), alerts={(closed.profile, closed.story): closed})
    second = decide([flagged(STRIKE_AGAIN, severity=3)], known=known, profiles=[EVERYTHING], now=NOW)
    assert (second.notices, second.alerts[0].state) == ((), AlertState.CLOSED)


def test_different_events_are_different_stories() -> None:
    other = flagged("Thai glass plant halts furnace after fire")
    assert len(decide([flagged(STRIKE), other], known=Known(), profiles=[EVERYTHING], now=NOW).alerts) == 2


def test_chinese_reports_of_one_event_are_one_story() -> None:
    one, two = flagged("瓦尔帕莱索港工人宣布周一起罢工，码头停摆"), flagged("瓦尔帕莱索港口工人周一罢工，码头作业停摆")
    assert len(decide([one, two], known=Known(), profiles=[EVERYTHING], now=NOW).stories) == 1


def test_baseline_and_harmless_items_raise_nothing() -> None:
    harmless = flagged("Port Vale sign a striker", judgement=Judgement())
    decision = decide([flagged(STRIKE, baseline=True), harmless], known=Known(), profiles=[EVERYTHING], now=NOW)
    assert decision == Decision()


def test_over_the_budget_alerts_are_ranked_held_back_and_counted_but_never_red_ones() -> None:
    profile = replace(EVERYTHING, budget=1)
    events = [flagged(STRIKE, severity=1), flagged("Thai glass plant halts furnace after fire", severity=2)]
    red = flagged("Canal shut to all ships until further notice", severity=3)
    decision = decide([*events, red], known=Known(), profiles=[profile], now=NOW)
    assert {(a.level, a.held) for a in decision.alerts} == {
        (Level.RED, False),
        (Level.ORANGE, True),
        (Level.YELLOW, True),
    }
    assert len(decision.notices) == 1
    used_up = Known(raised_today={"default": 1})
    assert decide(events, known=used_up, profiles=[profile], now=NOW).notices == ()


@pytest.mark.parametrize(
    ("profile", "answer"),
    [
        (replace(EVERYTHING, countries=("CL",)), "alert"),
        (replace(EVERYTHING, countries=("KE",)), "no alert: it does not concern this profile"),
        (replace(EVERYTHING, tags=(Tag.COMPLIANCE,)), "no alert: it does not concern this profile"),
        (replace(EVERYTHING, keywords=("valparaiso",)), "alert"),
        (replace(EVERYTHING, keywords=("paraiso",)), "no alert: it does not concern this profile"),
        (
            replace(EVERYTHING, least=Level.RED, immediate=Level.RED),
            "no alert: milder than this profile wants to hear of",
        ),
    ],
)
def test_gates_hold_back_and_say_which_one_did(profile: Profile, answer: str) -> None:
    item = flagged(STRIKE)
    decision = decide([item], known=Known(), profiles=[profile], now=NOW)
    alert = decision.alerts[0] if decision.alerts else None
    why = why_of(item, [item], profile, alert)
    assert why["answer"] == answer
    assert why["reasons"]


def test_a_rumour_stands_one_step_lower_until_a_second_feed_reports_it() -> None:
    rumour = Assessment(severity=Severity.CRITICAL, certainty=Certainty.RUMOUR)
    alone = decide([flagged(STRIKE, assessment=rumour)], known=Known(), profiles=[EVERYTHING], now=NOW)
    assert alone.alerts[0].level is Level.ORANGE
    both = flagged(STRIKE_AGAIN, feed="Coast News", assessment=rumour)
    assert decide([both], known=after(alone), profiles=[EVERYTHING], now=NOW).alerts[0].level is Level.RED


def test_deciding_twice_on_the_same_facts_gives_the_same_decision() -> None:
    items = [flagged(STRIKE), flagged(STRIKE_AGAIN, feed="Coast News")]
    assert decide(items, known=Known(), profiles=[EVERYTHING], now=NOW) == decide(
        items[::-1], known=Known(), profiles=[EVERYTHING], now=NOW
    )


@pytest.mark.parametrize(
    ("age", "first_poll", "baseline"),
    [
        (timedelta(hours=47), True, False),
        (timedelta(hours=49), True, True),
        (timedelta(hours=49), False, False),
        (timedelta(days=15), False, True),
        (timedelta(days=-1), True, False),
    ],
)
def test_old_items_are_baseline(age: timedelta, first_poll: bool, baseline: bool) -> None:
    assert is_baseline(NOW - age, first_poll=first_poll, now=NOW) is baseline


def test_an_undated_item_is_baseline_only_on_the_first_poll() -> None:
    assert is_baseline(None, first_poll=True, now=NOW)
    assert not is_baseline(None, first_poll=False, now=NOW)
