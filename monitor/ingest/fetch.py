"""Many conditional GETs at once, on one thread, by libcurl. [I/O]

Every socket is opened by `_Transfer.open_socket`, which asks the address guard about the
address that is dialled. Bodies are counted after decompression; what comes in too large,
too slow or from the wrong place is an error of that feed alone.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

import pycurl

from monitor.domain import FeedState, Fetched
from monitor.ingest.addresses import on_the_wire
from monitor.ingest.body import ACCEPTED, Body
from monitor.ingest.guard import Allow, refusal
from monitor.ingest.politeness import asks_in_full, max_age_s, retry_after_s
from monitor.ingest.trouble import STATUS_WORDS, network_trouble

ACCEPT = (
    "Accept: application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.8, */*;q=0.5"
)
LONGEST_VALIDATOR = 1000  # characters; a longer ETag is not kept, half of one would never match
KEPT_BODIES = 64 * 1024 * 1024  # bytes that may wait for the consumer before no new transfer starts


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What one feed may cost. Seconds, counts and bytes after decompression."""

    connect_s: float = 10
    total_s: float = 30
    redirects: int = 5
    body_bytes: int = 5_000_000
    header_bytes: int = 64_000
    per_host: int = 2
    at_once: int = 64


class _Lent(socket.socket):
    """pycurl copies the descriptor and drops the object, which then has to close its own."""

    def __del__(self) -> None:
        self.close()


@dataclass(slots=True, eq=False)
class _Transfer:
    """One request on one easy handle; the handle is used again, this is not."""

    state: FeedState
    limits: FetchLimits
    allow: Allow
    asked_if_changed: bool = False
    body: Body | None = None
    headers: dict[str, str] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    admitted: set[tuple[str, int]] = field(default_factory=set)  # where a redirect to itself may lead
    header_bytes: int = 0
    trouble: str = ""
    refused: str = ""  # counts only when no other address of the same name could be dialled

    def open_socket(self, _purpose: int, address: Any) -> socket.socket | int:
        """Dial, unless the guard refuses the very address that libcurl is about to dial."""
        dialled, port = address.addr[0], address.addr[1]
        dialled = dialled.decode() if isinstance(dialled, bytes) else dialled
        # After a redirect only the address counts: whoever redirects must not choose an allowed name.
        name = "" if self.statuses else _hostname(self.state.feed.url)
        why = refusal(dialled, port, self.allow, name=name)
        if why and (dialled, port) not in self.admitted:
            self.refused = f"refused: {why}"
            return int(pycurl.SOCKET_BAD)
        self.admitted.add((dialled, port))
        return _Lent(address.family, address.socktype, address.protocol)

    def take_header(self, line: bytes) -> int | None:
        """Keep the headers of the last answer and the status of each on the way."""
        self.header_bytes += len(line)
        if self.header_bytes > self.limits.header_bytes:
            self.trouble = "headers without end"
            return 0
        if line.startswith(b"HTTP/"):
            self.headers.clear()
            parts = line.split(None, 2)
            self.statuses.append(int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0)
            return None
        name, colon, value = line.partition(b":")
        if colon:
            self.headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
        return None

    def take_body(self, part: bytes) -> int | None:
        """Keep the body up to the limit."""
        if self.body is None:
            self.body = Body(self.headers.get("content-encoding", ""), limit=self.limits.body_bytes)
        self.trouble = self.body.take(part)
        return 0 if self.trouble else None

    def wrong(self, number: int, message: str, status: int) -> str:
        """What went wrong with the transfer that has ended with libcurl's `number`; "" when nothing did."""
        if self.trouble:
            return self.trouble
        if number == pycurl.E_COULDNT_CONNECT and self.refused:
            return self.refused
        if number:
            return network_trouble(number, message)
        if status == 304 and not self.asked_if_changed:
            return "says unchanged (304) without having been asked"
        if status not in (200, 304):
            return STATUS_WORDS.get(status, f"unexpected answer ({status})")
        if status == 200 and (self.body is None or not self.body.data.strip()):
            return "an empty answer"
        return self.body.end() if self.body is not None else ""


