"""The review page over real HTTP: what it shows, what it takes, and whom it keeps out."""

from __future__ import annotations

import atexit
import getpass
import http.client
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from monitor import config
from monitor.config import Secret, Settings
from monitor.domain import Assessment, Evidence, Feed, Item, Judgement, Level, Severity, Tag, VerdictKind
from monitor.errors import ConfigError
from monitor.shell import Shell
from monitor.warn.decide import decide
from monitor.watching import health
from monitor.web.server import Page

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script> "quoted" & <b>bold</b>'


def an_item(number: int, title: str, *labels: Tag, word: str = "") -> Item:
    evidence = (Evidence(word=word, tag=labels[0], weight=1.5),) if word else ()
    probabilities = {tag: 0.9 if tag in labels else 0.1 for tag in Tag}
    judgement = Judgement(labels=labels, probabilities=probabilities, evidence=evidence, countries=("DE",), model="m1")
    return Item(
        id=None,
        feed="Harbour Wire",
        key=number.to_bytes(16, "big"),
        title=title,
        summary=f"Summary of {title}",
        url="javascript:alert(2)" if "script" in title else f"https://harbour.example/{number}",
        published=NOW,
        fetched=NOW,
        judgement=judgement,
        assessment=Assessment(severity=Severity.WARNING if labels else Severity.NONE, reasons=("grave words",)),
    )


_made = Path(tempfile.mkdtemp(prefix="monitor-web-")) / "monitor.db"
atexit.register(shutil.rmtree, _made.parent, ignore_errors=True)


def with_items(shell: Shell) -> None:
    """Three items as a pass would leave them, with their alerts: made once, then copied."""
    file = shell.settings.folder / "monitor.db"
    if shell.settings.own_file("profiles") or file.exists():
        _put_items(shell)
        return
    if not _made.exists():
        _put_items(shell)
        shell.store.backup(_made)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_made, file)


def _put_items(shell: Shell) -> None:
    shell.store.sync_feeds([Feed(name="Harbour Wire", url="https://harbour.example/rss")])
    state = shell.store.feed_states([])[0]
    items = [
        an_item(1, "Port strike announced", Tag.SUPPLY_CHAIN, word="strike"),
        an_item(2, HOSTILE, Tag.COMPLIANCE, word="script"),
        an_item(3, "Choir wins prize"),
    ]
    decision = decide(items, known=shell.store.known(since=NOW, today=NOW), profiles=shell.profiles, now=NOW)
    shell.store.record(updates=[], new=[(state.id, i.key, i) for i in items], decision=decision)


def settings_in(folder: Path, **changed: object) -> Settings:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {"MONITOR_DATA_DIR": str(folder), "MONITOR_WEB_ADDRESS": f"127.0.0.1:{port}"}
    found = config.load(env, env_file=folder / "none")
    return replace(found, **changed)  # type: ignore[arg-type]


@dataclass
class Browser:
    """A reader of the page that keeps to plain HTTP."""

    address: str

    def ask(
        self, path: str, form: dict[str, object] | None = None, method: str = "", **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        body = urlencode(form, doseq=True) if form is not None else None
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | sent
        connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return answer.status, text, found

    def token(self) -> str:
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.ask("/items/1")[1])
        assert found
        return found[1]


def serving(settings: Settings) -> Iterator[tuple[Shell, Browser]]:
    shell = Shell(settings=settings, clock=lambda: NOW)
    with_items(shell)
    page = Page(shell, health=lambda: health(shell, now=NOW))
    page.start()
    yield shell, Browser(settings.web_address)
    page.stop()
    shell.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Shell, Browser]]:
    yield from serving(settings_in(tmp_path))


def test_a_verdict_on_the_whole_story_dismisses_its_alerts_and_can_be_undone(running: tuple[Shell, Browser]) -> None:
    shell, browser = running
    alert = next(a for a in shell.store.alerts() if "strike" in a.title)
    browser.ask("/items/1/verdict", {"verdict": "dismiss:harmless", "story": "true", "token": browser.token()})
    dismissed = shell.store.alert(alert.id)
    assert dismissed is not None
    assert dismissed.state.value == "dismissed"
    browser.ask("/items/1/undo", {"token": browser.token()})
    again = shell.store.alert(alert.id)
    assert again is not None
    assert again.state.value == "open"


def test_an_item_is_moved_into_another_story(running: tuple[Shell, Browser]) -> None:
    shell, browser = running
    first, second = shell.store.item(1), shell.store.item(2)
    assert first is not None
    assert second is not None
    assert second.story in browser.ask("/items/1/merge")[1]
    assert browser.ask("/items/1/merge", {"story": second.story, "token": browser.token()})[0] == 303
    assert {item.id for item in shell.store.story_items(second.story)} == {1, 2}
    assert {a.state.value for a in shell.store.alerts_of_story(first.story)} == {"dismissed"}
    assert browser.ask("/items/1/merge", {"story": "nowhere", "token": browser.token()})[0] == 404


