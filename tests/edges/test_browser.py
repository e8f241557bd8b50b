"""The page in a real Chromium: a verdict by keyboard, both languages, narrow and wide, nothing out of place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.shell import Shell
from monitor.telling import health
from monitor.web.server import Page

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
    tab.goto("/")
    tab.get_by_role("link", name="Port strike announced").click()
    assert tab.locator("mark").first.inner_text() == "strike"
    tab.get_by_label("Your name").fill("Ana")
    tab.get_by_role("button", name="Confirm").click()
    verdict = shell.store.verdict_of(1)
    assert verdict is not None
    assert verdict.author == "Ana"
    tab.get_by_role("link", name="take it back").click()
    tab.get_by_role("button", name="Take it back").click()
    assert shell.store.verdict_of(1) is None
    assert tab.get_by_label("Your name").input_value() == "Ana"


def test_it_works_by_keyboard_alone(tab: Any, shell: Shell) -> None:
    tab.goto("/items/1")
    for _ in range(30):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.value") == "dismiss":
            break
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/*done=1")
    verdict = shell.store.verdict_of(1)
    assert verdict is not None
    assert verdict.kind.value == "dismiss"


@pytest.mark.parametrize("path", ["/", "/items/2", "/alerts", "/status"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_runs_out_of_the_page(tab: Any, path: str, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(path)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.locator("h1").count() == 1


def test_chinese_is_complete(tab: Any) -> None:
    for path in ("/?lang=zh", "/alerts", "/status", "/items/1"):
        tab.goto(path)
        assert tab.locator("html").get_attribute("lang") == "zh"
    text = tab.locator("section").first.inner_text()
    assert "您的" in text or "裁定" in text or "判断" in text
