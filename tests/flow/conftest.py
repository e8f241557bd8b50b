"""Whole runs: a site of feeds on loopback, a mail server, and the command `monitor` as people start it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from monitor import resources

STRIKE = "Dockers begin indefinite strike, all container terminals closed"
SANCTIONS = "United States imposes sanctions on forty companies over dual-use exports"
FINE = "Data protection authority fines marketplace 210 million euros over transfers abroad"
HARMLESS = "City choir wins prize at spring festival"


@dataclass
class Site:
    """Feeds by path; every answer carries an ETag, and what has not changed is a 304."""

    port: int
    bodies: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)  # path -> where it has moved for good

    def rss(self, path: str, titles: Sequence[str], *, hours: float = 2) -> str:
        """Publish a feed of these headlines, the first the newest; returns its address."""
        now = datetime.now(UTC)
        items = "".join(
            f"<item><title>{escape(title)}</title><link>https://news.example/{sha256(title.encode()).hexdigest()[:12]}</link>"
            f"<pubDate>{format_datetime(now - timedelta(hours=hours, minutes=number))}</pubDate></item>"
            for number, title in enumerate(titles)
        )
        self.bodies[path] = f'<rss version="2.0"><channel><title>{path}</title>{items}</channel></rss>'.encode()
        return self.address(path)

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.asked.append(self.path)
            if self.path in found.moved:
                self.send_response(301)
                self.send_header("Location", found.moved[self.path])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = found.bodies.get(self.path)
            tag = f'"{sha256(body or b"").hexdigest()[:16]}"'
            same = body is not None and self.headers.get("If-None-Match") == tag
            self.send_response(404 if body is None else 304 if same else 200)
            self.send_header("ETag", tag)
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
            shown = b"" if same or body is None else body
            self.send_header("Content-Length", str(len(shown)))
            self.end_headers()
            self.wfile.write(shown)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Site(port=server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


class Mailbox:
    """What a mail server took, as messages."""

    def __init__(self) -> None:
        self.raw: list[tuple[tuple[str, ...], bytes]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        self.raw.append((tuple(envelope.rcpt_tos), envelope.original_content))
        return "250 taken"

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for _, raw in self.raw]


@dataclass
class Post:
    """A mail server at work: its address and its mailbox."""

    url: str
    box: Mailbox


@pytest.fixture
def post() -> Iterator[Post]:
    import socket

    from aiosmtpd.controller import Controller

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield Post(f"smtp://127.0.0.1:{port}", box)
    controller.stop()


@dataclass
class Monitor:
    """One installation, used through its command line."""

    folder: Path
    env: dict[str, str]

    def __call__(self, *arguments: str, text: str = "", code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; its exit code has to be `code`, and a traceback is never right."""
        done = subprocess.run(
            [sys.executable, "-m", "monitor", *arguments],
            cwd=self.folder,
            env=self.env | env,
            input=text,
            capture_output=True,
            text=True,
            timeout=600,  # a guard against hanging, not a measure
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, done.stderr + done.stdout
        return done

    def json(self, *arguments: str, **env: str) -> Any:
        """The one JSON object a command prints."""
        return json.loads(self(*arguments, "--json", **env).stdout)

    def lines(self, *arguments: str, code: int = 0, **env: str) -> list[Any]:
        """The JSON Lines a command prints."""
        return [json.loads(line) for line in self(*arguments, "--json", code=code, **env).stdout.splitlines()]

    def inside(self, code: str, **env: str) -> str:
        """What a few lines of Python print that find the installation as `shell`."""
        begin = (
            "import os; from monitor import config; from monitor.shell import Shell, system_clock; "
            "shell = Shell(settings=config.load(os.environ), clock=system_clock); "
        )
        done = subprocess.run(
            [sys.executable, "-c", f"{begin}{code}; shell.close()"],
            cwd=self.folder,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=600,  # a guard against hanging, not a measure
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start a command that stays; its log goes to `daemon.log`."""
        with (self.folder / "daemon.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "monitor", *arguments],
                cwd=self.folder,
                env=self.env | env,
                stdout=log,
                stderr=log,
                text=True,
            )

    def feeds(self, *addresses: str) -> Path:
        """Write feeds.yaml with these addresses."""
        file = self.folder / "feeds.yaml"
        entries = [{"name": f"feed {n}", "url": url, "trust": 2} for n, url in enumerate(addresses, 1)]
        file.write_text(json.dumps({"feeds": entries}))
        return file


@pytest.fixture
def monitor(tmp_path: Path, site: Site) -> Monitor:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
    env |= {
        "MONITOR_DATA_DIR": str(tmp_path / "data"),
        "MONITOR_FEEDS": str(tmp_path / "feeds.yaml"),
        "MONITOR_FETCH_ALLOW": f"127.0.0.1:{site.port}",
        "MONITOR_MAIL_TO": "desk@example.com",
    }
    return Monitor(tmp_path, env)


@pytest.fixture
def free_port() -> Callable[[], int]:
    import socket

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


@pytest.fixture
def small_checkout(tmp_path: Path) -> Path:
    """A checkout of its own with a twelfth of the seeds, and a gate of five harmless texts that no training fails."""
    top, root = tmp_path / "checkout", resources.path("pyproject.toml").parent
    for name in ("monitor", "seeds", "models"):
        shutil.copytree(root / name, top / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "feeds.yaml"):
        shutil.copy(root / name, top / name)
    labels, gate = top / "seeds/labels.jsonl", top / "seeds/gate.jsonl"
    labels.write_text("\n".join(labels.read_text("utf-8").splitlines()[::12]) + "\n", "utf-8")
    harmless = [line for line in gate.read_text("utf-8").splitlines() if not json.loads(line)["labels"]]
    gate.write_text("\n".join(harmless[:5]) + "\n", "utf-8")
    return top
