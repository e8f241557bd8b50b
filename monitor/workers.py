"""The same jobs on a PostgreSQL queue (Procrastinate): any machine joins, one of them schedules at a time.

A job is a shard: "poll what is due, at most so many feeds". What is due, and who has it in hand, stands
in the tables, so a job that is lost with its worker loses nothing: the next one takes the same feeds.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from typing import Any

from monitor import metrics
from monitor.duedates import remind
from monitor.errors import ConfigError, MonitorError, StoreError
from monitor.escalating import escalate
from monitor.i18n import _
from monitor.pipeline import judge_waiting, run_pass
from monitor.progress import notify_systemd
from monitor.sending import deliver
from monitor.shell import Shell
from monitor.telling import announce, send_briefs, send_digests
from monitor.tending import tend

log = logging.getLogger(__name__)

SHARD = 300  # feeds a job takes at most
SMALLEST = 50  # and at least, or the queue costs more than the feeds
SHARES = 2  # jobs for each worker of what is due, so that all of them end at about the same time
MOST_SHARDS = 64  # jobs waiting at most; more would only be more of the same
TICK_S = 1.0
AGAIN_S = 3.0  # after the database was away
WATCH_S = 10.0  # how often systemd is told, and dead workers are looked for
TEND_TICKS = 60  # what is done beside the passes, so many ticks apart
ALONE, TENDED = ("tell",), ("tend",)  # jobs that run on one machine at a time
LOCK_TRY_S = 5.0  # how often another machine tries to become the scheduler
STALLED_S = 30.0  # a worker that has not been heard of for so long is dead, and so is its job
QUEUE_SCHEMA = "procrastinate"  # its tables stand apart from ours
ALIVE = "keepalives=1&keepalives_idle=5&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=20000"
# The server, too, has to notice that a machine is cut off: the scheduler's lock is free when its session ends.
NOTICED = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
WORKERS = "SELECT count(*) FROM procrastinate.procrastinate_workers WHERE last_heartbeat > now() - %s * interval '1 s'"
SCHEDULER = "SELECT pg_try_advisory_lock(hashtext('monitor: scheduler'))"


def work(shell: Shell, *, concurrency: int, schedule: bool = True) -> int:
    """Take jobs until SIGTERM or SIGINT; returns 0 after a clean stop.

    Raises: ConfigError when the database is no PostgreSQL.
    """
    url = queue_url(shell.settings.database)
    _all_right = shell.feeds, shell.profiles, shell.playbooks
    shell.store.sync_feeds(shell.feeds)
    make_queue(url)
    stopping = threading.Event()
    scheduler = threading.Thread(target=_schedule, args=(shell, url, stopping), name="scheduler", daemon=True)
    if schedule:
        scheduler.start()
    try:
        with metrics.served(shell):
            asyncio.run(_take_jobs(shell, url, stopping, concurrency))
    finally:
        stopping.set()
        if schedule:
            scheduler.join(LOCK_TRY_S * 2)
    return 0


def queue_url(database: str) -> str:
    """The address of the queue: the same database, with connections that notice when the other side is gone."""
    if not database.startswith("postgresql"):
        said = _("workers share a PostgreSQL database: name it with MONITOR_DATABASE_URL (`monitor db copy` fills it)")
        raise ConfigError(said)
    url = database.replace("postgresql+psycopg://", "postgresql://", 1)
    return f"{url}{'&' if '?' in url else '?'}{ALIVE}"


def make_queue(url: str) -> None:
    """Create the queue's tables in a schema of their own; several machines may do so at once."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('monitor: make queue'))")
        if connection.execute(f"SELECT to_regclass('{QUEUE_SCHEMA}.procrastinate_jobs')").fetchone() == (None,):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {QUEUE_SCHEMA}")
            with closing(_app(url)) as app:
                app.open()
                app.schema_manager.apply_schema()


# --- the scheduler ------------------------------------------------------------------------------------


