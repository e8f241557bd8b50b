"""Whom the page and its API let in: logins, roles, proxies, tokens; and whom not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from monitor.config import Secret
from monitor.domain import Role
from monitor.errors import ConfigError
from monitor.shell import Shell
from monitor.store import Store
from monitor.web.access import IDLE, Access, digest_of, hash_password, is_password, new_token
from monitor.web.security import GUESSES_A_MINUTE
from monitor.web.server import Page

from .test_web import NOW, Browser, serving, settings_in

EVERY_PAGE = ("/", "/queue", "/items/1", "/items/1/merge", "/alerts", "/missed", "/status")


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[Shell, Browser]]:
    yield from serving(settings_in(tmp_path, web_password=Secret("öpen sesame")))


def enter(browser: Browser, name: str, password: str, **headers: str) -> tuple[int, str]:
    """The status of a login and the session's cookie."""
    status, _, found = browser.ask("/login", {"name": name, "password": password}, **headers)
    return status, found.get("set-cookie", "").partition(";")[0]


def form_token(browser: Browser, cookie: str) -> str:
    text = browser.ask("/missed", Cookie=cookie)[1]
    return text.partition('name="token" value="')[2].partition('"')[0]


def test_a_stranger_sees_nothing(guarded: tuple[Shell, Browser]) -> None:
    shell, browser = guarded
    for path in (*EVERY_PAGE, "/nowhere"):
        status, text, headers = browser.ask(path)
        assert (status, "strike" in text) == (302, False)
        assert headers["location"].startswith("/login?next=")
    for path in ("/api/items", "/api/alerts", "/api/openapi.json", "/api/nowhere"):
        assert browser.ask(path)[0] == 401
    assert browser.ask("/items/1/verdict", {"verdict": "confirm", "token": "0" * 64})[0] == 401
    assert shell.store.verdict_of(1) is None
    assert browser.ask("/login")[0] == 200


def test_a_login_opens_and_a_logout_closes_for_good(guarded: tuple[Shell, Browser]) -> None:
    browser = guarded[1]
    assert enter(browser, "admin", "wrong") == (401, "")
    status, cookie = enter(browser, "admin", "öpen sesame")
    assert status == 303
    assert browser.ask("/queue", Cookie=cookie)[0] == 200
    again = enter(browser, "admin", "öpen sesame", Cookie=cookie)[1]
    assert again != cookie
    assert browser.ask("/queue", Cookie=cookie)[0] == 302  # the session before this login is dead
    assert browser.ask("/logout", {"token": form_token(browser, again)}, Cookie=again)[0] == 303
    assert browser.ask("/queue", Cookie=again)[0] == 302


def test_the_sessions_cookie_is_for_our_pages_alone(guarded: tuple[Shell, Browser]) -> None:
    shell, browser = guarded
    headers = browser.ask("/login", {"name": "admin", "password": "öpen sesame"})[2]
    assert "HttpOnly" in headers["set-cookie"]
    assert "samesite=lax" in headers["set-cookie"].lower()
    cookie = headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert shell.store.session(cookie) is None  # only its digest is kept
    assert shell.store.session(digest_of(cookie)) is not None


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nb: c"]
)
def test_a_login_never_leads_to_another_site(guarded: tuple[Shell, Browser], target: str) -> None:
    form = {"name": "admin", "password": "öpen sesame", "next": target}
    assert guarded[1].ask("/login", form)[2]["location"] == "/"


def test_a_login_leads_on_to_the_page_that_was_wanted(guarded: tuple[Shell, Browser]) -> None:
    form = {"name": "admin", "password": "öpen sesame", "next": "/alerts?level=red"}
    assert guarded[1].ask("/login", form)[2]["location"] == "/alerts?level=red"


def test_guessing_is_stopped_and_others_are_not(tmp_path: Path) -> None:
    trusting = {"web_user_header": "X-Remote-User", "web_password": Secret("öpen sesame")}
    for _, browser in serving(settings_in(tmp_path, **trusting)):
        guesser, other = "203.0.113.5", "203.0.113.6"
        found = [enter(browser, "admin", str(n), X_Forwarded_For=guesser)[0] for n in range(GUESSES_A_MINUTE + 1)]
        assert found == [401] * GUESSES_A_MINUTE + [429]
        assert enter(browser, "admin", "öpen sesame", X_Forwarded_For=guesser)[0] == 429
        assert enter(browser, "admin", "öpen sesame", X_Forwarded_For=other)[0] == 303


def test_each_role_may_do_what_it_should(guarded: tuple[Shell, Browser]) -> None:
    shell, browser = guarded
    for role in (Role.READER, Role.REVIEWER):
        shell.store.put_user(
            role.value, role=role, at=NOW, author="test", password=hash_password(f"{role.value} has a word")
        )
    reader = enter(browser, "reader", "reader has a word")[1]
    assert browser.ask("/queue", Cookie=reader)[0] == 200
    form = {"verdict": "confirm", "token": form_token(browser, reader)}
    assert browser.ask("/items/1/verdict", form, Cookie=reader)[0] == 403
    assert shell.store.verdict_of(1) is None
    reviewer = enter(browser, "reviewer", "reviewer has a word")[1]
    assert browser.ask("/items/1/verdict", form, Cookie=reviewer)[0] == 403  # somebody else's form
    form["token"] = form_token(browser, reviewer)
    assert browser.ask("/items/1/verdict", form, Cookie=reviewer)[0] == 303
    verdict = shell.store.verdict_of(1)
    assert verdict is not None
    assert verdict.author == "reviewer"
    assert shell.store.trail(subject="item 1")[0].author == "reviewer"


