"""Silences: what is told to nobody for a while, and why."""

from __future__ import annotations

import argparse
import getpass
from datetime import datetime

from monitor.cli import show
from monitor.cli.look import _tag
from monitor.domain import AlertSilence
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.setting_up.silences import begin
from monitor.shell import Shell


def silence(shell: Shell, options: argparse.Namespace) -> int:
    """One of: list, add, end."""
    return {"list": _list, "add": _add, "end": _end}[options.action](shell, options)


def _list(shell: Shell, options: argparse.Namespace) -> int:
    now = shell.clock()
    found = [s for s in shell.store.silences() if not options.profile or s.profile == options.profile]
    if options.json:
        for one in found:
            show.line(_shown(one, now))
        return 0
    states = {True: _("in force"), False: _("over")}
    rows = [
        (s.id, states[_runs(s, now)], s.scope, show.time(s.ended or s.until), s.reason, s.ended_by or s.author)
        for s in found
    ]
    show.table((_("id"), _("state"), _("silenced"), _("until"), _("why"), _("author")), rows)
    return 0


def _add(shell: Shell, options: argparse.Namespace) -> int:
    if not options.profile or not options.until or not options.reason.strip():
        raise UsageError(_("use monitor silence add --profile P --until DATE --reason TEXT"))
    made = begin(
        shell,
        options.profile,
        until=options.until,
        reason=options.reason,
        author=options.author or getpass.getuser(),
        country=options.country,
        tag=_tag(options.tag) if options.tag else None,
        topic=options.topic,
    )
    if options.json:
        show.line(_shown(made, shell.clock()))
    else:
        said = _("silence {id} holds until {until}; `monitor silence end {id}` ends it sooner")
        show.say(said.format(id=made.id, until=show.time(made.until)))
    return 0


def _end(shell: Shell, options: argparse.Namespace) -> int:
    number = int(options.id) if options.id.isascii() and options.id.isdigit() else 0
    author = options.author or getpass.getuser()
    if not 0 < number < 2**31 or not shell.store.end_silence(number, at=shell.clock(), author=author):
        raise UsageError(_("no silence {id!r} is in force: `monitor silence list` shows them").format(id=options.id))
    show.say(_("noted"))
    return 0


def _runs(one: AlertSilence, now: datetime) -> bool:
    return one.ended is None and one.begun <= now < one.until


def _shown(one: AlertSilence, now: datetime) -> dict[str, object]:
    return {
        "id": one.id,
        "in_force": _runs(one, now),
        "profile": one.profile,
        "country": one.country,
        "tag": one.tag.value if one.tag else "",
        "topic": one.topic,
        "begun": one.begun,
        "until": one.until,
        "reason": one.reason,
        "author": one.author,
        "ended": one.ended,
        "ended_by": one.ended_by,
    }
