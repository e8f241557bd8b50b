"""Feeds are parsed in warm, limited child processes: a bad one hurts only itself. [I/O]

The answers come back in any order. A child that takes too long is killed, one that dies or
talks nonsense is replaced; the feed it was reading gets the reason as its error and the
others go on. What a child says is believed only after its shape has been checked.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from monitor.domain import Fetched, ItemSeen, ParsedFeed
from monitor.ingest.addresses import public

log = logging.getLogger(__name__)

WAITING_FEEDS = 32  # taken from the source ahead of the answers, so that no child waits for the caller
WAITING_BYTES = 8 * 1024 * 1024
SECOND_CHILD_AFTER_S = 0.15  # a pass of few feeds does not pay for the start of another child
CHILD = ("-P", "-m", "monitor.ingest.parse_child")  # -P: a file in the working folder must not stand in for a module
LONGEST_REPLY = 32 * 1024 * 1024

_Answer = tuple[Fetched, ParsedFeed]


class Parsers:
    """A few parser processes, started when first needed and kept warm until `close`.

    Meant for one calling thread. `wall_s`: seconds after which a feed is given up.
    """

    def __init__(self, *, workers: int = 2, wall_s: float = 12) -> None:
        if workers < 1 or wall_s <= 0:
            raise ValueError("Parsers need at least one worker and some time")
        self.workers = workers
        self.wall_s = wall_s
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._children: list[_Child] = []
        self._staff = threading.Lock()  # held while the two lists change

    def __enter__(self) -> Parsers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def parse_all(self, fetched: Iterable[Fetched], *, now: datetime) -> Generator[_Answer, None, None]:
        """Every answer of `fetched` with what is in it, as soon as it is read; the order is free.

        `fetched` is drawn on a thread of its own, so that a source which waits for a slow server keeps
        no answer back. Answers without a body to read (errors, 304) come with an empty ParsedFeed;
        validators of a document that was cut off, and the new address of what is no feed, are left out.
        """
        call = _Call()
        threading.Thread(target=self._draw, args=(iter(fetched), now, call), name="draw", daemon=True).start()
        try:
            while (answer := self._next_answer(call)) is not None:
                yield answer
        finally:  # the caller may leave early: nothing of this call may turn up in the next
            call.leave()

    def close(self) -> None:
        """Ends every child at once, also one at work. The object can be used again; it starts new ones."""
        with self._staff:
            threads, children = self._threads, self._children
            self._threads, self._children = [], []
        self._withdraw()
        for _ in threads:
            self._tasks.put(None)
        for child in children:
            child.interrupt()
        for thread in threads:
            thread.join()

    def _withdraw(self) -> None:
        """Answers what no child has begun, so that nobody waits for it."""
        while True:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return
            if task is not None:
                task.call.answers.put((task.one, ParsedFeed(error="parsing was ended before this feed's turn")))

    def _draw(self, source: Iterator[Fetched], now: datetime, call: _Call) -> None:
        """Hands over what the source gives, as far as there is room; ends with None or the source's trouble."""
        trouble: BaseException | None = None
        try:
            while call.has_room() and (one := next(source, None)) is not None and not call.left:
                call.count(one)
                if one.error or one.unchanged:
                    call.answers.put((one, ParsedFeed()))
                else:
                    self._tasks.put(_Task(one, now, call))
                    if not self._threads:
                        self._add_worker(at_most=1)
        except BaseException as problem:  # told to the caller, who decides
            trouble = problem
        call.answers.put(trouble)

    def _next_answer(self, call: _Call) -> _Answer | None:
        """The next answer; None after the last. Raises: what the source raised."""
        while not call.over():
            patient = len(self._threads) >= self.workers
            try:
                answer = call.answers.get(timeout=None if patient else SECOND_CHILD_AFTER_S)
            except queue.Empty:
                if not self._tasks.empty():
                    self._add_worker(at_most=self.workers)
                continue
            if isinstance(answer, BaseException):
                raise answer
            call.take(answer)
            if answer is not None:
                return answer
        return None

    def _add_worker(self, *, at_most: int) -> None:
        with self._staff:
            if len(self._threads) >= at_most:
                return
            child = _Child(wall_s=self.wall_s)
            thread = threading.Thread(target=self._work, args=(child,), name="parse", daemon=True)
            self._children.append(child)
            self._threads.append(thread)
            thread.start()

    def _work(self, child: _Child) -> None:
        try:
            while (task := self._tasks.get()) is not None:
                if task.call.left:
                    continue
                try:
                    parsed = child.parse(task.one, task.now)
                except Exception:  # a bug of ours: the caller must still get its answer, or it would wait for ever
                    log.exception("parsing failed unexpectedly", extra={"feed": task.one.state.feed.name})
                    child.end()
                    parsed = ParsedFeed(error="parsing failed unexpectedly, see the log")
                task.call.answers.put((_believed(task.one, parsed), parsed))
        finally:
            child.end()


