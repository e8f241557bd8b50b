"""Killed with SIGKILL at seeded moments of poll, alert, digest and send: nothing is lost, repeats are recognised.

    python -m tests.harness.kill --moments 200 --seed 1      the long run: a few seconds a moment

Each moment publishes news, starts a real command on one installation and kills it: after a seeded part of
its usual time, or as soon as the mail server has taken something. At the end all commands run to their end.
Prints {moments, killed, items_lost, alerts_untold, mails, distinct, repeats, other_bytes, told_twice, sound}.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.harness import TOP, MailServer, mail_server, rss, send_feed

PORTS = """
    Santos Rotterdam Hamburg Durban Mombasa Callao Manila Chennai Koper Izmir Oran Lagos Haifa Odesa Kobe Busan
    Karachi Chittagong Colombo Haiphong Jakarta Bangkok Alexandria Casablanca Tunis Abidjan Dakar Luanda Antwerp
    Felixstowe Marseille Genoa Barcelona Lisbon Gothenburg Gdansk Constanta Varna Piraeus Riga Helsinki Oslo
    Dublin Vancouver Houston Veracruz Cartagena Guayaquil Valparaiso Montevideo Dubai Jeddah Doha Muscat Batumi
    Aktau Darwin Auckland Tema Djibouti Beira
""".split()  # of 61 countries, so that each is an event of its own
EVENTS = (
    "Dockers at {port} begin indefinite strike, all container terminals closed, shift {n}",
    "Sanctions imposed on forty companies over dual-use exports through {port}, list {n}",
    "Port of {port} shut after explosion, exports of machinery halted, berth {n}",
)


class Site:
    """One feed that grows."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                send_feed(self, rss(dict(enumerate(site.titles)), at=datetime.now(UTC) - timedelta(minutes=5)))

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def run(moments: int, seed: int, folder: Path) -> dict[str, Any]:
    """One run in `folder`; the counts."""
    chance, site = random.Random(seed), Site()
    with mail_server(folder / "mail.log", "--keep") as server:
        env = _environment(folder, site, server)
        usual = _time(env, folder, "poll", "--all")
        killed = 0
        for number in range(moments):
            port, event = chance.choice(PORTS), EVENTS[number % len(EVENTS)]
            site.titles.append(event.format(port=port, n=number + 1))
            command = chance.choices((("poll", "--all"), ("digest", "--send"), ("deliver",)), (6, 2, 1))[0]
            killed += _kill(env, folder, command, chance, usual, server)
        for command in (("poll", "--all"), ("digest", "--send"), ("deliver",)):
            _time(env, folder, *command)
        found = _counts(folder, site, server)
    site.server.shutdown()
    site.server.server_close()
    return {"moments": moments, "killed": killed, **found}


def _environment(folder: Path, site: Site, server: MailServer) -> dict[str, str]:
    feeds = {"feeds": [{"name": "site", "url": f"http://127.0.0.1:{site.port}/", "trust": 2}]}
    (folder / "feeds.yaml").write_text(json.dumps(feeds))
    ours = {
        "MONITOR_DATA_DIR": str(folder / "data"),
        "MONITOR_FEEDS": str(folder / "feeds.yaml"),
        "MONITOR_FETCH_ALLOW": f"127.0.0.1:{site.port}",
        "MONITOR_MAIL_TO": "desk@example.com, second@example.com, cut-after@example.com",
        "MONITOR_MAIL_FROM": "watch@example.com",
        "MONITOR_MAIL_PER_HOUR": "100000",
        "MONITOR_RETRY_BASE": "0.1s",
        "MONITOR_SMTP_URL": server.url,
    }
    return {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")} | ours


def _start(env: dict[str, str], folder: Path, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    path = {"PYTHONPATH": os.pathsep.join([str(TOP), env.get("PYTHONPATH", "")])}
    log = (folder / "commands.log").open("ab")
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "monitor", *command], cwd=folder, env=env | path, stdout=log, stderr=log
        )


def _time(env: dict[str, str], folder: Path, *command: str) -> float:
    began = time.monotonic()
    _start(env, folder, command).wait(600)
    return time.monotonic() - began


def _kill(
    env: dict[str, str], folder: Path, command: tuple[str, ...], chance: random.Random, usual: float, server: MailServer
) -> bool:
    """Whether the command was still at work when it was killed."""
    at_send, wait = chance.random() < 0.4, chance.uniform(0.1, 1.1) * usual
    before, began = server.log.stat().st_size if server.log.exists() else 0, time.monotonic()
    process = _start(env, folder, command)
    while process.poll() is None and time.monotonic() - began < (4 * usual if at_send else wait):
        if at_send and server.log.exists() and server.log.stat().st_size > before:
            break
        time.sleep(0.002)
    alive = process.poll() is None
    process.kill()
    process.wait(30)
    return alive


def _counts(folder: Path, site: Site, server: MailServer) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / "data" / "monitor.db")) as database:
        stored = {row[0] for row in database.execute("SELECT title FROM items")}
        alerts = [row[0] for row in database.execute("SELECT title FROM alerts WHERE NOT held")]
        unsent = database.execute("SELECT count(*) FROM outbox WHERE state <> 'sent'").fetchone()[0]
        sound = database.execute("PRAGMA integrity_check").fetchone()[0]
        broken = database.execute("PRAGMA foreign_key_check").fetchone()
        twice = database.execute(
            "SELECT count(*) FROM (SELECT 1 FROM notices WHERE reason = 'first' AND message IS NOT NULL"
            " GROUP BY recipient, alert HAVING count(*) > 1)"
        ).fetchone()[0]
    taken = server.lines("taken")
    told = "\n".join(_text(line["body"]) for line in {line["id"]: line for line in taken}.values())
    by_id = Counter(line["id"] for line in taken)
    bytes_of = {name: {line["bytes"] for line in taken if line["id"] == name} for name in by_id}
    cut = sum(line["to"].startswith("cut-after@") for line in taken[:1])  # the server itself hangs up once
    return {
        "items": len(stored),
        "items_lost": len(set(site.titles) - stored),
        "alerts": len(alerts),
        "alerts_untold": sum(title not in told for title in alerts),
        "unsent": unsent,
        "mails": len(taken),
        "distinct": len(by_id),
        "repeats": len(taken) - len(by_id),
        "server_cut": cut,
        "other_bytes": sum(len(found) > 1 for found in bytes_of.values()),
        "told_twice": twice,
        "sound": sound == "ok" and broken is None,
    }


def _text(raw: str) -> str:
    part = message_from_string(raw, policy=policy.default).get_body(("plain",))
    return part.get_content() if part is not None else ""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-kill-") as folder:
        print(json.dumps(run(options.moments, options.seed, Path(folder))))


if __name__ == "__main__":
    main()
