"""The list of feeds: found by address, added, changed, paused, taken off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.domain import Feed
from monitor.errors import ConfigError, UsageError
from monitor.i18n import _
from monitor.ingest.addresses import shown, wrong_address
from monitor.ingest.sources import appended, is_plain_list, read
from monitor.setting_up.files import edit, kept_text, put
from monitor.shell import DEFAULT_EVERY, Shell
from monitor.text.rewrite import quoted, set_key

CHANGEABLE = ("kind", "language", "country", "every", "trust", "paused")


def listed(shell: Shell) -> tuple[Feed, ...]:
    """Every feed of the list, the paused ones too, in its order."""
    every = shell.settings.poll_interval or DEFAULT_EVERY
    return read(kept_text(shell, "feeds"), file=shell.settings.kept_file("feeds"), default_every=every)


def found_at(shell: Shell, address: str, *, watch: str = "", name: str = "") -> tuple[Feed, int]:
    """The feed of an address, or of the page that is there, and how many entries it holds now.

    Raises: UsageError for no address, and where no feed was found.
    """
    from monitor.looking import find

    url = address.strip()
    url = url if "://" in url else f"https://{url}"
    if not address.strip():
        raise UsageError(_("name the address of a feed, or of a page that has one"))
    if wrong := wrong_address(url):
        raise UsageError(_("{url!r} is no address: {why}").format(url=address, why=wrong))
    feed, entries = find(shell, url, watch=watch)
    return replace(feed, name=name or feed.name), entries


def append(shell: Shell, feeds: Iterable[Feed], *, author: str, dry_run: bool = False) -> list[Feed]:
    """Write into the list what it does not hold yet; returns what is new. Raises: ConfigError."""
    file, wanted = shell.settings.kept_file("feeds"), list(feeds)
    added: list[Feed] = []

    def longer(text: str) -> str:
        made, new = appended(text, wanted, file=file, default_every=DEFAULT_EVERY)
        added[:] = new
        return made

    if dry_run or not _is_new(shell, wanted):
        longer(kept_text(shell, "feeds"))
        return added
    subject = f"feed {wanted[0].name}" if len(wanted) == 1 else f"{len(wanted)} feeds"
    put(shell, "feeds", longer, author=author, action="feed added", subject=subject, note=shown(wanted[0].url))
    return added


def _is_new(shell: Shell, wanted: list[Feed]) -> bool:
    file = shell.settings.kept_file("feeds")
    return bool(appended(kept_text(shell, "feeds"), wanted, file=file, default_every=DEFAULT_EVERY)[1])


def change(shell: Shell, name: str, values: Mapping[str, str], *, author: str) -> Path:
    """Set keys of one feed's entry; an empty value takes the key away.

    Raises: UsageError for a feed that is not listed or a key that is not changed here; ConfigError for a value.
    """
    if unknown := sorted(set(values) - set(CHANGEABLE)):
        raise UsageError(_("{names} is not changed here").format(names=", ".join(unknown)))
    given = {key: " ".join(value.split()) for key, value in values.items()}

    def write(document: Any) -> None:
        entry = _entry(document, name)
        for key, value in given.items():
            if value:
                is_number = key == "trust" and value.isascii() and value.isdigit()
                set_key(entry, key, int(value) if is_number else quoted(value))
            else:
                entry.pop(key, None)

    note = ", ".join(f"{key} {value or '–'}" for key, value in given.items())
    _refuse(shell, name)
    return edit(shell, "feeds", write, author=author, action="feed changed", subject=f"feed {name}", note=note)


def remove(shell: Shell, name: str, *, author: str) -> Path:
    """Take a feed off the list: its items stay, it is not polled. Raises: UsageError for one that is not listed."""

    def write(document: Any) -> None:
        document["feeds"].remove(_entry(document, name))

    _refuse(shell, name)
    return edit(shell, "feeds", write, author=author, action="feed removed", subject=f"feed {name}")


def _entry(document: Any, name: str) -> Any:
    return next(entry for entry in document["feeds"] if str(entry["name"]).strip() == name)


def _refuse(shell: Shell, name: str) -> None:
    """Raises: UsageError for a feed that is not listed; ConfigError for a list that holds no keys to change."""
    if all(feed.name != name for feed in listed(shell)):
        raise UsageError(_("no feed is called {name!r}: `monitor feeds` lists them").format(name=name))
    text = kept_text(shell, "feeds")
    if text.lstrip().startswith("<") or is_plain_list(text):
        said = _(
            "{file} is OPML or a list of addresses: make a feeds.yaml of it with `monitor feeds export feeds.yaml`"
        )
        raise ConfigError(said.format(file=shell.settings.kept_file("feeds")))
