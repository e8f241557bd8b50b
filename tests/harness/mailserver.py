"""A real SMTP server process that misbehaves by the recipient's name, and writes down what it took.

    python -m tests.harness.mailserver PORT LOG [--slow SECONDS]

refused@ 550 at RCPT · deferred@ 451 at RCPT · deferred-twice@ 451 two times, then taken · spam@ 554 at the dot unless
the message is plain text · full@ 452 at the dot · stalls@ never answers the dot · cut-before@ hangs up in the middle of
DATA, once · cut-after@ takes the message and hangs up before its answer, once · anyone else is taken.
Every answer is a JSON line in LOG: {"what", "to", "id", "bytes"}; `taken` means that the message is there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from contextlib import suppress
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax


class Office:
    """What the server says to whom."""

    def __init__(self, log: Path, *, slow_s: float = 0.0, keep: bool = False) -> None:
        self._log = log.open("a", encoding="utf-8", buffering=1)
        self._seen: Counter[str] = Counter()
        self._slow_s = slow_s
        self._keep = keep

    def note(self, what: str, to: str, body: bytes = b"") -> None:
        """One line of the log, on the disk before the answer leaves."""
        name = str(message_from_bytes(body)["Message-ID"]) if body else ""
        line: dict[str, Any] = {"what": what, "to": to, "id": name, "bytes": sha256(body).hexdigest()[:16]}
        if self._keep:
            line["body"] = body.decode("utf-8", "replace")
        self._log.write(json.dumps(line) + "\n")

    def once(self, what: str, times: int = 1) -> bool:
        """True the first `times` times."""
        self._seen[what] += 1
        return self._seen[what] <= times

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self._slow_s)
        who = address.partition("@")[0]
        if who == "refused":
            self.note("refused", address)
            return "550 5.1.1 no such user"
        if who == "deferred" or (who == "deferred-twice" and self.once(address, 2)):
            self.note("deferred", address)
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self._slow_s)
        [to] = envelope.rcpt_tos
        body = cast(bytes, envelope.original_content)
        who = to.partition("@")[0]
        if who == "spam" and b"multipart" in body:
            self.note("refused", to, body)
            return "554 5.7.1 looks like spam"
        if who == "full":
            self.note("deferred", to, body)
            return "452 4.3.1 disk full"
        if who == "stalls":
            self.note("stalled", to, body)
            await asyncio.sleep(3600)
        self.note("taken", to, body)
        if who == "cut-after" and self.once(to):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 taken"


class Server(SMTP):
    """Hangs up in the middle of DATA where it should."""

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        assert self.envelope is not None and isinstance(self.transport, asyncio.Transport)
        office = cast(Office, self.event_handler)
        to = next(iter(self.envelope.rcpt_tos), "")
        if to.startswith("cut-before@") and office.once(to):
            await self.push("354 go")
            office.note("cut", to)
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


async def serve(port: int, office: Office, host: str = "127.0.0.1") -> None:
    """Answer until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(office, enable_SMTPUTF8=True, loop=loop), host, port)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("log", type=Path)
    parser.add_argument("--slow", type=float, default=0.0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--keep", action="store_true", help="the whole messages stand in the log")
    options = parser.parse_args(sys.argv[1:])
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, Office(options.log, slow_s=options.slow, keep=options.keep), options.host))


if __name__ == "__main__":
    main()
