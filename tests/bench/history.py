"""Whether a pass costs more beside a long history: the same feeds polled beside ever more stored items."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from monitor.store import Store
from tests.bench import peers
from tests.bench.__main__ import farm, measured
from tests.bench.peers import Peer
from tests.bigbase import fill

GROWTH = 1.2  # what is promised at most


def main(arguments: Sequence[str]) -> int:
    """Exit 1 when the largest history costs more than promised beside the smallest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--entries", type=int, default=40)
    parser.add_argument("--sizes", default="10000,1000000", help="stored items, the smallest first")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--port", type=int, default=8392)
    options = parser.parse_args(arguments)
    console, sizes = Console(width=100), [int(size) for size in options.sizes.split(",")]
    with ExitStack() as open_until_done:
        halls = []
        for number, size in enumerate(sizes):
            console.print(f"{size:,} items are made", style="dim")
            place = Path(open_until_done.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            base = open_until_done.enter_context(farm(options.feeds, options.entries, options.port + number))
            halls.append((base, _beside(place / "all", size, base, feeds=options.feeds)))
        rounds = [[_costs(base, peer) for base, peer in halls] for _ in range(options.runs)]
    table = Table("stored items", "steady CPU s", "changed CPU s", "MiB", title=f"{options.feeds} feeds")
    for number, size in enumerate(sizes):
        steady, changed, peak = (statistics.median(costs[number][n] for costs in rounds) for n in range(3))
        table.add_row(f"{size:,}", f"{steady:.2f}", f"{changed:.2f}", f"{peak:.0f}")
    console.print(table)
    growth = [statistics.median(costs[-1][n] / costs[0][n] for costs in rounds) for n in range(2)]
    console.print(f"last beside first, paired by round: steady {growth[0]:.2f}, changed {growth[1]:.2f}")
    return int(max(growth) > GROWTH)


def _beside(folder: Path, size: int, base: str, *, feeds: int) -> Peer:
    """Ours beside so many stored items, after the passes that are not like the later ones."""
    peer = peers.monitor(folder, [f"{base}/{n}.xml" for n in range(feeds)], tagging=True)
    store = Store.open(f"sqlite:///{folder / 'monitor.db'}")
    fill(store, count=size, alerts_wanted=min(size // 100, 10_000), now=datetime.now(UTC))
    store.close()
    measured(peer)  # the feeds' own entries, and whatever the first pass does once
    measured(peer)
    return peer


def _costs(base: str, peer: Peer) -> tuple[float, float, float]:
    """CPU seconds of a pass in which nothing is new, and of one in which a tenth of the feeds is; peak MiB."""
    steady = measured(peer)
    urllib.request.urlopen(f"{base}/advance?share=0.1").read()
    changed = measured(peer)
    return steady.cpu_s, changed.cpu_s, max(steady.mib, changed.mib)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
