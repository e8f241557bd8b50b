"""The trail of changes: list it, verify it, write it out signed."""

from __future__ import annotations

import argparse
from pathlib import Path

from monitor.cli import show
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell


def audit(shell: Shell, options: argparse.Namespace) -> int:
    """One of: list, verify, export."""
    return {"list": _list, "verify": _verify, "export": _export}[options.action](shell, options)


def _list(shell: Shell, options: argparse.Namespace) -> int:
    from monitor.auditing import as_json

    if options.json:
        for line in shell.store.whole_trail():
            show.line(as_json(line))
        return 0
    rows = [(n.id, show.time(n.at), n.author, _(n.action), n.subject, n.note) for n in shell.store.trail(limit=100)]
    show.table((_("line"), _("when"), _("author"), _("what"), _("of what"), _("note")), rows)
    return 0


def _verify(shell: Shell, options: argparse.Namespace) -> int:
    """Exit 1 when the chain is broken."""
    from monitor.auditing import as_json, check_file

    found = (
        check_file(shell, Path(options.file), key=options.key.lower()) if options.file else shell.store.verify_trail()
    )
    if options.json:
        broken = as_json(found.broken) if found.broken else None
        show.line(
            {
                "intact": found.intact,
                "lines": found.lines,
                "head": found.head,
                "missing": found.missing,
                "broken": broken,
            }
        )
    elif found.broken:
        said = _("broken at line {id} ({when}, {author}, {action} {subject}): it, or one before it, was changed")
        line = found.broken
        show.say(
            said.format(
                id=line.id, when=show.time(line.at), author=line.author, action=line.action, subject=line.subject
            )
        )
    elif found.missing:
        show.say(_("broken: {n} lines are missing at the end").format(n=found.missing))
    else:
        show.say(_("intact: {n} lines, ending at {head}").format(n=found.lines, head=found.head))
    return 0 if found.intact else 1


def _export(shell: Shell, options: argparse.Namespace) -> int:
    from monitor.auditing import export

    if not options.file:
        raise UsageError(_("name the file to write: monitor audit export FILE"))
    made = export(shell, Path(options.file))
    if options.json:
        show.line(made)
        return 0
    said = _("{n} lines written to {file}, signed with the key {key}")
    show.say(said.format(n=made["lines"], file=options.file, key=made["key"]))
    return 0
