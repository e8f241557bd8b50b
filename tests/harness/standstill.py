"""Something that stands still: how long until it is noticed and the work goes on?

    python -m tests.harness.standstill daemon      the whole process stopped by SIGSTOP
    python -m tests.harness.standstill database    the database held by somebody, so that no job can write
    python -m tests.harness.standstill parser      a document that keeps its parser busy for a minute; a parser killed

A daemon is watched as systemd would, with the seconds of docs/deploy/monitor.service. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil

from monitor.domain import Feed, FeedState, Fetched
from monitor.ingest.parse import Parsers
from tests.harness import TOP

UNIT = (TOP / "docs" / "deploy" / "monitor.service").read_text()
WATCHDOG_S, RESTART_S = (int(re.findall(f"^{name}=(\\d+)$", UNIT, re.M)[0]) for name in ("WatchdogSec", "RestartSec"))
# Quadratic in the feed library; the old element leads it there.
SLOW = b"<rss><channel><item><title>x</title><abstract>y</abstract><author>%s</author></item></channel></rss>"
GOOD = b'<rss version="2.0"><channel><title>good</title><item><title>News</title></item></channel></rss>'


class Supervisor:
    """Starts the daemon and waits for its words, as systemd does for Type=notify."""

    def __init__(self, folder: Path) -> None:
        self._heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._heard.bind(str(folder / "notify"))
        (folder / "feeds.yaml").write_text('{"feeds": [{"name": "none", "url": "http://127.0.0.1:9/"}]}')
        ours = {"MONITOR_DATA_DIR": str(folder), "MONITOR_FEEDS": str(folder / "feeds.yaml")}
        others = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
        self._env = others | ours | {"NOTIFY_SOCKET": str(folder / "notify"), "PYTHONPATH": str(TOP)}
        self._log = folder / "log"
        self.start()

    def start(self) -> None:
        """Until it says that it is ready."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "monitor", "run", "--no-web"]
            self.process = subprocess.Popen(command, env=self._env, stdout=log, stderr=log, cwd=self._log.parent)
        self.wait("READY=1", 120)

    def wait(self, word: str, seconds: float) -> bool:
        """Whether the word came in time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._heard.settimeout(left)
            with suppress(TimeoutError):
                if self._heard.recv(200).decode() == word:
                    return True
        return False

    def fed(self) -> None:
        """As long as the watchdog is fed."""
        while self.wait("WATCHDOG=1", WATCHDOG_S):
            pass

    def again(self) -> None:
        """End it and start it anew."""
        self.process.kill()
        self.process.wait()
        time.sleep(RESTART_S)
        self.start()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._heard.close()


def daemon(folder: Path, *, held: bool) -> dict[str, float]:
    """Seconds from the standstill until the watchdog bites, and until the next process is ready."""
    with closing(Supervisor(folder)) as supervisor:
        supervisor.wait("WATCHDOG=1", 60)
        began = time.monotonic()
        if held:
            with closing(sqlite3.connect(folder / "monitor.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                supervisor.fed()
        else:
            supervisor.process.send_signal(signal.SIGSTOP)
            supervisor.fed()
        noticed = time.monotonic() - began
        supervisor.again()
        return {"noticed_s": round(noticed, 1), "ready_again_s": round(time.monotonic() - began, 1)}


def parser() -> dict[str, object]:
    """Seconds until a feed after one that hangs, and after a parser that was killed, has its answer."""
    found: dict[str, object] = {}
    with Parsers(workers=1) as parsers:
        list(parsers.parse_all([_fetched("warm", GOOD)], now=datetime.now(UTC)))
        for name in ("hangs", "killed"):
            children = psutil.Process().children()
            if name == "killed":
                threading.Timer(0.5, lambda mine=children: [child.kill() for child in mine]).start()
            began = time.monotonic()
            answers = parsers.parse_all(
                [_fetched(name, SLOW % (b"a" * 256_000)), _fetched("good", GOOD)], now=datetime.now(UTC)
            )
            for fetched, parsed in answers:
                told = parsed.error if fetched.state.feed.name == name else f"{time.monotonic() - began:.1f}"
                found[name if fetched.state.feed.name == name else f"after_{name}_s"] = told
    return found


def _fetched(name: str, body: bytes) -> Fetched:
    return Fetched(state=FeedState(id=1, feed=Feed(name=name, url="https://a.example/")), status=200, body=body)


def main() -> None:
    parsed = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parsed.add_argument("what", choices=("daemon", "database", "parser"))
    what = parsed.parse_args().what
    with tempfile.TemporaryDirectory(prefix="monitor-standstill-") as folder:
        print(json.dumps(parser() if what == "parser" else daemon(Path(folder), held=what == "database")))


if __name__ == "__main__":
    main()
