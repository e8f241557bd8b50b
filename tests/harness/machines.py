"""Workers on machines of their own: one is killed, one cut off, PostgreSQL falls over; is anything lost or told twice?

    sudo python -m tests.harness.machines --machines 3 --rounds 1

Each machine is a network namespace with a name and a network card of its own; a hub holds PostgreSQL, a mail server
and the feeds. Only addresses of 10.213.0.0/24 that lead nowhere else are used. In each round the machine that
schedules is killed (SIGKILL) and another takes its place, the network of one is cut for a while, and PostgreSQL is
stopped as by a power cut and started again; every time there are new entries. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg

from tests.harness import TOP, MailServer, free_port, rss, send_feed
from tests.harness.kill import EVENTS, PORTS, _text
from tests.harness.postgres import Server, postgres

HUB = "10.213.0.1"
PATIENCE_S = 1200  # a lease of a machine that is gone has to run out
CUT_S = 45


def why_not() -> str:
    """Why it cannot be run here; empty where it can."""
    if os.getuid() != 0 or not all(map(shutil.which, ("ip", "setpriv", "unshare"))):
        return "network namespaces are made by root, with ip, unshare and setpriv"
    name = f"monitor-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True)
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
    return "" if made.returncode == 0 else "this machine does not let us make network namespaces"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def network(names: list[str]) -> Iterator[str]:
    """A hub with a bridge, and one namespace each that hangs on it; gives the hub's name."""
    hub = f"monitor-hub-{os.getpid()}"
    try:
        _ip("netns", "add", hub)
        _ip("-n", hub, "link", "add", "bridge", "type", "bridge")
        _ip("-n", hub, "addr", "add", f"{HUB}/24", "dev", "bridge")
        for device in ("lo", "bridge"):
            _ip("-n", hub, "link", "set", device, "up")
        for number, name in enumerate(names):
            _ip("netns", "add", name)
            _ip("-n", hub, "link", "add", f"to{number}", "type", "veth", "peer", "name", "card", "netns", name)
            _ip("-n", hub, "link", "set", f"to{number}", "master", "bridge", "up")
            _ip("-n", name, "addr", "add", f"10.213.0.{number + 11}/24", "dev", "card")
            for device in ("lo", "card"):
                _ip("-n", name, "link", "set", device, "up")
        yield hub
    finally:
        for name in (*names, hub):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Site:
    """Feeds that grow, served in the hub from a file that this process writes."""

    def __init__(self, folder: Path, hub: str, feeds: int) -> None:
        self.port, self._file = free_port(), folder / "titles.json"
        self.titles: list[list[str]] = [[] for _ in range(feeds)]
        self.grow()
        command = ["ip", "netns", "exec", hub, sys.executable, "-m", __spec__.name if __spec__ else "", "site"]
        self._process = subprocess.Popen([*command, str(self.port), str(self._file)], cwd=TOP)

    def grow(self) -> None:
        """One more entry in every feed."""
        for feed, titles in enumerate(self.titles):
            number = len(titles)
            event = EVENTS[(feed + number) % len(EVENTS)]
            titles.append(event.format(port=PORTS[(5 * feed + number) % len(PORTS)], n=f"{feed}-{number}"))
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(self.titles))
        draft.rename(self._file)

    @property
    def all(self) -> list[str]:
        return [title for titles in self.titles for title in titles]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def serve_site(port: int, file: Path) -> None:
    """The feeds of `file`, until the process ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path[1:].isdigit():  # robots.txt
                self.send_error(404)
                return
            titles = json.loads(file.read_text())[int(self.path[1:])]
            send_feed(self, rss({title: title for title in titles}, at=datetime.now(UTC) - timedelta(minutes=5)))

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer((HUB, port), Handler).serve_forever()


class Machine:
    """One worker in a namespace, with a host name and a data folder of its own."""

    def __init__(self, name: str, folder: Path, env: dict[str, str]) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        self._env = env | {"MONITOR_DATA_DIR": str(folder / name)}
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        worker = f"hostname {self.name}-{self.starts}; exec {sys.executable} -m monitor worker"
        command = ["ip", "netns", "exec", self.name, "unshare", "--uts", "sh", "-c", worker]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.log.parent, env=self._env, stdout=log, stderr=log)

    def said(self, what: str) -> int:
        return self.log.read_text().count(what) if self.log.exists() else 0


def run(folder: Path, *, machines: int, rounds: int, feeds: int) -> dict[str, Any]:
    """The whole story; the counts, and how long each blow was felt."""
    names = [f"monitor-{os.getpid()}-{number}" for number in range(machines)]
    felt: dict[str, list[float]] = {"started": [], "killed": [], "cut": [], "database": []}
    with ExitStack() as stack:
        hub = stack.enter_context(network(names))
        within = ("ip", "netns", "exec", hub)
        server = stack.enter_context(postgres(host=HUB, within=within))
        mail = MailServer(free_port(), folder / "mail.log")
        command = [*within, sys.executable, "-m", "tests.harness.mailserver", str(mail.port), str(mail.log)]
        office = subprocess.Popen([*command, "--keep", "--host", HUB], cwd=TOP, stdout=subprocess.DEVNULL)
        stack.callback(office.kill)
        site = Site(folder, hub, feeds)
        stack.callback(site.close)
        env = _environment(folder, server, site, mail)
        fleet = [Machine(name, folder, env) for name in names]
        stack.callback(lambda: [one.process.kill() for one in fleet if hasattr(one, "process")])
        for one in fleet:
            one.start()
        felt["started"].append(_settled(folder, server, site, mail))
        for _ in range(rounds):
            scheduler = fleet[_scheduler(server)]
            site.grow()
            time.sleep(1)
            scheduler.process.kill()
            scheduler.process.wait()
            felt["killed"].append(_settled(folder, server, site, mail))
            scheduler.start()
            other = next(number for number, one in enumerate(fleet) if one is not scheduler)
            site.grow()
            _ip("-n", hub, "link", "set", f"to{other}", "down")
            time.sleep(CUT_S)
            _ip("-n", hub, "link", "set", f"to{other}", "up")
            felt["cut"].append(_settled(folder, server, site, mail))
            server.stop("immediate")
            site.grow()
            time.sleep(5)
            server.start()
            felt["database"].append(_settled(folder, server, site, mail))
        found = _counts(folder, server, site, mail)
        alive = sum(one.process.poll() is None for one in fleet)
        for one in fleet:
            one.process.send_signal(signal.SIGTERM)
        ended = [one.process.wait(60) for one in fleet]
    log = "".join(one.log.read_text() for one in fleet)
    return {
        "machines": machines,
        "rounds": rounds,
        **found,
        "alive_at_the_end": alive,
        "ended_in_order": ended.count(0),
        "tracebacks": log.count("Traceback"),
        "felt_s": {name: [round(value, 1) for value in values] for name, values in felt.items()},
    }


def _environment(folder: Path, server: Server, site: Site, mail: MailServer) -> dict[str, str]:
    listed = [
        {"name": f"feed {n}", "url": f"http://{HUB}:{site.port}/{n}", "trust": 2} for n in range(len(site.titles))
    ]
    (folder / "feeds.yaml").write_text(json.dumps({"feeds": listed}))
    ours = {
        "MONITOR_DATABASE_URL": server.url(),
        "MONITOR_FEEDS": str(folder / "feeds.yaml"),
        "MONITOR_FETCH_ALLOW": f"10.213.0.0/24:{site.port}",
        "MONITOR_MAIL_TO": "desk@example.com, second@example.com",
        "MONITOR_MAIL_FROM": "watch@example.com",
        "MONITOR_MAIL_PER_HOUR": "100000",
        "MONITOR_POLL_INTERVAL": "3s",
        "MONITOR_DIGEST_INTERVAL": "20s",
        "MONITOR_RETRY_BASE": "0.5s",
        "MONITOR_SMTP_URL": f"smtp://{HUB}:{mail.port}",
        "PYTHONPATH": str(TOP),
    }
    return {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")} | ours


def _database(server: Server) -> Any:
    """Through the server's socket, which lies in the file system that all namespaces share."""
    return psycopg.connect(host=str(server.folder), port=server.port, user="postgres", dbname="postgres")


