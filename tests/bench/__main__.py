"""Every peer through the same four passes on the same farm, and ours beside each as a ratio.

    python -m tests.bench --feeds 200 --runs 3 --python /path/to/venv-with-peers/bin/python
    python -m tests.bench daemon --feeds 10000 --minutes 60     the daemon over feeds of which three tenths fail
    python -m tests.bench history --sizes 10000,1000000         a pass beside so many stored items
    python -m tests.bench cascade GOLD.jsonl                    the classifier's F1 against items a second

first: all is new. steady: nothing has changed. changed: a tenth of the feeds has two new entries.
one: nothing has changed, and one feed only; `marginal` is a pass less this, what the feeds themselves cost.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.bench import peers
from tests.bench.peers import Peer
from tests.bench.processes import most, tree

PASSES = ("first", "settle", "steady", "changed")
Makers = dict[str, Callable[[Path, list[str]], Peer]]


class Cost(NamedTuple):
    """Of one pass: seconds of CPU of everything it used, seconds of the clock, MiB at most."""

    cpu_s: float
    wall_s: float
    mib: float  # of the largest process
    tree_mib: float  # of all processes together, sampled


def measured(peer: Peer) -> Cost:
    """One pass."""
    before, began = tree(None, peer.folder).tagger_cpu_s, time.monotonic()
    with (peer.folder / "log").open("ab") as log:
        process = subprocess.Popen(
            peer.poll, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=os.environ | peer.env
        )
        with most(process.pid, peer.folder) as seen:
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{peer.name} failed: see {peer.folder / 'log'}")
    cpu = used.ru_utime + used.ru_stime + max(0.0, tree(None, peer.folder).tagger_cpu_s - before)
    largest = max(used.ru_maxrss / 1024, seen.largest_mib)
    return Cost(cpu, wall, largest, max(largest, seen.mib))


@contextmanager
def farm(feeds: int, entries: int, port: int, *more: str) -> Iterator[str]:
    """A fresh farm; gives its address."""
    command = [sys.executable, "-m", "tests.bench.farm", "--feeds", str(feeds), "--entries", str(entries)]
    process = subprocess.Popen([*command, "--port", str(port), *more])
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def run_once(name: str, makers: Makers, options: argparse.Namespace, work: Path) -> dict[str, Cost]:
    """One peer through all passes on a farm of its own."""
    found = {}
    with farm(options.feeds, options.entries, options.port, "--latency", str(options.latency)) as base:
        urls = [f"{base}/{number}.xml" for number in range(options.feeds)]
        peer = makers[name](work / "all", urls)
        alone = makers[name](work / "one", urls[-1:])
        for one in (peer, alone):
            for command in one.setup:
                subprocess.run(command, check=True, env=os.environ | one.env)
        for what in PASSES:
            if what == "changed":
                urllib.request.urlopen(f"{base}/advance?share=0.1").read()
            found[what] = measured(peer)
        measured(alone)
        measured(alone)
        found["one"] = measured(alone)
    return found


def main() -> int:
    """One of the four measurements."""
    kind = sys.argv[1] if len(sys.argv) > 1 else ""
    if kind in ("daemon", "history", "cascade"):
        module = import_module(f"tests.bench.{kind}")
        return int(module.main(sys.argv[2:]))
    return compare()


def compare() -> int:
    """Ours beside the peers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--entries", type=int, default=40)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--port", type=int, default=8390)
    parser.add_argument("--python", default=sys.executable, help="of an environment that holds reader and rss2email")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer of the farm")
    parser.add_argument("--only", default="", help="names of peers, separated by commas; ours always runs")
    options = parser.parse_args()
    makers: Makers = {
        "monitor": lambda folder, urls: peers.monitor(folder, urls, tagging=True),
        "monitor --fetch-only": lambda folder, urls: peers.monitor(folder, urls, tagging=False),
        "reader": lambda folder, urls: peers.reader(folder, urls, python=options.python),
        "rss2email": lambda folder, urls: peers.rss2email(folder, urls, python=options.python),
        "newsboat": peers.newsboat,
    }
    console = Console(stderr=True)
    work = Path(tempfile.mkdtemp(prefix="bench-"))
    names = []
    for name, make in makers.items():
        wanting = make(work / "probe" / name, ["http://127.0.0.1:9/"]).wanting
        if name.startswith("monitor") or not options.only or name in options.only.split(","):
            console.print(f"{name}: left out, {wanting}") if wanting else names.append(name)
    results: dict[str, list[dict[str, Cost]]] = defaultdict(list)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("passes", total=options.runs * len(names))
        for number in range(options.runs):
            for name in names:
                bar.update(task, description=f"run {number + 1}: {name}")
                place = work / f"{number}-{name.replace(' ', '')}"
                results[name].append(run_once(name, makers, options, place))
                console.print(f"{number + 1} {name}: {_told(results[name][-1])}", style="dim", soft_wrap=True)
                shutil.rmtree(place)
                bar.advance(task)
    shutil.rmtree(work)
    _show(results, options)
    return 0


def _told(run: dict[str, Cost]) -> str:
    return ", ".join(f"{what} {c.cpu_s:.2f} s CPU {c.wall_s:.2f} s wall {c.mib:.0f} MiB" for what, c in run.items())


def _show(results: dict[str, list[dict[str, Cost]]], options: argparse.Namespace) -> None:
    console = Console(width=140)
    console.print(
        f"{options.feeds} feeds x {options.entries} entries, {options.runs} runs: medians; ratios paired by run"
    )
    for what in ("first", "steady", "changed"):
        heads = (
            "",
            "CPU s",
            "marginal CPU s",
            "wall s",
            "MiB",
            "MiB of all",
            "ours/it",
            "wall ours/it",
            "ours/it marginal",
            "fetch-only/it marginal",
        )
        table = Table(*heads, title=what)
        for name, runs in results.items():
            cpu, wall, size, together = (statistics.median(run[what][n] for run in runs) for n in range(4))
            own = statistics.median(_marginal(run, what) for run in runs)
            ratios = [_ratio(results["monitor"], runs, lambda run, what=what: run[what].cpu_s)]
            ratios.append(_ratio(results["monitor"], runs, lambda run, what=what: run[what].wall_s))
            ratios += [
                _ratio(results[ours], runs, lambda run, what=what: _marginal(run, what))
                for ours in ("monitor", "monitor --fetch-only")
            ]
            table.add_row(name, f"{cpu:.2f}", f"{own:.2f}", f"{wall:.2f}", f"{size:.0f}", f"{together:.0f}", *ratios)
        console.print(table)


def _marginal(run: dict[str, Cost], what: str) -> float:
    return run[what].cpu_s - run["one"].cpu_s


def _ratio(ours: list, theirs: list, cost: Callable[[dict], float]) -> str:  # type: ignore[type-arg]
    found = [cost(mine) / cost(other) for mine, other in zip(ours, theirs, strict=True) if cost(other) > 0]
    return f"{statistics.median(found):.2f}" if found else "-"


if __name__ == "__main__":
    sys.exit(main())
