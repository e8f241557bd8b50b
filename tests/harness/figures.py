"""How fast the outbox empties, and whether a slow mail server delays a poll.

    python -m tests.harness.figures outbox --messages 10000 --recipients 500 --connections 4
    python -m tests.harness.figures digest
    python -m tests.harness.figures slow

Each prints one JSON object. The mail server is a process of its own on this machine and shares its cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.config import Secret, Settings
from monitor.domain import Message, MessageKind
from monitor.sending import deliver
from monitor.shell import Shell, system_clock
from tests.harness import mail_server

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def outbox(folder: Path, *, messages: int, recipients: int, connections: int) -> dict[str, Any]:
    """Messages a second over some connections, and the memory before and after."""
    with mail_server(folder / "mail.log") as server:
        settings = Settings(
            data_dir=folder, smtp_url=Secret(server.url), mail_from="w@example.com", mail_connections=connections
        )
        shell = Shell(settings=settings, clock=system_clock)
        shell.__dict__["profiles"] = ()
        for number in range(messages):
            shell.store.put_message(_message(number, recipients))
        at_first = _memory()
        began, used = time.monotonic(), time.process_time()
        outcome = deliver(shell, clock=system_clock)
        took, cpu = time.monotonic() - began, time.process_time() - used
        taken = [line["id"] for line in server.lines("taken")]
        shell.store.close()
    return {
        "messages": messages,
        "recipients": recipients,
        "connections": connections,
        "sent": outcome["sent"],
        "taken": len(taken),
        "distinct": len(set(taken)),
        "took_s": round(took, 2),
        "a_second": round(outcome["sent"] / took, 1),
        "our_cpu_ms_each": round(1000 * cpu / messages, 2),
        "memory_mb_before": at_first,
        "memory_mb_most": _memory(),
    }


def _message(number: int, recipients: int) -> Message:
    to, name = f"r{number % recipients}@example.com", f"<{number:032x}@example.com>"
    text = "An alert with its reasons and its sources, as a notice has it.\r\n" * 60
    head = f"From: w@example.com\r\nTo: {to}\r\nSubject: {number}\r\nMessage-ID: {name}\r\n\r\n"
    return Message(
        message_id=name,
        kind=MessageKind.NOTICE,
        recipient=to,
        channel="email",
        profile="p",
        subject=str(number),
        body=(head + text).encode(),
        created=NOW,
    )


def _memory() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def digest() -> dict[str, Any]:
    """Seconds of CPU for a digest of fifty stories with ten items each and its picture: the first, then the median."""
    from monitor.domain import Level
    from monitor.notify.chart import of_alerts
    from monitor.notify.digest import build
    from monitor.notify.view import Entry
    from tests.core.test_digest import NOW as THEN
    from tests.core.test_digest import alert, facts, item, mail

    entries = [Entry(alert=alert(n)) for n in range(50)]
    items = {f"a{n}": tuple(item(100 * n + k) for k in range(10)) for n in range(50)}
    days: date = THEN.date()
    levels = of_alerts(
        [(Level.RED, (code,), days - timedelta(n)) for n, code in enumerate("DE CN MX VN".split())], until=days
    )
    times = []
    for language in ("en", "zh", "both", "en", "zh", "both", "en"):
        began = time.process_time()
        mail(build(facts(*entries, items=items, levels=levels, language=language), THEN))
        times.append(round(time.process_time() - began, 3))
    return {"first_s": times[0], "others_s": sorted(times[1:]), "median_s": sorted(times[1:])[3]}


def slow(folder: Path) -> dict[str, Any]:
    """Seconds of a store write, as a pass does them, beside a mail server that takes two seconds a reply, and alone."""
    alone = _writes(folder / "alone", url="", busy=False)
    with mail_server(folder / "mail.log", "--slow", "2") as server:
        beside = _writes(folder / "beside", url=server.url, busy=True)
    return {"longest_write_alone_s": max(alone), "longest_write_beside_s": max(beside), "writes": len(alone)}


def _writes(folder: Path, *, url: str, busy: bool) -> list[float]:
    settings = Settings(data_dir=folder, smtp_url=Secret(url), mail_from="w@example.com")
    shell, over = Shell(settings=settings, clock=system_clock), threading.Event()
    shell.__dict__["profiles"] = ()
    for number in range(20):
        shell.store.put_message(_message(number, 5))
    sender = threading.Thread(target=lambda: deliver(shell, clock=system_clock, stop=over.is_set), daemon=True)
    if busy:
        sender.start()
        time.sleep(1)
    times = []
    for _ in range(40):
        began = time.monotonic()
        shell.store.end_pass(shell.store.start_pass(at=NOW), at=NOW, counts={})
        times.append(round(time.monotonic() - began, 4))
        time.sleep(0.05)
    over.set()
    if busy:
        sender.join(20)
    shell.store.close()
    return times


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("outbox", "digest", "slow"))
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--recipients", type=int, default=500)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-figures-") as folder:
        if options.what == "outbox":
            sizes = {"messages": options.messages, "recipients": options.recipients, "connections": options.connections}
            print(json.dumps(outbox(Path(folder), **sizes)))
        else:
            print(json.dumps(digest() if options.what == "digest" else slow(Path(folder))))


if __name__ == "__main__":
    main()
