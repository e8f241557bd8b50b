"""The daemon over many feeds, some failing in every way: how late the sound ones are asked, what memory it takes."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.__main__ import farm
from tests.bench.processes import tree

LATE_S = 60  # what is promised beyond the interval


def main(arguments: Sequence[str]) -> int:
    """Exit 1 when a sound feed was later than promised or the memory above 600 MB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--entries", type=int, default=5)
    parser.add_argument("--failing", type=float, default=0.3)
    parser.add_argument("--every", type=int, default=300, help="seconds between two polls of a feed")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--change", type=float, default=0.1, help="share of the feeds with news each interval")
    parser.add_argument("--port", type=int, default=8391)
    options = parser.parse_args(arguments)
    more = ("--failing", str(options.failing), "--host", "0.0.0.0")
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as place,
        farm(options.feeds, options.entries, options.port, *more),
    ):
        return _watch(Path(place), options)


def _watch(folder: Path, options: argparse.Namespace) -> int:
    console, farm_at = Console(width=120), f"http://127.0.0.1:{options.port}"
    urls = (f"http://{_host(n)}:{options.port}/{n}.xml" for n in range(options.feeds))
    (folder / "feeds.yaml").write_text(
        "feeds:\n" + "".join(f"  - {{name: f{n}, url: {u}}}\n" for n, u in enumerate(urls))
    )
    env = {
        "MONITOR_DATA_DIR": str(folder),
        "MONITOR_FEEDS": str(folder / "feeds.yaml"),
        "MONITOR_FETCH_ALLOW": f"127.0.0.0/8:{options.port}",
        "MONITOR_POLL_INTERVAL": f"{options.every}s",
    }
    table = Table("minute", "late: median s", "p99 s", "worst s", "polls", "processes", "MiB", "CPU s", title="daemon")
    most, worst = 0.0, 0.0
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "monitor", "run", "--no-web", "--no-mail"]
        daemon = subprocess.Popen(command, env=os.environ | env, stdout=log, stderr=log)
        began, changed = time.monotonic(), time.monotonic()
        try:
            while (spent := time.monotonic() - began) < options.minutes * 60 and daemon.poll() is None:
                time.sleep(min(60.0, max(1.0, options.minutes * 60 - spent)))
                if time.monotonic() - changed > options.every:
                    urllib.request.urlopen(f"{farm_at}/advance?share={options.change}").read()
                    changed = time.monotonic()
                late = json.loads(urllib.request.urlopen(f"{farm_at}/gaps?every={options.every}").read())
                found = tree(daemon.pid, folder)
                most, worst = max(most, found.mib), max(worst, late["worst"])
                figures = (spent / 60 + 1, late["median"], late["p99"], late["worst"])
                row = [*(f"{figure:.1f}" for figure in figures), str(late["asked"]), str(found.count)]
                table.add_row(*row, f"{found.mib:.0f}", f"{found.cpu_s:.0f}")
                console.print(*row, f"{found.mib:.0f} MiB", f"{found.cpu_s:.0f} s CPU")
        finally:
            failed = daemon.poll() is not None
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(60)
    console.print(table)
    console.print(
        f"{options.feeds} feeds, {options.failing:.0%} failing, every {options.every} s: worst {worst:.1f} s late"
    )
    console.print(f"most memory of all processes together {most:.0f} MiB")
    if failed:
        console.print((folder / "log").read_text()[-2000:])
    return int(failed or worst > LATE_S or most > 600)


def _host(number: int) -> str:
    """A loopback address of each feed's own, since a host is asked by two connections at most."""
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"