def test_a_new_password_ends_the_sessions_of_the_old_one(guarded: tuple[Shell, Browser]) -> None:
    shell, browser = guarded
    shell.store.put_user("ana", role=Role.REVIEWER, at=NOW, author="test", password=hash_password("the first word"))
    cookie = enter(browser, "ana", "the first word")[1]
    assert browser.ask("/queue", Cookie=cookie)[0] == 200
    shell.store.put_user("ana", role=Role.REVIEWER, at=NOW, author="test", password=hash_password("the second word"))
    assert browser.ask("/queue", Cookie=cookie)[0] == 302
    cookie = enter(browser, "ana", "the second word")[1]
    shell.store.drop_user("ana", at=NOW, author="test")
    assert browser.ask("/queue", Cookie=cookie)[0] == 302


def test_an_idle_session_ends(tmp_path: Path) -> None:
    now = [NOW]
    shell = Shell(settings=settings_in(tmp_path, web_password=Secret("öpen sesame")), clock=lambda: now[0])
    access = Access(shell)
    cookie = access.login("admin", "öpen sesame")
    assert cookie is not None
    assert access._of_session(digest_of(cookie)) is not None
    now[0] += IDLE + timedelta(minutes=1)
    assert access._of_session(digest_of(cookie)) is None
    shell.close()


def test_a_proxys_word_counts_only_from_the_proxy(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, web_user_header="X-Remote-User")
    for shell, browser in serving(settings):
        assert browser.ask("/queue")[0] == 302
        assert browser.ask("/queue", X_Remote_User="li")[0] == 200
        page = browser.ask("/login", X_Remote_User="li")[1]
        token = page.partition('name="token" value="')[2].partition('"')[0] or "none"
        assert browser.ask("/items/1/verdict", {"verdict": "confirm", "token": token}, X_Remote_User="li")[0] == 403
        shell.store.put_user("li", role=Role.REVIEWER, at=NOW, author="test")
        page = browser.ask("/missed", X_Remote_User="li")[1]
        token = page.partition('name="token" value="')[2].partition('"')[0]
        assert browser.ask("/items/1/verdict", {"verdict": "confirm", "token": token}, X_Remote_User="li")[0] == 303
    elsewhere = settings_in(tmp_path / "b", web_user_header="X-Remote-User", web_proxies=(ip_network("10.0.0.0/8"),))
    for _, browser in serving(elsewhere):
        assert browser.ask("/queue", X_Remote_User="li")[0] == 302


def test_others_are_not_let_in_without_a_login(tmp_path: Path) -> None:
    shell = Shell(settings=settings_in(tmp_path, web_address="0.0.0.0:0"), clock=lambda: NOW)
    with pytest.raises(ConfigError, match="MONITOR_WEB_PASSWORD_FILE"):
        Page(shell, health=dict)
    shell.close()


def test_a_client_with_a_token_needs_no_form(guarded: tuple[Shell, Browser]) -> None:
    shell, browser = guarded
    token = new_token()
    shell.store.put_token(digest_of(token), name="desk bot", role=Role.READER, at=NOW, author="test")
    assert browser.ask("/api/items", Authorization=f"Bearer {token}")[0] == 200
    assert browser.ask("/api/items", Authorization="Bearer nonsense")[0] == 401
    assert browser.ask("/api/items/1/verdict", {}, Authorization=f"Bearer {token}")[0] in (403, 422)
    assert shell.store.tokens()[0].used == NOW
    shell.store.drop_token("desk bot", at=NOW, author="test")
    assert browser.ask("/api/items", Authorization=f"Bearer {token}")[0] == 401


def test_passwords_are_kept_as_salted_hashes() -> None:
    kept = hash_password("correct horse")
    assert kept != hash_password("correct horse")
    assert "correct" not in kept
    assert is_password("correct horse", kept)
    assert not is_password("wrong horse", kept)
    assert not is_password("", "")


def test_people_are_remembered_on_both_databases(store: Store) -> None:
    store.put_user("ana", role=Role.READER, at=NOW, author="root", password="x$y")
    store.put_user("ana", role=Role.ADMIN, at=NOW, author="root")
    ana = store.user("ana")
    assert ana is not None
    assert (ana.role, ana.password) == (Role.ADMIN, "x$y")
    store.open_session("d" * 64, name="ana", credential="c", at=NOW, idle_since=NOW - IDLE)
    found = store.session("d" * 64)
    assert found is not None
    assert found.name == "ana"
    store.close_session("d" * 64, at=NOW)
    assert store.session("d" * 64) is None
    store.put_token("t" * 64, name="bot", role=Role.READER, at=NOW, author="root")
    store.put_token("u" * 64, name="bot", role=Role.READER, at=NOW, author="root")
    assert store.token("t" * 64) is None
    assert [line.action for line in store.trail()] == ["token", "token", "logout", "login", "user", "user"]
    assert store.drop_user("ana", at=NOW, author="root")
    assert len(store.form_key()) == 32
