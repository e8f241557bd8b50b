"""How far machines and feeds carry.

    python -m tests.harness.scaling workers --feeds 2400 --latency 0.3 --connections 32 --workers 1 2 4
    python -m tests.harness.scaling tick --feeds 100000

`workers`: feeds a second and CPU a feed, PostgreSQL's and the tagging processes' share included, with so many
`monitor worker` processes on one PostgreSQL; every feed lies on an address of its own, answers after the latency,
and has not changed. `tick`: what one round of scheduling costs, on SQLite and on PostgreSQL. Each prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg

from monitor.domain import Feed
from monitor.store import Store
from tests.harness import TOP, free_port
from tests.harness.postgres import Server, postgres

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


# --- workers ------------------------------------------------------------------------------------------


@contextmanager
def farm(feeds: int, latency_s: float) -> Iterator[int]:
    """A farm whose feeds answer on every loopback address; gives its port."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.farm", "--feeds", str(feeds), "--entries", "5"]
    command += ["--port", str(port), "--host", "0.0.0.0", "--latency", str(latency_s)]
    process = subprocess.Popen(command, cwd=TOP)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


def workers(
    folder: Path, server: Server, *, count: int, feeds: int, latency_s: float, connections: int
) -> dict[str, Any]:
    """One measurement with `count` workers: the first pass is not counted, the second is."""
    database = f"scaling{count}_{int(latency_s * 1000)}"
    with psycopg.connect(server.url(driver=""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}")
    with farm(feeds, latency_s) as port:
        lines = [f"http://127.{n // 60000}.{n // 250 % 240}.{n % 250 + 1}:{port}/{n}.xml" for n in range(feeds)]
        listed = folder / f"{database}.txt"
        listed.write_text("\n".join(lines) + "\n")
        env = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")} | {
            "MONITOR_DATABASE_URL": server.url(database),
            "MONITOR_FEEDS": str(listed),
            "MONITOR_FETCH_ALLOW": f"127.0.0.0/8:{port}",
            "MONITOR_FETCH_CONNECTIONS": str(connections),
            "MONITOR_POLL_INTERVAL": "6h",
            "PYTHONPATH": str(TOP),
        }
        running = []
        for number in range(count):
            own = env | {"MONITOR_DATA_DIR": str(folder / f"{database}-{number}")}
            with (folder / f"{database}-{number}.log").open("wb") as log:
                command = [sys.executable, "-m", "monitor", "worker"]
                running.append(subprocess.Popen(command, cwd=folder, env=own, stdout=log, stderr=log))
        try:
            with psycopg.connect(server.url(database, driver=""), autocommit=True) as connection:
                polled = "SELECT count(*) FROM feeds WHERE last_ok > %s AND lease_until IS NULL"
                long_ago = datetime(2000, 1, 1, tzinfo=UTC)
                _wait(lambda: _one(connection, "SELECT to_regclass('feeds') IS NOT NULL"), 120)
                _wait(lambda: _one(connection, polled, long_ago) == feeds, 240)
                _wait(lambda: _one(connection, "SELECT count(*) FROM items WHERE NOT judged") == 0, 240)
                time.sleep(3)
                since, used = datetime.now(UTC), _cpu(folder, server)
                connection.execute("UPDATE feeds SET next_poll = %s", [since - timedelta(seconds=1)])
                began = time.monotonic()
                _wait(lambda: _one(connection, polled, since) == feeds, 240)
                took, cpu = time.monotonic() - began, _spent(used, _cpu(folder, server))
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
            for process in running:
                process.wait(60)
    return {
        "workers": count,
        "latency_s": latency_s,
        "feeds": feeds,
        "took_s": round(took, 2),
        "feeds_a_second": round(feeds / took, 1),
        "cpu_ms_a_feed": round(1000 * cpu / feeds, 3),
    }


def _one(connection: Any, query: str, *values: object) -> Any:
    found = connection.execute(query, values).fetchone()
    return found[0] if found else None