def test_a_missed_event_becomes_a_label(running: tuple[Shell, Browser]) -> None:
    shell, browser = running
    wrong = {"title": "Border closed", "link": "java\tscript:alert(1)", "labels": ["compliance"]}
    assert browser.ask("/missed", wrong | {"token": browser.token()})[0] == 422
    right = {"title": "Border <closed>", "countries": "de, PL", "labels": ["supply_chain"], "why": "a driver called"}
    assert browser.ask("/missed", right | {"token": browser.token()})[0] == 303
    verdict, item = shell.store.judged_by_people()[-1]
    assert (verdict.kind, verdict.labels, item.title) == (VerdictKind.MISSED, (Tag.SUPPLY_CHAIN,), "Border <closed>")
    known = {"title": "again", "link": "https://harbour.example/3", "labels": ["compliance"]}
    assert browser.ask("/missed", known | {"token": browser.token()})[2]["location"].startswith("/items/3?")


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[Shell, Browser]]:
    yield from serving(settings_in(tmp_path, web_password=Secret("öpen sesame")))


def test_the_queue_lists_what_is_flagged(running: tuple[Shell, Browser]) -> None:
    status, text, _ = running[1].ask("/queue")
    assert status == 200
    assert re.search(r"Port <mark[^>]*>strike</mark> announced", text)
    assert "Choir" not in text


def test_today_shows_what_nobody_has_acknowledged(running: tuple[Shell, Browser]) -> None:
    shell, browser = running
    text = browser.ask("/")[1]
    assert "Port strike announced" in text
    assert "Germany" in text
    for alert in shell.store.alerts():
        browser.ask(f"/alerts/{alert.id}/step", {"step": "ack", "token": browser.token()})
    quiet = browser.ask("/")[1]
    assert "every alert has been acknowledged" in quiet
    assert "Proof of the watch" in quiet


def test_evidence_is_marked_where_it_stands(running: tuple[Shell, Browser]) -> None:
    text = running[1].ask("/items/1")[1]
    assert re.search(r'Port <mark class="supply_chain"[^>]*>strike</mark> announced', text)
    assert "hears of everything that is flagged" in text


def test_feed_text_is_hostile_text(running: tuple[Shell, Browser]) -> None:
    alert = running[0].store.alerts()
    paths = ["/", "/queue", "/alerts", "/items/2", "/items/2/merge", *(f"/alerts/{a.id}" for a in alert)]
    for path in paths:
        text = running[1].ask(path)[1]
        assert "<script>" not in text
        assert "javascript:" not in text
        assert "<b>" not in text
    assert "&lt;" in running[1].ask("/items/2")[1]


def test_a_page_speaks_the_readers_language(running: tuple[Shell, Browser]) -> None:
    browser = running[1]
    assert 'lang="zh"' in browser.ask("/?lang=zh")[1]
    assert "待审阅" in browser.ask("/queue", Accept_Language="zh-CN,zh;q=0.9")[1]
    assert "To review" in browser.ask("/queue", Accept_Language="fr")[1]
    assert browser.ask("/?lang=zh")[2]["set-cookie"].startswith("lang=zh")


@pytest.mark.parametrize(
    ("form", "kind", "labels"),
    [
        ({"verdict": "confirm"}, VerdictKind.CONFIRM, (Tag.SUPPLY_CHAIN,)),
        ({"verdict": "dismiss", "why": "a game"}, VerdictKind.DISMISS, ()),
        ({"verdict": "dismiss:past"}, VerdictKind.DISMISS, ()),
        ({"verdict": "dismiss:not_my_country"}, VerdictKind.DISMISS, (Tag.SUPPLY_CHAIN,)),
        ({"verdict": "relabel", "labels": ["compliance"]}, VerdictKind.RELABEL, (Tag.COMPLIANCE,)),
    ],
)
def test_a_verdict_is_stored_and_leads_on(
    running: tuple[Shell, Browser], form: dict[str, object], kind: VerdictKind, labels: tuple[Tag, ...]
) -> None:
    shell, browser = running
    status, _, headers = browser.ask("/items/1/verdict", form | {"token": browser.token()})
    assert status == 303
    verdict = shell.store.verdict_of(1)
    assert verdict is not None
    assert (verdict.kind, verdict.labels, verdict.author) == (kind, labels, getpass.getuser())
    assert headers["location"].endswith("done=1")
    assert "take it back" in browser.ask(headers["location"])[1]
    assert 'id="i1"' not in browser.ask("/queue")[1]
    assert "item 1" in [line.subject for line in shell.store.trail(author=getpass.getuser())]


def test_a_verdict_can_be_taken_back(running: tuple[Shell, Browser]) -> None:
    shell, browser = running
    token = browser.token()
    browser.ask("/items/1/verdict", {"verdict": "dismiss", "token": token})
    assert browser.ask("/items/1/undo", {"token": token})[0] == 303
    assert shell.store.verdict_of(1) is None


