"""From alerts to messages that have left: announce at once, digest by period, deliver.

Duties to tell are written with the alert (notices); here they are bundled into frozen
messages, each in one transaction with the duties it fulfils, and handed to the server.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from monitor.config import Settings
from monitor.domain import (
    Alert,
    AlertState,
    Coverage,
    Deadline,
    Item,
    Level,
    Message,
    MessageKind,
    MessageState,
    Notice,
    Profile,
    Reason,
    Recipient,
)
from monitor.duedates import coming, dates_of
from monitor.errors import DeliveryError
from monitor.notify.identity import message_id
from monitor.shell import Shell
from monitor.store import Store
from monitor.store.outbox import Duty
from monitor.warn.decide import NEWS_FOR

if TYPE_CHECKING:
    from monitor.notify.digest import DueDate
    from monitor.notify.view import Entry

log = logging.getLogger(__name__)

OVER = (AlertState.CLOSED, AlertState.DISMISSED)
CLAIM = 20  # messages taken at a time


# --- at once ----------------------------------------------------------------------------------


def announce(shell: Shell, *, now: datetime) -> int:
    """Bundle the duties to tell at once, one message a recipient; returns how many messages.

    A recipient who had the most mails of an hour waits: the duties stay and are bundled later.
    """
    waiting: dict[tuple[Recipient, str], list[Duty]] = defaultdict(list)
    for duty in _still_needed(shell.store, shell.store.duties(immediate=True)):
        waiting[duty.notice.recipient, duty.alert.profile].append(duty)
    made = 0
    for (recipient, profile), duties in waiting.items():
        sent = shell.store.created_since(recipient.address, now - timedelta(hours=1))
        if sent >= shell.settings.mail_per_hour:
            log.info("announcement waits for the hourly limit", extra={"duties": len(duties)})
            continue
        made += _announce_to(shell, recipient, profile, duties, now=now)
    return made


def _announce_to(shell: Shell, recipient: Recipient, profile: str, duties: Sequence[Duty], *, now: datetime) -> bool:
    from monitor.notify.notice import NoticeFacts, build

    waiting = shell.store.duties(immediate=False, profile=profile, recipient=recipient.address)
    told = {duty.alert.id for duty in duties}  # what waits for the digest of these alerts is told now, too
    duties = [*duties, *(d for d in waiting if d.alert.id in told and d.notice.recipient == recipient)]
    title = next((p.title or p.name for p in shell.profiles if p.name == profile), profile)
    facts = NoticeFacts(
        recipient=recipient,
        entries=_entries(shell.store, duties),
        items=_items_of(shell.store, [duty.alert for duty in duties]),
        due_soon=_due(dates_of(shell.store, [duty.alert for duty in duties], shell.profiles), duties, now=now),
        profile_title=title,
        page_url=shell.settings.page_url,
        model=shell.model_line,
    )
    view = build(facts, now)
    return _put(shell, view, MessageKind.NOTICE, recipient, profile, "", duties, now=now)


def _due(dates: Mapping[str, Sequence[Deadline]], duties: Sequence[Duty], *, now: datetime) -> tuple[DueDate, ...]:
    """The dates ahead of the alerts told of."""
    from monitor.notify.digest import DueDate

    titles = {duty.alert.id: duty.alert.title for duty in duties}
    return tuple(
        DueDate(on=deadline.on, what=titles[alert], kind=deadline.kind)
        for alert, of_alert in dates.items()
        for deadline in of_alert
        if deadline.on >= now.date()
    )


def _still_needed(store: Store, duties: Sequence[Duty]) -> list[Duty]:
    over = [duty.id for duty in duties if duty.alert.state in OVER]
    if over:
        store.skip_duties(over, "closed before anybody was told")
    return [duty for duty in duties if duty.alert.state not in OVER]


# --- by period --------------------------------------------------------------------------------


def digests_due(shell: Shell, *, now: datetime) -> list[tuple[Profile, Recipient, datetime, datetime]]:
    """Periods that have ended: profile, recipient, start and end. After a gap one period covers all of it."""
    began = shell.store.watching_since()
    if began is None:
        return []
    due = []
    for profile in shell.profiles:
        closed = shell.store.digest_periods(profile.name)
        for recipient in profile.audience:
            since = min(closed.get(recipient.address, began), now)
            periods = (now - since) // profile.digest_every
            if periods >= 1:
                due.append((profile, recipient, since, since + periods * profile.digest_every))
    return due


def close_periods(shell: Shell, *, now: datetime, only: str = "") -> int:
    """Close the running period of every recipient now, whatever its end: `monitor digest --send`."""
    made = 0
    for profile in shell.profiles:
        if only and profile.name != only:
            continue
        closed = shell.store.digest_periods(profile.name)
        for recipient in profile.audience:
            since = closed.get(recipient.address) or first_period(shell, now=now)
            made += digest(shell, profile, recipient, since=min(since, now), until=now, now=now)
    return made


def first_period(shell: Shell, *, now: datetime) -> datetime:
    """When the first digest's period begins: with the oldest news that the first pass could tell."""
    return (shell.store.watching_since() or now) - NEWS_FOR


