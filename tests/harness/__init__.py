"""Processes that tests and long runs share: a mail server that misbehaves, a site of feeds, and the runs themselves."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
