"""The scorecard, gathered from what is stored, for page and terminal."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.domain import Level
from monitor.shell import Shell
from monitor.warn.scorecard import Scorecard, acknowledgements, by_feed, lead_of, response_clock, score


def scorecard(shell: Shell, *, days: int, now: datetime) -> Scorecard:
    """How good we were over the last days."""
    since = now - timedelta(days=days)
    store = shell.store
    verdicts = store.verdict_counts(since=since)
    acts = store.first_acts(since=since)
    return Scorecard(
        since=since,
        until=now,
        tags=tuple(score((right, judged, n) for _feed, right, judged, n in verdicts)),
        feeds=tuple(by_feed(verdicts)),
        missed=store.missed_count(since=since),
        lead=lead_of(store.lead_times(), since=since.date(), until=now.date()),
        acknowledged=tuple(acknowledgements(acts)),
        clock=response_clock([*acts[Level.ORANGE], *acts[Level.RED]], now=now),
    )
