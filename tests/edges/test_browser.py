"""The page in a real Chromium: a verdict by keyboard, both languages, narrow and wide, nothing out of place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.shell import Shell
from monitor.watching import health
from monitor.web.server import Page
from tests.shots import SHIFTS, WEIGHT

from .test_web import NOW, settings_in, with_items

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package `chromium`"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    found = Shell(settings=settings_in(tmp_path), clock=lambda: NOW)
    with_items(found)
    page = Page(found, health=lambda: health(found, now=NOW))
    page.start()
    yield found
    page.stop()
    found.close()


@pytest.fixture
def tab(chromium: Any, shell: Shell) -> Iterator[Any]:
    context = chromium.new_context(base_url=shell.settings.page_url, locale="en-GB")
    found = context.new_page()
    found.complaints = []
    found.on("console", lambda message: found.complaints.append(message.text))
    found.on("pageerror", lambda error: found.complaints.append(str(error)))
    yield found
    assert found.complaints == []
    context.close()


def test_a_reviewer_gives_a_verdict_and_takes_it_back(tab: Any, shell: Shell) -> None:
    tab.goto("/queue")
    tab.get_by_role("link", name="Port strike announced").click()
    assert tab.locator("mark").first.inner_text() == "strike"
    tab.get_by_role("button", name="Confirm").click()
    assert shell.store.verdict_of(1) is not None
    tab.get_by_role("link", name="take it back").click()
    tab.get_by_role("button", name="Take it back").click()
    assert shell.store.verdict_of(1) is None


def test_one_key_is_a_verdict_and_another_takes_it_back(tab: Any, shell: Shell) -> None:
    tab.goto("/queue")
    first = int(tab.locator(".card:focus").get_attribute("data-item"))
    tab.keyboard.press("2")
    tab.get_by_role("status").filter(has_text="Noted").wait_for()
    verdict = shell.store.verdict_of(first)
    assert verdict is not None
    assert verdict.why == "past"
    second = int(tab.locator(".card:focus").get_attribute("data-item"))
    assert second != first
    tab.keyboard.press("r")
    tab.keyboard.press("g")
    with tab.expect_response(f"**/api/items/{second}/verdict"):
        tab.keyboard.press("r")
    tab.locator(".card.given").nth(1).wait_for()
    relabelled = shell.store.verdict_of(second)
    assert relabelled is not None
    assert "geopolitical" in relabelled.labels
    tab.keyboard.press("u")
    tab.get_by_text("Taken back").wait_for()
    assert shell.store.verdict_of(second) is None


def test_fast_hands_get_the_next_card_as_soon_as_it_comes(tab: Any, shell: Shell, monkeypatch: Any) -> None:
    monkeypatch.setattr("monitor.web.routes.review.AT_ONCE", 1)
    tab.goto("/queue")
    for given in (0, 1):
        tab.locator(".card:focus:not(.given)").wait_for()
        tab.keyboard.press("d")
        tab.locator(".card.given").nth(given).wait_for()
    tab.wait_for_load_state("networkidle")
    assert shell.store.verdict_total() == 2


def test_a_verdict_that_cannot_be_stored_is_shown(tab: Any, shell: Shell) -> None:
    tab.goto("/queue")
    tab.evaluate("document.getElementById('queue').dataset.token = 'old'")
    tab.keyboard.press("d")
    tab.get_by_text("Not stored").wait_for()
    assert tab.locator(".card.given").count() == 0
    tab.complaints.clear()  # the browser's own line about the 403


def test_it_works_by_keyboard_and_without_scripts(chromium: Any, shell: Shell) -> None:
    context = chromium.new_context(base_url=shell.settings.page_url, java_script_enabled=False)
    tab = context.new_page()
    tab.goto("/items/1")
    for _ in range(40):
        tab.keyboard.press("Tab")
        if tab.locator("button[value=dismiss]:focus").count():
            break
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/*done=1")
    verdict = shell.store.verdict_of(1)
    assert verdict is not None
    assert verdict.kind.value == "dismiss"
    context.close()


def test_nothing_runs_out_of_the_page_and_chinese_is_complete(tab: Any) -> None:
    pages = ("/", "/queue", "/items/2", "/alerts", "/missed", "/status", "/setup", "/setup/recipients",
             "/setup/silences", "/setup/playbooks/base", "/setup/feeds/add")  # fmt: skip
    for width in (360, 1280):
        tab.set_viewport_size({"width": width, "height": 900})
        for path in pages:
            tab.goto(path)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            assert tab.locator("h1").count() == 1, path
    for path in ("/?lang=zh", *pages[1:]):
        tab.goto(path)
        assert tab.locator("html").get_attribute("lang") == "zh"
    tab.goto("/missed")
    assert "漏报" in tab.locator("main").inner_text()


def test_nothing_moves_while_a_page_loads_and_none_is_heavy(tab: Any) -> None:
    for path in ("/", "/queue", "/alerts", "/setup", "/scorecard"):
        tab.goto(path)
        assert tab.evaluate(SHIFTS) < 0.05, path
        assert tab.evaluate(WEIGHT) < 300_000, path


def test_a_silence_is_set_from_an_alert(tab: Any, shell: Shell) -> None:
    alert = shell.store.alerts()[0]
    tab.goto(f"/alerts/{alert.id}")
    tab.get_by_role("link", name="Silence alerts like this").click()
    tab.get_by_label("Until the beginning of").fill("2026-12-24")
    tab.get_by_label("Why").fill("planned works")
    tab.get_by_role("button", name="Silence", exact=True).click()
    tab.get_by_text("planned works").wait_for()
    [silence] = shell.store.silences(at=NOW)
    assert (silence.profile, silence.country, silence.reason) == (alert.profile, "DE", "planned works")
