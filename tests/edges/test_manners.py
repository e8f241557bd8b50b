"""Passes among hosts that ask for manners, and sources that are no feeds: real servers on loopback, real stores."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import Settings, load
from monitor.domain import Decision, FeedUpdate, PollOutcome
from monitor.errors import UsageError
from monitor.gather import coverage
from monitor.looking import check, find
from monitor.manners import DISALLOWED, NOTHING, host_of, may_read, read_robots
from monitor.pipeline import run_pass
from monitor.shell import Shell
from monitor.store.sources import Host
from monitor.tending import learn_spacing, look_at_habits
from monitor.watching import health
from tests.core.test_services import graph_row, packed

from .test_fetch import RSS, site  # noqa: F401  a fixture
from .test_store import an_item

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


Start = Callable[..., Shell]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """An installation with these feeds, allowed to reach these servers."""
    shells = []

    def begin(feeds: list[dict], *servers, url: str = "", **settings: str) -> Shell:
        (tmp_path / "feeds.yaml").write_text(json.dumps({"feeds": feeds}))
        environment = {
            "MONITOR_DATA_DIR": str(tmp_path / "data"),
            "MONITOR_FEEDS": str(tmp_path / "feeds.yaml"),
            "MONITOR_FETCH_ALLOW": ",".join(server.place for server in servers),
            "MONITOR_DATABASE_URL": url,
            **settings,
        }
        found: Settings = load(environment)
        shells.append(Shell(settings=found, clock=Clock()))
        return shells[-1]

    yield begin
    for shell in shells:
        shell.close()


def a_pass(shell: Shell, *, after: timedelta = timedelta(0), everything: bool = False) -> PollOutcome:
    shell.clock.now += after
    return run_pass(shell, everything=everything, fetch_only=True)


def feed(name: str, url: str, **more: str) -> dict[str, str]:
    return {"name": name, "url": url, "every": "30m", **more}


PAGE = "<html><body><h1>Notices</h1><p>{clock}</p><ul id=list>{rows}</ul></body></html>"


def test_a_watched_page_tells_what_is_new_and_only_that(start: Start, site, database_url: str) -> None:  # noqa: F811
    rows, clock = ["<li>Gallium licence</li>"], ["10:00"]

    def answer(on) -> None:
        if on.path == "/robots.txt":
            on.reply(b"", 404)
        else:
            on.reply(PAGE.format(clock=clock[0], rows="".join(rows)).encode(), Content_Type="text/html")

    server = site(answer)
    shell = start([feed("Ministry", server.url + "/notices", watch="#list")], server, url=database_url)
    assert a_pass(shell).items_new == 0
    clock[0] = "10:30"
    assert a_pass(shell, after=HOUR).entries_seen == 0
    rows.insert(0, "<li><a href='/2'>Germanium licence</a></li>")
    assert a_pass(shell, after=2 * HOUR).items_new == 1
    [item] = shell.store.items()
    assert (item.title, item.url, item.baseline) == ("Germanium licence", f"{server.url}/2", False)
    rows[:] = []
    gone = a_pass(shell, after=2 * HOUR)
    assert (gone.failed, gone.items_new) == (1, 0)
    assert "empty" in shell.store.feed_states(shell.feeds)[0].error
    rows[:] = ["<li>Gallium licence</li>", "<li><a href='/2'>Germanium licence</a></li>"]
    back = a_pass(shell, after=24 * HOUR)
    assert (back.failed, back.items_new) == (0, 0)


def test_a_page_that_robots_may_not_read_is_not_read(start: Start, site) -> None:  # noqa: F811
    server = site(
        lambda on: on.reply(b"User-agent: *\nDisallow: /private\n" if on.path == "/robots.txt" else b"<main>x</main>")
    )
    shell = start(
        [
            feed("Open", server.url + "/open", watch="main"),
            feed("Closed", server.url + "/private/page", watch="main"),
        ],
        server,
    )
    outcome = a_pass(shell)
    assert (outcome.reached, outcome.failed) == (1, 1)
    assert [s.error for s in shell.store.feed_states(shell.feeds)] == [DISALLOWED, ""]
    assert sorted(path for path, _ in server.requests) == ["/open", "/robots.txt"]
    a_pass(shell, after=HOUR, everything=True)
    assert [path for path, _ in server.requests].count("/robots.txt") == 1  # kept for a day
    a_pass(shell, after=25 * HOUR, everything=True)
    assert [path for path, _ in server.requests].count("/robots.txt") == 2


@pytest.mark.parametrize(("status", "readable"), [(404, True), (403, True), (500, False), (429, False)])
def test_without_robots_txt_everything_may_be_read_and_without_an_answer_nothing(
    start: Start,
    site,  # noqa: F811
    status: int,
    readable: bool,
) -> None:
    server = site(lambda on: on.reply(b"", status))
    shell = start([feed("A", server.url)], server)
    url = server.url + "/page"
    known = read_robots(shell, [url], now=NOON)
    assert may_read(known[host_of(url)], url) is readable
    read_robots(shell, [url], now=NOON + 2 * HOUR)
    assert len(server.requests) == (1 if readable else 2)


def test_the_longest_rule_for_us_counts() -> None:
    rules = "User-agent: monitor\nDisallow: /a\nAllow: /a/b\n\nUser-agent: *\nDisallow: /\n"
    host = Host(host="x", robots=rules)
    assert may_read(host, "https://x/a/b/c") and not may_read(host, "https://x/a/c") and may_read(host, "https://x/z")
    assert not may_read(Host(host="x", robots=NOTHING), "https://x/")


def test_a_host_that_says_429_is_left_alone_and_then_asked_one_at_a_time(start: Start, site) -> None:  # noqa: F811
    angry = [True]
    server = site(lambda on: on.reply(b"", 429, Retry_After="600") if angry[0] else on.reply(RSS))
    names = [f"f{n}" for n in range(8)]
    shell = start([feed(name, f"{server.url}/{name}") for name in names], server)
    first = a_pass(shell)
    assert len(server.requests) <= 4  # two connections, and what was on its way
    assert first.failed == len(server.requests)
    waiting = [s for s in shell.store.feed_states(shell.feeds) if not s.failures]
    assert {s.next_poll for s in waiting} == {NOON + timedelta(seconds=600)}
    angry[0] = False
    server.requests.clear()
    assert a_pass(shell, after=timedelta(seconds=601)).reached == 1
    for _ in range(3):
        a_pass(shell, after=timedelta(seconds=10))
    assert len(server.requests) == 4
    a_pass(shell, after=timedelta(days=2))
    assert len(server.requests) == 12  # a day later nothing is remembered


def test_a_crawl_delay_spaces_the_feeds_of_a_host(start: Start, site) -> None:  # noqa: F811
    server = site(lambda on: on.reply(b"User-agent: *\nCrawl-delay: 7\n" if on.path == "/robots.txt" else RSS))
    shell = start([feed(name, f"{server.url}/{name}") for name in "abc"], server)
    learn_spacing(shell, now=NOON)
    assert a_pass(shell).reached == 1
    later = sorted(s.next_poll for s in shell.store.feed_states(shell.feeds) if s.first_polled is None)
    assert later == [NOON + timedelta(seconds=7), NOON + timedelta(seconds=14)]


def test_ttl_and_skipped_days_hold_for_answers_that_are_unchanged_too(start: Start, site) -> None:  # noqa: F811
    body = RSS.replace(b"<item>", b"<ttl>90</ttl><skipHours><hour>14</hour></skipHours><item>", 1)
    server = site(
        lambda on: (
            on.reply(b"", 304, ETag='"1"') if "if-none-match" in server.requests[-1][1] else on.reply(body, ETag='"1"')
        )
    )
    shell = start([feed("A", server.url)], server)
    a_pass(shell)
    [state] = shell.store.feed_states(shell.feeds)
    assert state.next_poll >= NOON + 1.5 * HOUR
    a_pass(shell, after=2.5 * HOUR - HOUR)
    assert len(server.requests) == 1
    assert a_pass(shell, after=0.3 * HOUR).unchanged == 1
    [state] = shell.store.feed_states(shell.feeds)
    assert state.next_poll - shell.clock() >= 1.5 * HOUR


def test_gdelt_s_list_leads_to_its_archive(start: Start, site) -> None:  # noqa: F811
    archives = {"/1.gkg.csv.zip": packed(graph_row("Dockers strike", "STRIKE"), graph_row("Match", "SPORT", number=2))}
    newest = ["1.gkg.csv.zip"]

    def answer(on) -> None:
        listing = f"10 abc {server.url}/{newest[0]}\n".encode()
        on.reply(archives.get(on.path, listing), ETag=f'"{newest[0]}"')

    server = site(answer)
    shell = start([feed("GDELT", f"{server.url}/lastupdate.txt", format="gdelt", select="STRIKE")], server)
    assert a_pass(shell).items_new == 1
    assert a_pass(shell, after=HOUR, everything=True).unchanged == 1
    archives["/2.gkg.csv.zip"], newest[0] = packed("\0" * 80_000_000), "2.gkg.csv.zip"
    bomb = a_pass(shell, after=HOUR, everything=True)
    assert (bomb.failed, bomb.items_new) == (1, 0)
    assert "larger than" in shell.store.feed_states(shell.feeds)[0].error


def test_every_new_kind_of_request_is_refused_to_private_addresses(start: Start, site) -> None:  # noqa: F811
    inside = site()
    server = site(
        lambda on: (
            on.reply(f"1 a {inside.url}/x.gkg.csv.zip".encode())
            if on.path == "/list"
            else on.redirect(inside.url + on.path)
        )
    )
    shell = start(
        [
            feed("Page", server.url + "/page", watch="main"),
            feed("List", server.url + "/list", format="gdelt"),
            feed("Rules", server.url + "/documents.json", format="federal_register"),
        ],
        server,
    )
    assert a_pass(shell).failed == 3
    read_robots(shell, [inside.url], now=NOON)
    for url in (inside.url, server.url):
        with pytest.raises(UsageError):
            find(shell, url)
        with pytest.raises(UsageError):
            find(shell, url, watch="main")
    assert all("refused" in one.problem or one.problem for one in check(shell, shell.feeds))
    assert inside.requests == []


def test_the_feed_of_a_page_is_found(start: Start, site) -> None:  # noqa: F811
    link = b"<link rel=alternate type='application/rss+xml' href='/hidden.rss'>"
    named = b"<html><head><title>News</title>" + link + b"</head></html>"

    def answer(on) -> None:
        pages = {"/named": named, "/hidden.rss": RSS, "/plain": b"<html></html>", "/feed.xml": RSS, "/direct": RSS}
        on.reply(pages.get(on.path, b""), 200 if on.path in pages else 404)

    server = site(answer)
    shell = start([feed("A", server.url)], server)
    found, entries = find(shell, server.url + "/named")
    assert (found.url, found.name, entries) == (server.url + "/hidden.rss", "Ports", 1)
    assert find(shell, server.url + "/plain")[0].url == server.url + "/feed.xml"
    assert find(shell, server.url + "/direct")[0].url == server.url + "/direct"
    bare = site(lambda on: on.reply(b"<html></html>" if on.path == "/" else b"", 200 if on.path == "/" else 404))
    with pytest.raises(UsageError, match="watch it with"):
        find(start([feed("A", bare.url)], bare), bare.url + "/")


def test_checking_tells_what_each_feed_is(start: Start, site) -> None:  # noqa: F811
    old = RSS.replace(b"</item>", b"<pubDate>Sun, 05 Jan 2025 10:00:00 GMT</pubDate></item>")
    server = site(lambda on: on.reply(old) if on.path == "/old" else on.reply(b"", 404))
    shell = start([feed("Old", server.url + "/old"), feed("Lost", server.url + "/lost")], server)
    done = []
    found = {one.name: one for one in check(shell, shell.feeds, progress=lambda n, of: done.append((n, of)))}
    assert found["Old"].problem == "nothing new for three months"
    assert (found["Old"].entries, found["Old"].newest.year, found["Lost"].status) == (1, 2025, 404)
    assert done == [(1, 2), (2, 2)]


def test_a_feed_that_falls_silent_is_told_until_it_speaks(start: Start, site, database_url: str) -> None:  # noqa: F811
    server = site(lambda on: on.reply(RSS))
    shell = start([feed("A", server.url)], server, url=database_url)
    store, now = shell.store, shell.clock()
    store.sync_feeds(shell.feeds)
    [state] = store.feed_states(shell.feeds)
    every_4_h = [now - timedelta(days=33) + 4 * n * HOUR for n in range(180)]  # and nothing for three days
    new = [
        (
            state.id,
            n.to_bytes(16, "big"),
            replace(an_item(n), feed="A", fetched=moment, judgement=None, assessment=None),
        )
        for n, moment in enumerate(every_4_h)
    ]
    answer = FeedUpdate(feed_id=state.id, polled=every_4_h[-1] + HOUR, next_poll=now, ok=True, new_items=1)
    store.record(updates=[answer], new=new, decision=Decision())
    assert look_at_habits(shell, now=every_4_h[-1] + HOUR) == 0
    store.record(updates=[replace(answer, polled=now, new_items=0)], new=[], decision=Decision())
    assert look_at_habits(shell, now=now) == 1
    [told] = health(shell, now=now)["silent"]
    assert told["name"] == "A" and told["silence"].found == 0 and told["silence"].usual > 10
    [(name, _)] = coverage(shell, since=now - HOUR, until=now).feeds_silent
    assert name == "A"
    a_pass(shell, after=HOUR, everything=True)
    assert health(shell, now=shell.clock())["silent"] == []
