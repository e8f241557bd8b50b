"""Which jobs get on: told by the steps they finish, never by a thread that merely lives.

A step is a job's end, a batch stored, an answer of the tagging process, a message sent. Each is noted in this
process, for its watchdog, and every few seconds in the database, so that every process can say whether the watch
gets on, and a database that cannot be written is not taken for one that can.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic

log = logging.getLogger(__name__)

NOTED_EVERY_S = 15.0  # at most so often in the database, for each job
STUCK_AFTER = timedelta(minutes=1)  # no single step of a pass takes so long: a feed is given 30 s, a parser 15 s
WATCH_OVER = timedelta(minutes=12)  # a mail server may take ten minutes for one reply. Source: RFC 5321, 4.5.3.2.6
LIMITS = {"poll": STUCK_AFTER, "schedule": STUCK_AFTER, "send": WATCH_OVER, "tell": WATCH_OVER}
TOGETHER = (("poll", "send"), ("schedule", "tell"))  # what a daemon does, and what workers share
FORGOTTEN_AFTER = timedelta(days=7)  # then the installation is run in another way, by a timer for instance


class Progress:
    """The steps of this process's jobs. `note` writes one into the database; `timer` counts seconds."""

    def __init__(self, note: Callable[[str], object], *, timer: Callable[[], float] = monotonic) -> None:
        self._note, self._timer = note, timer
        self._began = timer()
        self._steps: dict[str, float] = {}
        self._noted: dict[str, float] = {}
        self._running: dict[str, float] = {}  # when a job at work began or last got on
        self._troubles: dict[str, str] = {}
        self._mine = threading.local()

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """What is done inside, on this thread, is done by job `name`; its end without trouble is a step."""
        self._mine.name = name
        if name in LIMITS:
            self._running[name] = self._timer()
        try:
            yield
            self.step()
            self.works(name)
        finally:
            self._mine.name = ""
            self._running.pop(name, None)

    def step(self) -> None:
        """The job at work on this thread got on. Raises: StoreError when that cannot be noted."""
        self.stepper()()

    def stepper(self) -> Callable[[], None]:
        """What tells a step of the job at work on this thread, called from whichever thread does a part of it."""
        name = getattr(self._mine, "name", "")
        return lambda: self._step(name)

    def _step(self, name: str) -> None:
        if name not in LIMITS:
            return
        now = self._timer()
        if now - self._noted.get(name, now - NOTED_EVERY_S) >= NOTED_EVERY_S:
            self._note(name)
            self._noted[name] = now
        self._steps[name] = self._running[name] = now

    def failed(self, job: str, problem: Exception) -> None:
        """A job ended in expected trouble: told once, however often it comes again, until the job works again."""
        why = str(problem)
        level = logging.DEBUG if self._troubles.get(job) == why else logging.ERROR
        self._troubles[job] = why
        log.log(level, "job failed, it is tried again", extra={"job": job, "why": why})

    def works(self, job: str) -> None:
        """A job did what it should; told where it did not the time before."""
        if self._troubles.pop(job, ""):
            log.warning("job works again", extra={"job": job})

    def hung(self) -> list[str]:
        """Which jobs are at work and have not got on for longer than they may."""
        now = self._timer()
        return [n for n, at in list(self._running.items()) if now - at > LIMITS[n].total_seconds()]

    def stuck(self, *names: str) -> list[str]:
        """Which of these jobs have not got on for longer than they may."""
        now = self._timer()
        return [n for n in names if now - self._steps.get(n, self._began) > LIMITS[n].total_seconds()]


def stuck_since(steps: Mapping[str, datetime], *, now: datetime) -> datetime | None:
    """Since when the watch does not get on, by what its processes noted; None while it does, or runs by a timer.

    A step noted by a clock that was ahead counts as one that is as far behind.
    """
    recent = {name: at for name, at in steps.items() if name in LIMITS and abs(now - at) < FORGOTTEN_AFTER}
    if not recent:
        return None
    for jobs in TOGETHER:  # noted twice as late as the watchdog looks: a step is written down now and then only
        if all(name in recent and abs(now - recent[name]) <= 2 * LIMITS[name] for name in jobs):
            return None
    return min(max(recent.values()), now)


def notify_systemd(message: str) -> None:
    """One datagram to systemd where it started us. Source: sd_notify(3)"""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(message.encode(), address)
    except OSError as problem:
        log.warning("systemd was not told", extra={"why": problem.strerror})
