"""Several machines on one PostgreSQL: the work is shared, one schedules, and one that dies costs nothing."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

from monitor import resources
from monitor.shell import pack
from monitor.store import Store, StoredModel

from .conftest import FINE, SANCTIONS, STRIKE, Monitor, Post, Site
from .test_daemon import until

QUICK = {"MONITOR_POLL_INTERVAL": "1s", "MONITOR_DIGEST_INTERVAL": "1d", "MONITOR_RETRY_BASE": "0.1s"}


@pytest.fixture
def database(postgres: str) -> str:
    name = f"w{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = make_url(postgres).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)


@pytest.fixture
def worker(
    monitor: Monitor, site: Site, database: str, post: Post, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a worker as on a machine of its own: with a data folder of its own."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        settings = {
            "MONITOR_DATA_DIR": str(tmp_path / f"machine{len(running)}"),
            "MONITOR_SMTP_URL": post.url,
            "MONITOR_DATABASE_URL": database,
            "MONITOR_FETCH_ALLOW": f"127.0.0.0/8:{site.port}",
        }
        running.append(monitor.start("worker", *arguments, **settings, **QUICK))
        return running[-1]

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(40) for process in running if process.returncode != -signal.SIGKILL] == [0] * sum(
        process.returncode != -signal.SIGKILL for process in running
    ), log(monitor)


def log(monitor: Monitor) -> str:
    return (monitor.folder / "daemon.log").read_text()


def one(database: str, query: str) -> Any:
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        found = connection.execute(query).fetchone()  # type: ignore[arg-type]
    return found[0] if found else None


def test_workers_share_the_work_and_one_that_is_killed_loses_nothing(
    monitor: Monitor, site: Site, post: Post, database: str, worker: Callable[..., subprocess.Popen[str]]
) -> None:
    addresses = [site.rss(f"/{n}.xml", [f"{STRIKE} ({n})"]) for n in range(6)]
    by_name = [address.replace("127.0.0.1", "localhost") if n % 2 else address for n, address in enumerate(addresses)]
    monitor.feeds(*by_name)
    first = worker()
    assert until(lambda: "this machine schedules" in log(monitor)), log(monitor)
    second = worker()
    assert until(lambda: one(database, "SELECT count(*) FROM items") == 6), log(monitor)

    first.kill()
    first.wait()
    for n in range(6):
        site.rss(f"/{n}.xml", [f"{SANCTIONS} ({n})", f"{STRIKE} ({n})"])
    assert until(lambda: log(monitor).count("this machine schedules") == 2), log(monitor)
    assert until(lambda: one(database, "SELECT count(*) FROM items") == 12, 90), log(monitor)
    assert until(lambda: any(b"anctions" in raw for _, raw in post.box.raw), 90), log(monitor)
    assert second.poll() is None
    told = [message["Message-ID"] for message in post.box.messages]
    assert len(told) == len(set(told))
    assert "Traceback" not in log(monitor)


def test_a_promoted_classifier_reaches_every_worker_while_they_run(
    monitor: Monitor, site: Site, database: str, worker: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    monitor.feeds(*(site.rss(f"/{n}.xml", [f"{STRIKE} ({n})"]) for n in range(4)))
    both = [worker(), worker()]
    assert until(lambda: log(monitor).count("worker takes jobs") == 2), log(monitor)
    assert until(lambda: one(database, "SELECT count(*) FROM judgements") == 4), log(monitor)
    folder = copytree(resources.path("models"), tmp_path / "candidate")
    manifest = json.loads((folder / "manifest.json").read_text()) | {"version": "the candidate"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    now = datetime.now(UTC)
    found = StoredModel(digest="d" * 64, created=now, state="candidate", manifest=manifest, scores={})
    with closing(Store.open(database)) as store:
        store.add_model(replace(found, files=pack(folder)))
        store.promote_model(found.digest, at=now, author="ana")
    assert until(lambda: log(monitor).count("another classifier judges") == 2, 60), log(monitor)  # as promised
    for n in range(4):
        site.rss(f"/{n}.xml", [f"{SANCTIONS} ({n})", f"{STRIKE} ({n})"])
    by = "SELECT count(*) FROM judgements WHERE model LIKE '%the candidate%'"
    assert until(lambda: one(database, by) == 4), log(monitor)
    assert [process.poll() for process in both] == [None, None]


def test_commands_that_only_read_work_on_a_replica(monitor: Monitor, site: Site, database: str) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    monitor("poll", "--all", "--no-send", MONITOR_DATABASE_URL=database)
    replica = f"{database}{'&' if '?' in database else '?'}options=-c%20default_transaction_read_only%3Don"
    for arguments in (("items",), ("alerts",), ("levels",), ("export", "--format", "csv"), ("db", "check")):
        monitor(*arguments, MONITOR_DATABASE_URL=replica)
    assert "read-only" in monitor("poll", "--all", code=1, MONITOR_DATABASE_URL=replica).stderr


def test_a_database_that_cannot_be_shared_is_told(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [FINE]))
    done = monitor("worker", code=2)
    assert "PostgreSQL" in done.stderr
    assert len(done.stderr.splitlines()) == 1
