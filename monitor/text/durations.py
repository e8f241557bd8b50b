"""Spans of time and moments as people write them in settings, commands and forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from monitor.errors import UsageError
from monitor.i18n import _

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?")


def duration(text: str) -> timedelta:
    """The time that "90s", "0.1s", "30m", "2h", "1d", "1h30m" or a plain number of seconds means.

    Raises: ValueError that says how to write one.
    """
    text = text.strip().lower()
    parts = _DURATION.findall(text)
    if not parts or _DURATION.sub("", text).strip() or (len(parts) > 1 and not all(unit for _, unit in parts)):
        said = _("{text!r} is not a duration: write a number with s, m, h or d, such as 30m")
        raise ValueError(said.format(text=text))
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit or "s"] for number, unit in parts))
    except OverflowError:
        said = _("{text!r} is too long for a duration: use at most some years")
        raise ValueError(said.format(text=text)) from None


def moment_of(text: str, now: datetime, *, ahead: bool) -> datetime:
    """The moment (UTC) of a date in ISO 8601, or so long before `now` (`ahead`: after it).

    Raises: UsageError that says how to write one.
    """
    try:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return now + duration(text) if ahead else now - duration(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as problem:
        said = _("{text!r} is neither a date such as 2026-11-24 nor a span such as 2d")
        raise UsageError(said.format(text=text)) from problem