def send_digests(shell: Shell, *, now: datetime) -> int:
    """Put the digest of every period that has ended into the outbox; returns how many."""
    return sum(
        digest(shell, profile, recipient, since=since, until=until, now=now)
        for profile, recipient, since, until in digests_due(shell, now=now)
    )


def digest(
    shell: Shell, profile: Profile, recipient: Recipient, *, since: datetime, until: datetime, now: datetime
) -> bool:
    """Put one recipient's digest of one period into the outbox; False when it stands there already."""
    view, duties = preview(shell, profile, recipient, since=since, until=until, now=now)
    return _put(shell, view, MessageKind.DIGEST, recipient, profile.name, until.isoformat(), duties, now=now)


def preview(  # type: ignore[no-untyped-def]
    shell: Shell, profile: Profile, recipient: Recipient, *, since: datetime, until: datetime, now: datetime
):
    """The digest as it would be now, and the duties it would fulfil; nothing is written but skipped duties."""
    from monitor.notify.digest import DigestFacts, DueDate, build

    store = shell.store
    waiting = store.duties(immediate=False, profile=profile.name, recipient=recipient.address)
    duties = [duty for duty in _still_needed(store, waiting) if duty.notice.recipient.channel == recipient.channel]
    alerts = store.alerts(profile=profile.name)
    told_now = {duty.alert.id for duty in duties}
    facts = DigestFacts(
        profile=profile,
        recipient=recipient,
        since=since,
        until=until,
        coverage=coverage(shell, since=since, until=until),
        entries=_entries(shell.store, duties),
        held=sum(alert.held and since < alert.opened <= until for alert in alerts),
        still_open=sum(not a.held and a.state not in OVER and a.id not in told_now for a in alerts),
        items=_items_of(store, [duty.alert for duty in duties]),
        due_soon=tuple(
            DueDate(on=deadline.on, what=alert.title, kind=deadline.kind)
            for alert, deadline in coming(shell, now=now, profile=profile.name)
        ),
        page_url=shell.settings.page_url,
        model=shell.model_line,
    )
    return build(facts, now), duties


def coverage(shell: Shell, *, since: datetime, until: datetime) -> Coverage:
    """What the watch saw in a period and what it could not see. Source: CAP of this service, 'no false calm'"""
    states = [state for state in shell.store.feed_states(shell.feeds) if state.polled_from]
    due = [
        s for s in states if (s.last_polled and s.last_polled > since) or s.next_poll is None or s.next_poll <= until
    ]
    reached = [s for s in due if s.last_ok and s.last_ok > since]
    sums = shell.store.pass_sums(since=since, until=until)
    return Coverage(
        since=since,
        until=until,
        feeds_due=len(due),
        feeds_reached=len(reached),
        feeds_stale=tuple(s.feed.name for s in due if s not in reached or s.failures),
        countries_live=tuple(sorted({s.feed.country for s in reached if s.feed.country})),
        items_read=sums["entries_seen"],
        items_baseline=sums["items_baseline"],
        items_flagged=sums["items_flagged"],
        alerts_held=sums["alerts_held"],
    )