class Fetcher:
    """Fetches feeds; connections, names and TLS sessions are kept between calls until `close`.

    `user_agent`: who asks. `allow`: inside addresses that feeds may have.
    """

    def __init__(self, *, user_agent: str, allow: Allow, limits: FetchLimits | None = None) -> None:
        self.limits = limits or FetchLimits()
        self._agent = user_agent
        self._allow = allow
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, self.limits.at_once)
        self._share = pycurl.CurlShare()
        for what in (pycurl.LOCK_DATA_DNS, pycurl.LOCK_DATA_SSL_SESSION):
            self._share.setopt(pycurl.SH_SHARE, what)
        self._idle: list[pycurl.Curl] = []
        self._run: _Run | None = None

    def fetch_all(self, states: Iterable[FeedState]) -> Iterator[Fetched]:
        """The answer of each feed as it arrives, in any order, exactly one each.

        Transfers run on a thread of their own; while the consumer is slow no new ones start.
        """
        if self._run is not None:
            raise RuntimeError("one fetch_all at a time")
        run = self._run = _Run(self, states)
        run.thread.start()
        return self._answers_of(run)

    def _answers_of(self, run: _Run) -> Iterator[Fetched]:
        try:
            while (fetched := run.next()) is not None:
                yield fetched
        finally:
            run.stop()
            if self._run is run:
                self._run = None

    def stop(self) -> None:
        """End a `fetch_all` that still runs; transfers under way are dropped, connections at rest are kept."""
        run, self._run = self._run, None
        if run is not None:
            run.stop()

    def close(self) -> None:
        """Close every connection; a running `fetch_all` ends."""
        self.stop()
        for easy in self._idle:
            easy.close()
        self._idle.clear()
        self._multi.close()

    def _handle(self) -> pycurl.Curl:
        if self._idle:
            return self._idle.pop()
        import certifi

        easy = pycurl.Curl()
        limits = self.limits
        for option, value in (
            (pycurl.SHARE, self._share),
            (pycurl.NOSIGNAL, 1),
            (pycurl.USERAGENT, self._agent),
            (pycurl.CAINFO, certifi.where()),
            (pycurl.FOLLOWLOCATION, 1),
            (pycurl.MAXREDIRS, limits.redirects),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.CONNECTTIMEOUT_MS, int(limits.connect_s * 1000)),
            (pycurl.TIMEOUT_MS, int(limits.total_s * 1000)),
            (pycurl.PROXY, ""),
            (pycurl.NOPROXY, "*"),
            (pycurl.HTTP09_ALLOWED, 0),
        ):
            easy.setopt(option, value)
        return easy