class _Call:
    """One `parse_all`: its answers, and how much of it is under way."""

    def __init__(self) -> None:
        self.answers: queue.SimpleQueue[_Answer | BaseException | None] = queue.SimpleQueue()
        self.left = False
        self._changed = threading.Condition()
        self._feeds = self._bytes = 0
        self._drawn = False

    def has_room(self) -> bool:
        """Waits until another feed may be taken on; False when the caller has left."""
        with self._changed:
            self._changed.wait_for(lambda: self.left or (self._feeds < WAITING_FEEDS and self._bytes < WAITING_BYTES))
            return not self.left

    def count(self, one: Fetched) -> None:
        """A feed is under way."""
        with self._changed:
            self._feeds, self._bytes = self._feeds + 1, self._bytes + len(one.body)

    def take(self, answer: _Answer | None) -> None:
        """The caller has an answer, or has learnt that the source is at its end."""
        with self._changed:
            if answer is None:
                self._drawn = True
            else:
                self._feeds, self._bytes = self._feeds - 1, self._bytes - len(answer[0].body)
            self._changed.notify()

    def over(self) -> bool:
        """Nothing is under way and nothing will be."""
        return self._drawn and self._feeds == 0

    def leave(self) -> None:
        """The caller wants no more answers."""
        with self._changed:
            self.left = True
            self._changed.notify()


class _Task(NamedTuple):
    one: Fetched
    now: datetime
    call: _Call


def _believed(one: Fetched, parsed: ParsedFeed) -> Fetched:
    """The answer without what its body belies."""
    if parsed.error:
        return replace(one, moved_to="")  # a permanent redirect to a page is not a feed's new address
    from monitor.ingest.xmlfeed import is_cut_off  # a pass without news does not pay for it

    if is_cut_off(one.body):
        return replace(one, etag="", last_modified="")  # to be asked for in full until it is whole
    return one


class _Child:
    """One process at a time, replaced whenever it ends."""

    def __init__(self, *, wall_s: float) -> None:
        self._wall_s = wall_s
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def parse(self, one: Fetched, now: datetime) -> ParsedFeed:
        """What is in the body; every trouble becomes the feed's error."""
        import msgspec

        from monitor.ingest.parse_child import Reply

        try:
            deadline = time.monotonic() + self._wall_s
            reply = msgspec.msgpack.decode(self._exchange(_request(one, now), deadline), type=Reply)
            _check(reply.parsed)
        except TimeoutError:
            return self._given_up(one, f"parsing took longer than {self._wall_s:g} s")
        except (OSError, EOFError) as problem:
            return self._given_up(one, f"the parser stopped on this feed ({self._cause(problem)})")
        except (msgspec.MsgspecError, ValueError) as problem:
            return self._given_up(one, f"the parser's answer is not valid ({str(problem)[:120]})")
        if reply.last:
            self.end()
        return reply.parsed

    def interrupt(self) -> None:
        """Kills the process from another thread; the one that waits for its answer notices."""
        process = self._process
        if process is not None:
            process.kill()

    def end(self) -> None:
        """Kills the process, if there is one, and leaves nothing behind."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None

    def _given_up(self, one: Fetched, reason: str) -> ParsedFeed:
        self.end()
        log.warning("feed could not be parsed", extra={"feed": one.state.feed.name, "reason": reason})
        return ParsedFeed(error=reason)

    def _exchange(self, request: bytes, deadline: float) -> bytes:
        """Sends one frame, returns the next. Raises: TimeoutError, OSError, EOFError when the child has ended."""
        line = self._line or self._start()
        line.settimeout(_left(deadline))
        line.sendall(len(request).to_bytes(4, "big") + request)
        size = int.from_bytes(_receive(line, 4, deadline), "big")
        if size > LONGEST_REPLY:
            raise ValueError(f"{size} bytes are no answer")
        return _receive(line, size, deadline)

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        try:
            end = theirs.fileno()
            self._process = subprocess.Popen([sys.executable, *CHILD], stdin=end, stdout=end, env=_environment())
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._line = ours
        return ours

    def _cause(self, problem: Exception) -> str:
        """Why the process ended, in words."""
        if self._process is None:
            return f"it could not be started: {problem}"
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return type(problem).__name__
        if code >= 0:
            return f"exit code {code}"
        if -code == signal.SIGXCPU:
            return "too much CPU time"
        return signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"


def _request(one: Fetched, now: datetime) -> bytes:
    import msgspec

    feed = one.state.feed
    return msgspec.msgpack.encode(
        {
            "body": one.body,
            "url": public(one.url or feed.url),
            "now": now,
            "zone": feed.timezone,
            "content_type": one.content_type,
            "language": feed.language,
            "form": feed.format.value,
            "watch": feed.watch,
            "select": feed.select,
        }
    )


def _check(parsed: ParsedFeed) -> None:
    """What the types do not say. Raises: ValueError."""
    if parsed.error and parsed.entries:
        raise ValueError("an error and entries")
    if not all(map(_sound, parsed.entries)):
        raise ValueError("an entry that no parser makes")


def _sound(item: ItemSeen) -> bool:
    return (
        len(item.title) <= 600
        and "\n" not in item.title
        and len(item.summary) <= 4000
        and len(item.content_digest) == 16
        and (not item.url or item.url.startswith(("http://", "https://")))
    )


def _environment() -> dict[str, str]:
    """What a parser needs to start; no setting and no secret of ours."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUTF8": "1"}


def _receive(line: socket.socket, size: int, deadline: float) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        line.settimeout(_left(deadline))
        part = line.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
