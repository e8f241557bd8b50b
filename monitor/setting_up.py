"""Profiles by the page: eight answers, tried on the last month, and written where MONITOR_PROFILES points."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.domain import Profile
from monitor.errors import ConfigError
from monitor.i18n import _
from monitor.shell import Shell
from monitor.store.items import ItemFilter
from monitor.text.lines import Document
from monitor.warn.profile_file import parse
from monitor.warn.profile_write import with_more
from monitor.warn.rehearsal import Rehearsal, rehearse

DAYS = 30


def try_out(shell: Shell, profile: Profile, *, now: datetime) -> Rehearsal:
    """What a profile would have heard in the last `DAYS` days; nothing is written."""
    since = now - timedelta(days=DAYS)
    return rehearse(profile, shell.store.items(ItemFilter(since=since, flagged=True)), since=since, until=now)


def profile_of(shell: Shell, entry: Mapping[str, Any]) -> Profile:
    """The profile that an entry describes. Raises: ConfigError that says what is wrong with it."""
    return _parsed(shell, Document({"profiles": [dict(entry)]}), _("this profile"))[0]


def keep_profile(shell: Shell, entry: Mapping[str, Any], *, author: str) -> Path:
    """Write one more profile into the file, the whole of it valid, or nothing.

    Raises: ConfigError where no file is named, it cannot be read or written, or the name is taken.
    """
    import yaml

    file = shell.settings.profiles
    if file is None:
        raise ConfigError(_("set MONITOR_PROFILES to the file that shall hold the profiles, then start again"))
    profile_of(shell, entry)
    draft = file.with_name(f".{file.name}.draft")
    try:
        text = with_more(file.read_text(encoding="utf-8") if file.is_file() else "", [entry])
        _parsed(shell, Document(yaml.safe_load(text)), str(file))
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as problem:
        draft.unlink(missing_ok=True)
        raise ConfigError(_("{file} cannot be changed: {why}").format(file=file, why=problem)) from problem
    shell.store.note_change(at=shell.clock(), author=author, action="profile", subject=str(entry["name"]))
    shell.__dict__.pop("profiles", None)  # read anew by whoever asks next
    return file


def _parsed(shell: Shell, document: Document, file: str) -> tuple[Profile, ...]:
    return parse(document, file=file, language=shell.settings.lang, digest_every=shell.settings.digest_interval)
