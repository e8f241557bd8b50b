"""What runs when. Scheduling is not work: each job is a function that the command line can run too.

One tick a job asks the database what is due; nothing about due times lives in memory, so a
restart loses nothing. SIGTERM lets the running jobs end, then everything stops.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from monitor import metrics
from monitor.duedates import remind
from monitor.errors import MonitorError, StoreError
from monitor.escalating import escalate
from monitor.i18n import _
from monitor.pipeline import run_pass
from monitor.progress import notify_systemd
from monitor.sending import deliver
from monitor.shell import Shell
from monitor.telling import announce, send_briefs, send_digests
from monitor.tending import tend
from monitor.watching import MOST_COUNTED, health

log = logging.getLogger(__name__)

TICK_POLL = timedelta(seconds=5)
TEND_AFTER = timedelta(seconds=30)  # the first pass goes first
TICK_TEND = timedelta(seconds=60)
TICK_SEND = timedelta(seconds=5)
TICK_REMIND = timedelta(minutes=5)
AT_ONCE = 3_000  # feeds taken in one go: with 100,000 due, taking all would hold every other writer up
RETRIED_AT_ONCE = 64  # feeds that failed, asked in one pass: half a minute where all of them hang
QUICKEST = timedelta(seconds=0.2)
DRAIN_S = 8.0  # running jobs may end within this after SIGTERM
TICK_WATCHDOG = timedelta(seconds=10)
WATCHED = ("poll", "send")  # who does not get on is stuck, and systemd starts us anew


class Daemon:
    """The jobs, and whether they make progress."""

    def __init__(self, shell: Shell, *, mail: bool) -> None:
        self.shell = shell
        self.mail = mail
        self.stopping = threading.Event()
        self.stuck: list[str] = []  # what was told to be

    def poll(self) -> None:
        """Passes over what is due, so many feeds each; nothing happens when nothing is."""
        feeds = AT_ONCE
        while feeds == AT_ONCE and not self.stopping.is_set():
            self.shell.refresh()
            feeds = self._pass(failing=False, most=AT_ONCE)
            announce(self.shell, now=self.shell.clock())

    def _pass(self, *, failing: bool, most: int) -> int:
        """One pass over at most so many sound or failing feeds, where any is due; returns how many there were."""
        if not self.shell.store.due_count(now=self.shell.clock(), most=1, failing=failing):
            return 0
        outcome = run_pass(self.shell, failing=failing, most=most, beside=not failing, stop=self.stopping.is_set)
        metrics.passed(outcome)
        if outcome.feeds:
            log.info("polled", extra={"feeds": outcome.feeds, "new": outcome.items_new, "took_s": outcome.took_s})
        return outcome.feeds

    def retry(self) -> None:
        """A pass over some of the feeds that failed when last asked: no sound feed waits for one that hangs."""
        self._pass(failing=True, most=RETRIED_AT_ONCE)

    def send(self) -> None:
        """Digests whose period has ended, then what is due in the outbox."""
        announce(self.shell, now=self.shell.clock())
        send_digests(self.shell, now=self.shell.clock())
        send_briefs(self.shell, now=self.shell.clock())
        if self.mail:
            metrics.delivered(deliver(self.shell, clock=self.shell.clock, stop=self.stopping.is_set))

    def remind(self) -> None:
        """Dates that come nearer and alerts nobody acknowledged: the duties to tell, which `send` then fulfils."""
        remind(self.shell, now=self.shell.clock())
        escalate(self.shell, now=self.shell.clock())

    def tend(self) -> None:
        """What is done beside the passes, in turn."""
        tend(self.shell, now=self.shell.clock(), stop=self.stopping.is_set)

    def job(self, name: str, work: Callable[[], None]) -> Callable[[], None]:
        """`work` with its border: expected trouble is told, a bug is logged whole, the daemon lives on."""

        def run() -> None:
            if self.stopping.is_set():
                return
            try:
                with metrics.timed(name), self.shell.progress.job(name):
                    work()
            except MonitorError as problem:
                self.shell.progress.failed(name, problem)
            except Exception:
                log.exception("job failed by a bug of ours", extra={"job": name})

        return run

    def watchdog(self) -> None:
        """Tell systemd that we are alive, only while the jobs really get on; those that do not are named once."""
        stuck = self.shell.progress.stuck(*WATCHED)
        if stuck != self.stuck:
            self.stuck = stuck
            if stuck:
                log.error("jobs do not get on", extra={"jobs": " ".join(stuck)})
            else:
                log.warning("all jobs get on again")
        notify_systemd(f"STATUS=stuck: {' '.join(stuck)}" if stuck else "WATCHDOG=1")


def serve(shell: Shell, *, web: bool, mail: bool) -> int:
    """Run until SIGTERM or SIGINT; returns 0 after a clean stop.

    Raises: StoreError when another daemon schedules and sends on the same SQLite database.
    """
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    with ExitStack() as stack:
        if stack.enter_context(only_one(shell)).alone:
            shell.store.take_over()  # as a container that was killed left it, whose name was another one
        _all_right = shell.feeds, shell.profiles, shell.playbooks  # a wrong file ends us here, before anything starts
        shell.store.sync_feeds(shell.feeds)
        daemon = Daemon(shell, mail=mail)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: daemon.stopping.set())
        page = _start_page(shell) if web else None
        stack.enter_context(metrics.served(shell))
        scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(5)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        every = shell.settings.poll_interval or TICK_POLL
        jobs = {
            "poll": (daemon.poll, max(min(TICK_POLL, every), QUICKEST)),
            "retry": (daemon.retry, max(min(TICK_POLL, every), QUICKEST)),
            "send": (
                daemon.send,
                max(min(TICK_SEND, shell.settings.digest_interval, shell.settings.retry_base), QUICKEST),
            ),
            "remind": (daemon.remind, TICK_REMIND),
            "tend": (daemon.tend, TICK_TEND),
            "watchdog": (daemon.watchdog, TICK_WATCHDOG),
        }
        for name, (work, often) in jobs.items():
            first = shell.clock() + (TEND_AFTER if name == "tend" else timedelta(0))
            scheduler.add_job(
                daemon.job(name, work), "interval", seconds=often.total_seconds(), next_run_time=first, id=name
            )
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that finds its job at work is no news
        scheduler.start()
        notify_systemd("READY=1")
        log.warning(
            "monitor runs", extra={"feeds": len(shell.feeds), "page": shell.settings.page_url if web else "off"}
        )
        while not daemon.stopping.wait(1):  # a signal that another thread received is seen at the next waking
            pass
        notify_systemd("STOPPING=1")
        _drain(scheduler, page)
        with suppress(MonitorError):
            shell.store.forget_steps(WATCHED)
    log.warning("monitor stopped")
    return 0


def _drain(scheduler: Any, page: Any) -> None:
    """Let running jobs end: they look at `stopping` between two messages and two batches."""
    scheduler.pause()
    waiter = threading.Thread(target=lambda: scheduler.shutdown(wait=True), daemon=True)
    waiter.start()
    if page is not None:
        page.stop()
    waiter.join(DRAIN_S)


def _start_page(shell: Shell) -> Any:
    from monitor.web.server import Page

    page = Page(shell, health=lambda: health(shell, now=shell.clock(), most=MOST_COUNTED))
    page.start()
    return page


class only_one:  # noqa: N801  (reads as a word: `with only_one(shell)`)
    """Scheduling and sending are one process's on a SQLite database; PostgreSQL shares the work by leases."""

    def __init__(self, shell: Shell) -> None:
        self._file = self._lock_file(shell)
        self.alone = self._file is not None
        self._handle: IO[str] | None = None

    @staticmethod
    def _lock_file(shell: Shell) -> Path | None:
        url = shell.settings.database
        return Path(url.removeprefix("sqlite:///") + ".lock") if url.startswith("sqlite:///") else None

    def __enter__(self) -> only_one:
        if self._file is None:
            return self
        import fcntl

        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._handle = self._file.open("a+")
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            said = _("another monitor runs on this database: stop it first, or name another one")
            raise StoreError(said) from problem
        except OSError as problem:
            said = _("{file} cannot be written ({why}): let this user write there, or set MONITOR_DATA_DIR")
            raise StoreError(said.format(file=self._file, why=problem.strerror)) from problem
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.close()
