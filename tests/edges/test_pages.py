"""Every page: lets hostile text be text, is usable by everybody, stays small, and stands a crowd of slow clients."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from monitor.domain import Evidence, Feed, Judgement, Tag
from monitor.shell import Shell
from monitor.warn.decide import decide
from monitor.watching import health
from monitor.web.server import Page

from .test_web import NOW, Browser, an_item, settings_in, with_items

PAGES = (
    "/", "/queue", "/alerts", "/explore", "/explore?q=strike&tag=supply_chain&country=DE", "/explore/counts",
    "/explore/counts?country=DE&tag=supply_chain", "/feeds", "/feeds?trouble=1", "/scorecard", "/trail", "/setup",
    "/setup/profile", "/setup/profiles/default", "/setup/people", "/setup/silences", "/setup/recipients",
    "/setup/playbooks", "/setup/playbooks/supply_chain.strike", "/setup/feeds/add", "/setup/feed?name=Harbour+Wire",
    "/models", "/missed", "/status", "/login",
    "/items/1", "/items/1/merge", "/nowhere",
)  # fmt: skip
DANGERS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'-alert(1)-'",
    "</title><script>alert(1)</script>",
    "{{7*7}}",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "\u202egpj.exe\u202c",
    "x" * 10_000,
)
BAD_LINKS = (
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "//evil.example/x",
    "http://[::bad",
)


def with_dangers(shell: Shell) -> None:
    """Items whose title, summary, feed, evidence and link all mean harm."""
    feeds = [Feed(name=f"{danger[:60]} {n}", url=f"https://harm{n}.example/rss") for n, danger in enumerate(DANGERS)]
    shell.store.sync_feeds(feeds)
    states = {state.feed.name: state for state in shell.store.feed_states(feeds)}
    items = []
    for n, danger in enumerate(DANGERS):
        item = an_item(100 + n, danger, Tag.COMPLIANCE)
        judgement = Judgement(
            labels=(Tag.COMPLIANCE,),
            probabilities=dict.fromkeys(Tag, 0.9),
            evidence=(Evidence(word=danger[:40], tag=Tag.COMPLIANCE, weight=1.0),),
            countries=("DE", "<b"),
            topics=("compliance.<i>",),
            language="\"><b>",
            model=danger[:60],
        )  # fmt: skip
        items.append(
            replace(item, feed=feeds[n].name, url=BAD_LINKS[n % len(BAD_LINKS)], judgement=judgement, summary=danger)
        )
    known = shell.store.known(since=NOW - timedelta(days=3), today=NOW)
    decision = decide(items, known=known, profiles=shell.profiles, now=NOW)
    shell.store.record(updates=[], new=[(states[i.feed].id, i.key, i) for i in items], decision=decision)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Shell, Browser]]:
    shell = Shell(settings=settings_in(tmp_path), clock=lambda: NOW)
    with_items(shell)
    page = Page(shell, health=lambda: health(shell, now=NOW))
    page.start()
    yield shell, Browser(shell.settings.web_address)
    page.stop()
    shell.close()


def every_page(shell: Shell) -> list[str]:
    """The addresses of all pages, those of items and alerts too."""
    alerts = [f"/alerts/{alert.id}" for alert in shell.store.alerts()]
    return [*PAGES, *alerts, *(f"/items/{item.id}" for item in shell.store.items())]


class Dangers(HTMLParser):
    """What a browser would run, load or follow."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("iframe", "object", "embed", "base", "style") or (
            tag == "script" and not given.get("src", "").startswith("/static/")
        ):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in given if name.startswith("on") or name in ("style", "srcdoc")]
        for name in ("href", "src", "action", "formaction"):
            if name in given and not re.match(r"/(?!/)|\?|#|https?://[^/]", given[name]):
                self.found.append(f"{tag} {name}={given[name][:80]}")


def test_hostile_text_is_text_on_every_page(desk: tuple[Shell, Browser]) -> None:
    shell, browser = desk
    with_dangers(shell)
    for item in shell.store.queue():
        browser.ask(f"/items/{item.id}/verdict", {"verdict": "confirm", "why": DANGERS[0], "token": browser.token()})
    for path in every_page(shell):
        status, text, headers = browser.ask(path)
        assert status in (200, 404), path
        reader = Dangers()
        reader.feed(text)
        assert reader.found == [], path
        assert "unsafe-inline" not in headers["content-security-policy"], path
        assert ">49<" not in text, path


def test_pages_are_small(desk: tuple[Shell, Browser]) -> None:
    shell, browser = desk
    static = sum(len(browser.ask(f"/static/{name}")[1]) for name in ("style.css", "desk.js", "icon.svg"))
    for path in every_page(shell):
        assert static + len(browser.ask(path)[1].encode()) < 300_000, path


def test_nothing_comes_from_other_hosts(desk: tuple[Shell, Browser]) -> None:
    for path in PAGES:
        text = desk[1].ask(path)[1]
        assert not re.search(r"<(script|link|img)[^>]+(src|href)=\"(https?:)?//", text), path


