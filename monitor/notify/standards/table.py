"""Alerts as CSV that a spreadsheet can open without running anything, and as JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from monitor.notify.plain import one_line
from monitor.notify.standards.facts import Told, stamp

COLUMNS = (
    "id", "profile", "level", "state", "title", "url", "labels", "topics", "countries", "severity", "urgency",
    "certainty", "points", "reasons", "opened", "updated", "owner", "reports", "feeds",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def csv_text(alerts: Sequence[Told]) -> str:
    """A line an alert under a head. A cell that a spreadsheet would take for a formula begins with an apostrophe.

    Source: OWASP, CSV Injection
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for told in alerts:
        row = record(told)
        writer.writerow([safe_cell(row[name]) for name in COLUMNS])
    return out.getvalue()


def safe_cell(value: Any) -> str:
    """`value` as text that stays text."""
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    line = one_line(text, 32_000)
    return f"'{line}" if line.startswith(_FORMULA) or text.startswith(_FORMULA) else line


def json_lines(alerts: Sequence[Told]) -> str:
    """One JSON object a line, with the items of the story."""
    lines = []
    for told in alerts:
        items = [{"id": i.id, "title": i.title, "link": i.url, "feed": i.feed} for i in told.items]
        lines.append(json.dumps(record(told) | {"items": items}, ensure_ascii=False))
    return "".join(f"{line}\n" for line in lines)


def record(told: Told) -> dict[str, Any]:
    """One alert with the names of `monitor alerts --json`."""
    alert = told.alert
    return {
        "id": alert.id,
        "profile": alert.profile,
        "level": alert.level.word,
        "state": alert.state.value,
        "title": alert.title,
        "url": alert.url,
        "labels": [tag.value for tag in alert.labels],
        "topics": list(alert.topics),
        "countries": list(alert.countries),
        "severity": int(alert.severity),
        "urgency": alert.urgency.value,
        "certainty": alert.certainty.value,
        "points": alert.points,
        "reasons": list(alert.reasons),
        "opened": stamp(alert.opened),
        "updated": stamp(alert.updated),
        "owner": alert.owner,
        "reports": alert.item_count,
        "feeds": list(alert.feeds),
    }
