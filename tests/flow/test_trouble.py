"""What a sleepy operator meets: a database that goes away or has no room, clocks that jump, folders that are closed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from monitor.shell import pack
from monitor.store import Store, StoredModel
from tests.harness.postgres import postgres

from .conftest import FINE, SANCTIONS, STRIKE, Monitor, Post, Site
from .test_daemon import log, until

QUICK = {"MONITOR_POLL_INTERVAL": "1s", "MONITOR_DIGEST_INTERVAL": "1d", "MONITOR_RETRY_BASE": "0.1s"}


def told(text: str) -> str:
    """The one line that is said; never a traceback, never more than twelve lines."""
    lines = text.strip().splitlines()
    assert len(lines) <= 12
    return lines[-1]


def test_postgresql_killed_under_a_daemon_and_a_worker_costs_nothing(
    monitor: Monitor, site: Site, post: Post, tmp_path: Path
) -> None:
    monitor.feeds(*(site.rss(f"/{n}.xml", [f"{STRIKE} ({n})"]) for n in range(3)))
    with postgres() as server:
        env = {"MONITOR_DATABASE_URL": server.url(), "MONITOR_SMTP_URL": post.url, **QUICK}
        running = [
            monitor.start("run", "--no-web", MONITOR_DATA_DIR=str(tmp_path / "one"), **env),
            monitor.start("worker", MONITOR_DATA_DIR=str(tmp_path / "two"), **env),
        ]

        def count() -> Any:
            with psycopg.connect(server.url(driver="")) as connection:
                return connection.execute("SELECT count(*) FROM items").fetchone()

        try:
            assert until(lambda: "worker takes jobs" in log(monitor) and "monitor runs" in log(monitor)), log(monitor)
            assert until(lambda: count() == (3,)), log(monitor)
            server.stop("immediate")
            for n in range(3):
                site.rss(f"/{n}.xml", [f"{SANCTIONS} ({n})", f"{STRIKE} ({n})"])
            assert until(lambda: "job=scheduling" in log(monitor) and "job=send" in log(monitor)), log(monitor)
            server.start()
            assert until(lambda: count() == (6,), 90), log(monitor)
            assert until(lambda: any(b"anctions" in raw for _, raw in post.box.raw), 90), log(monitor)
            assert until(lambda: log(monitor).count("works again") >= 2), log(monitor)
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
            assert [process.wait(60) for process in running] == [0, 0], log(monitor)
        names = [message["Message-ID"] for message in post.box.messages]
        assert len(names) == len(set(names))
        assert "Traceback" not in log(monitor)
        assert log(monitor).count("job failed") < 30  # told when it begins, not every few seconds


def test_each_wrong_address_of_a_database_is_told_with_what_to_do(monitor: Monitor, site: Site, tmp_path: Path) -> None:
    monitor.feeds(site.rss("/a.xml", [FINE]))
    (tmp_path / "text").write_text("no database" * 1000)
    for url, code, word in (
        ("postgresql://u:pw@127.0.0.1:1/x", 1, "is the server up"),
        ("postgresql://u:pw@nowhere.invalid/x", 1, "is MONITOR_DATABASE_URL right"),
        ("postgresql://u:p@ss@127.0.0.1/x", 2, "%40"),
        ("mysql://u@127.0.0.1/x", 2, "sqlite:////path"),
        ("postgresql://u:pw@127.0.0.1:port/x", 2, "database URL"),
        (f"sqlite:///{tmp_path / 'text'}", 1, "not a SQLite database"),
        ("sqlite:////proc/none/here.db", 1, "cannot create the folder"),
    ):
        done = monitor("status", code=code, MONITOR_DATABASE_URL=url)
        assert word in told(done.stderr), (url, done.stderr)


def test_a_database_of_a_newer_monitor_is_left_alone_by_everything(
    monitor: Monitor, site: Site, tmp_path: Path
) -> None:
    monitor.feeds(site.rss("/a.xml", [FINE]))
    monitor("poll", "--all")
    file = tmp_path / "data" / "monitor.db"
    with sqlite3.connect(file) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    before = sqlite3.connect(file).execute("SELECT count(*), max(id) FROM items").fetchone()
    for arguments in (("run", "--no-web"), ("web",), ("poll",), ("status",), ("db", "upgrade")):
        done = monitor(*arguments, code=1)
        assert "newer monitor" in told(done.stderr) and "9999" in done.stderr
    assert sqlite3.connect(file).execute("SELECT count(*), max(id) FROM items").fetchone() == before


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("mount") is None, reason="a small disk is mounted by root alone")
def test_a_full_disk_is_told_nothing_breaks_and_nothing_is_lost_when_there_is_room(
    monitor: Monitor, site: Site, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        env = {"MONITOR_DATABASE_URL": f"sqlite:///{small / 'monitor.db'}"}
        monitor.feeds(site.rss("/a.xml", [f"{STRIKE} at berth {n} of {n * n}" for n in range(900)], hours=80))
        monitor("status", **env)
        used = (40 << 20) - shutil.disk_usage(small).free
        subprocess.run(["mount", "-o", f"remount,size={used // 1024 + 60}k", small], check=True)
        done = monitor("poll", "--all", "--fetch-only", code=1, **env)
        assert "no room left" in told(done.stderr)
        subprocess.run(["mount", "-o", "remount,size=40m", small], check=True)
        assert monitor.json("poll", "--all", "--fetch-only", **env)["items_new"] == 900
        assert "sound" in monitor("db", "check", **env).stdout
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_database_that_another_program_holds_for_a_while_is_waited_for(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE, FINE]))
    monitor("db", "upgrade")
    with closing(sqlite3.connect(monitor.folder / "data" / "monitor.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = monitor.start("poll", "--all", "--fetch-only")
        time.sleep(7)  # longer than SQLite waits by itself
        assert waiting.poll() is None, log(monitor)
        other.execute("COMMIT")
        assert waiting.wait(60) == 0, log(monitor)
        assert other.execute("SELECT count(*) FROM items").fetchone() == (2,)


def test_a_folder_that_cannot_be_written_is_named(monitor: Monitor, site: Site, tmp_path: Path) -> None:
    monitor.feeds(site.rss("/a.xml", [FINE]))
    monitor("poll", "--all", "--no-send")
    with sqlite3.connect(tmp_path / "data" / "monitor.db") as database:
        database.execute("PRAGMA journal_mode = DELETE")
    url = f"sqlite:///file:{tmp_path / 'data' / 'monitor.db'}?mode=ro&uri=true"
    assert "read-only" in told(monitor("poll", "--all", code=1, MONITOR_DATABASE_URL=url).stderr)
    (tmp_path / "file").write_text("")
    env = {"MONITOR_DATA_DIR": str(tmp_path / "file" / "data")}
    for arguments in (("run", "--no-web"), ("poll",)):
        assert str(tmp_path / "file") in told(monitor(*arguments, code=1, **env).stderr)


def test_a_clock_set_back_a_year_holds_nothing_up_and_is_named(monitor: Monitor, site: Site, post: Post) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    ahead = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    monitor("poll", "--all", "--no-send", "--as-of", ahead)
    found = monitor.lines("doctor", code=1)
    clock = next(one for one in found if one["check"] == "clock")
    assert clock["verdict"] == "fail" and "NTP" in clock["todo"]
    site.rss("/a.xml", [SANCTIONS, STRIKE])
    assert monitor.json("poll", MONITOR_SMTP_URL=post.url)["items_new"] == 1  # due, though noted for next year


def test_without_its_classifier_it_calls_nothing_quiet_and_judges_all_of_it_later(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE, FINE]))
    monitor("db", "upgrade")
    (folder := monitor.folder / "cut").mkdir()
    (folder / "weights.npz").write_bytes(b"cut off")
    damaged = StoredModel(digest="d" * 64, created=datetime.now(UTC), state="candidate", manifest={}, scores={})
    with closing(Store.open(f"sqlite:///{monitor.folder / 'data' / 'monitor.db'}")) as store:
        store.add_model(replace(damaged, files=pack(folder)))
        store.promote_model(damaged.digest, at=datetime.now(UTC), author="ana")
    polled = monitor("poll", "--all", "--json")
    assert "items stored without a judgement" in polled.stderr and "Traceback" not in polled.stderr
    state = monitor.json("status")
    assert (state["healthy"], state["waiting_for_judgement"]) == (False, 2)
    assert "2 entries were read and could not be judged" in monitor("digest").stdout
    monitor("model", "back")
    assert monitor.json("poll", "--all")["alerts_new"] == 2
    assert monitor.json("status")["waiting_for_judgement"] == 0
