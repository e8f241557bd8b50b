"""The parser's own process: bytes come in, plain items go out, nothing else may happen.

    python -m monitor.ingest.parse_child

A request and a reply are each four bytes of length (big endian) and a msgpack document, on
standard input and output. Memory, files and CPU seconds per feed are limited by the kernel;
opening a connection or starting a program is refused. It ends when its input ends.
"""

from __future__ import annotations

import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from monitor.domain import ParsedFeed

MEMORY = 512 * 1024 * 1024  # bytes of address space
CPU_PER_FEED = 10  # seconds; ordinary feeds take 0.02
OPEN_FILES = 32
MOST_FEEDS = 500  # then a fresh process takes over, whatever a library may have leaked
FULL = 160 * 1024 * 1024  # bytes resident: above this a fresh process takes over
LONGEST_FRAME = 64 * 1024 * 1024
_STATM = Path("/proc/self/statm")
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "os.spawn",
    "ctypes.dlopen",
)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One body to read; the fields are those of `entries.parse`."""

    body: bytes
    url: str
    now: datetime
    zone: str = ""
    content_type: str = ""
    language: str = ""
    form: str = "feed"
    watch: str = ""
    select: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What was in it. `last`: the child ends now and wants a successor."""

    parsed: ParsedFeed
    last: bool = False


def main() -> None:
    """Serve requests until the input ends."""
    incoming, outgoing = _own_pipe()
    warnings.simplefilter("ignore")  # libraries warn about feeds; that is what `error` is for
    from monitor.ingest import entries  # the feed library comes with the first document that needs it

    _fence()
    decoder, served = msgspec.msgpack.Decoder(Request), 0
    with suppress(ConnectionError):  # who asked was killed: nobody is left to answer
        while (frame := _read_frame(incoming)) is not None:
            served += 1
            _allow_cpu()
            parsed, sound = _parse(entries.parse, decoder.decode(frame))
            last = not sound or served >= MOST_FEEDS or _resident() > FULL
            _write_frame(outgoing, msgspec.msgpack.encode(Reply(parsed=parsed, last=last)))
            if last:
                return


def _parse(parse: Callable[..., ParsedFeed], request: Request) -> tuple[ParsedFeed, bool]:
    """The items, and whether this process is still to be trusted with the next feed."""
    try:
        return parse(**{name: getattr(request, name) for name in request.__struct_fields__}), True
    except MemoryError:
        return ParsedFeed(error="reading this feed takes more memory than allowed"), False
    except Exception as problem:  # one feed must not end the others; its kind is shown as the feed's error
        return ParsedFeed(error=f"the parser failed on this feed ({type(problem).__name__})"), False


def _own_pipe() -> tuple[int, int]:
    """Private copies of both pipes: what a library prints goes to the log, never into a reply."""
    incoming, outgoing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return incoming, outgoing


def _fence() -> None:
    for what, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_NOFILE, OPEN_FILES), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (limit, limit))
        except (ValueError, OSError):  # macOS has no such limit on memory; the wall clock still ends us
            continue
    sys.addaudithook(_refuse)


def _refuse(event: str, about: tuple[Any, ...]) -> None:
    if event == "ctypes.dlopen" and about[0] is None:
        return  # this very process, which numpy looks at when it is loaded for an article
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"a parser may not do this: {event}")


def _allow_cpu() -> None:
    """Moves the kernel's limit to so many CPU seconds from now; beyond it the process is killed."""
    spent = int(time.process_time()) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_PER_FEED, resource.RLIM_INFINITY))


def _resident() -> int:
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):  # no Linux: the count of feeds decides alone
        return 0


def _read_frame(source: int) -> bytes | None:
    """The next frame, None at the end of the input or when a frame is not of this protocol."""
    head = _read_exactly(source, 4)
    size = int.from_bytes(head, "big") if head is not None else LONGEST_FRAME + 1
    return _read_exactly(source, size) if size <= LONGEST_FRAME else None


def _read_exactly(source: int, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(source, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _write_frame(target: int, data: bytes) -> None:
    view = memoryview(len(data).to_bytes(4, "big") + data)
    while view:
        view = view[os.write(target, view) :]


if __name__ == "__main__":
    main()