def _scheduler(server: Server) -> int:
    """Which machine holds the scheduler's lock."""
    with _database(server) as database:
        held = "(hashtext('monitor: scheduler')::bigint & 4294967295)"
        found = database.execute(
            "SELECT host(a.client_addr) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            f" WHERE l.locktype = 'advisory' AND l.granted AND l.objid::bigint = {held} AND l.objsubid = 1"
        ).fetchone()
    return int(found[0].rpartition(".")[2]) - 11


def _settled(folder: Path, server: Server, site: Site, mail: MailServer) -> float:
    """Seconds until every entry is stored and every alert has left."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S:
        try:
            found = _counts(folder, server, site, mail)
        except psycopg.Error:
            found = {}
        if found and not (found["items_lost"] or found["alerts_untold"] or found["unsent"]):
            return time.monotonic() - began
        time.sleep(1)
    raise SystemExit(f"not settled: {found}; see {folder}")


def _counts(folder: Path, server: Server, site: Site, mail: MailServer) -> dict[str, Any]:
    with _database(server) as database:
        titles = Counter(row[0] for row in database.execute("SELECT title FROM items"))
        alerts = [row[0] for row in database.execute("SELECT title FROM alerts WHERE NOT held")]
        unsent = database.execute("SELECT count(*) FROM outbox WHERE state <> 'sent'").fetchone()[0]
        waiting = database.execute("SELECT count(*) FROM notices WHERE message IS NULL AND skipped = ''").fetchone()[0]
        twice = database.execute(
            "SELECT count(*) FROM (SELECT 1 FROM notices WHERE reason = 'first' AND message IS NOT NULL"
            " GROUP BY recipient, alert HAVING count(*) > 1) AS found"
        ).fetchone()[0]
    taken = mail.lines("taken")
    told = "\n".join(_text(line["body"]) for line in {line["id"]: line for line in taken}.values())
    return {
        "items": sum(titles.values()),
        "items_lost": len(set(site.all) - set(titles)),
        "items_twice": sum(count > 1 for count in titles.values()),
        "alerts": len(alerts),
        "alerts_untold": sum(title not in told for title in alerts),
        "unsent": unsent,
        "notices_for_the_digest": waiting,
        "mails": len(taken),
        "mails_twice": len(taken) - len({line["id"] for line in taken}),
        "told_twice": twice,
    }


def main() -> None:
    if sys.argv[1:2] == ["site"]:
        return serve_site(int(sys.argv[2]), Path(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--machines", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--feeds", type=int, default=12)
    options = parser.parse_args()
    if refusal := why_not():
        raise SystemExit(refusal)
    folder = Path(tempfile.mkdtemp(prefix="monitor-machines-"))
    folder.chmod(0o755)
    found = run(folder, machines=options.machines, rounds=options.rounds, feeds=options.feeds)
    print(json.dumps(found))
    if found["tracebacks"]:
        raise SystemExit(f"the logs in {folder} hold tracebacks")
    shutil.rmtree(folder)
    return None


if __name__ == "__main__":
    main()
