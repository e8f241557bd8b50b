"""Log lines: a constant message and its facts as keys, as text or as JSON; never more than one line."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class _Lines(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def __init__(self, form: str, masked: Callable[[str], str]) -> None:
        super().__init__()
        self._json = form == "json"
        self._masked = masked

    def format(self, record: logging.LogRecord) -> str:
        return self._masked(self._line(record))

    def _line(self, record: logging.LogRecord) -> str:
        facts = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        line |= {"event": record.getMessage(), **facts}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        if self._json:
            return json.dumps(line, ensure_ascii=False, default=str)
        traceback = f"\n{line.pop('traceback')}" if "traceback" in line else ""
        known = " ".join(f"{key}={_plain(value)}" for key, value in facts.items())
        return f"{line['time']} {record.levelname:<7} {_plain(line['event'])} {known}".rstrip() + traceback


def handler(form: str, masked: Callable[[str], str] = str) -> logging.Handler:
    """A handler for stderr in the form `text` or `json`; `masked` takes secrets out of each line."""
    found = logging.StreamHandler(sys.stderr)
    found.setFormatter(_Lines(form, masked))
    return found


def _plain(value: object) -> str:
    """Feed text is hostile text in logs too: no line breaks, no terminal codes."""
    return "".join(c if c.isprintable() else " " for c in str(value))[:500]
