"""Commands for those who run an installation: feeds, profiles, config, db."""

from __future__ import annotations

import argparse
from pathlib import Path

from monitor.cli import show
from monitor.config import database_url, listing
from monitor.errors import StoreError, UsageError
from monitor.i18n import _
from monitor.shell import Shell


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


def _prune(shell: Shell, options: argparse.Namespace) -> int:
    """Forget what concerned nobody, or tell what would be forgotten."""
    from dataclasses import asdict

    from monitor.config import size
    from monitor.tending import prune
    from monitor.text.durations import duration

    try:
        keep = duration(options.keep) if options.keep else shell.settings.keep
        keep_size = size(options.keep_size) if options.keep_size else shell.settings.keep_size
    except ValueError as problem:
        raise UsageError(str(problem)) from problem
    if keep is None and keep_size is None:
        raise UsageError(_("say how much to keep: --keep 400d or --keep-size 2GB, or set MONITOR_KEEP"))
    found = prune(shell, now=shell.clock(), keep=keep, keep_size=keep_size, dry_run=options.dry_run)
    if found.items and not options.dry_run:
        shell.store.compact()
    if options.json:
        show.line(asdict(found))
        return 0
    form = _("{items} items would be dropped; the database holds {before} MB")
    if not options.dry_run:
        form = _("{items} items and {passes} records of passes dropped; {before} MB before, {after} MB now")
    show.say(
        form.format(
            items=f"{found.items:,}",
            passes=f"{found.passes:,}",
            before=f"{found.bytes_before / 1e6:,.1f}",
            after=f"{found.bytes_after / 1e6:,.1f}",
        )
    )
    if found.too_large:
        show.say(_("still above the set size: what is left is an alert's evidence, reviewed or waits for review"))
    return 0


def db(shell: Shell, options: argparse.Namespace) -> int:
    """Migrate, check, back up, restore or copy the database."""
    if options.action in ("backup", "restore", "copy"):
        return _db_whole(shell, options)
    if options.action == "prune":
        return _prune(shell, options)
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
