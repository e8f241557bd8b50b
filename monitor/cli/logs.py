"""Log lines: a constant message and its facts as keys, as text or as JSON; never more than one line."""

from __future__ import annotations

import json
import logging
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class _Lines(logging.Formatter):
    def __init__(self, form: str) -> None:
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        facts = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        line = {"time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"), "level": record.levelname.lower()}
        line |= {"event": record.getMessage(), **facts}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        if self._json:
            return json.dumps(line, ensure_ascii=False, default=str)
        traceback = f"\n{line.pop('traceback')}" if "traceback" in line else ""
        known = " ".join(f"{key}={_plain(value)}" for key, value in facts.items())
        return f"{line['time']} {record.levelname:<7} {_plain(line['event'])} {known}".rstrip() + traceback


def handler(form: str) -> logging.Handler:
    """A handler for stderr in the form `text` or `json`."""
    found = logging.StreamHandler(sys.stderr)
    found.setFormatter(_Lines(form))
    return found


def _plain(value: object) -> str:
    """Feed text is hostile text in logs too: no line breaks, no terminal codes."""
    return "".join(c if c.isprintable() else " " for c in str(value))[:500]
