"""Which feeds are polled: feeds.yaml, an OPML file or a plain list of addresses, told apart by content.

A mistake stops the start and names the file, the line and the entry; up to twenty are told
at once, so that a long list is mended in one go.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from monitor.domain import Feed
from monitor.errors import ConfigError
from monitor.i18n import _, ngettext
from monitor.ingest import feedlist, opml
from monitor.ingest.addresses import name_of, same_address, unique, wrong_address

log = logging.getLogger(__name__)

MOST_PROBLEMS = 20
LARGEST_FILE = 32 * 1024 * 1024
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+(\s+#.*)?")


def load(path: Path, *, default_every: timedelta) -> tuple[Feed, ...]:
    """The feeds that `path` names, in its order. `default_every` holds where a feed says nothing.

    Raises: ConfigError that lists what is wrong, with line numbers.
    """
    return read(_read(path), file=path, default_every=default_every)


def read(text: str, *, file: Path, default_every: timedelta) -> tuple[Feed, ...]:
    """The feeds of a list's text; `file` is named where something is wrong. Raises: ConfigError as `load` does."""
    if not text.strip():
        said = _("{file} is empty: put feeds into it, or take the shipped feeds.yaml as an example")
        raise ConfigError(said.format(file=file))
    feeds = _named(text, file=file, default_every=default_every)
    if not feeds:
        said = _("{file} names no feed: add one, or take the shipped feeds.yaml as an example")
        raise ConfigError(said.format(file=file))
    return feeds


def _named(text: str, *, file: Path, default_every: timedelta) -> tuple[Feed, ...]:
    problems = list[str]()
    if text.lstrip().startswith("<"):
        feeds = _distinct(opml.read(text, problems, default_every=default_every), file)
    elif is_plain_list(text):
        feeds = _distinct(_plain_list(text, problems, default_every), file)
    else:
        feeds = feedlist.read(text, problems, default_every=default_every)
    if problems:
        raise ConfigError(_mend(file, problems))
    return tuple(feeds)


def appended(text: str, feeds: Iterable[Feed], *, file: Path, default_every: timedelta) -> tuple[str, list[Feed]]:
    """The text of a list with what it does not hold yet of `feeds` at its end, and those; an empty one is begun.

    Comments, order and everything else stay as they are. Raises: ConfigError where the file
    cannot be added to, or is no feeds.yaml or list of addresses.
    """
    former = _named(text, file=file, default_every=default_every)
    taken, addresses = {feed.name for feed in former}, {same_address(feed.url) for feed in former}
    new = []
    for feed in feeds:
        if same_address(feed.url) not in addresses:
            addresses.add(same_address(feed.url))
            new.append(replace(feed, name=unique(feed.name, taken)))
    if not new:
        return text, new
    if text.lstrip().startswith("<"):
        said = _("{file} is OPML: make a feeds.yaml of it with `monitor feeds export feeds.yaml`")
        raise ConfigError(said.format(file=file))
    if not former:
        remarks = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
        return remarks + feedlist.write(new), new
    if is_plain_list(text):
        return text.rstrip("\n") + "\n" + "".join(f"{feed.url}\n" for feed in new), new
    end = feedlist.end_of_list(text)
    entries = feedlist.write(new).partition("\n")[2]
    before = text[:end] if text[:end].endswith("\n") else text[:end] + "\n"
    whole = before + _indented(entries, text) + text[end:]
    problems: list[str] = []
    if end < 0 or len(feedlist.read(whole, problems, default_every=default_every)) != len(former) + len(new):
        said = _("{file} cannot be added to: write its feeds as a list, each beginning with a dash on its own line")
        raise ConfigError(said.format(file=file))
    return whole, new


def _indented(entries: str, text: str) -> str:
    """New entries as far to the right as those of the file."""
    dash = next((line for line in text.splitlines() if line.lstrip().startswith("- ")), "  - ")
    margin = len(dash) - len(dash.lstrip()) - 2
    if margin < 0:
        return "".join(line[-margin:] for line in entries.splitlines(keepends=True))
    return "".join(" " * margin + line for line in entries.splitlines(keepends=True))


def _mend(path: Path, problems: list[str]) -> str:
    lines = [_("{file} has to be mended:").format(file=path), *problems[:MOST_PROBLEMS]]
    if more := len(problems[MOST_PROBLEMS:]):
        lines.append(ngettext("and {n} more", "and {n} more", more).format(n=more))
    return "\n  ".join(lines)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ConfigError(_("{file} is too large to be a list of feeds").format(file=path))
        data = path.read_bytes()
    except FileNotFoundError:
        said = _(
            "{file} does not exist: write it, name another with --feeds or MONITOR_FEEDS, "
            "or leave both out to use the shipped feeds.yaml"
        )
        raise ConfigError(said.format(file=path)) from None
    except OSError as problem:
        said = _("{file} cannot be read ({why}): a list of feeds is expected there")
        raise ConfigError(said.format(file=path, why=problem.strerror)) from problem
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        said = _("{file}, line {line}: not UTF-8 text; YAML, OPML or a list of addresses is expected")
        raise ConfigError(said.format(file=path, line=line)) from None
    if "\0" in text:
        said = _("{file} is a binary file; YAML, OPML or a list of addresses is expected")
        raise ConfigError(said.format(file=path))
    return text


def is_plain_list(text: str) -> bool:
    """Whether a list is one of addresses: the first line that says something is an address."""
    first = next((line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")), "")
    return bool(_ADDRESS.fullmatch(first))


def _plain_list(text: str, problems: list[str], default_every: timedelta) -> list[Feed]:
    feeds, taken = [], set[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        url = line.strip().partition(" #")[0].strip()
        if not url or url.startswith("#"):
            continue
        if wrong := wrong_address(url):
            problems.append(_("line {line}: {problem}").format(line=number, problem=wrong))
            continue
        feeds.append(Feed(name=unique(name_of(url), taken), url=url, every=default_every))
    return feeds


def _distinct(feeds: list[Feed], path: Path) -> list[Feed]:
    """One feed for each address: exported lists hold a feed once for every folder it lies in."""
    kept: dict[str, Feed] = {}
    for feed in feeds:
        kept.setdefault(same_address(feed.url), feed)
    if len(kept) < len(feeds):
        log.warning("feeds listed twice are polled once", extra={"file": str(path), "left_out": len(feeds) - len(kept)})
    return list(kept.values())
