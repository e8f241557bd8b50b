"""When an alert that nobody acknowledged goes to headquarters, and what a silence holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from monitor.domain import AlertEvent, AlertSilence, AlertState, Level, Profile, Recipient, Tag
from monitor.errors import ConfigError
from monitor.notify.schedule import is_quiet
from monitor.warn.escalation import due_at, escalation
from monitor.warn.profile_file import parse
from tests.edges.test_store import an_alert

T0 = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DESK, BOSS = Recipient(address="desk@firm.example"), Recipient(address="boss@firm.example")
PROFILE = Profile(name="default", recipients=(DESK,), escalate_to=(BOSS, DESK))


def due(alert=an_alert(level=Level.ORANGE), *events, told=T0, profile=PROFILE, asleep=lambda _: False, hours=4.0):  # type: ignore[no-untyped-def]
    now = T0 + hours * HOUR
    return escalation(alert, events, told=told, profile=profile, asleep=asleep, now=now)


def event(what: str, note: str = "", hours: float = 0.0) -> AlertEvent:
    return AlertEvent(alert="a1", at=T0 + hours * HOUR, author="x", what=what, note=note)


def test_desk_and_headquarters_are_told_once_each_when_the_time_is_over() -> None:
    assert due(hours=3.99) is None
    found = due(hours=4)
    assert found is not None
    assert [notice.recipient.address for notice in found.notices] == ["desk@firm.example", "boss@firm.example"]
    assert all(notice.immediate and notice.reason.value == "escalated" for notice in found.notices)
    assert found.why.startswith("1: nobody acknowledged within 4 h")


def test_red_waits_two_hours_and_milder_than_orange_is_never_escalated() -> None:
    assert due(an_alert(level=Level.RED), hours=1.9) is None
    assert due(an_alert(level=Level.RED), hours=2) is not None
    assert due(an_alert(level=Level.YELLOW), hours=900) is None


@pytest.mark.parametrize("state", [AlertState.ACKNOWLEDGED, AlertState.CLOSED, AlertState.DISMISSED])
def test_what_somebody_dealt_with_is_not_escalated(state: AlertState) -> None:
    assert due(an_alert(level=Level.RED, state=state), hours=90) is None


def test_nobody_told_means_nobody_late() -> None:
    assert due(told=None, hours=90) is None
    assert due(an_alert(level=Level.ORANGE, held=True), hours=90) is None


def test_once_a_revision_and_anew_when_it_worsened() -> None:
    escalated = an_alert(level=Level.ORANGE, state=AlertState.ESCALATED)
    before = event("escalated", "1: nobody …", 4)
    assert due(escalated, before, hours=90) is None
    worse = replace(escalated, level=Level.RED, revision=2)
    assert due(worse, before, event("worsened", "orange red", 10), hours=11.9) is None
    assert due(worse, before, event("worsened", "orange red", 10), hours=12) is not None


def test_time_stands_still_while_all_of_the_desk_sleeps_but_for_red() -> None:
    asleep = lambda moment: is_quiet((time(22), time(7)), zone=UTC, now=moment)  # noqa: E731
    evening = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
    assert due_at(evening, 4 * HOUR, asleep=asleep, until=evening + 99 * HOUR) == datetime(2026, 11, 25, 9, tzinfo=UTC)
    late = (evening - T0) / HOUR
    assert due(told=evening, asleep=asleep, hours=late + 12) is None
    assert due(told=evening, asleep=asleep, hours=late + 13) is not None
    assert due(an_alert(level=Level.RED), told=evening, asleep=asleep, hours=late + 2) is not None


def test_a_desk_that_always_sleeps_does_not_hide_an_alert_for_ever() -> None:
    assert due_at(T0, 4 * HOUR, asleep=lambda _: True, until=T0 + 24 * 8 * HOUR) is not None


def test_the_profile_says_how_long_and_to_whom() -> None:
    entry = {"name": "a", "escalate_after": {"red": "30m"}, "escalate_to": ["boss@firm.example"]}
    [found] = parse({"profiles": [entry]}, file="f", language="en", digest_every=HOUR)
    assert (dict(found.escalate_after), found.escalate_to) == ({Level.RED: HOUR / 2}, (BOSS,))
    for wrong in ({"blue": "1h"}, {}, "soon", "0s"):
        with pytest.raises(ConfigError, match="escalate_after"):
            parse({"profiles": [entry | {"escalate_after": wrong}]}, file="f", language="en", digest_every=HOUR)
    with pytest.raises(ConfigError, match="escalate_to"):
        parse({"profiles": [entry | {"escalate_to": ["nobody"]}]}, file="f", language="en", digest_every=HOUR)


def test_a_silence_holds_what_it_names_and_ends_by_itself() -> None:
    silence = AlertSilence(profile="default", begun=T0, until=T0 + HOUR, reason="known", author="x", country="KE")
    alert = an_alert(countries=("KE", "DE"), labels=(Tag.COMPLIANCE,), topics=("compliance.carbon",))
    assert silence.holds(alert, T0)
    assert not silence.holds(alert, T0 + HOUR)
    assert not replace(silence, ended=T0 + HOUR / 2).holds(alert, T0 + HOUR / 2)
    for other in ({"profile": "b"}, {"country": "PL"}, {"tag": Tag.GEOPOLITICAL}, {"topic": "compliance.car"}):
        assert not replace(silence, **other).holds(alert, T0)
    for same in ({"tag": Tag.COMPLIANCE}, {"topic": "compliance"}, {"topic": "compliance.carbon"}):
        assert replace(silence, **same).holds(alert, T0)