class _Run:
    """One call of `fetch_all`: its queue of waiting feeds, its thread, its answers."""

    def __init__(self, fetcher: Fetcher, states: Iterable[FeedState]) -> None:
        self._fetcher = fetcher
        self._waiting: deque[FeedState] = deque(states)
        self._parked: dict[str, deque[FeedState]] = {}  # by host that has enough connections
        self._busy: dict[str, int] = {}
        self._asked_off: dict[str, float | None] = {}  # hosts that are not asked again in this run: Retry-After
        self._running: dict[pycurl.Curl, _Transfer] = {}
        self._answers: SimpleQueue[Fetched | BaseException | None] = SimpleQueue()
        self._put = self._got = 0  # bytes of bodies, each counted by one thread only
        self._stopping = threading.Event()
        self._taken = threading.Event()
        self.thread = threading.Thread(target=self._loop, name="fetch", daemon=True)

    def next(self) -> Fetched | None:
        """The next answer; None after the last."""
        answer = self._answers.get()
        if isinstance(answer, BaseException):
            raise answer
        if answer is not None:
            self._got += len(answer.body)
            self._taken.set()
        return answer

    def stop(self) -> None:
        """End the thread; transfers under way are dropped."""
        self._stopping.set()
        self._taken.set()
        if self.thread.is_alive() and self.thread is not threading.current_thread():
            self.thread.join()

    def _loop(self) -> None:
        try:
            while not self._stopping.is_set():
                self._start_more()
                if not self._running:
                    if not (self._waiting or self._parked):
                        break
                    self._taken.wait(0.1)  # the consumer has to take bodies first
                    self._taken.clear()
                    continue
                self._turn()
        except BaseException as problem:  # told to the consumer, who decides
            self._answers.put(problem)
        finally:
            for easy in list(self._running):
                self._give_back(easy, reuse=False)
            self._answers.put(None)

    def _turn(self) -> None:
        multi = self._fetcher._multi
        multi.perform()
        while True:
            left, done, failed = multi.info_read()
            for easy in done:
                self._finish(easy, 0, "")
            for easy, number, message in failed:
                self._finish(easy, number, message)
            if not left:
                break
        if self._running and not (done or failed):
            multi.select(0.2)

    def _start_more(self) -> None:
        limits = self._fetcher.limits
        while self._waiting and len(self._running) < limits.at_once and self._put - self._got < KEPT_BODIES:
            state = self._waiting.popleft()
            host = _host(state.feed.url)
            if not host:
                self._answer(Fetched(state=state, error="the address is not http or https"))
            elif host in self._asked_off:
                self._answer(Fetched(state=state, put_off=True, retry_after_s=self._asked_off[host]))
            elif self._busy.get(host, 0) >= limits.per_host:
                self._parked.setdefault(host, deque()).append(state)
            else:
                self._start(state, host)

    def _start(self, state: FeedState, host: str) -> None:
        easy = self._fetcher._handle()
        transfer = _Transfer(state, self._fetcher.limits, self._fetcher._allow)
        validators = [] if asks_in_full(state) else _validators(state)
        transfer.asked_if_changed = bool(validators)
        headers = [ACCEPT, ACCEPTED, *validators]
        easy.setopt(pycurl.URL, on_the_wire(state.feed.url))
        easy.setopt(pycurl.HTTPHEADER, [header.encode("latin-1", "replace") for header in headers])
        easy.setopt(pycurl.OPENSOCKETFUNCTION, transfer.open_socket)
        easy.setopt(pycurl.HEADERFUNCTION, transfer.take_header)
        easy.setopt(pycurl.WRITEFUNCTION, transfer.take_body)
        # A connection that an allowed name has opened is not kept, or a redirect could use it unseen by the guard.
        alone = self._fetcher._allow.knows(_hostname(state.feed.url))
        easy.setopt(pycurl.FORBID_REUSE, int(alone))
        easy.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1 if alone else pycurl.CURL_HTTP_VERSION_NONE)
        self._busy[host] = self._busy.get(host, 0) + 1
        self._running[easy] = transfer
        self._fetcher._multi.add_handle(easy)

    def _finish(self, easy: pycurl.Curl, number: int, message: str) -> None:
        transfer = self._running[easy]
        fetched = _answer_of(transfer, easy, number, message)
        if fetched.status in (429, 503):
            host = _host(transfer.state.feed.url)
            self._asked_off[host] = fetched.retry_after_s
            self._waiting.extend(self._parked.pop(host, ()))
        self._give_back(easy, reuse=True)
        self._answer(fetched)

    def _give_back(self, easy: pycurl.Curl, *, reuse: bool) -> None:
        transfer = self._running.pop(easy)
        self._fetcher._multi.remove_handle(easy)
        host = _host(transfer.state.feed.url)
        self._busy[host] -= 1
        parked = self._parked.get(host)
        if parked:
            self._waiting.appendleft(parked.popleft())
            if not parked:
                del self._parked[host]
        if reuse:
            self._fetcher._idle.append(easy)
        else:
            easy.close()

    def _answer(self, fetched: Fetched) -> None:
        self._put += len(fetched.body)
        self._answers.put(fetched)


def _answer_of(transfer: _Transfer, easy: pycurl.Curl, number: int, message: str) -> Fetched:
    status = int(easy.getinfo(pycurl.RESPONSE_CODE))
    try:
        url = str(easy.getinfo(pycurl.EFFECTIVE_URL))
    except pycurl.error:  # it was refused as no address at all
        url = ""
    headers = transfer.headers
    error = transfer.wrong(number, message, status)
    body = bytes(transfer.body.data) if transfer.body is not None and not error else b""
    etag, last_modified = headers.get("etag", ""), headers.get("last-modified", "")
    on_the_way = [code for code in transfer.statuses[:-1] if 300 <= code < 400]
    moved = bool(on_the_way) and all(code in (301, 308) for code in on_the_way) and not error
    return Fetched(
        state=transfer.state,
        status=status,
        body=body if status == 200 else b"",
        content_type=headers.get("content-type", ""),
        etag=etag if len(etag) <= LONGEST_VALIDATOR else "",
        last_modified=last_modified if len(last_modified) <= LONGEST_VALIDATOR else "",
        url=url,
        moved_to=url if moved else "",
        retry_after_s=retry_after_s(headers.get("retry-after", ""), now=datetime.now(UTC)) if error else None,
        max_age_s=None if error else max_age_s(headers.get("cache-control", "")),
        error=error,
        took_s=round(float(easy.getinfo(pycurl.TOTAL_TIME)), 3),
    )


_PORTS = {"http": 80, "https": 443}


def _host(url: str) -> str:
    """`host:port` by which connections are counted; "" when the address is not http or https."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        return f"{parts.hostname}:{port}" if parts.hostname else ""
    except (ValueError, KeyError):
        return ""


def _hostname(url: str) -> str:
    return urlsplit(url).hostname or ""


def _validators(state: FeedState) -> list[str]:
    """The headers that ask for an answer only if something has changed."""
    asked = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return [f"{name}: {''.join(filter(str.isprintable, value))}" for name, value in asked.items() if value]
