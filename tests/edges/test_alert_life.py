"""Escalated, withdrawn, corrected, silenced: real databases, real messages in the outbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from monitor.config import Settings
from monitor.domain import AlertSilence, AlertState, Level, Tag
from monitor.escalating import escalate, take_back
from monitor.shell import Shell
from monitor.store import Store
from monitor.telling import announce, first_period, preview

from .test_store import MINUTE, NOW, READER, a_decision, an_alert, an_item, put

PROFILES = """
profiles:
  - name: default
    recipients: [officer@firm.example]
    escalate_to: [boss@firm.example]
"""


class Moving:
    """A clock that is moved by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Moving:
    return Moving()


@pytest.fixture
def shell(database_url: str, tmp_path: Path, clock: Moving, store: Store) -> Shell:
    file = tmp_path / "profiles.yaml"
    file.write_text(PROFILES)
    found = Shell(settings=Settings(database_url=database_url, data_dir=tmp_path, profiles=file), clock=clock)
    found.__dict__["store"] = store
    put(store, an_item(1), decision=a_decision(an_item(1)))
    return found


def mails(store: Store) -> list[tuple[str, str, str]]:
    """Recipient, subject and text of every message, oldest first."""
    found = []
    for message in reversed(store.messages()):
        part = message_from_bytes(message.body, policy=policy.default).get_body(("plain",))  # type: ignore[arg-type]
        found.append((message.recipient, message.subject, part.get_content()))
    return found


def test_what_nobody_acknowledged_goes_to_headquarters_once(shell: Shell, clock: Moving) -> None:
    announce(shell, now=NOW)
    clock.now = NOW + timedelta(hours=4) - MINUTE
    assert escalate(shell, now=clock.now) == 0
    clock.now += MINUTE
    assert [escalate(shell, now=clock.now) for _ in range(2)] == [1, 0]
    alert = shell.store.alert("a1")
    assert alert is not None
    assert alert.state is AlertState.ESCALATED
    announce(shell, now=clock.now)
    told = mails(shell.store)
    assert [to for to, _subject, _text in told] == ["officer@firm.example", "officer@firm.example", "boss@firm.example"]
    assert "Escalated" in told[-1][1]
    assert shell.store.trail()[0].action == "escalated"
    assert shell.store.verify_trail().intact


def test_what_was_acknowledged_in_time_is_not_escalated(shell: Shell, clock: Moving) -> None:
    announce(shell, now=NOW)
    shell.store.change_alert("a1", author="x", at=NOW, what="acknowledged", state=AlertState.ACKNOWLEDGED)
    clock.now = NOW + timedelta(days=2)
    assert escalate(shell, now=clock.now) == 0


def test_what_was_overdue_when_escalation_was_first_looked_after_is_left_and_what_was_not_is_escalated(
    shell: Shell, clock: Moving
) -> None:
    announce(shell, now=NOW)
    clock.now = NOW + timedelta(days=2)  # the first look comes with an upgrade
    assert [escalate(shell, now=clock.now), escalate(shell, now=clock.now + timedelta(days=2))] == [0, 0]
    shell.store.change_alert("a1", author="monitor", at=clock.now, what="worsened", note="orange red", level=4)
    assert escalate(shell, now=clock.now + timedelta(hours=2)) == 1


def test_a_correction_by_verdict_is_told_to_those_who_were_told(shell: Shell, clock: Moving) -> None:
    announce(shell, now=NOW)
    alert = shell.store.alert("a1")
    assert alert is not None
    right = replace(alert, labels=(Tag.COMPLIANCE,), revision=alert.revision + 1)
    assert shell.store.correct_alert(right, author="wang", at=NOW + MINUTE, note="by verdict: it is a rule")
    announce(shell, now=NOW + MINUTE)
    to, subject, text = mails(shell.store)[-1]
    assert (to, "Corrected" in subject, "it is a rule" in text) == ("officer@firm.example", True, True)


@pytest.mark.parametrize(("withdrawn", "word"), [(True, "Withdrawn"), (False, "Corrected")])
def test_those_told_are_told_again_with_the_reason(shell: Shell, clock: Moving, withdrawn: bool, word: str) -> None:
    announce(shell, now=NOW)
    clock.now = NOW + MINUTE
    alert = shell.store.alert("a1")
    assert alert is not None
    told = take_back(shell, alert, withdrawn=withdrawn, note="The ministry denied it", author="wang", level=Level.RED)
    assert told == 1
    announce(shell, now=clock.now)
    to, subject, text = mails(shell.store)[-1]
    assert (to, word in subject, "Note: The ministry denied it" in text) == ("officer@firm.example", True, True)
    assert ("First step" in text) is not withdrawn  # of what is taken back nothing is to be done
    after = shell.store.alert("a1")
    assert after is not None
    assert (after.revision, after.state is AlertState.DISMISSED, after.level is Level.RED) == (
        2,
        withdrawn,
        not withdrawn,
    )
    assert announce(shell, now=clock.now) == 0


def test_an_alert_nobody_was_told_of_is_withdrawn_in_silence(shell: Shell) -> None:
    alert = shell.store.alert("a1")
    assert alert is not None
    assert take_back(shell, alert, withdrawn=True, note="no", author="wang") == 0
    assert announce(shell, now=NOW) == 0


def test_a_silence_keeps_alerts_and_tells_nobody_until_it_ends(shell: Shell, clock: Moving) -> None:
    silence = AlertSilence(
        profile="default", begun=NOW, until=NOW + timedelta(days=2), reason="known strike", author="wang"
    )
    made = shell.store.add_silence(silence)
    assert announce(shell, now=NOW) == 0
    assert shell.store.alert_notices("a1")[0]["skipped"] == "silenced: known strike"
    profile = shell.profile("default")
    since = first_period(shell, now=NOW)
    view, _duties = preview(shell, profile, READER, since=since, until=NOW + MINUTE, now=NOW + MINUTE)
    assert [held.title for held in view.held] == [an_alert().title]
    clock.now = NOW + timedelta(hours=9)
    assert escalate(shell, now=clock.now) == 0
    assert [s.id for s in shell.store.silences(at=clock.now)] == [made.id]
    assert shell.store.end_silence(made.id, at=clock.now, author="li")
    assert not shell.store.end_silence(made.id, at=clock.now, author="li")
    assert shell.store.silences(at=clock.now) == []
    assert [(line.action, line.author) for line in shell.store.trail(limit=2)] == [
        ("silence ended", "li"),
        ("silenced", "wang"),
    ]
