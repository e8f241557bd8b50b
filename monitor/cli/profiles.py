"""Profiles by hand: list, write with eight questions, try out, take in, give away."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.cli import show
from monitor.domain import Level, Profile
from monitor.errors import ConfigError, UsageError
from monitor.i18n import _
from monitor.shell import Shell


def profiles(shell: Shell, options: argparse.Namespace) -> int:
    """One of: list, new, import, export, preview."""
    return {"list": _show, "new": _new, "import": _import, "export": _export, "preview": _preview}[options.action](
        shell, options
    )


def _show(shell: Shell, options: argparse.Namespace) -> int:
    from monitor.warn.profile_write import exported

    found = _profiles(shell, options)
    if options.json:
        for profile in found:
            entry = {"title": profile.title, "countries": [], "tags": [], "keywords": [], **exported(profile)}
            addresses = [recipient.address for recipient in profile.recipients]
            show.line({**entry, "recipients": addresses, "digest_every_s": profile.digest_every.total_seconds()})
        return 0
    everything = _("everything")
    rows = [
        (
            p.name,
            _(p.kind.value),
            _(p.state.value),
            ", ".join(p.countries) or everything,
            ", ".join(_(t.value) for t in p.tags) or everything,
            ", ".join(n.name for n in p.names) or ", ".join(p.keywords) or everything,
            ", ".join(r.address for r in p.recipients) or _("nobody"),
        )
        for p in found
    ]
    heads = (_("profile"), _("kind"), _("state"), _("countries"), _("tags"), _("names"), _("recipients"))
    show.table(heads, rows)
    return 0


def _profiles(shell: Shell, options: argparse.Namespace) -> list[Profile]:
    if not options.file:
        return list(shell.profiles)
    return list(_parsed(shell, Path(options.file)))


def _parsed(shell: Shell, file: Path, text: str | None = None) -> tuple[Profile, ...]:
    from monitor.text.lines import read_file, read_text
    from monitor.warn.profile_file import parse

    document = read_file(file) if text is None else read_text(text, file=str(file))
    settings = shell.settings
    return parse(document, file=str(file), language=settings.lang, digest_every=settings.digest_interval)


def _one(shell: Shell, options: argparse.Namespace) -> Profile:
    found = _profiles(shell, options)
    if not options.what and len(found) == 1:
        return found[0]
    for profile in found:
        if profile.name == options.what:
            return profile
    known = ", ".join(profile.name for profile in found)
    raise UsageError(_("no profile is called {name!r}; known are {known}").format(name=options.what, known=known))


# --- writing ----------------------------------------------------------------------------------------


def _new(shell: Shell, options: argparse.Namespace) -> int:
    from monitor.warn.profile_write import entry_of

    entry = entry_of(_answers(options))
    return _add(shell, options, [entry])


def _answers(options: argparse.Namespace) -> dict[str, str]:
    from monitor.text.lines import read_file
    from monitor.warn.profile_write import QUESTIONS, entry_of, examples

    given: dict[str, str] = {}
    if options.answers:
        read = read_file(Path(options.answers)).value
        if not isinstance(read, Mapping):
            raise ConfigError(_("{file}: has to be a mapping of answers").format(file=options.answers))
        for key, value in read.items():
            given[str(key)] = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    for pair in options.set:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(_("{pair!r} is not KEY=VALUE").format(pair=pair))
        given[key.strip()] = value
    if given or not sys.stdin.isatty():
        if not given.get("name"):
            raise UsageError(_("answer at least name: --set name=… or --from FILE"))
        return given
    for key, question in QUESTIONS:
        while True:
            given[key] = input(_(question).format(examples=", ".join(examples())) + "\n> ")
            try:
                entry_of(given)
                break
            except UsageError as problem:  # asked again at once: the answers before it are not lost
                show.say(str(problem), to_stderr=True)
    return given


def _import(shell: Shell, options: argparse.Namespace) -> int:
    from monitor.text.lines import read_file

    if not options.what:
        raise UsageError(_("name the file to take in: monitor profiles import FILE"))
    source = Path(options.what)
    entries = read_file(source).value
    found = _parsed(shell, source)  # everything that is wrong with it alone is told with its own lines
    names = {profile.name for profile in found}
    said = _("{file}: {names} is here already; rename it there or remove it here")
    target = _target(shell, options)
    here = {profile.name for profile in _parsed(shell, target)} if target.is_file() else set()
    if twice := sorted(names & here):
        raise ConfigError(said.format(file=source, names=", ".join(twice)))
    return _add(shell, options, entries["profiles"])


def _target(shell: Shell, options: argparse.Namespace) -> Path:
    return Path(options.file) if options.file else shell.settings.kept_file("profiles")


def _add(shell: Shell, options: argparse.Namespace, entries: list[dict[str, Any]]) -> int:
    """Write the longer file in place of the old one: all of it, or nothing."""
    from monitor.setting_up.profiles import keep
    from monitor.warn.profile_write import as_yaml

    target = _target(shell, options)
    if options.dry_run:
        keep(shell, entries, author="", file=target if options.file else None, dry_run=True)
        print(as_yaml(entries), end="")
        return 0
    keep(shell, entries, author=getpass.getuser(), file=target if options.file else None)
    names, count = ", ".join(str(entry["name"]) for entry in entries), len(_parsed(shell, target))
    show.say(
        _("written to {file}: {names} (profiles there now: {count})").format(file=target, names=names, count=count)
    )
    show.say(_("See what it would have sent: monitor profiles preview NAME --file {file}").format(file=target))
    return 0


def _export(shell: Shell, options: argparse.Namespace) -> int:
    from monitor.warn.profile_write import as_yaml, exported

    chosen = [_one(shell, options)] if options.what else _profiles(shell, options)
    print(as_yaml([exported(profile) for profile in chosen]), end="")
    told = (r for profile in chosen for r in (*profile.recipients, *profile.escalate_to))
    if channels := sorted({r.address for r in told if r.channel != "email"}):
        said = _("left out, since the address of a channel is a secret: {names}")
        show.say(said.format(names=", ".join(channels)), to_stderr=True)
    return 0


# --- trying out ----------------------------------------------------------------------------------------


def _preview(shell: Shell, options: argparse.Namespace) -> int:
    from monitor.store.items import ItemFilter
    from monitor.warn.rehearsal import rehearse

    profile, now = _one(shell, options), shell.clock()
    if options.days < 1:
        raise UsageError(_("--days has to be at least 1"))
    since = now - timedelta(days=options.days)
    found = rehearse(profile, shell.store.items(ItemFilter(since=since, flagged=True)), since=since, until=now)
    if options.json:
        for day in found.days:
            show.line(
                {
                    "day": day.day.isoformat(),
                    "items": day.items,
                    "at_once": day.at_once,
                    "in_digest": day.in_digest,
                    "held": day.held,
                }
            )
        for alert in found.alerts:
            show.line(show.alert(alert, ()))
        return 0
    rows = [(day.day, day.items, day.at_once, day.in_digest, day.held) for day in found.days]
    show.table((_("day"), _("flagged items"), _("at once"), _("in the digest"), _("held back")), rows)
    levels = ", ".join(f"{_(level.word)} {found.count(level)}" for level in sorted(Level, reverse=True))
    said = _("{name} would have heard of {count} alerts in {days} days: {levels}")
    told = sum(not alert.held for alert in found.alerts)
    show.say(said.format(name=profile.name, count=told, days=options.days, levels=levels))
    from monitor.i18n import current
    from monitor.notify.words import why

    language, say = current()
    shown = [
        (
            _("held back") if a.held else _(a.level.word),
            a.points,
            a.title,
            "; ".join(why(r, say, language) for r in a.reasons),
        )
        for a in found.alerts[:20]
    ]
    show.table((_("level"), _("points"), _("title"), _("why")), shown)
    return 0
