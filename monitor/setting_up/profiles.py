"""Profiles by the page: eight answers, tried on the last month, and written into the file of profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.domain import Profile
from monitor.i18n import _
from monitor.setting_up.files import check, former, put
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


def keep(
    shell: Shell,
    entries: Sequence[Mapping[str, Any]],
    *,
    author: str,
    file: Path | None = None,
    dry_run: bool = False,
) -> None:
    """Write more profiles into the file of profiles, the whole of it valid, or nothing; into another where named.

    Raises: ConfigError where the file cannot be read or written, an entry is wrong, or a name is taken.
    """
    names = ", ".join(str(entry.get("name", "")) for entry in entries)

    def longer(text: str) -> str:
        if text.strip():
            check(shell, "profiles", text, file=file)  # a file that is wrong already is told as it stands
        return with_more(text, entries)

    if dry_run:
        check(shell, "profiles", longer(former(shell, "profiles", file)), file=file)
        return
    put(shell, "profiles", longer, author=author, action="profile", subject=f"profile {names}", file=file)


def _parsed(shell: Shell, document: Document, file: str) -> tuple[Profile, ...]:
    return parse(document, file=file, language=shell.settings.lang, digest_every=shell.settings.digest_interval)
