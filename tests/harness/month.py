"""A month of the daemon's jobs, its time compressed: do memory, files and threads stay flat?

    python -m tests.harness.month --passes 4320

The real jobs of the daemon on a real database, feeds over real HTTP, messages as files; only the clock is ours, ten
minutes a pass. Every feed has news now and then. Prints one JSON object: first is after a tenth of the passes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psutil

from monitor.config import Settings
from monitor.daemon import Daemon
from monitor.ingest.guard import Allow
from monitor.shell import Shell
from tests.harness import send_feed
from tests.harness.kill import EVENTS, PORTS

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=10)
FEEDS = 12
SERVED = 30  # entries a feed shows


class Clock:
    """The present moment, moved by hand."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now


class Site:
    """Feeds that go on with the clock: each has a new entry every few hours, some of them risks."""

    def __init__(self, clock: Clock) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if not self.path[1:].isdigit():  # robots.txt
                    self.send_error(404)
                    return
                send_feed(self, body_of(int(self.path[1:]), clock.now))

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])
        Thread(target=self.server.serve_forever, daemon=True).start()


def body_of(feed: int, now: datetime) -> bytes:
    """The newest entries of a feed at a moment; every fortieth is a risk."""
    hours = 3 + feed % 5
    last = int((now - BEGAN) / timedelta(hours=hours)) + SERVED
    items = ""
    for number in range(last, max(last - SERVED, 0), -1):
        when = format_datetime(BEGAN + (number - SERVED) * timedelta(hours=hours))
        event = EVENTS[number % len(EVENTS)] if number % 40 == feed % 40 else "Choir {n} sings at the fair of {port}"
        title = event.format(port=PORTS[(feed + number) % len(PORTS)], n=f"{feed}-{number}")
        items += f"<item><title>{title}</title><guid>{feed}-{number}</guid><pubDate>{when}</pubDate></item>"
    return f'<rss version="2.0"><channel><title>{feed}</title>{items}</channel></rss>'.encode()


def standing() -> dict[str, float]:
    """What this process and its children hold now."""
    me = psutil.Process()
    tree = [me, *me.children(recursive=True)]
    return {
        "process_mb": round(me.memory_info().rss / 2**20, 1),
        "tree_mb": round(sum(one.memory_info().rss for one in tree if one.is_running()) / 2**20, 1),
        "files": me.num_fds(),
        "threads": me.num_threads(),
    }


def run(folder: Path, passes: int) -> dict[str, Any]:
    """All passes; what was held after a tenth of them, at most, and at the end."""
    clock = Clock()
    site = Site(clock)
    (folder / "feeds.yaml").write_text(
        json.dumps({"feeds": [{"name": f"f{n}", "url": f"http://127.0.0.1:{site.port}/{n}"} for n in range(FEEDS)]})
    )
    settings = Settings(
        data_dir=folder,
        feeds=folder / "feeds.yaml",
        fetch_allow=Allow.parse(f"127.0.0.1:{site.port}"),
        poll_interval=STEP,
        mail_to=("desk@example.com",),
        full_text=False,
    )
    marks: list[dict[str, float]] = []
    began = time.monotonic()
    with closing(Shell(settings=settings, clock=clock)) as shell:
        shell.sync_feeds()
        daemon = Daemon(shell, mail=True)
        jobs = {name: daemon.job(name, getattr(daemon, name)) for name in ("poll", "send", "remind", "tend")}
        for number in range(passes):
            for job in jobs.values():
                job()
            clock.now += STEP
            if number % max(passes // 50, 1) == 0 or number == passes - 1:
                marks.append(standing())
        items, outbox = shell.store.totals(), shell.store.outbox_counts()
        healthy = not shell.progress.stuck("poll", "send")
    site.server.shutdown()
    site.server.server_close()
    settled = marks[max(len(marks) // 10, 1) :]
    return {
        "passes": passes,
        "days": round(passes * STEP / timedelta(days=1), 1),
        "took_s": round(time.monotonic() - began, 1),
        "items": items["items"],
        "alerts": items["alerts"],
        "messages": outbox,
        "got_on": healthy,
        "first": settled[0],
        "most": {name: max(mark[name] for mark in settled) for name in settled[0]},
        "last": settled[-1],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=int, default=4320)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-month-") as folder:
        print(json.dumps(run(Path(folder), options.passes)))


if __name__ == "__main__":
    main()
