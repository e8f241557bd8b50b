"""What is told through channels: webhooks, robots of chats."""

# ruff: noqa: F811  fixtures have the names that tests ask for

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from monitor.domain import Recipient, Severity
from monitor.errors import ConfigError
from monitor.notify.channels import channel
from monitor.sending import deliver
from monitor.shell import Shell
from monitor.telling import announce, digest
from monitor.watching import health
from tests.harness import MailServer, free_port

from .test_telling import DAY, DESK, HOUR, NOW, TITLES, Clock, clock, make, raise_alerts, server, texts  # noqa: F401


@dataclass
class Hook:
    """A webhook that answers as it is told and keeps what it was sent."""

    port: int
    status: int = 200
    answer: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            found.taken.append((self.path, body))
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Hook(port=server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def test_a_webhook_gets_the_frozen_words_once(make: Callable[..., Shell], clock: Clock, hook: Hook) -> None:
    shell = make(
        Recipient(
            address="duty room", channel="json", url=f"json://127.0.0.1:{hook.port}/a?-token=s3cret", language="zh"
        )
    )
    raise_alerts(shell, TITLES[0])
    announce(shell, now=clock())
    assert deliver(shell, clock=clock) == Counter(sent=1)
    [(_path, body)] = hook.taken
    said = json.loads(body)
    assert TITLES[0] in said["message"] and "橙色" in said["title"] and said["type"] == "warning"
    assert re.search(r"\[[0-9a-f]{8}\]$", said["message"])
    assert deliver(shell, clock=clock) == Counter()


@pytest.mark.parametrize(
    ("status", "tries", "state"),
    [(503, 9, "ready"), (429, 9, "ready"), (404, 3, "parked"), (413, 4, "parked"), (302, 3, "parked")],
)
def test_a_channel_that_refuses_is_tried_again_or_parked(
    make: Callable[..., Shell], clock: Clock, hook: Hook, status: int, tries: int, state: str
) -> None:
    shell = make(Recipient(address="duty room", channel="json", url=f"json://127.0.0.1:{hook.port}/a"))
    hook.status, hook.headers = status, {"Location": f"http://127.0.0.1:{hook.port}/elsewhere"}
    raise_alerts(shell, TITLES[0])
    announce(shell, now=clock())
    for _ in range(9):
        deliver(shell, clock=clock)
        clock.now += 13 * HOUR
    assert [path for path, _ in hook.taken] == ["/a"] * tries
    [message] = shell.store.messages()
    assert message.state.value == state and str(status) in message.error
    assert bool(shell.store.stops()) is (status in (404, 302))


@pytest.mark.parametrize(
    ("robot", "code", "tries", "state"),
    [
        ("wecombot://k3y", 0, 1, "sent"),
        ("wecombot://k3y", 45009, 9, "ready"),  # too many messages
        ("wecombot://k3y", 93000, 3, "parked"),  # no such key
        ("dingtalk://SECabc@t0ken", 310000, 3, "parked"),  # signature, keyword or address list
        ("dingtalk://SECabc@t0ken", 430101, 4, "parked"),  # the text is refused
    ],
)
def test_a_robot_that_refuses_inside_an_answer_of_200_is_no_success(
    make: Callable[..., Shell],
    clock: Clock,
    hook: Hook,
    monkeypatch: pytest.MonkeyPatch,
    robot: str,
    code: int,
    tries: int,
    state: str,
) -> None:
    scheme = robot.partition(":")[0]
    plugin = type(channel(robot)[0])
    monkeypatch.setattr(plugin, "notify_url", f"http://127.0.0.1:{hook.port}/robot")
    monkeypatch.setattr(plugin, "request_rate_per_sec", 0)
    hook.answer = json.dumps({"errcode": code, "errmsg": "as it is"}).encode()
    shell = make(Recipient(address="duty room", channel=scheme, url=robot))
    raise_alerts(shell, TITLES[0])
    announce(shell, now=clock())
    for _ in range(9):
        deliver(shell, clock=clock)
        clock.now += 13 * HOUR
    [message] = shell.store.messages()
    assert (len(hook.taken), message.state.value) == (tries, state)
    assert (f"code {code}" in message.error) is bool(code)


def test_a_dead_mail_server_does_not_hold_up_a_channel_nor_the_other_way_round(
    make: Callable[..., Shell], clock: Clock, hook: Hook, server: MailServer
) -> None:
    ntfy = Recipient(address="phones", channel="ntfy", url=f"ntfy://127.0.0.1:{hook.port}/warnings")
    dead = Recipient(address="dead", channel="json", url=f"json://127.0.0.1:{free_port()}/")
    shell = make(DESK, ntfy, dead)
    raise_alerts(shell, TITLES[0])
    assert announce(shell, now=clock()) == 3
    assert deliver(shell, clock=clock) == Counter(sent=2, retry=1)
    assert len(server.lines("taken")) == len(hook.taken) == 1


def test_the_secrets_of_a_channel_are_in_no_row_log_or_error(
    make: Callable[..., Shell], clock: Clock, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secret = "tk0ps3cr3t"
    room = Recipient(
        address="room", channel="json", url=f"json://user:{secret}@127.0.0.1:{hook.port}/{secret}?+x={secret}"
    )
    shell = make(room)
    hook.status = 500
    raise_alerts(shell, TITLES[0])
    announce(shell, now=clock())
    deliver(shell, clock=clock)
    rows = str([(m.recipient, m.channel, m.body, m.error) for m in shell.store.messages()])
    ours = " ".join(str(record.__dict__) for record in caplog.records if record.name.startswith(("monitor", "apprise")))
    assert secret not in rows + ours + repr(room) + json.dumps(health(shell, now=clock()), default=str)
    with pytest.raises(ConfigError) as wrong:
        channel(f"nosuchthing://{secret}")
    assert secret not in str(wrong.value)


def test_a_channel_that_left_the_profile_is_parked_in_words(
    make: Callable[..., Shell], clock: Clock, hook: Hook
) -> None:
    shell = make(Recipient(address="room", channel="json", url=f"json://127.0.0.1:{hook.port}/"), DESK)
    raise_alerts(shell, TITLES[0])
    announce(shell, now=clock())
    [profile] = shell.profiles
    other = Recipient(address="other", channel="json", url=f"json://127.0.0.1:{hook.port}/")
    shell.__dict__["profiles"] = (replace(profile, recipients=(other,)),)
    deliver(shell, clock=clock)
    [waiting] = [m for m in shell.store.messages() if m.channel == "json"]
    assert "no profile names this channel" in waiting.error and hook.taken == []


def test_a_digest_for_a_channel_is_made_and_sent(make: Callable[..., Shell], clock: Clock, hook: Hook) -> None:
    room = Recipient(address="room", channel="json", url=f"json://127.0.0.1:{hook.port}/")
    shell = make(room)
    raise_alerts(shell, TITLES[1], severity=Severity.WATCH)
    assert digest(shell, shell.profiles[0], room, since=NOW - DAY, until=NOW, now=NOW)
    deliver(shell, clock=clock)
    assert TITLES[1] in json.loads(hook.taken[0][1])["message"]
