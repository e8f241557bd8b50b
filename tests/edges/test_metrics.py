"""What Prometheus and `/health` are told: progress, in numbers, without a name."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor import metrics
from monitor.config import Secret, Settings
from monitor.daemon import Daemon
from monitor.domain import Decision, FeedUpdate, PollOutcome, Role
from monitor.errors import ConfigError, StoreError
from monitor.progress import WATCH_OVER, Progress, stuck_since
from monitor.shell import Shell
from monitor.watching import Watch, health, pulse
from monitor.web.access import digest_of, new_token
from tests.harness import free_port

from .test_web import Browser, serving, settings_in

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


class Clock:
    """Wall clock and seconds counted, moved together."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shell(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Shell]:
    (tmp_path / "feeds.yaml").write_text(
        json.dumps({"feeds": [{"name": "Secret source", "url": "https://a.example/"}]})
    )
    settings = Settings(
        data_dir=tmp_path, database_url=Secret(database_url), feeds=tmp_path / "feeds.yaml", region="cn-north",
        mail_to=("desk@example.com",),
    )  # fmt: skip
    found = Shell(settings=settings, clock=clock)
    found.__dict__["progress"] = Progress(lambda job: found.store.note_step(job, at=clock()), timer=clock.seconds)
    found.store.sync_feeds(found.feeds)
    found.store.end_pass(found.store.start_pass(at=NOW), at=NOW, counts={})
    yield found
    found.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield heard


def awake(shell: Shell) -> bool:
    return (
        pulse(shell, now=shell.clock()).stuck_since is None and health(shell, now=shell.clock())["stuck_since"] is None
    )


