"""Commands that give to others and take from peers: export, import, peers."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
from pathlib import Path

from monitor import exporting
from monitor.cli import show
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell
from monitor.store.peers import Peer
from monitor.text.durations import moment_of


def export(shell: Shell, options: argparse.Namespace) -> int:
    """Alerts in a standard form, on stdout or as files; a bundle; the address of a profile's feed; our key."""
    if options.profile:
        shell.profile(options.profile)
    if options.key:
        show.say(exporting.our_key(shell))
        return 0
    if options.link:
        address = exporting.feed_link(shell, options.profile or shell.profiles[0].name)
        show.say(f"{address}.atom")
        show.say(f"{address}.json")
        return 0
    since = moment_of(options.since, shell.clock(), ahead=False) if options.since else None
    alerts = exporting.told(shell, profile=options.profile, since=since)
    if options.alert:
        alerts = [one for one in alerts if one.alert.id == options.alert]
        if not alerts:
            raise UsageError(_("there is no alert {id!r}: `monitor alerts` lists them").format(id=options.alert))
    if options.bundle:
        body, left_out = exporting.bundle(shell, alerts, tlp=options.tlp)
        if left_out:
            said = _("{n} stories left out: peers gave them in confidence")
            show.say(said.format(n=left_out), to_stderr=True)
        files = [("bundle.json", body)]
    else:
        files = exporting.exported(shell, alerts, form=options.format, profile=options.profile, tlp=options.tlp)
    _write(files, options.output)
    return 0


def _write(files: list[tuple[str, bytes]], output: str) -> None:
    if not output:
        for _name, body in files:
            sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
        return
    target = Path(output)
    if len(files) == 1 and not target.is_dir():
        marked = b"\xef\xbb\xbf" if target.suffix == ".csv" else b""  # so that Excel reads Chinese as it is
        target.write_bytes(marked + files[0][1])
        show.say(_("written to {file}").format(file=target))
        return
    target.mkdir(parents=True, exist_ok=True)
    for name, body in files:
        (target / name).write_bytes(body)
    show.say(_("{n} files written to {folder}").format(n=len(files), folder=target))


def take_in(shell: Shell, options: argparse.Namespace) -> int:
    """A peer's bundle, checked and judged like any other source."""
    counts = exporting.take_in(shell, Path(options.file), peer=options.peer)
    done = {name: counts[name] for name in ("entries_seen", "items_new", "duplicates", "items_flagged", "alerts_new")}
    if options.json:
        show.line(done)
    else:
        form = _(
            "{entries_seen} reports: {items_new} new, {duplicates} known, {items_flagged} flagged, {alerts_new} alerts"
        )
        show.say(form.format(**done))
    return 0


def peers(shell: Shell, options: argparse.Namespace) -> int:
    """List, add or remove those whose bundles are taken in."""
    if options.action == "add":
        key = options.key.lower()
        if not options.name or not re.fullmatch(r"[0-9a-f]{64}", key):
            raise UsageError(
                _("use monitor peers add NAME --key KEY, with the 64 digits of their `monitor export --key`")
            )
        if not options.name.isprintable() or len(options.name) > 60:
            raise UsageError(_("the name of a peer is a few plain words"))
        peer = Peer(
            name=options.name,
            key=key,
            trust=options.trust,
            added=shell.clock(),
            author=options.author or getpass.getuser(),
        )
        shell.store.put_peer(peer)
        show.say(_("bundles of {name} are taken in").format(name=options.name))
        return 0
    if options.action == "remove":
        if not shell.store.drop_peer(options.name, at=shell.clock(), author=options.author or getpass.getuser()):
            raise UsageError(_("no peer is called {name!r}").format(name=options.name))
        show.say(_("nothing more is taken from {name}").format(name=options.name))
        return 0
    known = shell.store.peers()
    if options.json:
        for one in known:
            show.line({"name": one.name, "key": one.key, "trust": one.trust, "added": one.added, "author": one.author})
        return 0
    rows = [(one.name, one.trust, show.time(one.added), one.author, one.key) for one in known]
    show.table((_("peer"), _("trust"), _("since"), _("author"), _("key")), rows)
    return 0
