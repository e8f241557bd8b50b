"""From an alert to the recipient's hands and back: mail, channels over real HTTP, links that act, unsubscribing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from email import message_from_string, policy
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from monitor.config import Secret, Settings
from monitor.domain import (
    AlertState,
    Assessment,
    Calendar,
    Feed,
    Item,
    Judgement,
    Level,
    MessageKind,
    Profile,
    Recipient,
    Severity,
    StopKind,
    Tag,
)
from monitor.exporting import feed_link
from monitor.sending import deliver, release
from monitor.shell import Shell
from monitor.telling import announce, oldest_unsent, send_briefs, send_digests
from monitor.warn.decide import decide
from monitor.watching import health
from monitor.web.server import Page
from tests.harness import MailServer, free_port, mail_server

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DESK = Recipient(address="desk@example.com")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path / "mail.log", "--keep") as running:
        yield running


@pytest.fixture
def make(tmp_path: Path, clock: Clock, server: MailServer) -> Iterator[Callable[..., Shell]]:
    made = []

    def build(*recipients: Recipient, **profile: object) -> Shell:
        settings = Settings(
            data_dir=tmp_path,
            smtp_url=Secret(server.url),
            mail_from="watch@example.com",
            web_address=f"127.0.0.1:{free_port()}",
        )
        shell = Shell(settings=settings, clock=clock)
        known = Profile(name="pumps", title="Pump works", recipients=recipients or (DESK,), **profile)  # type: ignore[arg-type]
        shell.__dict__["profiles"] = (known,)
        shell.__dict__["feeds"] = (FEED,)
        shell.__dict__["model_line"] = "a classifier"
        made.append(shell)
        return shell

    yield build
    for shell in made:
        shell.store.close()


FEED = Feed(name="Harbour Wire", url="https://harbour.example/rss")
TITLES = ("Dockers shut every container terminal of Rotterdam", "Brazil fines marketplace over data transfers")


def raise_alerts(shell: Shell, *titles: str, severity: Severity = Severity.WARNING) -> None:
    """Items as a pass would leave them, decided upon, with a pass written down."""
    store, now = shell.store, shell.clock()
    store.sync_feeds(shell.feeds)
    state = store.feed_states(shell.feeds)[0]
    items = [
        Item(
            id=None,
            feed=FEED.name,
            key=abs(hash(title)).to_bytes(16, "big"),
            title=title,
            summary="",
            url=f"https://harbour.example/{number}",
            published=now,
            fetched=now,
            judgement=Judgement(
                labels=(Tag.SUPPLY_CHAIN,), probabilities={Tag.SUPPLY_CHAIN: 0.9}, countries=("NL",), model="m"
            ),
            assessment=Assessment(severity=severity),
        )
        for number, title in enumerate(titles)
    ]
    pass_id = store.start_pass(at=now)
    known, alerts_of = store.known(since=now - DAY, today=now), store.alerts_of_stories
    decision = decide(items, known=known, profiles=shell.profiles, now=now, alerts_of=alerts_of)
    store.record(updates=[], new=[(state.id, i.key, i) for i in items], decision=decision)
    store.end_pass(pass_id, at=now, counts={"entries_seen": len(items)})


def texts(server: MailServer) -> list[str]:
    """The plain text of each mail that was taken."""
    found = []
    for line in server.lines("taken"):
        part = message_from_string(line["body"], policy=policy.default).get_body(("plain",))
        assert part is not None
        found.append(part.get_content())
    return found


# --- mail --------------------------------------------------------------------------------------------


def test_grave_alerts_go_at_once_and_mild_ones_wait_for_the_digest(
    make: Callable[..., Shell], clock: Clock, server: MailServer
) -> None:
    shell = make()
    raise_alerts(shell, TITLES[0])
    raise_alerts(shell, TITLES[1], severity=Severity.WATCH)
    assert announce(shell, now=clock()) == 1
    clock.now += DAY
    assert send_digests(shell, now=clock()) == 1
    deliver(shell, clock=clock)
    notice, summary = texts(server)
    assert TITLES[0] in notice and TITLES[1] not in notice
    assert TITLES[1] in summary and TITLES[0] not in summary.replace("still open", "")


def test_after_months_of_sleep_and_clocks_that_jump_each_period_is_told_once(
    make: Callable[..., Shell], clock: Clock
) -> None:
    shell = make(replace(DESK, timezone="Australia/Lord_Howe"), digest_when=Calendar(at=time(2, 15)))
    raise_alerts(shell, TITLES[1], severity=Severity.WATCH)
    made = Counter[str]()

    def look() -> None:
        made["digests"] += send_digests(shell, now=clock())

    for _ in range(3 * 24 * 4):
        look()
        clock.now += HOUR / 4
    assert made["digests"] == 3
    clock.now -= 2 * HOUR  # back two hours
    for _ in range(16):
        look()
        clock.now += HOUR / 4
    assert made["digests"] <= 4
    before = made["digests"]
    clock.now += 365 * DAY  # a year ahead, or a year of downtime
    look()
    look()
    assert made["digests"] == before + 1
    clock.now -= 365 * DAY  # and back: nothing is stuck
    for _ in range(2 * 24):
        look()
        clock.now += HOUR
    assert before + 2 <= made["digests"] <= before + 4
    periods = [message.period for message in shell.store.messages()]
    assert len(periods) == len(set(periods))


def test_in_quiet_hours_red_is_told_and_the_rest_waits_without_being_called_late(
    make: Callable[..., Shell], clock: Clock
) -> None:
    shell = make(replace(DESK, timezone="Asia/Shanghai", quiet=(time(15), time(18))))  # it is 16:00 there
    raise_alerts(shell, TITLES[0])
    assert announce(shell, now=clock()) == 0
    clock.now += HOUR
    assert oldest_unsent(shell, now=clock()) is None
    raise_alerts(shell, "War closes the strait to all tankers", severity=Severity.CRITICAL)
    assert announce(shell, now=clock()) == 1
    clock.now += HOUR
    assert announce(shell, now=clock()) == 1


def test_at_most_six_messages_an_hour_then_one_bundle(make: Callable[..., Shell], clock: Clock) -> None:
    shell = make()
    for letter in "abcdefghi":
        raise_alerts(shell, f"Port {letter * 6} closes its gates")
        announce(shell, now=clock())
        clock.now += timedelta(minutes=1)
    assert len(shell.store.messages()) <= 6
    clock.now += HOUR
    announce(shell, now=clock())
    assert not shell.store.duties(immediate=True)


def test_while_an_address_is_parked_its_alerts_stay_countable_and_one_message_catches_up(
    make: Callable[..., Shell], clock: Clock, server: MailServer
) -> None:
    shell = make(Recipient(address="refused@example.com"), DESK)
    raise_alerts(shell, TITLES[0])
    announce(shell, now=clock())
    for _ in range(3):
        deliver(shell, clock=clock)
        clock.now += 12 * HOUR + HOUR
    [stop] = shell.store.stops()
    assert (stop.recipient, stop.kind) == ("refused@example.com", StopKind.PARKED)
    for number in range(4):
        raise_alerts(shell, f"Flood number {'i' * (number + 1)} stops the river")
        announce(shell, now=clock())
        clock.now += HOUR
    waiting = [d for d in shell.store.duties(immediate=True) if d.notice.recipient.address == "refused@example.com"]
    assert waiting and health(shell, now=clock())["parked_addresses"][0]["recipient"] == "refused@example.com"
    before = len(shell.store.messages())
    release(shell, "refused@example.com", author="li", now=clock())
    announce(shell, now=clock())
    assert len(shell.store.messages()) == before + 1


def test_a_weekly_brief_goes_where_a_profile_asks_for_it_once_a_week(make: Callable[..., Shell], clock: Clock) -> None:
    shell = make(brief_when=Calendar(at=time(8), weekday=0))
    raise_alerts(shell, TITLES[1], severity=Severity.WATCH)
    made = 0
    for _ in range(15):
        clock.now += DAY
        made += send_briefs(shell, now=clock())
    assert made == 2
    assert {message.kind for message in shell.store.messages()} == {MessageKind.BRIEF}


def test_a_thousand_alerts_are_one_digest_with_fifty_listed_and_the_rest_counted(
    make: Callable[..., Shell], clock: Clock, server: MailServer
) -> None:
    shell = make(budget=100_000, immediate=Level.RED)
    raise_alerts(shell, *[f"{n:04}harbour {n * 7:05}mill {n * 13:05}rail" for n in range(1000)])
    count = len(shell.store.duties(immediate=False))
    assert count > 100
    clock.now += DAY
    assert send_digests(shell, now=clock()) == 1
    deliver(shell, clock=clock)
    [text] = texts(server)
    assert f"+{count - 50:,} more" in text


# --- links in mail -----------------------------------------------------------------------------------


@dataclass
class Browser:
    """Whoever opens a link of a mail: no login, no cookie."""

    address: str

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str]:
        connection = HTTPConnection(self.address, timeout=30)
        body = urlencode(form) if form is not None else None
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text


@pytest.fixture
def mailed(make: Callable[..., Shell], clock: Clock, server: MailServer) -> Iterator[tuple[Shell, Browser, str]]:
    """A mail that arrived, and the page behind its links, which asks others for a password."""
    shell = make()
    object.__setattr__(shell.settings, "web_password", Secret("secret"))
    raise_alerts(shell, TITLES[0])
    announce(shell, now=clock())
    deliver(shell, clock=clock)
    page = Page(shell, health=lambda: {"healthy": True})
    page.start()
    yield shell, Browser(shell.settings.web_address), server.lines("taken")[0]["body"]
    page.stop()


def test_the_links_of_a_mail_ask_and_only_a_form_acts(mailed: tuple[Shell, Browser, str]) -> None:
    shell, browser, raw = mailed
    text = message_from_string(raw, policy=policy.default).get_body(("plain",))
    assert text is not None
    link = urlsplit(re.search(r"Acknowledge (\S+)", text.get_content())[1])  # type: ignore[index]
    for _ in range(3):
        for method in ("GET", "HEAD"):
            assert browser.ask(method, link.path)[0] in (200, 405)
    [alert] = shell.store.alerts()
    assert alert.state is AlertState.OPEN
    status, page = browser.ask("GET", link.path, **{"Accept-Language": "zh"})
    assert status == 200 and "确认：由我处理" in page and TITLES[0] in page
    assert browser.ask("POST", link.path, {"do": "close"})[0] == 422
    assert browser.ask("POST", link.path[:-2] + "xx", {"do": "ack"})[0] == 404
    assert shell.store.alerts()[0].state is AlertState.OPEN
    assert browser.ask("POST", link.path, {"do": "ack", "why": "ours"})[0] == 200
    assert shell.store.alerts()[0].state is AlertState.ACKNOWLEDGED
    assert shell.store.alert_events(alert.id)[-1].author == "desk@example.com"
    assert browser.ask("GET", "/")[0] in (302, 401)  # the rest still asks for a login


def test_one_click_unsubscribes_without_login_and_is_shown_and_undone(mailed: tuple[Shell, Browser, str]) -> None:
    shell, browser, raw = mailed
    message = message_from_string(raw, policy=policy.default)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = urlsplit(str(message["List-Unsubscribe"]).strip("<>")).path
    assert browser.ask("GET", path)[0] == 200 and shell.store.stops() == []
    assert browser.ask("POST", path, {"List-Unsubscribe": "One-Click"})[0] == 200
    [stop] = shell.store.stops()
    assert (stop.recipient, stop.profile, stop.author) == ("desk@example.com", "pumps", "desk@example.com")
    assert health(shell, now=shell.clock())["unsubscribed"][0]["recipient"] == "desk@example.com"
    raise_alerts(shell, "War closes the strait to all tankers", severity=Severity.CRITICAL)
    assert announce(shell, now=shell.clock()) == 0
    assert browser.ask("POST", path, {"do": "subscribe"})[0] == 200
    assert shell.store.stops() == [] and shell.store.stops(ended=True)[0].ended_by == "desk@example.com"


def test_a_profiles_feed_is_read_by_token_and_by_nobody_else(mailed: tuple[Shell, Browser, str]) -> None:
    shell, browser, _raw = mailed
    path = urlsplit(feed_link(shell, "pumps")).path
    status, atom = browser.ask("GET", f"{path}.atom")
    assert status == 200 and TITLES[0] in atom and "desk@" not in atom
    assert json.loads(browser.ask("GET", f"{path}.json")[1])["items"][0]["title"] == TITLES[0]
    assert browser.ask("GET", "/f/nonsense.x.atom")[0] == 404
