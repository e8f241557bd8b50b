"""Processes that tests and long runs share: a mail server that misbehaves, a site of feeds, and the runs themselves."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[2]


@dataclass(frozen=True)
class MailServer:
    """A mail server's address and its log."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def lines(self, what: str = "") -> list[dict[str, Any]]:
        """What it did, oldest first."""
        if not self.log.exists():
            return []
        found = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
        return [line for line in found if not what or line["what"] == what]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rss(titles: Mapping[Any, str], *, at: datetime) -> bytes:
    """A feed of these titles by their guid, all published at one moment."""
    items = "".join(
        f"<item><title>{title}</title><guid>g{guid}</guid><pubDate>{format_datetime(at)}</pubDate></item>"
        for guid, title in titles.items()
    )
    return f'<rss version="2.0"><channel><title>s</title>{items}</channel></rss>'.encode()


def send_feed(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Answer with a feed, or with 304 where the client has it."""
    tag = f'"{sha256(body).hexdigest()[:16]}"'
    same = handler.headers.get("If-None-Match") == tag
    handler.send_response(304 if same else 200)
    handler.send_header("ETag", tag)
    handler.send_header("Content-Type", "application/rss+xml; charset=utf-8")
    handler.send_header("Content-Length", str(0 if same else len(body)))
    handler.end_headers()
    handler.wfile.write(b"" if same else body)


@contextmanager
def mail_server(log: Path, *options: str) -> Iterator[MailServer]:
    """The server as a process of its own, until the block ends."""
    server = MailServer(free_port(), log)
    command = [sys.executable, "-W", "ignore", "-m", "tests.harness.mailserver", str(server.port), str(log), *options]
    process = subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield server
    finally:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
