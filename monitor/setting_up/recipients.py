"""Whom a profile tells: put in, changed, taken out, in the file of profiles."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from monitor.domain import Recipient
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.setting_up.files import edit
from monitor.shell import Shell
from monitor.text.rewrite import quoted, set_key
from monitor.warn.recipients import recipient as read_recipient


def put(
    shell: Shell, profile: str, address: str, *, language: str = "", timezone: str = "", quiet: str = "", author: str
) -> Recipient:
    """Tell `address` of what concerns a profile; of a known one language, zone and quiet hours are set anew.

    Another channel than mail is known by its name and keeps its URL; a new one is written into the file by hand.
    Raises: UsageError for an unknown profile, or a value that is not understood.
    """
    shell.profile(profile)
    where = address.strip()
    given = {"language": language.strip(), "timezone": timezone.strip(), "quiet": quiet.strip()}
    given = {key: value for key, value in given.items() if value}
    is_channel = any(r.key[0] == where and r.channel != "email" for r in shell.profile(profile).recipients)
    try:
        probe = {"channel": "probe://probe"} if is_channel else {"address": where}
        read = read_recipient({**probe, **given}, shell.settings.lang)
    except ValueError as problem:
        raise UsageError(str(problem)) from problem

    def write(document: Any) -> None:
        own = _own(document, profile)
        for at, raw in enumerate(own):
            if _address(raw, shell.settings.lang) == where:
                kept = (
                    {key: raw[key] for key in raw if key not in ("language", "timezone", "quiet")}
                    if not (isinstance(raw, str))
                    else {"address": quoted(where)}
                )
                own[at] = {**kept, **quoted(given)}
                return
        own.insert(max(len(own) - 1, 0), {"address": quoted(where), **quoted(given)})  # comments follow the last

    note = ", ".join([where, *given.values()])
    edit(shell, "profiles", write, author=author, action="recipient", subject=f"profile {profile}", note=note)
    return read


def drop(shell: Shell, profile: str, address: str, *, author: str) -> None:
    """Tell `address` no more of what concerns a profile. Raises: UsageError where it is none of its recipients."""
    shell.profile(profile)

    def write(document: Any) -> None:
        own = _own(document, profile)
        for at, raw in enumerate(own):
            if _address(raw, shell.settings.lang) == address:
                del own[at]
                return
        said = _("{address} is no recipient of {profile}")
        raise UsageError(said.format(address=address, profile=profile))

    edit(
        shell, "profiles", write, author=author, action="recipient removed", subject=f"profile {profile}", note=address
    )


def _own(document: Any, profile: str) -> Any:
    """The list of a profile's entry; one that inherits its recipients gets them as its own first."""
    entries: dict[str, Any] = {str(entry.get("name", "")).strip(): entry for entry in document["profiles"]}
    entry = entries[profile]
    if entry.get("recipients") is None:
        set_key(entry, "recipients", copy.deepcopy(_inherited(entries, entry)))
    elif not isinstance(entry["recipients"], list):
        entry["recipients"] = [entry["recipients"]]
    return entry["recipients"]


def _inherited(entries: Mapping[str, Any], entry: Mapping[str, Any]) -> list[Any]:
    """As `warn.profile_file` takes them: of the first parent that has any, its own or inherited."""
    parents = entry.get("inherits") or []
    for parent in [parents] if isinstance(parents, str) else parents:
        theirs = entries[parent].get("recipients")
        found = _inherited(entries, entries[parent]) if theirs is None else theirs
        if found:
            return list(found)
    return []


def _address(raw: Any, language: str) -> str:
    try:
        return read_recipient(raw if isinstance(raw, str) else dict(raw), language).address
    except ValueError:
        return ""
