"""What a message tells, gathered from memory: alerts with their changes and dates, levels, and what the watch saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.domain import (
    Alert,
    AlertState,
    Coverage,
    DayLevel,
    Deadline,
    FeedKind,
    Item,
    Level,
    LevelMove,
    Profile,
    Reason,
    Recipient,
    Stage,
    Tag,
)
from monitor.duedates import dates_of
from monitor.notify.schedule import zone_of
from monitor.shell import Shell
from monitor.store import Store
from monitor.store.outbox import Duty
from monitor.warn.profiles import countries_shared, places_of

if TYPE_CHECKING:
    from monitor.notify.brief import Change
    from monitor.notify.chart import LevelDays
    from monitor.notify.view import Entry, Links

OVER = (AlertState.CLOSED, AlertState.DISMISSED)
HELD_NAMED = 20  # of what was held back, named in a digest; more is on the page
LINKS_FOR = timedelta(days=60)  # how long a mail's links may acknowledge
POLICY = (FeedKind.POLICY, FeedKind.REGULATOR, FeedKind.SANCTIONS, FeedKind.TRADE)


def entries(shell: Shell, duties: Sequence[Duty], *, now: datetime) -> tuple[Entry, ...]:
    """One entry an alert: new to whoever never heard of it, else what changed last."""
    from monitor.notify.view import DueDate, Entry
    from monitor.warn.playbooks import plan

    dates = dates_of(shell.store, [duty.alert for duty in duties], shell.profiles)
    by_alert: dict[str, list[Duty]] = defaultdict(list)
    for duty in duties:
        by_alert[duty.alert.id].append(duty)
    chosen = [
        min(of_alert, key=lambda duty: (duty.notice.reason is not Reason.FIRST, -duty.notice.revision))
        for of_alert in by_alert.values()
    ]
    return tuple(
        Entry(
            alert=duty.alert,
            reason=duty.notice.reason,
            was=_was(shell.store, duty),
            note=_note(shell.store, duty),
            more_reports=_more_reports(shell.store, duty),
            step=next((planned.step.text for planned in plan(shell.playbooks, duty.alert).steps), None),
            due=tuple(
                DueDate(on=deadline.on, what="", kind=deadline.kind)
                for deadline in dates.get(duty.alert.id, ())
                if deadline.on >= now.date()
            ),
        )
        for duty in chosen
    )


def _was(store: Store, duty: Duty) -> Level | None:
    """The level before the last worsening, which its event names first."""
    if duty.notice.reason is not Reason.WORSENED:
        return None
    notes = [event.note for event in store.alert_events(duty.alert.id) if event.what == "worsened"]
    return Level.of(notes[-1].split()[0]) if notes else None


def _note(store: Store, duty: Duty) -> str:
    """What somebody wrote when they took an alert back or corrected it."""
    if duty.notice.reason not in (Reason.CORRECTED, Reason.WITHDRAWN):
        return ""
    notes = [event.note for event in store.alert_events(duty.alert.id) if event.what == duty.notice.reason.value]
    return notes[-1] if notes else ""


def _more_reports(store: Store, duty: Duty) -> int:
    """How many reports of its story came since this recipient was last told of it."""
    if duty.notice.reason is Reason.FIRST:
        return 0
    told = [
        line["created"]
        for line in store.alert_notices(duty.alert.id)
        if line["message_id"] and (line["recipient"], line["channel"]) == duty.notice.recipient.key
    ]
    if not told:
        return 0
    return sum(
        item.fetched > max(told) for item in store.items_of_stories([duty.alert.story]).get(duty.alert.story, ())
    )


def items_of(store: Store, alerts: Sequence[Alert]) -> dict[str, tuple[Item, ...]]:
    """The items of each alert's story, by the alert's id."""
    of_stories = store.items_of_stories([alert.story for alert in alerts])
    return {alert.id: of_stories.get(alert.story, ()) for alert in alerts}


def held_top(
    alerts: Sequence[Alert], *, since: datetime, until: datetime, silenced: Collection[str] = ()
) -> tuple[tuple[Alert, ...], int]:
    """The most pressing alerts that the budget or a silence held back in a period, and how many."""
    held = [a for a in alerts if (a.held or a.id in silenced) and since < a.opened <= until]
    held.sort(key=lambda alert: (-alert.level, -alert.points, alert.id))
    return tuple(held[:HELD_NAMED]), len(held)


def level_days(
    shell: Shell, profile: Profile, alerts: Sequence[Alert], recipient: Recipient, *, until: datetime
) -> LevelDays | None:
    """The highest level by country and day in the recipient's days: of the countries, where any was reckoned that
    concerns the profile, else of its alerts.
    """
    from monitor.notify.chart import DAYS, of_alerts, of_levels

    zone = zone_of(recipient)
    day = until.astimezone(zone).date()
    if known := levels_of(shell.store, profile, since=day - timedelta(days=DAYS - 1), until=day):
        return of_levels(known, until=day)
    told = [
        (alert.level, alert.countries, alert.opened.astimezone(zone).date())
        for alert in alerts
        if alert.state is not AlertState.DISMISSED
    ]
    return of_alerts(told, until=day)


def levels_of(store: Store, profile: Profile, *, since: date, until: date) -> list[DayLevel]:
    """The levels of a span of days that concern a profile: of its places and tags, or all where it names none."""
    places = places_of(profile)
    return [
        row
        for row in store.level_days(since=since, until=until)
        if (not places or countries_shared(places, (row.country,))) and (not profile.tags or row.tag in profile.tags)
    ]


def level_moves(store: Store, profile: Profile, *, since: datetime, until: datetime) -> tuple[LevelMove, ...]:
    """Levels that rose to orange or red in a period, or eased from there; the gravest first."""
    first, last = since.date(), until.date()
    if first == last:
        return ()
    known = levels_of(store, profile, since=first, until=last)
    before = {row.key: row for row in known if row.day == first}
    after = {row.key: row for row in known if row.day == last}
    moves = []
    for key in {**before, **after}:
        was = before[key].level if key in before else None
        row = after.get(key) or _nothing(*key, day=last)
        if row.level != was and max(row.level or 0, was or 0) >= Level.ORANGE:
            moves.append(LevelMove(row=row, was=was))
    return tuple(sorted(moves, key=lambda move: (-int(move.row.level or 0), move.row.key)))


def _nothing(country: str, tag: Tag, *, day: date) -> DayLevel:
    return DayLevel(day=day, country=country, tag=tag, count=0, expected=0.0, upper=0.0, level=None)


def coverage(
    shell: Shell, *, since: datetime, until: datetime, kinds: Sequence[FeedKind] = tuple(FeedKind)
) -> Coverage:
    """What the watch saw in a period and what it could not see. Source: CAP of this service, 'no false calm'"""
    states = [s for s in shell.store.feed_states(shell.feeds) if s.polled_from and s.feed.kind in kinds]
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
        feeds_silent=tuple((s.feed.name, s.silence) for s in reached if s.silence and not s.failures),
        countries_live=tuple(sorted({s.feed.country for s in reached if s.feed.country and not s.silence})),
        items_read=sums["entries_seen"],
        items_baseline=sums["items_baseline"],
        items_flagged=sums["items_flagged"],
        items_waiting=shell.store.waiting_count(),
        alerts_held=sums["alerts_held"],
    )


def changes(shell: Shell, profile: Profile, *, since: datetime, until: datetime) -> tuple[Change, ...]:
    """Policies that moved in a period and concern a profile: alerts whose texts name a stage."""
    alerts = [
        alert
        for alert in shell.store.alerts(profile=profile.name, since=since)
        if alert.opened <= until and alert.state is not AlertState.DISMISSED
    ]
    dates = dates_of(shell.store, alerts, shell.profiles)
    found = []
    for alert, items in ((alert, items_of(shell.store, [alert])[alert.id]) for alert in alerts):
        staged = [i for i in items if i.assessment and i.assessment.stage and since < i.fetched <= until]
        if staged:
            newest = max(staged, key=lambda item: (item.fetched, item.id or 0))
            stage = newest.assessment.stage if newest.assessment else None
            found.append(_change(alert, newest, stage, dates.get(alert.id, ())))
    return tuple(found)


def _change(alert: Alert, source: Item, stage: Stage | None, dates: Sequence[Deadline]) -> Change:
    """The sentence that sets the date is cited before the source's summary."""
    from monitor.notify.brief import Change
    from monitor.notify.view import DueDate

    sentence = next((date.sentence for date in dates if date.sentence), source.summary[:300])
    due = tuple(DueDate(on=date.on, what="", kind=date.kind) for date in dates)
    return Change(alert=alert, source=source, stage=stage, sentence=sentence, due=due)


def links(shell: Shell, recipient: Recipient, profile: str, *, now: datetime) -> Links:
    """Pages on which this recipient may act without a password, by signed tokens."""
    from monitor.notify.tokens import Claim, Purpose, make
    from monitor.notify.view import Links

    key, base = shell.store.secret("links"), shell.settings.page_url

    def page(purpose: Purpose, alert: str = "", until: datetime | None = None) -> str:
        claim = Claim(
            purpose=purpose, recipient=recipient.address, channel=recipient.channel, profile=profile, alert=alert
        )
        return f"{base}/{purpose.value}/{make(key, claim, until=until)}"

    of_alert: Callable[[str], str] = lambda alert: page(Purpose.ALERT, alert, now + LINKS_FOR)  # noqa: E731
    return Links(alert=of_alert, unsubscribe=page(Purpose.UNSUBSCRIBE))
