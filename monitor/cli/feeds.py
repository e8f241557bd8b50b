"""`monitor feeds`: what is polled and how it is; checked, added to, exchanged with other readers."""

from __future__ import annotations

import argparse
import getpass
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monitor.cli import show
from monitor.domain import Silence
from monitor.errors import UsageError
from monitor.i18n import _, current
from monitor.ingest.addresses import public
from monitor.ingest.moves import host_of
from monitor.ingest.politeness import interval
from monitor.notify.words import silence_words
from monitor.shell import DEFAULT_EVERY, Shell


def feeds(shell: Shell, options: argparse.Namespace) -> int:
    """Every listed feed with its health, or one step with the list."""
    steps = {"accept": _accept, "check": _check, "add": _add, "import": _import, "export": _export}
    if options.action in steps:
        return steps[options.action](shell, options)
    shell.store.sync_feeds(shell.feeds)
    stored = shell.store.items_per_feed()
    listed = {feed.name for feed in shell.listed}
    rows: list[dict[str, Any]] = []
    for state in shell.store.feed_states(shell.listed):
        feed = state.feed
        rows.append(
            {
                "name": feed.name,
                "url": public(feed.url),
                "publisher": feed.publisher,
                "kind": feed.kind.value,
                "language": feed.language,
                "country": feed.country,
                "every_s": feed.every.total_seconds(),
                "trust": int(feed.trust),
                "listed": feed.name in listed,
                "paused": feed.paused,
                "items": stored.get(feed.name, 0),
                "last_ok": state.last_ok,
                "next_poll": state.next_poll,
                "failures": state.failures,
                "error": state.error,
                "moved_to": state.moved_to,
                "held_from": state.held_from,
                "silence": state.silence and asdict(state.silence),
                "interval_s": interval(feed, state.rhythm).total_seconds(),
            }
        )
    if options.json:
        for row in rows:
            show.line(row)
        return 0
    shown = [
        (r["name"], r["kind"], r["country"], r["items"], show.time(r["last_ok"]), r["failures"] or "", _trouble(r))
        for r in rows
    ]
    heads = (_("feed"), _("kind"), _("country"), _("items"), _("last answer"), _("failures"), _("trouble"))
    show.table(heads, shown)
    return 0


def _trouble(row: dict[str, Any]) -> str:
    """What somebody should know of a feed, in a few words."""
    if row["paused"]:
        return _("paused: {why}").format(why=row["paused"])
    if row["held_from"]:
        said = _("answers from {address} now: look at it, then `monitor feeds accept NAME`")
        return said.format(address=row["held_from"])
    if error := str(row["error"]):
        return _(error)
    if row["moved_to"]:
        return _("moved for good to {address}").format(address=row["moved_to"])
    _language, say = current()
    return silence_words(Silence(**row["silence"]), say) if row["silence"] else ""


def _accept(shell: Shell, options: argparse.Namespace) -> int:
    """Let a feed answer from the host that it is held for."""
    name = options.what
    shell.store.sync_feeds(shell.feeds)
    held = {state.feed.name: state.held_from for state in shell.store.feed_states(shell.feeds) if state.held_from}
    if name not in held:
        said = _("no feed called {name!r} is held; held are: {held}")
        raise UsageError(said.format(name=name, held=", ".join(held) or _("none")))
    shell.store.accept_move(name, host_of(held[name]))
    show.say(
        _("{name} may answer from {address} from now on; it is asked with the next pass").format(
            name=name, address=held[name]
        )
    )
    return 0


def _check(shell: Shell, options: argparse.Namespace) -> int:
    """Ask every feed once, store nothing; exit 1 when one has a problem."""
    from monitor.looking import check

    named = [feed for feed in shell.feeds if options.what in ("", feed.name, feed.url)]
    if not named:
        raise UsageError(_("no feed is called {name!r}: `monitor feeds` lists them").format(name=options.what))
    with show.progress(_("feeds")) as progress:
        found = sorted(check(shell, named, progress=progress), key=lambda one: (not one.problem, one.name))
    if options.json:
        for one in found:
            show.line(asdict(one))
    else:
        heads = (_("feed"), _("answer"), _("entries"), _("newest"), _("language"), _("problem"))
        told = [(one, str(one.problem)) for one in found]
        rows = [
            (o.name, o.status or "–", o.entries, show.time(o.newest), o.language, _(t) if t else "") for o, t in told
        ]
        show.table(heads, rows)
        well = sum(not one.problem for one in found)
        show.say(_("{well} of {all} feeds are well").format(well=well, all=len(found)))
    return 1 if any(one.problem for one in found) else 0


def _add(shell: Shell, options: argparse.Namespace) -> int:
    """Find the feed of an address and write it into the list."""
    from monitor.setting_up.feeds import append, found_at

    feed, entries = found_at(shell, options.what, watch=options.watch, name=options.name)
    added = append(shell, [feed], author=getpass.getuser(), dry_run=options.dry_run)
    for one in added:
        show.say(_("{name}: {url} ({entries} entries)").format(name=one.name, url=one.url, entries=entries))
    if not added:
        show.say(_("{file} lists it already: {url}").format(file=shell.settings.kept_file("feeds"), url=feed.url))
    return 0


def _import(shell: Shell, options: argparse.Namespace) -> int:
    """Add the feeds of an OPML file, a list of addresses or another feeds.yaml to the list."""
    from monitor.ingest.sources import load
    from monitor.setting_up.feeds import append

    if not options.what:
        raise UsageError(_("name the file: monitor feeds import FILE.opml"))
    listed = load(Path(options.what), default_every=DEFAULT_EVERY)
    added = append(shell, listed, author=getpass.getuser(), dry_run=options.dry_run)
    form = _("{new} feeds added to {file}, {known} were listed already")
    if options.dry_run:
        form = _("{new} feeds would be added to {file}, {known} are listed already")
    file = shell.settings.kept_file("feeds")
    show.say(form.format(new=len(added), file=file, known=len(listed) - len(added)))
    return 0


def _export(shell: Shell, options: argparse.Namespace) -> int:
    """Write the list as OPML for other readers, or as a feeds.yaml; `-` is stdout."""
    from monitor.ingest import feedlist, opml

    target = options.what or "-"
    text = feedlist.write(shell.listed) if target.endswith((".yaml", ".yml")) else opml.write(shell.feeds)
    if target == "-":
        print(text, end="")
        return 0
    if Path(target).exists():
        raise UsageError(_("{file} exists already: name another file").format(file=target))
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as problem:
        said = _("{file} cannot be written ({why})").format(file=target, why=problem.strerror)
        raise UsageError(said) from problem
    show.say(_("written to {file}").format(file=target))
    return 0