def _wait(holds: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("it did not come true in time: see the logs")
        time.sleep(0.1)


def _cpu(folder: Path, server: Server) -> dict[int, tuple[int, float]]:
    """Parent and CPU seconds, those of its ended children included, of every process in `folder` or of the server."""
    found = {}
    for process in psutil.process_iter():
        try:
            about = " ".join([*process.cmdline(), process.cwd()])
            if str(folder) in about or str(server.folder) in about:
                times = process.cpu_times()
                used = times.user + times.system + times.children_user + times.children_system
                found[process.pid] = process.ppid(), used
        except psutil.Error:
            continue
    return found


def _spent(before: dict[int, tuple[int, float]], after: dict[int, tuple[int, float]]) -> float:
    """CPU seconds between the two; a process that has ended since counts for its parent, where that is one of them."""
    ended = [(parent, used) for pid, (parent, used) in before.items() if pid not in after]
    used = sum(seconds - before.get(pid, (0, 0.0))[1] for pid, (_, seconds) in after.items())
    return used - sum(seconds for parent, seconds in ended if parent in after)


# --- one tick -------------------------------------------------------------------------------------------


def fill(store: Store, count: int, *, now: datetime, due: int) -> list[Feed]:
    """So many feeds in the database, each with a host of its own, `due` of them due and the others soon."""
    from sqlalchemy import text

    from monitor.store.engine import writing

    listed = [Feed(name=f"feed {n:07}", url=f"https://h{n}.example/rss") for n in range(count)]
    store.sync_feeds(listed)
    with writing(store._engine) as connection:
        spread = "UPDATE feeds SET first_polled = :was, last_polled = :was, last_ok = :was, next_poll = :soon"
        stamp = (
            (lambda at: at.strftime("%Y-%m-%d %H:%M:%S.%f"))
            if store._engine.dialect.name == "sqlite"
            else (lambda at: at)
        )
        was, soon, over = stamp(now - timedelta(minutes=20)), stamp(now + timedelta(minutes=10)), stamp(now)
        connection.execute(text(spread), {"was": was, "soon": soon})
        connection.execute(text("UPDATE feeds SET next_poll = :over WHERE id <= :due"), {"over": over, "due": due})
    with store._engine.connect() as connection:
        connection.execute(text("ANALYZE"))
    return listed


def tick(url: str, *, feeds: int) -> dict[str, Any]:
    """Seconds of one round of scheduling with `feeds` known: with the usual share due, then with all of them."""
    from monitor.workers import SHARD

    with closing(Store.open(url)) as store:
        listed = fill(store, feeds, now=NOW, due=SHARD)
        found: dict[str, Any] = {"database": store._engine.dialect.name, "feeds": feeds}
        found["sync_when_changed_s"] = _seconds(lambda: store.sync_feeds(listed))
        for name, now in (("", NOW), ("_all_due", NOW + timedelta(hours=1))):
            if url.startswith("postgresql"):
                found[f"tick{name}_s"] = _queue_tick(url, store, now)
                found[f"claim_of_a_shard{name}_s"] = _seconds(partial(store.claim_due, listed, now=now, most=SHARD))
            else:
                found[f"tick{name}_s"] = _daemon_tick(store, listed, now)
    return found


def _seconds(step: Callable[[], object]) -> float:
    began = time.monotonic()
    step()
    return round(time.monotonic() - began, 4)


def _daemon_tick(store: Store, listed: list[Feed], now: datetime) -> float:
    """What a daemon's pass does before it asks the first feed."""
    from monitor.daemon import AT_ONCE

    return _seconds(lambda: (store.due_count(now=now, most=1), store.claim_due(listed, now=now, most=AT_ONCE)))


def _queue_tick(url: str, store: Store, now: datetime) -> float:
    """The scheduler's whole tick, up to 64 shards put into the queue included."""
    from types import SimpleNamespace

    from monitor import workers as module

    address = module.queue_url(url)
    module.make_queue(address)
    with closing(module._app(address)) as app:
        app.open()
        shell: Any = SimpleNamespace(store=store, clock=lambda: now)
        return _seconds(lambda: module.tick(shell, app))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("workers", "tick"))
    parser.add_argument("--feeds", type=int, default=0)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.3])
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-scaling-") as name, postgres() as server:
        folder = Path(name)
        if options.what == "tick":
            for url in (f"sqlite:///{folder / 'one.db'}", server.url()):
                print(json.dumps(tick(url, feeds=options.feeds or 100_000)), flush=True)
            return
        for latency in options.latency:
            for count in options.workers:
                asked: dict[str, Any] = {"latency_s": latency, "connections": options.connections}
                print(
                    json.dumps(workers(folder, server, count=count, feeds=options.feeds or 2400, **asked)), flush=True
                )


if __name__ == "__main__":
    main()
