"""Is the watch awake: whole, and cheaply enough to be shown on every page."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

from monitor.domain import Stop, StopKind
from monitor.errors import StoreError
from monitor.progress import stuck_since
from monitor.shell import Shell
from monitor.telling import oldest_unsent

T = TypeVar("T")
log = logging.getLogger(__name__)
UNSENT_TOO_LONG = timedelta(minutes=15)
AWAKE_WITHIN = timedelta(hours=1)  # of the last pass, or three times the shortest interval
MOST_COUNTED = 1000  # waiting items; more are told as 1000+
FRESH_FOR_S = 5.0  # a pulse is felt at most this often


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The signs of life: feeds that are polled, that answer and that fail, the last pass, mail that waits."""

    feeds: int
    reached: int
    failing: int
    last_pass: datetime | None
    unsent: int
    oldest_unsent: datetime | None
    parked: int
    waiting: int  # items not judged yet
    to_review: int  # no further than MOST_COUNTED
    alerts_open: int
    steps: Mapping[str, datetime]  # when each job last got on
    stuck_since: datetime | None
    last_item: datetime | None
    awake: bool

    @property
    def healthy(self) -> bool:
        """Awake, and everything that was read was judged."""
        return self.awake and not self.waiting


def pulse(shell: Shell, *, now: datetime) -> Pulse:
    """The watch's signs of life now."""
    store = shell.store
    steps = store.steps()
    stuck = stuck_since(steps, now=now)
    last, oldest, outbox = store.last_pass(), store.oldest_unsent(), store.outbox_counts()
    feeds, reached, failing = store.feed_pulse()
    every = min((feed.every for feed in shell.feeds), default=AWAKE_WITHIN)
    looked = last is not None and last.ended is not None and now - last.ended <= max(AWAKE_WITHIN, 3 * every)
    in_time = oldest is None or now - oldest <= UNSENT_TOO_LONG
    return Pulse(
        feeds=feeds,
        reached=reached,
        failing=failing,
        last_pass=last.ended if last else None,
        unsent=outbox.get("ready", 0) + outbox.get("sending", 0),
        oldest_unsent=oldest,
        parked=outbox.get("parked", 0),
        waiting=store.waiting_count(),
        to_review=store.queue_length(most=MOST_COUNTED),
        alerts_open=store.open_alerts(),
        steps=steps,
        stuck_since=stuck,
        last_item=store.last_item(),
        awake=looked and in_time and stuck is None and 2 * reached >= feeds,  # half blind is not awake
    )


class Watch:
    """The pulse as it was felt a moment ago."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._lock = threading.Lock()
        self._at = -FRESH_FOR_S
        self._felt: Pulse | None = None
        self._kept: dict[str, tuple[float, Any]] = {}
        self._renewing: set[str] = set()
        self._version = 0

    def pulse(self) -> Pulse:
        """At most `FRESH_FOR_S` old."""
        with self._lock:
            if self._felt is None or monotonic() - self._at > FRESH_FOR_S:
                self._felt, self._at = pulse(self._shell, now=self._shell.clock()), monotonic()
            return self._felt

    def kept(self, name: str, make: Callable[[], T], *, fresh_s: float, stale_s: float) -> T:
        """What `make` gathers, at most `stale_s` old: figures over months that cost more than a page may.

        From `fresh_s` on it is gathered anew beside the page, which shows what there is.
        """
        with self._lock:
            found = self._kept.get(name)
            age = monotonic() - found[0] if found else stale_s
            renew = found is not None and fresh_s <= age < stale_s and name not in self._renewing
            if renew:
                self._renewing.add(name)
        if renew:
            threading.Thread(target=self._renew, args=(name, make), daemon=True).start()
        if found is not None and age < stale_s:
            value: T = found[1]
            return value
        return self._gather(name, make)

    def _gather(self, name: str, make: Callable[[], T]) -> T:
        version, at = self._version, monotonic()
        value = make()
        with self._lock:
            if version == self._version:
                self._kept[name] = (at, value)
        return value

    def _renew(self, name: str, make: Callable[[], Any]) -> None:
        try:
            self._gather(name, make)
        except StoreError:
            log.warning("figures of the page could not be gathered", extra={"what": name})
        finally:
            self._renewing.discard(name)

    def changed(self) -> None:
        """Feel and gather everything anew next time: somebody just changed what it shows."""
        with self._lock:
            self._felt = None
            self._version += 1
            self._kept.clear()


def health(shell: Shell, *, now: datetime, most: int | None = None) -> dict[str, Any]:
    """What `status`, the page and the health check show; `healthy` sums it up, and never when half is blind.

    What waits for review is counted no further than `most`.
    """
    store = shell.store
    last, oldest = store.last_pass(), oldest_unsent(shell, now=now)
    states = [state for state in store.feed_states(shell.feeds) if state.polled_from]
    stale = [state for state in states if state.failures]
    totals, outbox, stops = store.totals(), store.outbox_counts(), store.stops()
    unsent_too_long = oldest is not None and now - oldest > UNSENT_TOO_LONG
    patience = max(AWAKE_WITHIN, 3 * min((state.feed.every for state in states), default=AWAKE_WITHIN))
    awake = last is not None and last.ended is not None and now - last.ended <= patience
    stuck = stuck_since(store.steps(), now=now)
    silent = [state for state in states if state.silence and not state.failures]
    blind = 2 * (len(stale) + len(silent)) > len(states)
    return {
        "healthy": awake and stuck is None and not blind and not unsent_too_long and not totals["waiting"],
        "region": shell.settings.region or None,
        "last_pass": last.ended if last else None,
        "stuck_since": stuck,
        "last_item": store.last_item(),
        "feeds": len(states),
        "feeds_reached": sum(state.last_ok is not None and not state.failures for state in states),
        "feeds_failing": len(stale),
        "feeds_silent": len(silent),
        "items": totals["items"],
        "baseline": totals["baseline"],
        "waiting_for_judgement": totals["waiting"],
        "alerts_open": totals["alerts_open"],
        "to_review": store.queue_length(most=most),
        "outbox": outbox,
        "oldest_unsent": oldest,
        "parked_addresses": [_told(stop) for stop in stops if stop.kind is StopKind.PARKED],
        "unsubscribed": [_told(stop) for stop in stops if stop.kind is StopKind.UNSUBSCRIBED],
        "model": shell.model_line,
        "stale": [{"name": s.feed.name, "error": s.error, "failures": s.failures, "last_ok": s.last_ok} for s in stale],
        "silent": [{"name": s.feed.name, "last_new": s.last_new, "silence": s.silence} for s in silent],
    }


def _told(stop: Stop) -> dict[str, Any]:
    return {
        "recipient": stop.recipient,
        "channel": stop.channel,
        "profile": stop.profile,
        "since": stop.at,
        "why": stop.why,
        "author": stop.author,
    }
