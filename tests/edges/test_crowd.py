"""A thousand slow connections to the page: feeds are polled meanwhile, and the page comes back."""

from __future__ import annotations

import socket
import time

import pytest

from monitor.watching import health
from monitor.web.server import Page

from .test_fetch import site  # noqa: F401  a fixture
from .test_manners import Start, a_pass, feed, start  # noqa: F401  a fixture
from .test_web import Browser

FEEDS = 20
CROWD = 1000
RSS = b"""<rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link>
<item><title>Quay closed at %s</title><link>https://wire.example%s</link></item></channel></rss>"""


def crowd_at(host: str, port: int) -> list[socket.socket]:
    """So many connections, each with half a request."""
    found = []
    for _ in range(CROWD):
        one = socket.socket()
        one.settimeout(5)
        try:
            one.connect((host, port))
            one.sendall(b"GET / HTTP/1.1\r\nHost: x")
        except OSError:
            one.close()
            continue
        found.append(one)
    return found


def test_a_thousand_slow_connections_hold_no_poll_up(start: Start, site) -> None:  # noqa: F811
    server = site(lambda on: on.reply(RSS.replace(b"%s", on.path.encode()), 404 if "robots" in on.path else 200))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    feeds = [feed(f"Wire {n}", f"{server.url}/{n}") for n in range(FEEDS)]
    shell = start(feeds, server, MONITOR_WEB_ADDRESS=f"127.0.0.1:{port}")
    page = Page(shell, health=lambda: health(shell, now=shell.clock()))
    page.start()
    crowd = crowd_at("127.0.0.1", port)
    try:
        outcome = a_pass(shell)
        assert len(crowd) > CROWD / 2
        assert (outcome.reached, outcome.failed, outcome.items_new) == (FEEDS, 0, FEEDS)
    finally:
        for one in crowd:
            one.close()
    browser, deadline = Browser(shell.settings.web_address), time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if browser.ask("/queue")[0] == 200:
                break
        except OSError:
            time.sleep(0.2)
    else:
        pytest.fail("the page did not come back after the crowd had left")
    page.stop()
