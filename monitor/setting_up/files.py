"""The files that people keep: changed whole and valid, or not at all, with a line in the trail.

A file that no setting names stands in the data folder, and begins as what is in force without it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from monitor import resources
from monitor.errors import ConfigError
from monitor.i18n import _
from monitor.ingest.sources import LARGEST_FILE, read
from monitor.shell import DEFAULT_EVERY, Shell
from monitor.text.lines import read_text
from monitor.text.rewrite import changed
from monitor.warn import playbooks
from monitor.warn.profile_file import parse as parse_profiles
from monitor.warn.profile_write import as_yaml, exported


def kept_text(shell: Shell, name: str) -> str:
    """The text of the user's own `feeds`, `profiles` or `playbooks`, or what that file begins with."""
    file = shell.settings.own_file(name)
    if file is None:
        if name == "profiles":
            return as_yaml([exported(profile) for profile in shell.profiles])
        shipped = resources.path("feeds.yaml" if name == "feeds" else "seeds/playbooks.yaml")
        return shipped.read_text(encoding="utf-8")
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise ConfigError(_("{file} is too large to be changed here").format(file=file))
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as problem:
        raise ConfigError(_("{file} cannot be read ({why})").format(file=file, why=problem.strerror)) from problem
    except UnicodeDecodeError as problem:
        raise ConfigError(_("{file} is not text in UTF-8").format(file=file)) from problem


def edit(
    shell: Shell, name: str, change: Callable[[Any], None], *, author: str, action: str, subject: str, note: str = ""
) -> Path:
    """Do `change` to the document of one file; see `put`."""

    def rewritten(text: str) -> str:
        check(shell, name, text)  # a file that is wrong already is told as it stands
        return changed(text, change)

    return put(shell, name, rewritten, author=author, action=action, subject=subject, note=note)


def put(
    shell: Shell,
    name: str,
    rewrite: Callable[[str], str],
    *,
    author: str,
    action: str,
    subject: str,
    note: str = "",
    file: Path | None = None,
) -> Path:
    """Write what `rewrite` makes of one file's text in its place, once it is valid; returns the file.

    Changes come one after the other, whoever makes them. Raises: ConfigError, and then nothing has changed.
    """
    target = file or shell.settings.kept_file(name)
    with _alone(shell):
        text = rewrite(former(shell, name, file))
        check(shell, name, text, file=target)
        _replace(target, text)
        shell.store.note_change(at=shell.clock(), author=author, action=action, subject=subject, note=note)
    shell.take_up(name)
    return target


def former(shell: Shell, name: str, file: Path | None = None) -> str:
    """What a change begins with: the text of `file`, or that of the user's own; empty where there is none."""
    if file is None:
        return kept_text(shell, name)
    return file.read_text(encoding="utf-8-sig") if file.is_file() else ""


def check(shell: Shell, name: str, text: str, *, file: Path | None = None) -> None:
    """Raises: ConfigError that lists what is wrong with `text`, with its lines."""
    target, settings = file or shell.settings.kept_file(name), shell.settings
    if name == "feeds":
        read(text, file=target, default_every=settings.poll_interval or DEFAULT_EVERY)
    elif name == "profiles":
        document = read_text(text, file=str(target))
        parse_profiles(document, file=str(target), language=settings.lang, digest_every=settings.digest_interval)
    else:
        playbooks.load(read_text(text, file=str(target)), file=str(target))


def _replace(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.draft")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        if file.exists():
            draft.chmod(file.stat().st_mode)
        draft.replace(file)
    except OSError as problem:
        draft.unlink(missing_ok=True)
        said = _("{file} cannot be written ({why})").format(file=file, why=problem.strerror)
        raise ConfigError(said) from problem


@contextmanager
def _alone(shell: Shell) -> Iterator[None]:
    """While nobody else changes a file of this installation."""
    folder = shell.settings.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "files.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as problem:
        said = _("{file} cannot be written ({why})").format(file=folder, why=problem.strerror)
        raise ConfigError(said) from problem
