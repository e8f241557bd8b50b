"""Whether a pass costs more beside a long history: the same feeds polled beside ever more stored items."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from monitor.store import Store
from tests.bench import peers
from tests.bench.__main__ import farm, measured
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
    console = Console(width=100)
    table = Table("stored items", "steady CPU s", "changed CPU s", "MiB", title=f"{options.feeds} feeds")
    costs: list[tuple[float, float]] = []
    for size in map(int, options.sizes.split(",")):
        console.print(f"{size} items are made", style="dim")
        with tempfile.TemporaryDirectory(prefix="bench-") as place:
            steady, changed, peak = _costs(Path(place) / "all", size, options)
        costs.append((steady, changed))
        table.add_row(f"{size:,}", f"{steady:.2f}", f"{changed:.2f}", f"{peak:.0f}")
    console.print(table)
    growth = [last / first for first, last in zip(costs[0], costs[-1], strict=True)]
    console.print(f"last beside first: steady {growth[0]:.2f}, changed {growth[1]:.2f}")
    return int(max(growth) > GROWTH)


def _costs(folder: Path, size: int, options: argparse.Namespace) -> tuple[float, float, float]:
    """Median CPU seconds of a pass in which nothing is new, and of one in which a tenth of the feeds is; peak MiB."""
    with farm(options.feeds, options.entries, options.port) as base:
        peer = peers.monitor(folder, [f"{base}/{n}.xml" for n in range(options.feeds)], tagging=True)
        store = Store.open(f"sqlite:///{folder / 'monitor.db'}")
        fill(store, count=size, alerts_wanted=min(size // 100, 10_000), now=datetime.now(UTC))
        store.close()
        measured(peer)  # the feeds' own entries, and whatever the first pass does once
        measured(peer)
        steady, changed, peak = [], [], 0.0
        for _ in range(options.runs):
            cpu, _wall, mib = measured(peer)
            urllib.request.urlopen(f"{base}/advance?share=0.1").read()
            more, _wall, more_mib = measured(peer)
            steady.append(cpu)
            changed.append(more)
            peak = max(peak, mib, more_mib)
    return statistics.median(steady), statistics.median(changed), peak


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
