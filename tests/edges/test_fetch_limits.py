"""Where a fetch ends: limits of size, time and connections, on real servers on loopback."""

# ruff: noqa: F811  the fixture has the name that tests ask for

from __future__ import annotations

import gzip
import socket
import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest

from monitor.ingest import fetch
from monitor.ingest.fetch import Fetcher
from monitor.ingest.guard import Allow

from .test_fetch import HEAD, QUICK, RSS, fetched, site, state_of  # noqa: F401  one is a fixture


def test_a_gzip_bomb_stops_at_the_limit(site):
    bomb = gzip.compress(b"\0" * 30_000_000)
    server = site(lambda on: on.reply(bomb, Content_Encoding="gzip"))
    assert len(bomb) < QUICK.body_bytes
    (found,) = fetched(server.url, allow=server.place)
    assert (found.error, found.body) == ("larger than 0.1 MB", b"")


def test_a_body_without_end_stops_at_the_limit(site):
    sent = []

    def answer(on):
        on.send_response(200)
        on.end_headers()
        for _ in range(2000):
            on.wfile.write(b"x" * 65_536)
            sent.append(65_536)

    server = site(answer)
    (found,) = fetched(server.url, allow=server.place)
    assert (found.error, found.body) == ("larger than 0.1 MB", b"")
    assert sum(sent) < 2000 * 65_536


def test_headers_without_end_stop_at_the_limit(site):
    sent = []

    def answer(on):
        on.wfile.write(HEAD)
        for number in range(100_000):
            on.wfile.write(b"X-%d: %s\r\n" % (number, b"p" * 500))
            sent.append(number)

    server = site(answer)
    assert [found.error for found in fetched(server.url, allow=server.place)] == ["headers without end"]
    assert len(sent) < 100_000


@pytest.mark.parametrize("start", [HEAD, HEAD + b"Content-Length: 100000\r\n\r\n"], ids=["headers", "body"])
def test_a_slow_drip_stops_at_the_time_limit_and_holds_up_nobody(site, start):
    sent = []

    def drip(on):
        on.wfile.write(start)
        for number in range(800):
            on.wfile.write(b"X-%d: 1\r\n" % number)
            sent.append(number)
            time.sleep(0.01)

    slow, good = site(drip), site()
    states = [state_of(slow.url, 1), state_of(good.url, 2)]
    limits = replace(QUICK, total_s=0.5)
    with closing(Fetcher(user_agent="t", allow=Allow.parse(f"{slow.place} {good.place}"), limits=limits)) as fetcher:
        answers = list(fetcher.fetch_all(states))
    assert [(found.state.id, found.error) for found in answers] == [(2, ""), (1, "took too long")]
    assert len(sent) < 800


def test_a_server_that_accepts_and_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as hole:
        place = f"127.0.0.1:{hole.getsockname()[1]}"
        (found,) = fetched(f"http://{place}/", allow=place, limits=replace(QUICK, total_s=0.3))
    assert (found.error, found.status) == ("took too long", 0)


def test_a_host_gets_two_connections_at_most(site):
    together, lock, at_once, peak = threading.Barrier(2, timeout=5), threading.Lock(), [0], [0]

    def answer(on):
        with lock:
            at_once[0] += 1
            peak[0] = max(peak[0], at_once[0])
        together.wait()  # two at a time do come
        with lock:
            at_once[0] -= 1
        on.reply()

    server = site(answer)
    answers = fetched(*[f"{server.url}/{n}" for n in range(12)], allow=server.place)
    assert [found.error for found in answers] == [""] * 12
    assert peak == [2]


def test_a_busy_host_does_not_hold_up_the_others(site):
    gate = threading.Event()

    def wait(on):
        gate.wait(5)
        on.reply()

    busy, good = site(wait), site()
    states = [state_of(f"{busy.url}/{n}", n) for n in range(6)] + [state_of(good.url, 99)]
    limits = replace(QUICK, at_once=3)
    with closing(Fetcher(user_agent="t", allow=Allow.parse(f"{busy.place} {good.place}"), limits=limits)) as fetcher:
        answers = fetcher.fetch_all(states)
        assert next(answers).state.id == 99
        gate.set()
        assert sorted(found.state.id for found in answers) == list(range(6))


def test_a_slow_consumer_stops_new_transfers_and_gets_every_answer(site, monkeypatch):
    monkeypatch.setattr(fetch, "KEPT_BODIES", 3 * len(RSS))
    server = site()
    states = [state_of(f"{server.url}/{n}", n) for n in range(60)]
    limits = replace(QUICK, at_once=2)
    with closing(Fetcher(user_agent="t", allow=Allow.parse(server.place), limits=limits)) as fetcher:
        answers = fetcher.fetch_all(states)
        first = next(answers)
        time.sleep(0.3)
        asked = len(server.requests)
        rest = list(answers)
    assert asked < 10
    assert sorted(found.state.id for found in [first, *rest]) == list(range(60))


def test_a_consumer_that_leaves_early_can_fetch_again(site):
    server = site()
    with closing(Fetcher(user_agent="t", allow=Allow.parse(server.place), limits=QUICK)) as fetcher:
        answers = fetcher.fetch_all([state_of(f"{server.url}/{n}", n) for n in range(30)])
        next(answers)
        with pytest.raises(RuntimeError, match="one fetch_all at a time"):
            next(fetcher.fetch_all([]))
        answers.close()
        assert [found.error for found in fetcher.fetch_all([state_of(server.url)])] == [""]
