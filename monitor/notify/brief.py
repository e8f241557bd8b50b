"""The weekly policy brief: what changed, for whom, by when; each line with the source that says so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.domain import Alert, Item, MessageKind, Profile, Recipient, Stage
from monitor.notify import words
from monitor.notify.bilingual import BOTH, paired
from monitor.notify.plain import one_line, safe_link
from monitor.notify.view import (
    DueDate,
    LineView,
    Links,
    MailView,
    Reader,
    due_words,
    page_of,
    subject_line,
)

LINES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A policy that moved: its alert, the newest stage its texts name, and the item that says so."""

    alert: Alert
    source: Item
    stage: Stage | None = None
    sentence: str = ""  # of the source, as published
    due: tuple[DueDate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefFacts:
    """The policy changes of one period that concern one profile."""

    profile: Profile
    recipient: Recipient
    since: datetime
    until: datetime
    changes: tuple[Change, ...] = ()  # in any order
    sources_reached: int = 0  # policy, regulator and sanctions feeds that answered
    sources_due: int = 0
    page_url: str = ""
    links: Links = field(default_factory=Links)


def build(facts: BriefFacts, now: datetime) -> MailView:
    """The brief in the recipient's language, the nearest dates first."""
    if facts.recipient.language == BOTH:
        one, other = (replace(facts, recipient=replace(facts.recipient, language=code)) for code in ("zh", "en"))
        return paired(build(one, now), build(other, now))  # type: ignore[no-any-return]
    reader = Reader.of(facts.recipient, facts.page_url)
    say = reader.say
    changes = sorted(facts.changes, key=lambda c: (_nearest(c, now), -c.alert.level, -c.alert.points, c.alert.id))
    left = len(changes) - LINES
    title = one_line(say.gettext(facts.profile.title or facts.profile.name), 100)
    form = say.gettext("{profile} · {since} to {until} ({zone})")
    seen = say.gettext("{reached} of {due} policy, regulator and sanctions feeds answered in this period.")
    return MailView(
        kind=MessageKind.BRIEF,
        language=reader.language,
        subject=subject_line(_subject(changes, facts, reader)),
        headline=_headline(changes, facts, reader),
        intro=form.format(
            profile=title, since=reader.time(facts.since), until=reader.time(facts.until), zone=reader.zone_name()
        ),
        lines=tuple(_line(change, reader, now) for change in changes[:LINES]),
        more=say.ngettext("+{n} more, on the page", "+{n} more, on the page", left).format(n=left) if left > 0 else "",
        notes=(seen.format(reached=facts.sources_reached, due=facts.sources_due),),
        page_url=reader.page_url,
        unsubscribe=safe_link(facts.links.unsubscribe),
        footer=(say.gettext("You receive this as a recipient of the profile {profile}.").format(profile=title),),
    )


def _headline(changes: list[Change], facts: BriefFacts, reader: Reader) -> str:
    say, n = reader.say, len(changes)
    if n:
        return say.ngettext("{n} policy change for you", "{n} policy changes for you", n).format(n=n)
    if facts.sources_reached * 2 < facts.sources_due or not facts.sources_due:
        return say.gettext("No policy change seen, but too few sources answered to be sure")
    return say.gettext("No policy changed for you this week")


def _subject(changes: list[Change], facts: BriefFacts, reader: Reader) -> str:
    headline = _headline(changes, facts, reader)
    parts = [reader.say.gettext("Policy brief"), headline]
    return " · ".join([*parts, one_line(changes[0].alert.title, 90)] if changes else parts)


def _line(change: Change, reader: Reader, now: datetime) -> LineView:
    say, alert = reader.say, change.alert
    today = now.astimezone(reader.zone).date()
    where = words.joined([words.country_word(code, reader.language) for code in alert.countries], say)
    stage = words.stage_word(change.stage, say) if change.stage else words.certainty_word(alert.certainty, say)
    dates = [due_words(due, today, reader) for due in change.due]
    whom = [one_line(words.why(reason, say, reader.language)) for reason in alert.reasons if reason]
    cited = [one_line(change.source.feed, 100), reader.time(change.source.published)]
    return LineView(
        what=one_line(alert.title),
        stage=" · ".join(part for part in (stage, where) if part),
        whom=words.sentences(whom, say),
        when=words.joined(dates, say) or say.gettext("no date stands in the texts read"),
        sentence=one_line(change.sentence),
        source=" · ".join([*(part for part in cited if part), f"#{change.source.id}"]),
        link=safe_link(change.source.url) or page_of(alert, reader),
    )


def _nearest(change: Change, now: datetime) -> int:
    ahead = [(due.on - now.date()).days for due in change.due if due.on >= now.date()]
    return min(ahead, default=100_000)