def test_a_step_changes_the_alert(running: tuple[Shell, Browser]) -> None:
    shell, browser = running
    alert = shell.store.alerts(level=Level.ORANGE)[0]
    assert (
        browser.ask(f"/alerts/{alert.id}/step", {"step": "ack", "note": "called the port", "token": browser.token()})[0]
        == 303
    )
    text = browser.ask(f"/alerts/{alert.id}")[1]
    assert "acknowledged" in text
    assert "called the port" in text


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({"verdict": "confirm", "token": "0" * 64}, {}, 403),
        ({"verdict": "confirm", "token": "TOKEN"}, {"Sec_Fetch_Site": "cross-site"}, 403),
        ({"verdict": "confirm", "token": "TOKEN"}, {"Sec_Fetch_Site": "none"}, 403),
        ({"verdict": "burn", "token": "TOKEN"}, {}, 422),
        ({"verdict": "dismiss:boredom", "token": "TOKEN"}, {}, 422),
        ({"verdict": "confirm"}, {}, 422),
        ({"verdict": "relabel", "labels": ["weather"], "token": "TOKEN"}, {}, 422),
        ({"verdict": "confirm", "why": "x" * 3000, "token": "TOKEN"}, {}, 422),
        ({"verdict": "confirm", "why": "x" * 100_000, "token": "TOKEN"}, {}, 413),
    ],
)
def test_a_form_that_is_not_ours_changes_nothing(
    running: tuple[Shell, Browser], form: dict[str, object], headers: dict[str, str], status: int
) -> None:
    shell, browser = running
    sent = {name: browser.token() if value == "TOKEN" else value for name, value in form.items()}
    assert browser.ask("/items/1/verdict", sent, **headers)[0] == status
    assert shell.store.verdict_of(1) is None


@pytest.mark.parametrize("path", ["/items/99", "/items/0", "/items/-1", "/alerts/none", "/nowhere", f"/items/{10**30}"])
def test_what_is_not_there_is_told(running: tuple[Shell, Browser], path: str) -> None:
    assert running[1].ask(path)[0] in (404, 422)


def test_a_refusal_speaks_the_readers_language(guarded: tuple[Shell, Browser]) -> None:
    browser = guarded[1]
    form = {"verdict": "confirm", "token": "0"}
    assert browser.ask("/items/1/verdict", form, Accept_Language="zh-CN,zh;q=0.9")[:2] == (401, "需要登录\n")
    assert browser.ask("/items/1/verdict", form, Accept_Language="fr")[:2] == (401, "a login is needed\n")


def test_another_name_is_refused(running: tuple[Shell, Browser]) -> None:
    assert running[1].ask("/", Host="evil.example")[0] == 400
    assert running[1].ask("/", Host="[::bad")[0] == 400


def test_headers_keep_other_sites_out(running: tuple[Shell, Browser]) -> None:
    headers = running[1].ask("/")[2]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


def test_an_address_in_use_is_told(running: tuple[Shell, Browser]) -> None:
    with pytest.raises(ConfigError, match="cannot listen"):
        Page(running[0], health=dict)


def test_the_page_without_anything_yet(tmp_path: Path) -> None:
    shell = Shell(settings=settings_in(tmp_path), clock=lambda: NOW)
    page = Page(shell, health=lambda: health(shell, now=NOW))
    page.start()
    browser = Browser(shell.settings.web_address)
    assert "Nothing waits" in browser.ask("/queue")[1]
    assert browser.ask("/health")[0] == 503
    assert {browser.ask(path)[0] for path in ("/", "/status", "/alerts", "/missed")} == {200}
    page.stop()
    shell.close()


def test_the_buttons_of_the_model_page_run_the_commands_one_at_a_time(running: tuple[Shell, Browser]) -> None:
    shell, browser = running

    def press(**form: str) -> str:
        assert browser.ask("/models", form | {"token": browser.token()})[0] == 303
        end = time.monotonic() + 120  # a guard against hanging, not a measure
        while "at work" in (text := browser.ask("/models")[1]) and time.monotonic() < end:
            time.sleep(0.1)
        return text

    assert "Train from the verdicts" in browser.ask("/models")[1]
    refused = press(act="promote", digest="abc")
    assert "refused or failed" in refused
    assert "0 classifiers begin with" in refused
    assert "refused or failed" in press(act="compare", digest="abc")
    assert "done" in press(act="back")
    assert [line.subject for line in shell.store.trail() if line.action == "model"] == [
        "back",
        "compare abc",
        "promote abc",
    ]
    assert browser.ask("/models", {"act": "train; rm", "token": browser.token()})[0] == 422


def test_an_alert_leaves_as_a_file_for_other_systems(running: tuple[Shell, Browser]) -> None:
    shell, browser = running
    alert = next(a for a in shell.store.alerts() if "strike" in a.title)
    status, text, headers = browser.ask(f"/alerts/{alert.id}/export/cap")
    assert (status, headers["content-type"]) == (200, "application/cap+xml")
    assert "urn:oasis:names:tc:emergency:cap:1.2" in text
    assert "Port strike announced" in text
    assert f'filename="alert-{alert.id}.xml"' in headers["content-disposition"]
    assert "Port strike announced" in browser.ask(f"/alerts/{alert.id}/export/csv")[1]
    assert browser.ask(f"/alerts/{alert.id}/export/exe")[0] == 404
    assert f"/setup/silences?profile={alert.profile}" in browser.ask(f"/alerts/{alert.id}")[1]
