"""Commands for those who run an installation: feeds, profiles, config, db."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from monitor.cli import show
from monitor.config import database_url, listing
from monitor.errors import StoreError, UsageError
from monitor.i18n import _
from monitor.shell import Shell


def feeds(shell: Shell, options: argparse.Namespace) -> int:
    """Every listed feed with its health."""
    shell.store.sync_feeds(shell.feeds)
    stored = shell.store.items_per_feed()
    listed = {feed.name for feed in shell.feeds}
    rows: list[dict[str, Any]] = []
    for state in shell.store.feed_states(shell.feeds):
        feed = state.feed
        rows.append(
            {
                "name": feed.name,
                "url": feed.url,
                "publisher": feed.publisher,
                "kind": feed.kind.value,
                "language": feed.language,
                "country": feed.country,
                "every_s": feed.every.total_seconds(),
                "trust": int(feed.trust),
                "listed": feed.name in listed,
                "items": stored.get(feed.name, 0),
                "last_ok": state.last_ok,
                "next_poll": state.next_poll,
                "failures": state.failures,
                "error": state.error,
                "moved_to": state.moved_to,
            }
        )
    if options.json:
        for row in rows:
            show.line(row)
        return 0
    shown = [
        (r["name"], r["kind"], r["country"], r["items"], show.time(r["last_ok"]), r["failures"] or "", r["error"])
        for r in rows
    ]
    heads = (_("feed"), _("kind"), _("country"), _("items"), _("last answer"), _("failures"), _("trouble"))
    show.table(heads, shown)
    return 0


def config(shell: Shell, options: argparse.Namespace) -> int:
    """The settings in force."""
    rows = listing(shell.settings)
    if options.json:
        for row in rows:
            show.line(row)
    else:
        shown = [(row["name"], row["value"], row["help"]) for row in rows]
        heads = (_("setting"), _("value"), _("what for"))
        show.table(heads, [(name, value, _(told)) for name, value, told in shown])
    return 0


def db(shell: Shell, options: argparse.Namespace) -> int:
    """Migrate, check, back up, restore or copy the database."""
    if options.action in ("backup", "restore", "copy"):
        return _db_whole(shell, options)
    if options.action == "check" and (trouble := shell.store.check()):
        said = _("{trouble}: restore the newest backup made with `monitor db backup`")
        raise StoreError(said.format(trouble=trouble))
    show.say(_("the database is sound and stands at schema {schema}").format(schema=shell.store.schema()))
    return 0


def _db_whole(shell: Shell, options: argparse.Namespace) -> int:
    """The whole memory to or from a file, or into another database."""
    from monitor.daemon import only_one

    usage = {
        "backup": _("name the file to write: monitor db backup FILE"),
        "restore": _("name the backup to read: monitor db restore FILE"),
        "copy": _("name the database to fill: monitor db copy postgresql://user:password@host/name"),
    }
    if not options.target:
        raise UsageError(usage[options.action])
    with show.progress(_("rows")) as progress:
        if options.action == "backup":
            shell.store.backup(Path(options.target), progress=progress)
            show.say(_("written to {file}").format(file=options.target))
            return 0
        with only_one(shell):  # nobody schedules or sends while the memory is exchanged
            if options.action == "restore":
                rows = shell.store.restore(Path(options.target), replace=options.replace, progress=progress)
            else:
                url = database_url(options.target)
                rows = shell.store.copy_to(url, replace=options.replace, progress=progress)
    show.say(_("{rows} rows copied and compared").format(rows=rows))
    return 0
