"""How long each page takes on a large database: `python -m tests.pagetimes FILE-OR-URL`, made by `tests.bigbase`.

Prints a line a page: status, median milliseconds of processor and of wall time over three requests, kilobytes.
Exit code 1 where the median of a page's wall time is above the promised 100 ms.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from monitor.config import Secret
from monitor.shell import Shell
from monitor.watching import MOST_COUNTED, health
from monitor.web.server import Page

from .bigbase import url_of
from .edges.test_web import Browser, settings_in

PROMISED_MS = 100.0
PATHS = (
    "/", "/queue", "/alerts", "/alerts?state=open", "/alerts?country=DE&level=red", "/alerts?tag=compliance",
    "/alerts/ALERT", "/items/ITEM", "/items/ITEM/merge", "/explore", "/explore?q=strike",
    "/explore?q=strike+sanctions+court", "/explore?q=zzzz", "/explore?q=strike&country=KZ&tag=compliance",
    "/explore?q=zzzz&country=KZ", "/explore?country=KZ&tag=compliance", "/explore?topic=compliance.carbon&language=zh",
    "/explore?feed=Feed+007", "/explore?q=strike&feed=Feed+007", "/explore?level=red", "/explore?q=strike&level=red",
    "/explore?since=2026-01-01&until=2026-02-01", "/explore?q=strike&until=2025-06-01", "/explore?language=de",
    "/explore/counts", "/explore/counts?country=DE&tag=compliance", "/feeds", "/feeds?trouble=1", "/scorecard",
    "/trail", "/setup", "/setup/profile", "/setup/profiles/default", "/setup/people", "/setup/silences",
    "/setup/recipients", "/setup/playbooks", "/setup/playbooks/base", "/models", "/missed", "/status",
    "/api/status", "/api/items", "/api/queue", "/api/alerts", "/api/alerts/ALERT",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=url_of)
    parser.add_argument("--only", default="", help="pages whose address holds this")
    options = parser.parse_args()
    slow = 0
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(settings_in(Path(folder)), database_url=Secret(options.database))
        shell = Shell(settings=settings, clock=lambda: datetime.now(UTC))
        page = Page(shell, health=lambda: health(shell, now=shell.clock(), most=MOST_COUNTED))
        page.start()
        browser = Browser(settings.web_address)
        item = shell.store.queue(limit=1)[0].id
        alert = shell.store.alerts()[0].id
        browser.ask("/setup")
        for path in (p for p in PATHS if options.only in p):
            slow += _measured(browser, path.replace("ALERT", alert).replace("ITEM", str(item))) > PROMISED_MS
        page.stop()
        shell.close()
    return 1 if slow else 0


def _measured(browser: Browser, path: str) -> float:
    cpu, wall, status, text = [], [], 0, ""
    for _ in range(3):
        began, spent = time.perf_counter(), time.process_time()
        status, text, _headers = browser.ask(path)
        wall.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (time.process_time() - spent))
    spent_ms = f"cpu {median(cpu):7.1f} ms  wall {median(wall):7.1f} (first {wall[0]:6.1f})"
    print(f"{status} {spent_ms}  {len(text) // 1000:4} kB  {path}", flush=True)
    return median(wall)


if __name__ == "__main__":
    raise SystemExit(main())