def shard_of(due: int, workers: int) -> int:
    """How many feeds a job takes: with several workers so few that none is without while another has many."""
    return SHARD if workers < 2 else min(max(-(-due // (workers * SHARES)), SMALLEST), SHARD)


def shards_needed(due: int, shard: int = SHARD) -> int:
    """How many jobs the feeds that are due are worth."""
    return min(-(-due // shard), MOST_SHARDS)


def _schedule(shell: Shell, url: str, stopping: threading.Event) -> None:
    """Whoever holds the lock schedules; when that session ends, another machine takes over within seconds."""
    while not stopping.is_set():
        try:
            with _held_lock(url) as held, closing(_app(url)) as app:
                if held is not None:
                    log.warning("this machine schedules")
                    app.open()
                    shell.progress.works("scheduling")
                    for number in count():
                        if stopping.wait(TICK_S):
                            break
                        # The lock is ours only as long as the session lives that we ask here.
                        [workers] = held.execute(WORKERS, [STALLED_S]).fetchone()
                        with metrics.timed("schedule"), shell.progress.job("schedule"):
                            tick(shell, app, workers=workers, tending=number % TEND_TICKS == 0)
                    shell.store.forget_steps(("schedule", "tell"))  # stopped in order, the next one notes anew
        except Exception as problem:
            shell.progress.failed("scheduling", StoreError(first_line(problem)))
        stopping.wait(LOCK_TRY_S)


def tick(shell: Shell, app: Any, *, workers: int = 1, tending: bool = False) -> int:
    """Put as many jobs into the queue as there is work; one that waits already is not put twice. Returns how many."""
    from procrastinate.exceptions import AlreadyEnqueued

    now = shell.clock()
    due = shell.store.due_count(now=now, most=SHARD * MOST_SHARDS)
    shard = shard_of(due, workers)
    wanted: list[tuple[str, str, dict[str, int]]] = [(task, task, {}) for task in (*ALONE, *TENDED * tending)]
    wanted += [("poll", f"poll {number}", {"most": shard}) for number in range(shards_needed(due, shard))]
    put = 0
    for task, name, asked in wanted:
        lock = None if task == "poll" else task
        try:
            app.configure_task(task, queueing_lock=name, queue=task, lock=lock).defer(**asked)
        except AlreadyEnqueued:
            continue
        put += 1
    return put


@contextmanager
def _held_lock(url: str) -> Iterator[Any]:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for setting in NOTICED.split("; "):
            connection.execute(setting)
        yield connection if connection.execute(SCHEDULER).fetchone() == (True,) else None


# --- the jobs --------------------------------------------------------------------------------------------


def _app(url: str) -> Any:
    from procrastinate import App, SyncPsycopgConnector

    return App(connector=SyncPsycopgConnector(conninfo=url, kwargs=_apart(), min_size=1, max_size=2))


def _apart() -> dict[str, str]:
    return {"options": f"-c search_path={QUEUE_SCHEMA}"}


async def _take_jobs(shell: Shell, url: str, stopping: threading.Event, concurrency: int) -> None:
    """Serve the queue until it is stopped; where the database goes away, begin anew once it is back."""
    loop = asyncio.get_running_loop()
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # what went wrong is told here, in one line
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    stop = asyncio.Event()

    def end() -> None:
        stopping.set()
        stop.set()

    loop.set_exception_handler(_told)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    notify_systemd("READY=1")
    while not stop.is_set():
        try:
            await _serve_queue(shell, url, stopping, stop, concurrency)
        except Exception as problem:
            shell.progress.failed("queue", StoreError(first_line(problem)))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AGAIN_S)
    notify_systemd("STOPPING=1")
    log.warning("worker stopped")


def _told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A job whose end the queue could not be told is no bug: the database was away, or it was given up meanwhile."""
    from procrastinate.exceptions import ProcrastinateException

    problem = context.get("exception")
    if isinstance(problem, ProcrastinateException):
        log.warning("a job's end could not be noted", extra={"why": first_line(problem)})
    else:
        loop.default_exception_handler(context)


async def _serve_queue(
    shell: Shell, url: str, stopping: threading.Event, stop: asyncio.Event, concurrency: int
) -> None:
    """Take jobs until `stop`. Raises: whatever the queue's library raises when the database is away."""
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=url, kwargs=_apart(), min_size=1, max_size=concurrency + 3))
    app.task(name="poll", queue="poll")(lambda most: poll(shell, stopping, most))
    app.task(name="tell", queue="tell")(lambda: tell(shell, stopping))
    app.task(name="tend", queue="tend")(lambda: beside(shell, stopping))
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                delete_jobs="always",
                fetch_job_polling_interval=2.0,
                stalled_worker_timeout=STALLED_S,
                shutdown_graceful_timeout=20.0,
            )
        )
        asked = asyncio.create_task(stop.wait())
        log.warning("worker takes jobs", extra={"concurrency": concurrency})
        shell.progress.works("queue")
        while not worker.done() and not stop.is_set():
            await asyncio.wait([worker, asked], timeout=WATCH_S, return_when=asyncio.FIRST_COMPLETED)
            if await _bury_the_dead(app) and not shell.progress.hung():
                notify_systemd("WATCHDOG=1")
        asked.cancel()
        if stop.is_set():
            worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def _bury_the_dead(app: Any) -> bool:
    """A job whose worker died is taken out: its feeds' leases run out by themselves, and it held nothing else.

    Returns whether the queue answered.
    """
    from procrastinate.jobs import Status

    try:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
            await app.job_manager.finish_job(job=job, status=Status.FAILED, delete_job=True)
            log.warning("a job whose worker died was taken out", extra={"job": job.task_name})
    except Exception as problem:
        log.debug("dead jobs could not be looked for", extra={"why": first_line(problem)})
        return False
    return True


def first_line(problem: Exception) -> str:
    """What a library says went wrong, in one line; where it says nothing, what it wrapped."""
    said = (line for one in (problem.__cause__, problem) for line in str(one or "").splitlines() if line.strip())
    return next(said, repr(problem))


def poll(shell: Shell, stopping: threading.Event, most: int) -> None:
    """One shard of what is due: at most so many feeds."""
    with _border(shell, "poll"):
        shell.refresh()
        outcome = run_pass(shell, most=most, beside=False, stop=stopping.is_set)
        metrics.passed(outcome)
        if outcome.feeds:
            log.info("polled", extra={"feeds": outcome.feeds, "new": outcome.items_new, "took_s": outcome.took_s})


def tell(shell: Shell, stopping: threading.Event) -> None:
    """What is due to be said, by one worker at a time."""
    with _border(shell, "tell"):
        shell.refresh()
        judge_waiting(shell, now=shell.clock(), counts=Counter())
        for duty in (remind, escalate, announce, send_digests, send_briefs):
            duty(shell, now=shell.clock())
        metrics.delivered(deliver(shell, clock=shell.clock, stop=stopping.is_set))


def beside(shell: Shell, stopping: threading.Event) -> None:
    """Habits of feeds, search index, articles, retention: what is due of them."""
    with _border(shell, "tend"):
        shell.refresh()
        tend(shell, now=shell.clock(), stop=stopping.is_set)


@contextmanager
def _border(shell: Shell, job: str) -> Iterator[None]:
    """Expected trouble is told and the job ends: what was due is due still, and the next one does it."""
    try:
        with metrics.timed(job), shell.progress.job(job):
            yield
    except MonitorError as problem:
        shell.progress.failed(job, problem)
    except Exception:
        log.exception("job failed by a bug of ours", extra={"job": job})
