"""The review desk from end to end: a red story is seen, acknowledged, planned for, corrected, told and learnt from."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor import config
from monitor.shell import Shell
from monitor.teaching import for_gate, gate_set

from .conftest import HARMLESS, Monitor, Post, Site
from .test_daemon import QUICK, log, until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
GRAVE = (
    "Russia launches full-scale invasion, airspace closed and all ports shut",
    "All container terminals closed indefinitely as war breaks out; ports blockaded",
    "United States bans all exports of chips to China with immediate effect",
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package `chromium`"),
]


def test_an_officer_runs_the_day_from_the_page(
    monitor: Monitor, site: Site, post: Post, free_port: Callable[[], int], small_checkout: Path
) -> None:
    from playwright.sync_api import sync_playwright

    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    page = f"127.0.0.1:{free_port()}"
    env = {"PYTHONPATH": str(small_checkout), "MONITOR_SMTP_URL": post.url, "MONITOR_WEB_ADDRESS": page}
    daemon = monitor.start("run", **env, **QUICK)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            tab = browser.new_context(base_url=f"http://{page}", locale="en-GB").new_page()
            assert until(lambda: _opens(tab, "/"), 120), log(monitor)
            assert "every alert has been acknowledged" in tab.content()
            site.rss("/a.xml", [*GRAVE, HARMLESS])
            title = _red_story_appears(tab, monitor)
            _acknowledge(tab)
            _tick_the_plan(tab)
            _correct_by_a_verdict(tab, title)
            assert until(lambda: any(title[:40].encode() in raw for _, raw in post.box.raw), 120), log(monitor)
            tab.goto("/models")
            assert "1 verdict counts for the next training" in tab.content()
            tab.get_by_role("button", name="Train from the verdicts").click()
            tab.locator("#job:not([data-busy])").get_by_text("done").wait_for(timeout=300_000)
            tab.goto("/trail")
            assert {"acknowledged", "other tags", "step done"} <= set(tab.locator("td:nth-child(3)").all_inner_texts())
            browser.close()
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0, log(monitor)
    assert "Traceback" not in log(monitor)
    _is_learnt_from(monitor, title)


def _opens(tab: Any, path: str) -> bool:
    from playwright.sync_api import Error

    try:
        return bool(tab.goto(path).ok)
    except Error:
        return False


def _red_story_appears(tab: Any, monitor: Monitor) -> str:
    """Wait on Today for a red alert, open it, and return its headline."""

    def shown() -> bool:
        tab.goto("/")
        return bool(tab.locator("a.title:has(.level.red)").count())

    assert until(shown, 180), log(monitor)
    tab.locator("a.title:has(.level.red)").first.click()
    return str(tab.locator("h1").inner_text())


def _acknowledge(tab: Any) -> None:
    tab.get_by_role("button", name="Acknowledge").click()
    assert "acknowledged" in tab.locator("main").inner_text()


def _tick_the_plan(tab: Any) -> None:
    first = tab.locator(".plan button.box").first
    assert first.get_attribute("aria-pressed") == "false"
    first.click()
    assert tab.locator(".plan button.box").first.get_attribute("aria-pressed") == "true"


def _correct_by_a_verdict(tab: Any, title: str) -> None:
    tab.locator("#read ~ ol a", has_text=title).first.click()
    tab.get_by_label("Compliance", exact=True).check()
    tab.get_by_role("button", name="Relabel").click()
    tab.wait_for_url("**done=*")
    assert "Noted" in tab.content()


def _is_learnt_from(monitor: Monitor, title: str) -> None:
    """The training used the verdict, unless the item's digest keeps it for the gate: then it is asked there."""
    shell = Shell(settings=config.load(monitor.env), clock=lambda: datetime.now(UTC))
    [(verdict, item)] = shell.store.judged_by_people()
    [candidate] = shell.store.models()
    at_the_gate = item.title in {gold.text.title for gold in gate_set(shell)}
    shell.close()
    assert item.title == title
    assert "compliance" in verdict.labels
    assert at_the_gate == for_gate(item)
    assert candidate.manifest["verdicts"] == (0 if at_the_gate else 1)
