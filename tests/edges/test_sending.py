"""The outbox emptied into a mail server process that refuses, defers, stalls and hangs up; with counts."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import Secret, Settings
from monitor.domain import Message, MessageKind, MessageState, StopKind
from monitor.notify.email import DOT_TIMEOUT_S
from monitor.sending import deliver, release
from monitor.shell import Shell, system_clock
from tests.harness import MailServer, mail_server

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path / "mail.log") as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path, clock: Clock, server: MailServer) -> Iterator[Shell]:
    found = a_shell(tmp_path, clock, server.url)
    yield found
    found.close()


def a_shell(folder: Path, clock: Callable[[], datetime], url: str, **settings: object) -> Shell:
    base: dict[str, object] = {"data_dir": folder, "smtp_url": Secret(url), "mail_from": "watch@example.com"}
    return Shell(settings=Settings(**(base | settings)), clock=clock)  # type: ignore[arg-type]


def put(shell: Shell, *who: str, start: int = 0) -> None:
    """One message to each, with a name of its own."""
    for number, name in enumerate(who, start):
        address = name if "@" in name else f"{name}@example.com"
        identity = f"<{number:032x}@example.com>"
        html = "--b\r\nContent-Type: text/html\r\n\r\n<p>text</p>\r\n"
        body = (
            f"From: watch@example.com\r\nTo: {address}\r\nSubject: {number}\r\nMessage-ID: {identity}\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
            f"--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n{html}--b--\r\n"
        )
        message = Message(
            message_id=identity,
            kind=MessageKind.NOTICE,
            recipient=address,
            channel="email",
            profile="p",
            subject=str(number),
            body=body.encode(),
            created=NOW,
        )
        assert shell.store.put_message(message)


def test_one_pass_over_every_kind_of_recipient_holds_up_nobody(shell: Shell, clock: Clock, server: MailServer) -> None:
    put(shell, "a", "refused", "b", "deferred", "c", "spam", "d", "full", "e")
    assert deliver(shell, clock=clock) == Counter(sent=5, retry=4)
    assert Counter(line["what"] for line in server.lines()) == Counter(taken=5, refused=2, deferred=2)
    assert [line["to"][0] for line in server.lines("taken")] == list("abcde")
    assert shell.store.outbox_counts() == {"sent": 5, "ready": 4}


def test_a_refused_address_has_three_tries_over_a_day_then_is_parked_until_it_is_released(
    shell: Shell, clock: Clock, server: MailServer
) -> None:
    put(shell, "refused")
    for _ in range(24):
        deliver(shell, clock=clock)
        clock.now += timedelta(hours=1)
    deliver(shell, clock=clock)
    assert len(server.lines("refused")) == 3
    [stop] = shell.store.stops()
    assert stop.kind is StopKind.PARKED and "no such user" in stop.why
    assert shell.store.outbox_counts() == {"parked": 1}
    assert release(shell, "refused@example.com", author="li", now=clock()) == (1, 1)
    deliver(shell, clock=clock)
    assert len(server.lines("refused")) == 4


def test_refused_content_goes_as_plain_text_under_the_same_name(shell: Shell, clock: Clock, server: MailServer) -> None:
    put(shell, "spam")
    deliver(shell, clock=clock)
    clock.now += timedelta(hours=6, minutes=1)
    assert deliver(shell, clock=clock) == Counter(sent=1)
    [refused], [taken] = server.lines("refused"), server.lines("taken")
    assert refused["id"] == taken["id"] and refused["bytes"] != taken["bytes"]


def test_a_deferred_message_backs_off_and_arrives_once(shell: Shell, clock: Clock, server: MailServer) -> None:
    put(shell, "deferred-twice")
    waits = []
    while shell.store.outbox_counts() != {"sent": 1}:
        deliver(shell, clock=clock)
        [message] = shell.store.messages()
        if message.next_try and message.state is MessageState.READY:
            waits.append(message.next_try - clock.now)
            clock.now = message.next_try
    assert [timedelta(seconds=48) <= wait <= timedelta(minutes=n) for n, wait in enumerate(waits, 1)] == [True, True]
    assert len(server.lines("taken")) == 1


def test_cut_before_the_dot_it_arrives_once_and_cut_after_it_twice_under_one_name(
    shell: Shell, clock: Clock, server: MailServer
) -> None:
    put(shell, "cut-before", "cut-after", "a")
    for _ in range(4):
        deliver(shell, clock=clock)
        clock.now += timedelta(minutes=5)
    taken = server.lines("taken")
    assert Counter(line["to"].partition("@")[0] for line in taken) == {"cut-before": 1, "cut-after": 2, "a": 1}
    assert len({(line["id"], line["bytes"]) for line in taken if line["to"].startswith("cut-after")}) == 1
    assert shell.store.outbox_counts() == {"sent": 3}


def test_a_server_that_is_away_for_hours_costs_nothing(tmp_path: Path, clock: Clock, server: MailServer) -> None:
    away = a_shell(tmp_path, clock, "smtp://127.0.0.1:9")
    put(away, "a", "b", "c")
    for _ in range(6):
        assert deliver(away, clock=clock)["sent"] == 0
        clock.now += timedelta(hours=1)
    away.close()
    back = a_shell(tmp_path, clock, server.url)
    deliver(back, clock=clock)
    assert len(server.lines("taken")) == 3 and back.store.outbox_counts() == {"sent": 3}
    back.close()


def test_a_command_that_promised_a_minute_does_not_wait_ten_for_one_reply(
    shell: Shell, clock: Clock, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.notify.email.TIMEOUT_S", 1.0)
    put(shell, "stalls", "a")
    started = time.monotonic()
    assert deliver(shell, clock=clock, for_s=1.0)["sent"] == 0
    assert time.monotonic() - started < DOT_TIMEOUT_S
    clock.now += timedelta(minutes=2)
    assert deliver(shell, clock=clock, for_s=1.0)["sent"] <= 1


def test_four_connections_send_each_message_once(tmp_path: Path, server: MailServer) -> None:
    shell = a_shell(tmp_path, system_clock, server.url, mail_connections=4)  # a clock that goes on while threads wait
    put(shell, *(f"r{n % 7}" for n in range(120)))
    assert deliver(shell, clock=system_clock) == Counter(sent=120)
    assert len({line["id"] for line in server.lines("taken")}) == len(server.lines("taken")) == 120
    shell.close()


def test_two_senders_on_one_outbox_share_it(tmp_path: Path, clock: Clock, server: MailServer) -> None:
    shells = [a_shell(tmp_path, clock, server.url) for _ in range(2)]
    put(shells[0], *(f"r{n}" for n in range(60)))
    counts = [Counter[str](), Counter[str]()]

    def send(number: int) -> None:
        counts[number] = deliver(shells[number], clock=clock)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts, Counter[str]()) == Counter(sent=60)
    assert len(server.lines("taken")) == 60
    for shell in shells:
        shell.close()


def test_a_sender_killed_in_flight_repeats_only_that_message(tmp_path: Path, clock: Clock, server: MailServer) -> None:
    shell = a_shell(tmp_path, clock, server.url)
    put(shell, "a", "stalls", "b")
    script = (
        "from datetime import UTC, datetime\nfrom pathlib import Path\nfrom monitor.config import Secret, Settings\n"
        "from monitor.shell import Shell\nfrom monitor.sending import deliver\n"
        f"url, folder = Secret({server.url!r}), Path({str(tmp_path)!r})\n"
        "settings = Settings(data_dir=folder, smtp_url=url, mail_from='w@x.example')\n"
        f"deliver(Shell(settings=settings, clock=None), clock=lambda: datetime.fromisoformat({NOW.isoformat()!r}))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    end = time.monotonic() + 30
    while not server.lines("stalled") and time.monotonic() < end:
        time.sleep(0.02)
    process.kill()
    process.wait(10)
    with mail_server(tmp_path / "second.log") as second:
        again = a_shell(tmp_path, clock, second.url)
        with again.store._engine.begin() as connection:  # the server has recovered
            connection.exec_driver_sql("UPDATE outbox SET recipient = 'c@example.com' WHERE recipient LIKE 'stalls%'")
        assert deliver(again, clock=clock) == Counter(sent=2)
        assert [line["id"] for line in second.lines("taken")] == [f"<{n:032x}@example.com>" for n in (1, 2)]
        again.close()
    assert [line["to"] for line in server.lines("taken")] == ["a@example.com"]
    shell.close()
