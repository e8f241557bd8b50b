"""`monitor run`: one daemon a database, draining, killed at any moment, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

from monitor import resources

from .conftest import FINE, HARMLESS, SANCTIONS, STRIKE, Monitor, Post, Site


def until(holds: Callable[[], object], seconds: float = 40) -> bool:
    """Whether it came true in time; the time is a guard against hanging, not a measure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


QUICK = {"MONITOR_POLL_INTERVAL": "0.5s", "MONITOR_DIGEST_INTERVAL": "2s", "MONITOR_RETRY_BASE": "0.1s"}


def log(monitor: Monitor) -> str:
    return (monitor.folder / "daemon.log").read_text()


def test_it_polls_tells_serves_and_drains(
    monitor: Monitor, site: Site, post: Post, free_port: Callable[[], int]
) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    page = f"127.0.0.1:{free_port()}"
    daemon = monitor.start("run", MONITOR_SMTP_URL=post.url, MONITOR_WEB_ADDRESS=page, **QUICK)
    try:
        assert until(lambda: post.box.raw), log(monitor)
        site.rss("/a.xml", [SANCTIONS, STRIKE])
        assert until(lambda: any(b"sanction" in raw.lower() for _, raw in post.box.raw)), log(monitor)
        with urlopen(f"http://{page}/") as answer:
            assert "Dockers" in answer.read().decode()
        with urlopen(f"http://{page}/health") as answer:
            assert answer.status == 200
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0, log(monitor)
    assert "Traceback" not in log(monitor)
    titles = [message.get_body(("plain",)).get_content() for message in post.box.messages]
    assert sum(STRIKE in title for title in titles) == 1


def test_the_page_alone_serves_and_ends_in_order(monitor: Monitor, site: Site, free_port: Callable[[], int]) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    page = f"127.0.0.1:{free_port()}"
    process = monitor.start("web", MONITOR_WEB_ADDRESS=page)

    def served() -> bool:
        with suppress(OSError), urlopen(f"http://{page}/alerts") as answer:
            return bool(answer.status == 200)
        return False

    try:
        assert until(served), log(monitor)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log(monitor)


def test_a_second_daemon_ends_at_once_with_one_line(monitor: Monitor, site: Site, free_port: Callable[[], int]) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    first = monitor.start("run", "--no-web", "--no-mail")
    try:
        assert until(lambda: site.asked)
        second = monitor("run", "--no-web", "--no-mail", code=1)
        assert second.stderr.strip().splitlines() == [
            "monitor: another monitor runs on this database: stop it first, or name another one"
        ]
        assert monitor.json("poll", "--all")["feeds"] in (0, 1)  # other commands work beside it
    finally:
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0


def test_killed_and_started_again_it_loses_and_repeats_nothing(monitor: Monitor, site: Site, post: Post) -> None:
    titles = [STRIKE, SANCTIONS, FINE]
    monitor.feeds(*(site.rss(f"/{n}.xml", [title]) for n, title in enumerate(titles)))
    for round_ in range(4):
        daemon = monitor.start("run", "--no-web", MONITOR_SMTP_URL=post.url, **QUICK)
        time.sleep(0.4 + 0.35 * round_)
        os.kill(daemon.pid, signal.SIGKILL)
        daemon.wait(10)
    starts = log(monitor).count("monitor runs")
    daemon = monitor.start("run", "--no-web", MONITOR_SMTP_URL=post.url, **QUICK)
    try:
        assert until(lambda: log(monitor).count("monitor runs") > starts), log(monitor)

        def told() -> bool:
            texts = [message.get_body(("plain",)).get_content() for message in post.box.messages]
            return all(any(title in text for text in texts) for title in titles)

        assert until(told), log(monitor)
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0
    assert sorted(item["title"] for item in monitor.lines("items")) == sorted(titles)
    identities = [message["Message-ID"] for message in post.box.messages]
    doubled = len(identities) - len(set(identities))
    assert doubled <= 4  # at most the one message in flight at each kill


def test_a_wrong_feed_list_starts_nothing(monitor: Monitor) -> None:
    (monitor.folder / "feeds.yaml").write_text("feeds: 7")
    assert "feeds.yaml" in monitor("run", "--no-web", code=2).stderr


def test_a_playbook_without_owner_starts_nothing(monitor: Monitor, site: Site, tmp_path: Path) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    own = tmp_path / "own.yaml"
    shipped = resources.path("seeds/playbooks.yaml").read_text("utf-8")
    own.write_text(shipped.replace("base.verify: {owner: risk, ", "base.verify: {"), "utf-8")
    said = monitor("run", "--no-web", code=2, MONITOR_PLAYBOOKS=str(own)).stderr
    assert "base.verify: it has no owner" in said


def test_the_page_is_not_opened_to_others_without_a_password(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    assert "MONITOR_WEB_PASSWORD_FILE" in monitor("run", code=2, MONITOR_WEB_ADDRESS="0.0.0.0:8787").stderr
