"""From alerts to messages: announce at once, digest by period.

Duties to tell are written with the alert (notices); here they are bundled into frozen
messages, each in one transaction with the duties it fulfils. `sending.py` hands them over.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor import gather
from monitor.domain import (
    Alert,
    Level,
    Message,
    MessageKind,
    Notice,
    Profile,
    Reason,
    Recipient,
    StopKind,
)
from monitor.duedates import coming
from monitor.errors import DeliveryError
from monitor.notify.identity import domain_of, message_id
from monitor.notify.schedule import is_quiet, period_end, zone_of
from monitor.shell import Shell, signer_of
from monitor.store.alerts import SILENCED
from monitor.store.outbox import MAIL, Duty
from monitor.warn.newness import NEWS_FOR

if TYPE_CHECKING:
    from monitor.notify.view import MailView

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
TAKEN_BACK = (Reason.WITHDRAWN, Reason.CORRECTED)


# --- at once ----------------------------------------------------------------------------------


def announce(shell: Shell, *, now: datetime) -> int:
    """Bundle the duties to tell at once, one message a recipient; returns how many messages.

    What has to wait stays a duty and is bundled later: who had the most messages of an hour, whose
    quiet hours it is (red is told all the same), whose address its server refuses.
    """
    by_recipient: dict[tuple[str, str, str], list[Duty]] = defaultdict(list)
    for duty in _still_needed(shell, shell.store.duties(immediate=True)):
        by_recipient[(*duty.notice.recipient.key, duty.alert.profile)].append(duty)
    parked = _parked(shell)
    made = 0
    for (address, channel, profile), duties in by_recipient.items():
        if (address, channel) in parked:
            continue
        recipient = _as_now(shell, profile, duties[0].notice.recipient)
        ready = [duty for duty in duties if not _waits(recipient, duty.alert, now=now)]
        if not ready:
            continue
        if _had_enough(shell, recipient, now=now):
            log.info("announcement waits for the hourly limit", extra={"duties": len(ready)})
            continue
        made += _announce_to(shell, recipient, profile, ready, now=now)
    return made


def _as_now(shell: Shell, profile: str, recipient: Recipient) -> Recipient:
    """The recipient as the profile names them now: language, zone and hours may have changed since the alert."""
    known = next((p.everybody for p in shell.profiles if p.name == profile), ())
    return next((r for r in known if r.key == recipient.key), recipient)


def _waits(recipient: Recipient, alert: Alert, *, now: datetime) -> bool:
    return alert.level < Level.RED and is_quiet(recipient.quiet, zone=zone_of(recipient), now=now)


def _had_enough(shell: Shell, recipient: Recipient, *, now: datetime) -> bool:
    """Whether they had the most messages of an hour; digests by the minute, which somebody asked for, do not count."""
    often = any(p.digest_every < HOUR and p.digest_when is None for p in shell.profiles)
    sent = shell.store.created_since(
        recipient.key, since=now - HOUR, until=now, kind=MessageKind.NOTICE if often else None
    )
    return sent >= shell.settings.mail_per_hour


def _parked(shell: Shell) -> set[tuple[str, str]]:
    return {(s.recipient, s.channel) for s in shell.store.stops() if s.kind is StopKind.PARKED}


def _unsubscribed(shell: Shell) -> Callable[[Recipient, str], bool]:
    """Whether a recipient wants no more of a profile."""
    stops = {(s.recipient, s.channel, s.profile) for s in shell.store.stops() if s.kind is StopKind.UNSUBSCRIBED}
    return lambda recipient, profile: bool(stops & {(*recipient.key, profile), (*recipient.key, "")})


def _announce_to(shell: Shell, recipient: Recipient, profile: str, duties: Sequence[Duty], *, now: datetime) -> bool:
    from monitor.notify.notice import NoticeFacts, build

    waiting = shell.store.duties(immediate=False, profile=profile, recipient=recipient.address)
    told = {duty.alert.id for duty in duties}  # what waits for the digest of these alerts is told now, too
    duties = [*duties, *(d for d in waiting if d.alert.id in told and d.notice.recipient.key == recipient.key)]
    title = next((p.title or p.name for p in shell.profiles if p.name == profile), profile)
    facts = NoticeFacts(
        recipient=recipient,
        entries=gather.entries(shell, duties, now=now),
        items=gather.items_of(shell.store, [duty.alert for duty in duties]),
        profile_title=title,
        page_url=shell.settings.page_url,
        model=shell.model_line,
        links=gather.links(shell, recipient, profile, now=now),
    )
    view = build(facts, now)
    return _put(shell, view, MessageKind.NOTICE, recipient, profile, "", duties, now=now)


def _still_needed(shell: Shell, duties: Sequence[Duty]) -> list[Duty]:
    """Duties that still mean somebody; the others are struck off with their reason."""
    wants_none, now = _unsubscribed(shell), shell.clock()
    silences = shell.store.silences(at=now) if duties else []
    struck: dict[str, list[int]] = defaultdict(list)
    for duty in duties:
        taken_back = duty.notice.reason in TAKEN_BACK  # whoever was told hears of it, over or silenced
        silence = next((s for s in silences if s.holds(duty.alert, now)), None)
        if duty.alert.state in gather.OVER and not taken_back:
            struck["closed before anybody was told"].append(duty.id)
        elif wants_none(duty.notice.recipient, duty.alert.profile):
            struck["unsubscribed"].append(duty.id)
        elif silence is not None and not taken_back:
            struck[f"{SILENCED}: {silence.reason}"].append(duty.id)
    for why, ids in struck.items():
        shell.store.skip_duties(ids, why)
    gone = {number for ids in struck.values() for number in ids}
    return [duty for duty in duties if duty.id not in gone]


# --- by period --------------------------------------------------------------------------------


def digests_due(shell: Shell, *, now: datetime) -> list[tuple[Profile, Recipient, datetime, datetime]]:
    """Periods that have ended: profile, recipient, start and end. After a gap one period covers all of it.

    A recipient whose address is parked, or whose quiet hours it is, waits: the period goes on.
    """
    began = shell.store.watching_since()
    if began is None:
        return []
    due = []
    for profile, recipient, since in _open_periods(shell, now=now, began=min(began, now)):
        zone = zone_of(recipient)
        until = period_end(since, every=profile.digest_every, when=profile.digest_when, zone=zone, now=now)
        if until is None or is_quiet(recipient.quiet, zone=zone, now=now):
            continue
        if profile.digest_every >= HOUR and _had_enough(shell, recipient, now=now):
            continue
        if not shell.store.has_period(recipient.key, profile.name, until.isoformat(), kind=MessageKind.DIGEST):
            due.append((profile, recipient, since, until))
    return due


def _open_periods(shell: Shell, *, now: datetime, began: datetime) -> Iterator[tuple[Profile, Recipient, datetime]]:
    parked, wants_none = _parked(shell), _unsubscribed(shell)
    for profile in shell.profiles:
        closed = shell.store.digest_periods(profile.name, until=now)
        for recipient in profile.audience:
            if recipient.key not in parked and not wants_none(recipient, profile.name):
                yield profile, recipient, closed.get(recipient.key, began)


def close_periods(shell: Shell, *, now: datetime, only: str = "") -> int:
    """Close the running period of every recipient now, whatever its end: `monitor digest --send`."""
    began = first_period(shell, now=now)
    return sum(
        digest(shell, profile, recipient, since=min(since, now), until=now, now=now)
        for profile, recipient, since in _open_periods(shell, now=now, began=began)
        if not only or profile.name == only
    )


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


def preview(
    shell: Shell, profile: Profile, recipient: Recipient, *, since: datetime, until: datetime, now: datetime
) -> tuple[MailView, list[Duty]]:
    """The digest as it would be now, and the duties it would fulfil; nothing is written but skipped duties."""
    from monitor.notify.digest import DigestFacts, build
    from monitor.notify.view import DueDate

    store = shell.store
    waiting = store.duties(immediate=False, profile=profile.name, recipient=recipient.address)
    duties = [duty for duty in _still_needed(shell, waiting) if duty.notice.recipient.key == recipient.key]
    alerts = store.alerts(profile=profile.name)
    told_now = {duty.alert.id for duty in duties}
    silenced = store.silenced_alerts(profile.name)
    held_top, held = gather.held_top(alerts, since=since, until=until, silenced=silenced)
    facts = DigestFacts(
        profile=profile,
        recipient=recipient,
        since=since,
        until=until,
        coverage=gather.coverage(shell, since=since, until=until),
        entries=gather.entries(shell, duties, now=now),
        held=held,
        held_top=held_top,
        levels=gather.level_days(shell, profile, alerts, recipient, until=until),
        moves=gather.level_moves(store, profile, since=since, until=until),
        still_open=sum(not a.held and a.state not in gather.OVER and a.id not in told_now for a in alerts),
        items=gather.items_of(store, [duty.alert for duty in duties]),
        due_soon=tuple(
            DueDate(on=deadline.on, what=alert.title, kind=deadline.kind)
            for alert, deadline in coming(shell, now=now, profile=profile.name)
        ),
        page_url=shell.settings.page_url,
        model=shell.model_line,
        links=gather.links(shell, recipient, profile.name, now=now),
    )
    return build(facts, now), duties


# --- the weekly brief ---------------------------------------------------------------------------

WEEK = timedelta(days=7)


def send_briefs(shell: Shell, *, now: datetime) -> int:
    """Put the policy brief of every week that has ended into the outbox, where a profile asks for one."""
    began = shell.store.watching_since()
    if began is None:
        return 0
    parked, wants_none, made = _parked(shell), _unsubscribed(shell), 0
    for profile in (p for p in shell.profiles if p.brief_when is not None):
        closed = shell.store.digest_periods(profile.name, until=now, kind=MessageKind.BRIEF)
        for recipient in profile.audience:
            zone = zone_of(recipient)
            last = closed.get(recipient.key, min(began, now))
            until = period_end(last, every=WEEK, when=profile.brief_when, zone=zone, now=now)
            told = recipient.key in parked or wants_none(recipient, profile.name)
            if until is None or told or is_quiet(recipient.quiet, zone=zone, now=now):
                continue
            if not shell.store.has_period(recipient.key, profile.name, until.isoformat(), kind=MessageKind.BRIEF):
                view = brief(shell, profile, recipient, since=until - WEEK, until=until, now=now)
                made += _put(shell, view, MessageKind.BRIEF, recipient, profile.name, until.isoformat(), (), now=now)
    return made


def brief(
    shell: Shell, profile: Profile, recipient: Recipient, *, since: datetime, until: datetime, now: datetime
) -> MailView:
    """The policy brief of a period, as it would be now."""
    from monitor.notify.brief import BriefFacts, build

    seen = gather.coverage(shell, since=since, until=until, kinds=gather.POLICY)
    facts = BriefFacts(
        profile=profile,
        recipient=recipient,
        since=since,
        until=until,
        changes=gather.changes(shell, profile, since=since, until=until),
        sources_reached=seen.feeds_reached,
        sources_due=seen.feeds_due,
        page_url=shell.settings.page_url,
        links=gather.links(shell, recipient, profile.name, now=now),
    )
    return build(facts, now)


def test_message(shell: Shell, profile: str, recipient: Recipient, *, now: datetime) -> Message:
    """A message that says only that the way to a recipient is open; it goes past the outbox."""
    from monitor.notify.trial import build

    view = build(recipient, profile=profile, page_url=shell.settings.page_url, now=now)
    identity = message_id(
        install_id=shell.store.install_id(),
        channel=recipient.channel,
        recipient=recipient.address,
        kind=MessageKind.TEST,
        profile=profile,
        period=now.isoformat(),
        notices=(),
        domain=domain_of(shell.settings.mail_from),
    )
    return Message(
        message_id=identity,
        kind=MessageKind.TEST,
        recipient=recipient.address,
        channel=recipient.channel,
        profile=profile,
        subject=view.subject,
        body=_frozen(shell, view, recipient, identity, now=now),
        created=now,
    )


def _put(
    shell: Shell,
    view: MailView,
    kind: MessageKind,
    recipient: Recipient,
    profile: str,
    period: str,
    duties: Sequence[Duty],
    *,
    now: datetime,
) -> bool:
    """Freeze a view for one recipient and put it into the outbox with the duties it fulfils."""
    notices: tuple[Notice, ...] = tuple(duty.notice for duty in duties)
    identity = message_id(
        install_id=shell.store.install_id(),
        channel=recipient.channel,
        recipient=recipient.address,
        kind=kind,
        profile=profile,
        period=period,
        notices=notices,
        domain=domain_of(shell.settings.mail_from),
    )
    try:
        body = _frozen(shell, view, recipient, identity, now=now)
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


def _frozen(shell: Shell, view: MailView, recipient: Recipient, identity: str, *, now: datetime) -> bytes:
    from monitor.notify.push import push_message
    from monitor.notify.render import email_message

    if recipient.channel != MAIL:
        return push_message(view, message_id=identity)
    return email_message(
        view,
        sender=shell.settings.mail_from,
        recipient=recipient.address,
        message_id=identity,
        date=now,
        sign=signer_of(shell.settings),
    )


def oldest_unsent(shell: Shell, *, now: datetime) -> datetime | None:
    """Since when something waits that should have left: a message, or a duty to tell at once.

    Waiting on purpose does not count: quiet hours, and addresses that are parked and shown as such.
    """
    parked = _parked(shell)
    waiting = [
        duty.created
        for duty in shell.store.duties(immediate=True)
        if duty.notice.recipient.key not in parked
        and not _waits(_as_now(shell, duty.alert.profile, duty.notice.recipient), duty.alert, now=now)
    ]
    message = shell.store.oldest_unsent()
    return min([*waiting, *([message] if message else [])], default=None)