def test_the_explorer_finds_by_word_tag_and_country(desk: tuple[Shell, Browser]) -> None:
    browser = desk[1]
    assert "Port strike" in browser.ask("/explore?q=strike")[1]
    assert "Port strike" not in browser.ask("/explore?q=strike&tag=compliance")[1]
    assert "Port strike" in browser.ask("/explore?country=de&level=blue")[1]
    assert "Nothing found" in browser.ask("/explore?country=FR")[1]
    assert "Nothing found" in browser.ask("/explore?until=2020-01-01")[1]
    assert browser.ask("/explore?since=2020-99-99")[0] == 200
    assert browser.ask("/explore?country=DEU")[0] == 422


def test_a_profile_is_tried_on_the_last_month_before_it_is_kept(desk: tuple[Shell, Browser], tmp_path: Path) -> None:
    browser = desk[1]
    form = {"name": "pumps", "countries": "DE", "tell": "risk@pumps.example zh orange", "token": browser.token()}
    text = browser.ask("/setup/profile/try", form)[1]
    assert "Port strike announced" in text
    assert "risk@pumps.example" in text
    none = browser.ask("/setup/profile/try", form | {"countries": "FR"})[1]
    assert "Port strike announced" not in none
    assert browser.ask("/setup/profile/try", form | {"countries": "Atlantis"})[0] == 422
    assert browser.ask("/setup/profile", form)[0] == 303
    assert [profile.name for profile in desk[0].profiles] == ["default", "pumps"]  # who heard of everything still does


def test_a_profile_is_written_where_the_setting_points(tmp_path: Path) -> None:
    file = tmp_path / "profiles.yaml"
    file.write_text("profiles: [{name: first, countries: [FR]}]\n")
    shell = Shell(settings=settings_in(tmp_path, profiles=file), clock=lambda: NOW)
    with_items(shell)
    page = Page(shell, health=lambda: health(shell, now=NOW))
    page.start()
    browser = Browser(shell.settings.web_address)
    form = {"name": "pumps", "countries": "de", "like": "battery-maker", "token": browser.token()}
    assert browser.ask("/setup/profile", form)[0] == 303
    assert [profile.name for profile in shell.profiles] == ["first", "pumps"]
    assert shell.profiles[1].countries == ("DE",)
    assert "pumps" in browser.ask("/setup")[1]
    assert browser.ask("/setup/profiles/pumps")[0] == 200
    assert browser.ask("/setup/profiles/none")[0] == 404
    assert shell.store.trail()[0].action == "profile"
    page.stop()
    shell.close()


def test_users_and_tokens_are_made_on_the_page(desk: tuple[Shell, Browser]) -> None:
    shell, browser = desk
    text = browser.ask("/setup/tokens", {"name": "bot", "role": "reader", "token": browser.token()})[1]
    made = re.search(r"<code>([\w-]{43})</code>", text)
    assert made is not None
    assert browser.ask("/api/queue", Authorization=f"Bearer {made[1]}")[0] == 200
    form = {"name": "ana", "role": "admin", "password": "short", "token": browser.token()}
    assert browser.ask("/setup/people", form)[0] == 422
    assert shell.store.users() == []
    browser.ask("/setup/people", form | {"password": "a long enough word"})
    assert browser.ask("/queue")[0] == 302  # from now on everybody logs in


def test_the_api_never_fails(desk: tuple[Shell, Browser]) -> None:
    import schemathesis
    from schemathesis.config import SchemathesisConfig

    shell, _ = desk
    from monitor.domain import Role
    from monitor.web.access import digest_of, new_token

    token = new_token()
    shell.store.put_token(digest_of(token), name="fuzz", role=Role.ADMIN, at=NOW, author="test")
    headers = {"Authorization": f"Bearer {token}"}
    base = f"http://{shell.settings.web_address}/api"
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json", headers=headers, config=SchemathesisConfig())
    failures, asked = [], 0
    for operation in schema.get_all_operations():
        asked += 1
        failures += _fuzzed(operation.ok(), headers)
    assert asked >= 10
    assert failures == []


def _fuzzed(operation: Any, headers: dict[str, str]) -> list[str]:
    from hypothesis import HealthCheck, Phase, given, settings

    failures: list[str] = []

    @settings(
        max_examples=20,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        answer = case.call(headers=headers)
        if answer.status_code >= 500:
            failures.append(f"{case.method} {case.formatted_path}: {answer.status_code} {answer.text[:200]}")

    run()
    return failures


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package `chromium`")
def test_no_page_shuts_anybody_out(desk: tuple[Shell, Browser]) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    shell, _ = desk
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        narrow = ("/", "/queue", "/feeds", "/trail", "/setup", "/setup/recipients", "/explore/counts")
        for scheme, width, locale, pages in (
            ("light", 1280, "en-GB", PAGES), ("dark", 1280, "en-GB", PAGES[:4]), ("dark", 360, "zh-CN", narrow)
        ):  # fmt: skip
            context = browser.new_context(
                base_url=shell.settings.page_url, color_scheme=scheme, locale=locale,
                viewport={"width": width, "height": 900},
            )  # fmt: skip
            tab = context.new_page()
            for path in (*pages, f"/alerts/{shell.store.alerts()[0].id}"):
                tab.goto(path)
                for problem in Axe().run(tab).response["violations"]:
                    if problem["impact"] in ("serious", "critical"):
                        where = [node["html"][:120] for node in problem["nodes"][:3]]
                        found.append((scheme, path, problem["id"], where))
            context.close()
        browser.close()
    assert found == []
