"""Commands that watch and tell: run, web, poll, deliver, digest, demo."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path

from monitor.cli import show
from monitor.domain import PollOutcome
from monitor.errors import ConfigError, UsageError
from monitor.i18n import _
from monitor.shell import Shell

SEND_FOR_S = 60.0


def run(shell: Shell, options: argparse.Namespace) -> int:
    """The daemon."""
    from monitor.daemon import serve

    return serve(shell, web=not options.no_web, mail=not options.no_mail)


def worker(shell: Shell, options: argparse.Namespace) -> int:
    """Joins the machines that share a PostgreSQL installation."""
    from monitor.workers import work

    if options.concurrency < 1:
        raise UsageError(_("--concurrency has to be 1 or more"))
    return work(shell, concurrency=options.concurrency, schedule=not options.no_schedule)


def demo(shell: Shell, options: argparse.Namespace) -> int:
    """The guided first run."""
    from monitor.demo import tour

    return tour(shell.settings, once=options.once)


def poll(shell: Shell, options: argparse.Namespace) -> int:
    """One pass, then the mail that is due."""
    from monitor.duedates import remind
    from monitor.escalating import escalate
    from monitor.pipeline import run_pass
    from monitor.sending import deliver
    from monitor.telling import announce, send_digests

    first = shell.store.watching_since() is None
    with show.progress(_("feeds")) as progress:
        outcome = run_pass(shell, everything=options.all, fetch_only=options.fetch_only, progress=progress)
    if not options.fetch_only:
        remind(shell, now=shell.clock())
        escalate(shell, now=shell.clock())
        announce(shell, now=shell.clock())
        send_digests(shell, now=shell.clock())
    if not (options.no_send or options.fetch_only):
        delivered = deliver(shell, clock=shell.clock, for_s=SEND_FOR_S)
        outcome = replace(outcome, sent=delivered["sent"])
    if options.json:
        show.line(asdict(outcome))
    else:
        _show_outcome(shell, outcome)
    if first and outcome.failed:
        _show_silent(shell)
    return 0


def _show_outcome(shell: Shell, outcome: PollOutcome) -> None:
    from monitor.sending import outbox_folder

    lines = (
        _("{reached} of {feeds} feeds answered ({unchanged} unchanged, {failed} failed) in {took_s:.1f} s"),
        _("{entries_seen} entries: {items_new} new, {duplicates} known, {rejected} rejected"),
        _("{items_flagged} flagged, {alerts_new} new alerts, {sent} messages sent"),
    )
    for form in lines:
        show.say(form.format(**asdict(outcome)))
    if outcome.sent and not shell.settings.smtp_url:
        show.say(
            _("No mail server is set: messages are files in {folder}").format(folder=outbox_folder(shell.settings))
        )


def _show_silent(shell: Shell) -> None:
    from monitor.ingest.addresses import shown

    silent = [state for state in shell.store.feed_states(shell.feeds) if state.polled_from and state.failures]
    rows = [(state.feed.name, _(state.error) if state.error else "", shown(state.feed.url)) for state in silent]
    title = _("Feeds that did not answer on this first pass:")
    show.table((_("feed"), _("why"), _("address")), rows, title=title, to_stderr=True)


def deliver(shell: Shell, options: argparse.Namespace) -> int:
    """Send what is due, or show it."""
    from monitor.domain import MessageState
    from monitor.duedates import remind
    from monitor.escalating import escalate
    from monitor.sending import deliver as hand_over
    from monitor.telling import announce, send_briefs, send_digests

    if options.test:
        return _test(shell, options)
    if options.dry_run:
        waiting = shell.store.messages(state=MessageState.READY)
        rows = [(m.created, m.recipient, m.kind.value, m.subject, m.attempts, m.error) for m in waiting]
        if options.json:
            for row in rows:
                show.line(dict(zip(("created", "recipient", "kind", "subject", "attempts", "error"), row, strict=True)))
        else:
            shown = [(show.time(row[0]), *row[1:]) for row in rows]
            show.table((_("made"), _("to"), _("kind"), _("subject"), _("tries"), _("last trouble")), shown)
        return 0
    remind(shell, now=shell.clock())
    escalate(shell, now=shell.clock())
    announce(shell, now=shell.clock())
    send_digests(shell, now=shell.clock())
    send_briefs(shell, now=shell.clock())
    outcome = hand_over(shell, clock=shell.clock)
    if options.json:
        show.line({name: outcome[name] for name in ("sent", "retry", "parked")})
    else:
        form = _("{sent} sent, {retry} put off, {parked} parked")
        show.say(form.format(**{name: outcome[name] for name in ("sent", "retry", "parked")}))
    return 1 if outcome["retry"] or outcome["parked"] else 0


def _test(shell: Shell, options: argparse.Namespace) -> int:
    """One message that says only that the way is open, past the outbox; with --dry-run it is shown."""
    from monitor.errors import DeliveryError
    from monitor.sending import send_test
    from monitor.telling import test_message

    known = [(p, r) for p in shell.profiles for r in p.recipients if r.address == options.test]
    if not known:
        names = ", ".join(sorted({r.address for p in shell.profiles for r in p.recipients}))
        said = _("no profile names the recipient {name!r}; known are {known}")
        raise UsageError(said.format(name=options.test, known=names or "–"))
    profile, recipient = known[0]
    message = test_message(shell, profile.name, recipient, now=shell.clock())
    if options.dry_run:
        sys.stdout.write(message.body.decode("utf-8", "replace"))
        return 0
    try:
        send_test(shell, message)
    except DeliveryError as problem:
        show.say(_("not sent: {why}").format(why=problem.reason), to_stderr=True)
        return 1
    show.say(_("sent to {name} over {channel}").format(name=recipient.address, channel=recipient.channel))
    return 0


def digest(shell: Shell, options: argparse.Namespace) -> int:
    """Look at the digest of the running period, or close the period and send."""
    from monitor.sending import deliver as hand_over
    from monitor.telling import WEEK, announce, brief, close_periods, first_period, preview

    if options.send and options.preview:
        raise UsageError(_("choose --send or --preview"))
    if options.profile:
        shell.profile(options.profile)
    now = shell.clock()
    if options.send and not options.dry_run:
        announce(shell, now=now)
        made = close_periods(shell, now=now, only=options.profile)
        outcome = hand_over(shell, clock=shell.clock)
        show.say(_("{made} digests made, {sent} messages sent").format(made=made, sent=outcome["sent"]))
        return 1 if outcome["retry"] or outcome["parked"] else 0
    from monitor.notify.render import render_page, render_text

    chosen = shell.profile(options.profile) if options.profile else shell.profiles[0]
    if not chosen.recipients:
        nobody = _("nobody is named to receive it: set MONITOR_MAIL_TO or write recipients into the profile")
        raise ConfigError(nobody)
    recipient = chosen.recipients[0]
    since = shell.store.digest_periods(chosen.name, until=now).get(recipient.key) or first_period(shell, now=now)
    if options.brief:
        view = brief(shell, chosen, recipient, since=now - WEEK, until=now, now=now)
    else:
        view, _duties = preview(shell, chosen, recipient, since=min(since, now), until=now, now=now)
    if options.preview:
        Path(options.preview).write_text(render_page(view), encoding="utf-8")
        show.say(_("written to {file}").format(file=options.preview))
    else:
        print(render_text(view))
    return 0
