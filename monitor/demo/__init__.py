"""A guided first run: invented feeds on this machine, real everything else."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width
from xml.etree import ElementTree

import yaml

from monitor import resources
from monitor.config import Secret, Settings
from monitor.i18n import _
from monitor.ingest.guard import Allow
from monitor.pipeline import run_pass
from monitor.sending import deliver, outbox_folder
from monitor.shell import Shell, system_clock
from monitor.telling import announce, close_periods, preview
from monitor.watching import MOST_COUNTED, health


def tour(settings: Settings, *, once: bool) -> int:
    """Show within a minute what the service does; then the page until interrupted, unless `once`."""
    say = partial(print, flush=True)
    folder = Path(tempfile.mkdtemp(prefix="monitor-demo-"))
    with _served() as (feeds_file, port):
        (folder / "feeds.yaml").write_text(feeds_file, encoding="utf-8")
        shell = Shell(settings=_demo_settings(settings, folder, port), clock=system_clock)
        with closing(shell):
            say(_("1  Three invented feeds are served on this machine; monitor reads them as it would read any."))
            outcome = run_pass(shell, everything=True)
            say(
                _("   {items_new} items from {reached} feeds, {items_flagged} of them flagged as a risk.").format(
                    items_new=outcome.items_new, reached=outcome.reached, items_flagged=outcome.items_flagged
                )
            )
            say("\n" + _("2  What was flagged, and what was left alone:"))
            _show_items(shell)
            say("\n" + _("3  Alerts, the gravest first:"))
            for alert in shell.store.alerts()[:8]:
                say(f"   {'▲' * alert.level:<4} {_filled(_(alert.level.word), 7)} {alert.title}")
            _tell(shell, folder)
            say("\n" + _("4  What a recipient gets, as files because no mail server is set:"))
            say(f"   {outbox_folder(shell.settings)}")
            say(_("   the digest as a page: {file}").format(file=folder / "digest.html"))
            return _page(shell, once=once)


def _tell(shell: Shell, folder: Path) -> None:
    from monitor.notify.render import render_page, render_text

    now = shell.clock()
    profile = shell.profiles[0]
    view, _duties = preview(shell, profile, profile.recipients[0], since=now - timedelta(days=1), until=now, now=now)
    (folder / "digest.html").write_text(render_page(view) or render_text(view), encoding="utf-8")
    announce(shell, now=now)
    close_periods(shell, now=now)
    deliver(shell, clock=shell.clock)


def _show_items(shell: Shell) -> None:
    for item in reversed(shell.store.items()):
        labels = ", ".join(_(tag.value) for tag in item.judgement.labels) if item.judgement else ""
        print(f"   {_filled(labels or '–', 32)} {item.title}")


def _filled(text: str, columns: int) -> str:
    """The text and blanks up to so many columns of a terminal; a Chinese character takes two."""
    return text + " " * (columns - sum(2 if east_asian_width(c) in "WF" else 1 for c in text))


def _page(shell: Shell, *, once: bool) -> int:
    if once:
        return 0
    from monitor.web.server import Page

    page = Page(shell, health=lambda: health(shell, now=shell.clock(), most=MOST_COUNTED))
    page.start()
    print(
        "\n" + _("5  The review page: {url}   (Ctrl-C ends the demo)").format(url=shell.settings.page_url), flush=True
    )
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        page.stop()
        return 0


def _demo_settings(settings: Settings, folder: Path, port: int) -> Settings:
    return replace(
        settings,
        data_dir=folder,
        database_url=Secret(f"sqlite:///{folder / 'monitor.db'}"),
        feeds=folder / "feeds.yaml",
        profiles=None,
        smtp_url=Secret(""),
        mail_to=(),
        fetch_allow=Allow.parse(f"127.0.0.1:{port}"),
        poll_interval=None,
    )


@contextmanager
def _served() -> Iterator[tuple[str, int]]:
    """The invented feeds on a free port of loopback, and a feeds.yaml that lists them."""
    feeds = yaml.safe_load((resources.in_package("demo/feeds.yaml")).read_text(encoding="utf-8"))
    now = system_clock()
    bodies = {f"/{number}.xml": _rss(feed, now) for number, feed in enumerate(feeds)}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, bodies))
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    keys = ("name", "kind", "language", "country", "trust")
    entries = [
        {**{key: feed[key] for key in keys}, "url": f"http://127.0.0.1:{port}/{number}.xml"}
        for number, feed in enumerate(feeds)
    ]
    try:
        yield yaml.safe_dump({"feeds": entries}, allow_unicode=True), port
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, bodies: dict[str, bytes], *arguments: Any) -> None:
        self._bodies = bodies
        super().__init__(*arguments)

    def do_GET(self) -> None:
        body = self._bodies.get(self.path, b"")
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the tour's own words alone on the terminal."""


def _rss(feed: dict[str, Any], now: datetime) -> bytes:
    root = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(root, "channel")
    ElementTree.SubElement(channel, "title").text = feed["name"]
    ElementTree.SubElement(channel, "link").text = "https://news.example/"
    for number, entry in enumerate(feed["entries"]):
        node = ElementTree.SubElement(channel, "item")
        ElementTree.SubElement(node, "title").text = entry["title"]
        ElementTree.SubElement(node, "link").text = f"https://news.example/{feed['language']}/{feed['kind']}/{number}"
        ElementTree.SubElement(node, "description").text = entry.get("summary", "")
        ElementTree.SubElement(node, "pubDate").text = format_datetime(now - timedelta(hours=entry["hours"]))
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written
