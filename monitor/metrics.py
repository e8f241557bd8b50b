"""What Prometheus is told: what this process has done, and how the installation stands at the moment it asks.

Counts only: no name of a feed, a profile or a recipient is a label, so what is told may be seen by whoever runs the
machines, and costs the same with a million feeds. Names and units follow Prometheus's own conventions.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0

from monitor import __version__
from monitor.domain import PollOutcome
from monitor.errors import ConfigError, MonitorError
from monitor.i18n import _
from monitor.shell import Shell
from monitor.watching import Watch

CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0
SLOW_CLIENT_S = 10
SECONDS = (0.01, 0.05, 0.25, 1, 5, 15, 60, 300)

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double what is told, and nothing asks for them
done = CollectorRegistry()
ProcessCollector(registry=done)
_JOBS = Histogram(
    "monitor_job_duration_seconds", "How long a run of a job took.", ["name"], buckets=SECONDS, registry=done
)
_FAILURES = Counter("monitor_job_failures_total", "Runs of a job that ended in trouble.", ["name"], registry=done)
_PASSES = Counter("monitor_passes_total", "Passes over feeds that were due.", registry=done)
_POLLS = Counter("monitor_feed_polls_total", "Feeds polled, by what came of it.", ["outcome"], registry=done)
_ENTRIES = Counter(
    "monitor_entries_total", "Entries that feeds served, by what came of them.", ["outcome"], registry=done
)
_FLAGGED = Counter("monitor_items_flagged_total", "Items in which the classifier saw a risk.", registry=done)
_RAISED = Counter("monitor_alerts_raised_total", "Alerts raised.", registry=done)
_MESSAGES = Counter(
    "monitor_messages_total", "Tries to hand over a message, by what came of it.", ["outcome"], registry=done
)


@contextmanager
def timed(job: str) -> Iterator[None]:
    """A run of a job: how long it took, and whether it failed."""
    with _JOBS.labels(job).time(), _FAILURES.labels(job).count_exceptions():
        yield


def passed(outcome: PollOutcome) -> None:
    """Count what a pass did."""
    if not outcome.feeds:
        return
    _PASSES.inc()
    polls = {"unchanged": outcome.unchanged, "changed": outcome.reached - outcome.unchanged, "failed": outcome.failed}
    entries = {"new": outcome.items_new, "duplicate": outcome.duplicates, "rejected": outcome.rejected}
    for counter, counts in ((_POLLS, polls), (_ENTRIES, entries)):
        for name, count in counts.items():
            counter.labels(name).inc(max(count, 0))
    _FLAGGED.inc(outcome.items_flagged)
    _RAISED.inc(outcome.alerts_new)


def delivered(counts: Mapping[str, int]) -> None:
    """Count messages that were sent, put off (`retry`) or parked."""
    for name in ("sent", "retry", "parked"):
        _MESSAGES.labels(name).inc(counts.get(name, 0))


class Standing:
    """How the installation stands, gathered when it is asked for; feels the pulse at most every few seconds."""

    def __init__(self, shell: Shell, watch: Watch) -> None:
        self._shell, self._watch = shell, watch

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: registering does not ask the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Gauges of one moment; when the database cannot be read, `monitor_database_up` 0 and little else."""
        try:
            pulse = self._watch.pulse()
            schema = self._shell.store.schema()
        except MonitorError:
            yield GaugeMetricFamily("monitor_database_up", "Whether the database can be read.", 0)
            yield GaugeMetricFamily("monitor_healthy", "Whether the watch is awake.", 0)
            return
        yield GaugeMetricFamily("monitor_database_up", "Whether the database can be read.", 1)
        yield GaugeMetricFamily("monitor_healthy", "Whether the watch is awake.", int(pulse.healthy))
        about = InfoMetricFamily("monitor", "Which installation this is.")
        kind = self._shell.settings.database.partition(":")[0].partition("+")[0]
        about.add_metric(
            [], {"version": __version__, "schema": schema, "database": kind, "region": self._shell.settings.region}
        )
        yield about
        yield _by(
            "monitor_feeds",
            "Feeds in feeds.yaml, by how they are.",
            "state",
            {
                "reached": pulse.reached,
                "failing": pulse.failing,
                "unasked": pulse.feeds - pulse.reached - pulse.failing,
            },
        )
        yield _by(
            "monitor_outbox_messages",
            "Messages that have not left, by state.",
            "state",
            {
                "unsent": pulse.unsent,
                "parked": pulse.parked,
            },
        )
        yield GaugeMetricFamily("monitor_items_waiting", "Items that wait for the classifier.", pulse.waiting)
        yield GaugeMetricFamily("monitor_items_to_review", "Items that wait for a verdict.", pulse.to_review)
        yield GaugeMetricFamily("monitor_alerts_open", "Alerts that nobody has acknowledged.", pulse.alerts_open)
        for name, told, at in (
            ("monitor_last_pass_timestamp_seconds", "When the last pass ended.", pulse.last_pass),
            ("monitor_last_item_timestamp_seconds", "When the newest item was stored.", pulse.last_item),
            (
                "monitor_oldest_unsent_timestamp_seconds",
                "Since when the oldest unsent message waits.",
                pulse.oldest_unsent,
            ),
        ):
            if at is not None:
                yield GaugeMetricFamily(name, told, at.timestamp())
        yield _by(
            "monitor_progress_timestamp_seconds",
            "When a job last got on.",
            "name",
            {name: at.timestamp() for name, at in pulse.steps.items()},
        )


def _by(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def text(shell: Shell, watch: Watch) -> bytes:
    """Everything, in the text format 1.0.0."""
    standing = CollectorRegistry()
    standing.register(Standing(shell, watch))
    return generate_latest(done) + generate_latest(standing)


def health(watch: Watch) -> tuple[int, dict[str, bool | str | None]]:
    """The status and body of `/health`: made of progress alone."""
    try:
        pulse = watch.pulse()
    except MonitorError:
        return 503, {"healthy": False, "database": "cannot be read"}
    told: dict[str, bool | str | None] = {
        "healthy": pulse.healthy,
        "stuck_since": _iso(pulse.stuck_since),
        "last_pass": _iso(pulse.last_pass),
        "last_item": _iso(pulse.last_item),
        "oldest_unsent": _iso(pulse.oldest_unsent),
    }
    return (200 if pulse.healthy else 503), told


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


@contextmanager
def served(shell: Shell) -> Iterator[None]:
    """`/metrics` and `/health` at MONITOR_METRICS_ADDRESS while the block runs, for processes without a page.

    Raises: ConfigError when the address cannot be listened on.
    """
    address = shell.settings.metrics_address
    if not address:
        yield
        return
    server = _listen(shell, address)
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _listen(shell: Shell, address: str) -> ThreadingHTTPServer:
    watch = Watch(shell)

    class Handler(BaseHTTPRequestHandler):
        timeout = SLOW_CLIENT_S
        server_version, sys_version = "monitor", ""

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE, text(shell, watch))
            elif self.path == "/health":
                status, told = health(watch)
                self._answer(status, "application/json", json.dumps(told).encode())
            else:
                self._answer(404, "text/plain", b"/metrics or /health\n")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Requests are no news."""

    host, _colon, port = address.rpartition(":")
    try:
        return ThreadingHTTPServer((host.strip("[]"), int(port)), Handler)
    except OSError as problem:
        said = _("metrics cannot be served at {address} ({why}): set MONITOR_METRICS_ADDRESS")
        raise ConfigError(said.format(address=address, why=problem.strerror)) from problem
