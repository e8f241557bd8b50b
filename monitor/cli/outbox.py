"""`monitor outbox`: what has not left and why, and how to let it go."""

from __future__ import annotations

import argparse
import getpass
from typing import Any

from monitor.cli import show
from monitor.domain import Message, MessageState, Stop, StopKind
from monitor.errors import UsageError
from monitor.i18n import N_, _
from monitor.sending import release as write_again
from monitor.shell import Shell

KINDS = {StopKind.PARKED: N_("parked"), StopKind.UNSUBSCRIBED: N_("unsubscribed")}


def outbox(shell: Shell, options: argparse.Namespace) -> int:
    """List it, try one message now, write to an address again."""
    return {"list": _list, "retry": _retry, "release": _release, "subscribe": _subscribe}[options.action](
        shell, options
    )


def _list(shell: Shell, options: argparse.Namespace) -> int:
    messages = [m for m in shell.store.messages() if options.all or m.state is not MessageState.SENT]
    stops = shell.store.stops(ended=options.all)
    if options.json:
        for message in messages:
            show.line(_message(message))
        for stop in stops:
            show.line(_stop(stop))
        return 0
    rows = [
        (m.id, show.time(m.created), m.recipient, m.channel, _(m.state.value), m.subject, m.attempts, m.error)
        for m in messages
    ]
    heads = (_("number"), _("made"), _("to"), _("channel"), _("state"), _("subject"), _("tries"), _("last trouble"))
    show.table(heads, rows)
    if stops:
        lines = [(s.recipient, _(KINDS[s.kind]), s.profile, show.time(s.at), s.why, show.time(s.ended)) for s in stops]
        told = (_("address"), _("not written to"), _("profile"), _("since"), _("why"), _("ended"))
        show.table(told, lines)
        show.say(_("`monitor outbox release ADDRESS` and `monitor outbox subscribe ADDRESS` write to it again"))
    return 0


def _retry(shell: Shell, options: argparse.Namespace) -> int:
    number = options.what
    known = number.isascii() and number.isdigit() and len(number) < 10
    author = options.author or getpass.getuser()
    if not known or not shell.store.retry_now(int(number), at=shell.clock(), author=author):
        said = _("no message {number!r} waits: `monitor outbox list` shows their numbers")
        raise UsageError(said.format(number=number))
    show.say(_("message {number} is due now: `monitor deliver` sends it").format(number=number))
    return 0


def _release(shell: Shell, options: argparse.Namespace) -> int:
    _needs_address(options)
    lifted, again = write_again(shell, options.what, author=options.author or getpass.getuser(), now=shell.clock())
    if not lifted and not again:
        raise UsageError(_("{address} is not parked: `monitor outbox list` shows what is").format(address=options.what))
    show.say(_("{address} is written to again; {n} messages are due").format(address=options.what, n=again))
    return 0


def _subscribe(shell: Shell, options: argparse.Namespace) -> int:
    _needs_address(options)
    lifted, _again = shell.store.resume(
        options.what,
        kind=StopKind.UNSUBSCRIBED,
        profile=options.profile or None,
        at=shell.clock(),
        author=options.author or getpass.getuser(),
    )
    if not lifted:
        said = _("{address} had not unsubscribed: `monitor outbox list` shows who has")
        raise UsageError(said.format(address=options.what))
    show.say(_("{address} is subscribed again").format(address=options.what))
    return 0


def _needs_address(options: argparse.Namespace) -> None:
    if not options.what:
        said = _("name the address: monitor outbox {action} ADDRESS")
        raise UsageError(said.format(action=options.action))


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "message_id": message.message_id,
        "kind": message.kind.value,
        "recipient": message.recipient,
        "channel": message.channel,
        "profile": message.profile,
        "subject": message.subject,
        "state": message.state.value,
        "attempts": message.attempts,
        "created": message.created,
        "next_try": message.next_try,
        "sent": message.sent,
        "error": message.error,
    }


def _stop(stop: Stop) -> dict[str, Any]:
    return {
        "recipient": stop.recipient,
        "channel": stop.channel,
        "stop": stop.kind.value,
        "profile": stop.profile,
        "since": stop.at,
        "author": stop.author,
        "why": stop.why,
        "ended": stop.ended,
        "ended_by": stop.ended_by,
    }
