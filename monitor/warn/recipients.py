"""Who is told, where, in which language and hours, as profiles write it down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.domain import Calendar, Recipient
from monitor.i18n import _

LANGUAGES = ("en", "zh", "both")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FIELDS = {"address", "channel", "channel_file", "name", "language", "timezone", "quiet"}
_SCHEME = re.compile(r"([a-z][a-z0-9]{0,15})://\S+")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def recipient(value: Any, language: str) -> Recipient:
    """One recipient: a mail address, or a mapping with an address, or with the Apprise URL of another channel.

    Raises: ValueError in words that never show a channel's URL, which holds secrets.
    """
    entry = {"address": value} if isinstance(value, str) else value
    if not isinstance(entry, Mapping) or not set(entry) <= _FIELDS:
        said = _("a recipient is a mail address, or a mapping with some of {names}")
        raise ValueError(said.format(names=", ".join(sorted(_FIELDS))))
    chosen = str(entry.get("language", language))
    if chosen not in LANGUAGES:
        raise ValueError(_("language {code!r}: use en, zh or both").format(code=chosen))
    address, channel, url = _where(entry)
    return Recipient(
        address=address,
        channel=channel,
        language=chosen,
        timezone=_zone(str(entry.get("timezone", "UTC"))),
        quiet=_quiet(str(entry["quiet"])) if entry.get("quiet") is not None else None,
        url=url,
    )


def _where(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    """Address, channel and URL. A channel is known by its name, so that its URL is stored nowhere."""
    if "channel" not in entry and "channel_file" not in entry:
        address = str(entry.get("address", ""))
        if address.count("@") != 1 or any(c.isspace() or c in ",;<>" or ord(c) < 32 for c in address):
            raise ValueError(_("{address!r} is not a mail address").format(address=address))
        return address, "email", ""
    if "address" in entry:
        raise ValueError(_("a recipient has an address or a channel, not both"))
    url = str(entry["channel"]) if "channel" in entry else _of_file(Path(str(entry["channel_file"])))
    found = _SCHEME.fullmatch(url.strip())
    if not found:
        raise ValueError(_("`channel` needs an Apprise URL such as ntfy://host/topic"))
    name = str(entry.get("name", "")).strip() or f"{found[1]}-{sha256(url.encode()).hexdigest()[:4]}"
    if any(not c.isprintable() for c in name) or "@" in name or len(name) > 60:
        raise ValueError(_("the name of a channel is a few plain words without @"))
    return name, found[1], url.strip()


def _of_file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise ValueError(_("{file} cannot be read ({why})").format(file=file, why=type(problem).__name__)) from problem


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise ValueError(_("{zone!r} is not a time zone such as Asia/Shanghai").format(zone=name)) from problem
    return name


def _quiet(text: str) -> tuple[time, time]:
    begin, dash, end = text.partition("-")
    if not dash or _clock(begin) == _clock(end):
        raise ValueError(_("quiet hours {text!r}: use 22:00-07:00").format(text=text))
    return _clock(begin), _clock(end)


def calendar(value: Any, *, weekly: bool = False) -> Calendar:
    """`daily 07:30`, `mon 07:30`; `weekly` alone means Monday at 08:00. Raises: ValueError."""
    words = str(value).lower().split()
    if words[:1] == ["weekly"]:
        words = words[1:] or ["mon"]
    day = DAYS.index(words[0][:3]) if words and words[0][:3] in DAYS else None
    named = day is not None or words[:1] == ["daily"]
    times = words[1:] if named else words
    if (weekly and day is None) or not named or len(times) > 1:
        raise ValueError(_("{text!r}: use daily 07:30, or mon 07:30 for once a week").format(text=str(value)))
    return Calendar(at=_clock(times[0]) if times else time(8), weekday=day)


def _clock(text: str) -> time:
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        raise ValueError(_("{text!r} is not a time of day such as 07:30").format(text=text.strip()))
    return time(int(found[1]), int(found[2]))