def _entries(store: Store, duties: Sequence[Duty]) -> tuple[Entry, ...]:
    """One entry an alert: new to whoever never heard of it, else what changed last."""
    from monitor.notify.view import Entry

    by_alert: dict[str, list[Duty]] = defaultdict(list)
    for duty in duties:
        by_alert[duty.alert.id].append(duty)
    chosen = [
        min(of_alert, key=lambda duty: (duty.notice.reason is not Reason.FIRST, -duty.notice.revision))
        for of_alert in by_alert.values()
    ]
    return tuple(Entry(alert=d.alert, reason=d.notice.reason, was=_was(store, d)) for d in chosen)


def _was(store: Store, duty: Duty) -> Level | None:
    """The level before the last worsening, which its event names first."""
    if duty.notice.reason is not Reason.WORSENED:
        return None
    notes = [event.note for event in store.alert_events(duty.alert.id) if event.what == "worsened"]
    return Level.of(notes[-1].split()[0]) if notes else None


def _items_of(store: Store, alerts: Sequence[Alert]) -> dict[str, tuple[Item, ...]]:
    of_stories = store.items_of_stories([alert.story for alert in alerts])
    return {alert.id: of_stories.get(alert.story, ()) for alert in alerts}


def _put(  # type: ignore[no-untyped-def]
    shell: Shell,
    view,
    kind: MessageKind,
    recipient: Recipient,
    profile: str,
    period: str,
    duties: Sequence[Duty],
    *,
    now: datetime,
) -> bool:
    from monitor.notify.render import email_message

    notices: tuple[Notice, ...] = tuple(duty.notice for duty in duties)
    identity = message_id(
        install_id=shell.store.install_id(),
        channel=recipient.channel,
        recipient=recipient.address,
        kind=kind,
        profile=profile,
        period=period,
        notices=notices,
        domain=shell.settings.mail_from.rpartition("@")[2].rstrip(">") or "monitor.invalid",
    )
    try:
        body = email_message(
            view, sender=shell.settings.mail_from, recipient=recipient.address, message_id=identity, date=now
        )
    except DeliveryError as problem:
        log.error("a recipient cannot be written to", extra={"profile": profile, "why": problem.reason})
        return False
    message = Message(
        message_id=identity,
        kind=kind,
        recipient=recipient.address,
        channel=recipient.channel,
        profile=profile,
        subject=view.subject,
        body=body,
        created=now,
        period=period,
        notices=notices,
    )
    return shell.store.put_message(message, [duty.id for duty in duties])


# --- out ----------------------------------------------------------------------------------------


def deliver(
    shell: Shell,
    *,
    clock: Callable[[], datetime],
    for_s: float = float("inf"),
    stop: Callable[[], bool] = lambda: False,
) -> Counter[str]:
    """Hand over what is due in the outbox until nothing is, `for_s` is over or `stop` says so.

    Returns how many were `sent`, put off (`retry`) or `parked`. Each answer is written down
    before the next message is handed over, so a crash repeats at most the one in flight.
    """
    from contextlib import nullcontext

    from monitor.notify.email import Mailer, parse_smtp_url

    settings, outcome, end = shell.settings, Counter[str](), time.monotonic() + for_s
    server = parse_smtp_url(str(settings.smtp_url)) if settings.smtp_url else None
    with Mailer(server, sender=settings.mail_from) if server else nullcontext() as mailer:
        while time.monotonic() < end and not stop():
            claimed = shell.store.claim_messages(now=clock(), limit=CLAIM)
            if not claimed:
                break
            for position, message in enumerate(claimed):
                out_of_time = time.monotonic() >= end or stop()
                result = "" if out_of_time else _send(shell, mailer, message, clock=clock)
                if result in ("sent", "retry", "parked"):
                    outcome[result] += 1
                    continue
                outcome["retry"] += result == UNREACHABLE
                for untried in claimed[position + (not out_of_time) :]:
                    shell.store.settle(untried.id or 0, state=MessageState.READY, at=clock(), uncount=True)
                return outcome
    return outcome


