"""The scorecard on the terminal."""

from __future__ import annotations

import argparse
from typing import Any

from monitor.cli import show
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell
from monitor.warn.scorecard import Scorecard, Share

MOST_DAYS = 36_500


def scorecard(shell: Shell, options: argparse.Namespace) -> int:
    """How often we were right, what was missed, how early we told, how soon somebody acted."""
    from monitor.scoring import scorecard as gathered

    if not 1 <= options.days <= MOST_DAYS:
        raise UsageError(_("--days has to be at least 1"))
    found = gathered(shell, days=options.days, now=shell.clock())
    if options.json:
        show.line(_json(found))
        return 0
    heads = (_("right"), _("wrong"), _("precision"), _("interval of 90 %"))
    tags = [(_(t.tag.value), *_cells(Share(right=t.right, n=t.right + t.wrong)), t.missed) for t in found.tags]
    show.table((_("tag"), *heads, _("missed")), tags)
    show.say(_("Events that were missed and reported: {n}").format(n=found.missed))
    if found.feeds:
        show.table((_("feed"), *heads), [(f.feed, *_cells(f.precision)) for f in found.feeds])
    lead = found.lead
    said = _("Dates that came in this time: {n}; told before them: {share} ({interval}); median lead {days} days")
    show.say(
        said.format(
            n=lead.in_time.n,
            share=_percent(lead.in_time),
            interval=_interval(lead.in_time),
            days=_figure(lead.median_days),
        )
    )
    rows = [
        (_(a.level.word), a.acted.right, a.acted.n, _percent(a.acted), _interval(a.acted), _figure(a.median_hours))
        for a in found.acknowledged
    ]
    columns = (_("level"), _("acted on"), _("alerts"), _("share"), _("interval of 90 %"), _("median hours"))
    show.table(columns, rows)
    return 0


def _cells(share: Share) -> tuple[object, ...]:
    return share.right, share.n - share.right, _percent(share), _interval(share)


def _percent(share: Share) -> str:
    return "–" if share.value is None else f"{share.value:.0%}"


def _interval(share: Share) -> str:
    return "–" if share.interval is None else f"{share.interval[0]:.0%} – {share.interval[1]:.0%}"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _share(share: Share) -> dict[str, Any]:
    return {"right": share.right, "n": share.n, "share": share.value, "interval": share.interval}


def _json(found: Scorecard) -> dict[str, Any]:
    return {
        "since": found.since,
        "until": found.until,
        "confidence": 0.9,
        "tags": {
            t.tag.value: _share(Share(right=t.right, n=t.right + t.wrong)) | {"missed": t.missed} for t in found.tags
        },
        "feeds": {feed.feed: _share(feed.precision) for feed in found.feeds},
        "missed": found.missed,
        "lead": {"median_days": found.lead.median_days, "in_time": _share(found.lead.in_time)},
        "acknowledged": {a.level.word: _share(a.acted) | {"median_hours": a.median_hours} for a in found.acknowledged},
        "orange_and_red_within_72h": {
            "in_time": found.clock.in_time,
            "late": found.clock.late,
            "running": found.clock.running,
        },
    }