def test_a_stuck_job_ends_watchdog_and_health_and_one_that_gets_on_brings_them_back(
    shell: Shell, clock: Clock, systemd: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    daemon = Daemon(shell, mail=True)
    poll, send = (daemon.job(name, lambda: None) for name in ("poll", "send"))
    poll(), send(), daemon.watchdog()
    assert (systemd.recv(100), awake(shell)) == (b"WATCHDOG=1", True)
    clock.now += timedelta(minutes=3)
    send(), daemon.watchdog()  # `poll` hangs: its thread lives, and nothing comes of it
    assert (systemd.recv(100), awake(shell)) == (b"STATUS=stuck: poll", False)
    assert metrics.health(Watch(shell))[0] == 503
    daemon.watchdog()
    assert systemd.recv(100) == b"STATUS=stuck: poll"
    poll(), daemon.watchdog()
    assert (systemd.recv(100), awake(shell)) == (b"WATCHDOG=1", True)
    told = [record.message for record in caplog.records if "get on" in record.message]
    assert told == ["jobs do not get on", "all jobs get on again"]  # once, however long it lasts


def test_feeds_that_a_clock_a_year_ahead_put_off_are_polled(
    shell: Shell, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.sync_feeds()
    [state] = shell.store.claim_due(shell.feeds, now=NOW)
    ahead = NOW + timedelta(days=365)
    noted = FeedUpdate(feed_id=state.id, polled=ahead, next_poll=ahead, ok=True)
    shell.store.record(updates=[noted], new=[], decision=Decision())
    passes: list[object] = []
    monkeypatch.setattr("monitor.daemon.run_pass", lambda *_, **asked: passes.append(asked) or PollOutcome(feeds=1))
    Daemon(shell, mail=True).poll()
    assert len(passes) == 1


def test_a_job_that_only_fails_does_not_get_on(shell: Shell, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    def away() -> None:
        raise StoreError("the database is away")

    daemon = Daemon(shell, mail=True)
    run, works = daemon.job("poll", away), daemon.job("poll", lambda: None)
    for _ in range(50):
        clock.now += timedelta(seconds=5)
        run()
    assert shell.progress.stuck("poll") == ["poll"]
    works()
    assert shell.progress.stuck("poll") == []
    told = [record.message for record in caplog.records if record.levelname in ("ERROR", "WARNING")]
    assert told == ["job failed, it is tried again", "job works again"]  # once, not fifty times


def test_a_long_pass_gets_on_with_every_batch(shell: Shell, clock: Clock) -> None:
    def batches() -> None:
        for _ in range(20):
            clock.now += timedelta(seconds=30)
            shell.progress.step()
            assert shell.progress.stuck("poll") == [] and shell.progress.hung() == []

    Daemon(shell, mail=True).job("poll", batches)()
    assert shell.store.steps()["poll"] > NOW + timedelta(minutes=9)


def test_a_part_done_on_another_thread_is_a_step_of_the_job(shell: Shell, clock: Clock) -> None:
    with shell.progress.job("send"):
        step = shell.progress.stepper()
        clock.now += timedelta(minutes=11)
        thread = Thread(target=step)
        thread.start()
        thread.join()
        clock.now += timedelta(minutes=11)
        assert shell.progress.hung() == []


def test_what_was_noted_says_whether_the_watch_gets_on() -> None:
    fresh, old = NOW - timedelta(seconds=30), NOW - timedelta(hours=1)
    assert stuck_since({}, now=NOW) is None  # run by a timer: the last pass says it
    assert stuck_since({"poll": fresh, "send": NOW - WATCH_OVER}, now=NOW) is None
    assert stuck_since({"poll": old, "send": fresh}, now=NOW) is not None
    assert stuck_since({"schedule": fresh, "tell": fresh, "poll": old, "send": old}, now=NOW) is None
    assert stuck_since({"schedule": fresh}, now=NOW) is not None  # jobs are put into the queue and nobody takes them
    assert stuck_since({"poll": NOW + timedelta(days=365), "send": NOW + timedelta(days=365)}, now=NOW) is None
    assert stuck_since({"poll": NOW + timedelta(hours=2), "send": fresh}, now=NOW) is not None  # the clock was set back
    assert stuck_since({"poll": NOW - timedelta(days=8), "send": old}, now=NOW) is not None


def test_metrics_keep_prometheus_conventions_and_tell_no_names(shell: Shell) -> None:
    metrics.passed(PollOutcome(feeds=2, reached=1, unchanged=1, failed=1, items_new=3, duplicates=4, alerts_new=1))
    metrics.delivered({"sent": 2, "retry": 1})
    with metrics.timed("poll"):
        pass
    told = metrics.text(shell, Watch(shell)).decode()
    families = {family.name: family for family in text_string_to_metric_families(told)}
    ours = {name: family for name, family in families.items() if name.startswith("monitor")}
    assert all(family.documentation.endswith(".") for family in ours.values())
    for name, family in ours.items():
        assert name == name.lower()
        assert not name.endswith(("_total", "_milliseconds", "_ms", "_count"))
        if "duration" in name or "timestamp" in name:
            assert name.endswith("_seconds")
        assert not {"job", "instance"} & {label for sample in family.samples for label in sample.labels}
    [info] = ours["monitor_info"].samples
    assert (info.labels["region"], info.labels["database"]) == ("cn-north", shell.store._engine.dialect.name)
    assert {s.labels["outcome"]: s.value for s in ours["monitor_entries"].samples if s.name.endswith("_total")}[
        "new"
    ] >= 3
    for secret in ("Secret source", "a.example", "desk@example.com", "default", str(shell.settings.data_dir)):
        assert secret not in told
    if shell.settings.database.startswith("postgres"):
        assert shell.settings.database not in told


def test_every_metric_that_the_dashboard_and_the_alerts_name_exists(shell: Shell) -> None:
    import re

    deploy = Path(__file__).parents[2] / "docs" / "deploy"
    shell.store.note_step("poll", at=NOW)
    told = metrics.text(shell, Watch(shell)).decode()
    known = {line.split()[2] for line in told.splitlines() if line.startswith("# TYPE")}
    known |= {f"{name}_bucket" for name in known}
    sometimes = {"monitor_last_item_timestamp_seconds", "monitor_oldest_unsent_timestamp_seconds"}  # once there is one
    dashboard = json.loads((deploy / "grafana-dashboard.json").read_text())
    asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    asked += (deploy / "alerts.yml").read_text()
    named = set(re.findall(r"\b(?:monitor|process)_[a-z_]+", asked))
    assert len(named) > 15
    assert named - known - sometimes == set()


def test_metrics_on_the_page_ask_for_a_login_where_the_page_does(tmp_path: Path) -> None:
    for shell, browser in serving(settings_in(tmp_path, web_password=Secret("öpen sesame"))):
        assert browser.ask("/metrics")[0] == 401
        assert browser.ask("/health")[0] in (200, 503)
        token = new_token()
        shell.store.put_token(digest_of(token), name="prometheus", role=Role.READER, at=NOW, author="test")
        status, text, headers = browser.ask("/metrics", Authorization=f"Bearer {token}")
        assert (status, "monitor_healthy" in text) == (200, True)
        assert headers["content-type"].startswith("text/plain; version=")


def test_a_process_without_a_page_serves_them_where_it_is_told_to(shell: Shell) -> None:
    address = f"127.0.0.1:{free_port()}"
    served = Shell(settings=Settings(data_dir=shell.settings.data_dir, metrics_address=address), clock=shell.clock)
    with metrics.served(served):
        with urlopen(f"http://{address}/metrics") as answer:
            assert b"monitor_database_up 1.0" in answer.read()
        assert Browser(address).ask("/health")[0] == 503  # nothing was polled here yet
        assert Browser(address).ask("/queue")[0] == 404
        with pytest.raises(ConfigError, match="MONITOR_METRICS_ADDRESS"), metrics.served(served):
            pass
    served.close()