UNREACHABLE = "unreachable"


def _send(shell: Shell, mailer: Any, message: Message, *, clock: Callable[[], datetime]) -> str:
    """Hand over one message and write down what became of it: sent, retry, parked or unreachable."""
    from monitor.notify.email import ServerUnreachable, write_eml

    try:
        if mailer is None:
            write_eml(message, outbox_folder(shell.settings))
        else:
            mailer.send(message)
    except DeliveryError as problem:
        state = _put_off(shell, message, problem, now=clock())
        log.warning("message not sent", extra={"outbox": message.id, "state": state.value, "why": problem.reason})
        if isinstance(problem, ServerUnreachable):
            return UNREACHABLE
        return "parked" if state is MessageState.PARKED else "retry"
    shell.store.settle(message.id or 0, state=MessageState.SENT, at=clock())
    log.info("message sent", extra={"outbox": message.id, "kind": message.kind.value, "attempts": message.attempts})
    return "sent"


def _put_off(shell: Shell, message: Message, problem: DeliveryError, *, now: datetime) -> MessageState:
    from monitor.notify.render import text_only
    from monitor.notify.retry import after_failure

    again = after_failure(
        message.attempts,
        permanent=problem.permanent,
        content=problem.content,
        created=message.created,
        base=shell.settings.retry_base,
        now=now,
        jitter=crc32(f"{message.message_id} {message.attempts}".encode()) / 2**32,
    )
    state = MessageState.PARKED if again is None else MessageState.READY
    body = text_only(message.body) if problem.content else None
    shell.store.settle(message.id or 0, state=state, at=now, error=problem.reason, next_try=again, body=body)
    return state


def outbox_folder(settings: Settings) -> Path:
    """Where messages are put as .eml files while no mail server is set."""
    return settings.folder / "outbox"


# --- is the watch awake ------------------------------------------------------------------------

UNSENT_TOO_LONG = timedelta(minutes=15)
AWAKE_WITHIN = timedelta(hours=1)  # of the last pass, or three times the shortest interval


def health(shell: Shell, *, now: datetime) -> dict[str, Any]:
    """What `status`, the page and the health check show; `healthy` sums it up, and never when half is blind."""
    store = shell.store
    last, oldest = store.last_pass(), store.oldest_unsent()
    states = [state for state in store.feed_states(shell.feeds) if state.polled_from]
    stale = [state for state in states if state.failures]
    totals, outbox = store.totals(), store.outbox_counts()
    unsent_too_long = oldest is not None and now - oldest > UNSENT_TOO_LONG
    patience = max(AWAKE_WITHIN, 3 * min((state.feed.every for state in states), default=AWAKE_WITHIN))
    awake = last is not None and last.ended is not None and now - last.ended <= patience
    blind = 2 * len(stale) > len(states)
    return {
        "healthy": awake and not blind and not unsent_too_long and not totals["waiting"],
        "last_pass": last.ended if last else None,
        "feeds": len(states),
        "feeds_reached": sum(state.last_ok is not None and not state.failures for state in states),
        "feeds_failing": len(stale),
        "items": totals["items"],
        "baseline": totals["baseline"],
        "waiting_for_judgement": totals["waiting"],
        "alerts_open": totals["alerts_open"],
        "to_review": store.queue_length(),
        "outbox": outbox,
        "oldest_unsent": oldest,
        "model": shell.model_line,
        "stale": [{"name": s.feed.name, "error": s.error, "failures": s.failures, "last_ok": s.last_ok} for s in stale],
    }
