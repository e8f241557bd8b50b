"""Fetching from real servers on loopback, friendly and hostile."""

from __future__ import annotations

import gzip
import socket
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from monitor.domain import Feed, FeedState
from monitor.ingest.fetch import Fetcher, FetchLimits
from monitor.ingest.guard import Allow

RSS = b'<rss version="2.0"><channel><title>Ports</title><item><title>Strike</title></item></channel></rss>'
QUICK = FetchLimits(connect_s=5, total_s=5, body_bytes=100_000)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Site(ThreadingHTTPServer):
    """A server whose answers a test writes; `requests` holds what was asked, as (path, headers)."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.requests = answer, []
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.place = f"127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """A client that hangs up is what most of these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.server.answer(self)

    def log_message(self, *args):
        pass

    def reply(self, body=RSS, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def redirect(self, target, status=302):
        self.reply(b"", status, Location=target)


@pytest.fixture
def site():
    """Starts servers; each ends with the test."""
    with _sites() as start:
        yield start


@contextmanager
def _sites():
    running = []

    def start(answer=_Handler.reply):
        server = Site(answer)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


def state_of(url, number=1, **more):
    return FeedState(id=number, feed=Feed(name=f"feed {number}", url=url), **more)


def fetched(*urls, allow="", limits=QUICK):
    """The answers of these addresses, in their order."""
    states = [state_of(url, number) for number, url in enumerate(urls)]
    return answers_of(states, allow=allow, limits=limits)


def answers_of(states, *, allow="", limits=QUICK):
    with closing(Fetcher(user_agent="monitor/test (+desk@example.org)", allow=Allow.parse(allow), limits=limits)) as f:
        return sorted(f.fetch_all(states), key=lambda answer: answer.state.id)


# --- the ordinary case ------------------------------------------------------------------------


def test_a_feed_is_fetched_with_all_that_its_answer_says(site):
    server = site(
        lambda on: on.reply(
            ETag='W/"a b"',
            Last_Modified="Sun, 22 Nov 2026 06:30:00 GMT",
            Content_Type="text/xml",
            Cache_Control="max-age=900",
        )
    )
    (answer,) = fetched(f"{server.url}/rss?key=1#top", allow=server.place)
    assert (answer.status, answer.body, answer.error) == (200, RSS, "")
    assert (answer.etag, answer.last_modified) == ('W/"a b"', "Sun, 22 Nov 2026 06:30:00 GMT")
    assert (answer.content_type, answer.max_age_s, answer.retry_after_s) == ("text/xml", 900, None)
    assert (answer.moved_to, answer.unchanged) == ("", False)
    ((path, headers),) = server.requests
    assert path == "/rss?key=1"
    assert headers["user-agent"] == "monitor/test (+desk@example.org)"
    assert "if-none-match" not in headers and "cookie" not in headers


def test_validators_go_back_as_they_came_and_304_is_no_news(site):
    def answer(on):
        same = (
            on.headers["If-None-Match"] == 'W/"a b"'
            and on.headers["If-Modified-Since"] == "Sun, 22 Nov 2026 06:30:00 GMT"
        )
        on.reply(b"", 304, Cache_Control="max-age=60") if same else on.reply()

    server = site(answer)
    known = state_of(server.url, etag='W/"a b"', last_modified="Sun, 22 Nov 2026 06:30:00 GMT")
    (found,) = answers_of([known], allow=server.place)
    assert (found.unchanged, found.body, found.error, found.max_age_s) == (True, b"", "", 60)
    (found,) = answers_of([replace(known, etag='"other"')], allow=server.place)
    assert (found.unchanged, found.body) == (False, RSS)


@pytest.mark.parametrize("known", [{"etag": '"1"'}, {"last_modified": "Sun, 22 Nov 2026 06:30:00 GMT"}])
def test_one_validator_is_enough(site, known):
    server = site(lambda on: on.reply(b"", 304))
    (found,) = answers_of([state_of(server.url, **known)], allow=server.place)
    assert found.unchanged
    assert ("if-none-match" in server.requests[0][1]) == ("etag" in known)


def test_a_304_that_nobody_asked_for_is_an_error(site):
    server = site(lambda on: on.reply(b"", 304))
    (found,) = fetched(server.url, allow=server.place)
    assert not found.unchanged
    assert "304" in found.error


def test_a_feed_silent_for_a_day_is_asked_in_full(site):
    server = site()
    silent = state_of(server.url, etag='"1"', last_new=NOON - timedelta(days=1, minutes=5), last_polled=NOON)
    answers_of([silent], allow=server.place)
    answers_of([replace(silent, last_new=NOON - timedelta(hours=2))], allow=server.place)
    assert ["if-none-match" in headers for _, headers in server.requests] == [False, True]


def test_validators_cannot_add_headers_and_endless_ones_are_not_kept(site):
    server = site(lambda on: on.reply(ETag='"' + "e" * 20_000 + '"'))
    (found,) = answers_of([state_of(server.url, etag='"1"\r\nX-Evil: 1')], allow=server.place)
    assert "x-evil" not in server.requests[0][1]
    assert (found.etag, found.error) == ("", "")


def test_gzip_is_asked_for_and_unpacked(site):
    server = site(lambda on: on.reply(gzip.compress(RSS), Content_Encoding="gzip"))
    (found,) = fetched(server.url, allow=server.place)
    assert (found.body, found.error) == (RSS, "")
    assert server.requests[0][1]["accept-encoding"] == "gzip"


def test_addresses_beyond_ascii_are_asked_for_quoted(site):
    server = site()
    (found,) = fetched(f"{server.url}/新闻?q=港口&a=%20", allow=server.place)
    assert found.error == ""
    assert server.requests[0][0] == "/%E6%96%B0%E9%97%BB?q=%E6%B8%AF%E5%8F%A3&a=%20"


def test_cookies_do_not_travel_from_feed_to_feed(site):
    server = site(lambda on: on.reply(Set_Cookie="id=1; Path=/"))
    with closing(Fetcher(user_agent="t", allow=Allow.parse(server.place), limits=QUICK)) as fetcher:
        for _ in range(3):
            assert [found.error for found in fetcher.fetch_all([state_of(server.url)])] == [""]
    assert not any("cookie" in headers for _, headers in server.requests)


def test_what_one_feed_asks_does_not_leak_into_the_next(site):
    server = site()
    with closing(Fetcher(user_agent="t", allow=Allow.parse(server.place), limits=QUICK)) as fetcher:
        list(fetcher.fetch_all([state_of(server.url, etag='"mine"')]))
        list(fetcher.fetch_all([state_of(server.url)]))
    assert ["if-none-match" in headers for _, headers in server.requests] == [True, False]


# --- answers that are none --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (204, "204"),
        (206, "206"),
        (401, "password"),
        (403, "refuses"),
        (404, "not found"),
        (410, "gone"),
        (500, "500"),
        (599, "599"),
    ],
)
def test_other_statuses_are_errors_in_words_without_a_body(site, status, words):
    server = site(lambda on: on.reply(b"" if status == 204 else b"<html>x</html>", status, ETag='"bad"'))
    (found,) = fetched(server.url, allow=server.place)
    assert (found.status, found.body) == (status, b"")
    assert words in found.error


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("header", "least", "most"), [("120", 120, 120), ("315360000", 86400, 86400), (None, 1, 600)])
def test_retry_after_is_read_as_number_and_as_date(site, status, header, least, most):
    when = header or (datetime.now(UTC) + timedelta(minutes=10)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    server = site(lambda on: on.reply(b"slow down", status, Retry_After=when))
    (found,) = fetched(server.url, allow=server.place)
    assert found.error
    assert least <= found.retry_after_s <= most


@pytest.mark.parametrize("body", [b"", b" \n\n"])
def test_an_empty_answer_is_an_error(site, body):
    server = site(lambda on: on.reply(body))
    assert [found.error for found in fetched(server.url, allow=server.place)] == ["an empty answer"]


def raw(data):
    """Answers with these very bytes and hangs up."""

    def answer(on):
        on.wfile.write(data)
        on.close_connection = True

    return answer


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "without an answer"),
        (b"SSH-2.0-OpenSSH_9.0\r\n", "does not speak HTTP"),
        (HEAD + b"Content-Length: 9999\r\n\r\n" + RSS, "announced length"),
        (HEAD + b"Content-Length: -1\r\n\r\n" + RSS, "libcurl error"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n", "announced length"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n<rss>\r\n", "broke the connection"),
    ],
)
def test_broken_transfers_are_errors(site, data, words):
    server = site(raw(data))
    (found,) = fetched(server.url, allow=server.place)
    assert words in found.error
    assert found.body == b""


def test_a_closed_port_and_an_unknown_name_are_errors(site):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{closed.getsockname()[1]}"
        answers = fetched(f"http://{place}/", "http://no-such-host.invalid/", allow=place)
    assert [found.error for found in answers] == ["does not answer", "the name is not known"]


def test_a_server_that_speaks_no_tls_is_not_asked_without(site):
    server = site()
    (found,) = fetched(server.url.replace("http", "https"), allow=server.place)
    assert found.error == "no secure connection could be made"
    assert server.requests == []
