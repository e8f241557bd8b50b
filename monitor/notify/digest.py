"""The periodic message: what is new, what changed, what is due, what was held back, and that the watch was awake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.domain import Alert, Coverage, Item, LevelMove, MessageKind, Profile, Reason, Recipient
from monitor.notify import words
from monitor.notify.bilingual import BOTH, paired
from monitor.notify.chart import DAYS, LevelDays, drawn
from monitor.notify.plain import one_line, safe_link
from monitor.notify.view import (
    ChartView,
    DueDate,
    Entry,
    Fact,
    HeldView,
    Links,
    MailView,
    Reader,
    countdown,
    counts_in_words,
    due_line,
    more_line,
    page_of,
    ranked,
    sections,
    subject_line,
    tallies,
)

STALE_NAMED = 10
COUNTRIES_NAMED = 12
MOVES_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestFacts:
    """Everything a digest tells one recipient of one profile about one period."""

    profile: Profile
    recipient: Recipient
    since: datetime
    until: datetime
    coverage: Coverage
    entries: tuple[Entry, ...] = ()  # new and changed, in any order, listed or not
    held: int = 0  # over the budget in this period: on the page, not told
    held_top: tuple[Alert, ...] = ()  # the most pressing of them
    levels: LevelDays | None = None  # by country, for the chart
    moves: tuple[LevelMove, ...] = ()  # levels of countries that rose or eased in this period
    still_open: int = 0  # told before, unchanged, not closed
    due_soon: tuple[DueDate, ...] = ()
    items: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)  # alert id -> its story's items
    page_url: str = ""
    model: str = ""  # which classifier judged, in words
    links: Links = field(default_factory=Links)


def build(facts: DigestFacts, now: datetime) -> MailView:
    """The digest in the recipient's language and time. `now` is what countdowns count from."""
    if facts.recipient.language == BOTH:
        one, other = (replace(facts, recipient=replace(facts.recipient, language=code)) for code in ("zh", "en"))
        return paired(build(one, now), build(other, now))  # type: ignore[no-any-return]
    reader = Reader.of(facts.recipient, facts.page_url)
    say = reader.say
    titles = ((say.gettext("New"), True), (say.gettext("Changed since the last digest"), False))
    return MailView(
        kind=MessageKind.DIGEST,
        language=reader.language,
        subject=subject_line(_subject(facts, reader)),
        headline=_headline(facts, reader),
        intro=_intro(facts, reader),
        tallies=tallies(facts.entries, say),
        sections=sections(
            facts.entries, facts.items, titles, reader, links=facts.links, today=now.astimezone(reader.zone).date()
        ),
        more=more_line(facts.entries, reader),
        notes=_notes(facts, reader),
        due=due_facts(facts.due_soon, reader, now),
        coverage=coverage_facts(facts.coverage, facts.held, reader),
        held=_held(facts, reader),
        chart=chart_of(facts.levels, reader),
        page_url=reader.page_url,
        unsubscribe=safe_link(facts.links.unsubscribe),
        footer=_footer(facts, reader),
    )


def _subject(facts: DigestFacts, reader: Reader) -> str:
    if facts.entries:
        top = one_line(words.headline(ranked(facts.entries)[0].alert.title, reader.say), 100)
        return f"{counts_in_words(facts.entries, reader.say)} · {top}"
    return _quiet_line(facts, reader)


def _quiet_line(facts: DigestFacts, reader: Reader) -> str:
    """Silence, called quiet only when the watch saw enough to say so."""
    say, seen = reader.say, facts.coverage
    figures = {"reached": seen.feeds_reached, "due": seen.feeds_due, "held": facts.held, "waiting": seen.items_waiting}
    if not seen.feeds_due:
        form = say.gettext("No watch: no feed was due in this period")
    elif not seen.feeds_reached:
        form = say.gettext("Blind: 0 of {due} feeds answered")
    elif seen.items_waiting:
        form = say.gettext("Blind: {waiting} entries were read and could not be judged")
    elif seen.feeds_reached * 2 < seen.feeds_due:
        form = say.gettext("Half blind: {reached} of {due} feeds answered, nothing new seen")
    elif facts.held:
        form = say.gettext("{held} held back, nothing else: {reached} of {due} feeds answered")
    else:
        form = say.gettext("Quiet: {reached} of {due} feeds answered, nothing new for you")
    return form.format(**figures)


def _headline(facts: DigestFacts, reader: Reader) -> str:
    if not facts.entries:
        return _quiet_line(facts, reader)
    say = reader.say
    new = sum(e.reason is Reason.FIRST for e in facts.entries)
    changed = len(facts.entries) - new
    parts = []
    if new:
        parts.append(say.ngettext("{n} new alert", "{n} new alerts", new).format(n=f"{new:,}"))
    if changed:
        parts.append(say.ngettext("{n} changed", "{n} changed", changed).format(n=f"{changed:,}"))
    return words.joined(parts, say)


def _intro(facts: DigestFacts, reader: Reader) -> str:
    title = _profile_title(facts, reader)
    form = reader.say.gettext("{profile} · {since} to {until} ({zone})")
    return form.format(
        profile=title, since=reader.time(facts.since), until=reader.time(facts.until), zone=reader.zone_name()
    )


def _profile_title(facts: DigestFacts, reader: Reader) -> str:
    title = facts.profile.title or facts.profile.name
    return one_line(reader.say.gettext(title) if title == words.DEFAULT_TITLE else title, 100)


def _notes(facts: DigestFacts, reader: Reader) -> tuple[str, ...]:
    """The sentence about what was held back comes last: its list follows."""
    say = reader.say
    notes = [move_line(move, reader) for move in facts.moves[:MOVES_NAMED]]
    still_open = say.ngettext(
        "{n} alert you know is still open, unchanged.",
        "{n} alerts you know are still open, unchanged.",
        facts.still_open,
    )
    held = say.ngettext(
        "{n} alert was held back by your alert budget; it is on the page.",
        "{n} alerts were held back by your alert budget; they are on the page.",
        facts.held,
    )
    notes += [form.format(n=f"{n:,}") for n, form in ((facts.still_open, still_open), (facts.held, held)) if n]
    return tuple(notes)


def move_line(move: LevelMove, reader: Reader) -> str:
    """A level that rose or eased, with the figures behind it and what tomorrow is likely to bring."""
    say, row = reader.say, move.row
    rose = int(row.level or 0) > int(move.was or 0)
    form = (
        say.gettext("{country}, {tag}: rose from {was} to {level}; {facts}")
        if rose
        else say.gettext("{country}, {tag}: eased from {was} to {level}; {facts}")
    )
    return form.format(
        country=words.country_word(row.country, reader.language),
        tag=words.tag_word(row.tag, say),
        was=words.level_word(move.was, say) if move.was else say.gettext("none"),
        level=words.level_word(row.level, say) if row.level else say.gettext("none"),
        facts=words.level_facts(row, say),
    )


def due_facts(dues: Sequence[DueDate], reader: Reader, now: datetime) -> tuple[Fact, ...]:
    """Dates ahead with their countdown, the soonest first."""
    today = now.astimezone(reader.zone).date()
    found = []
    for due in sorted(dues, key=lambda d: (d.on, d.what)):
        days = (due.on - today).days
        found.append(Fact(label=f"{due.on} ({countdown(days, reader)})", value=due_line(due, reader), alarm=days <= 0))
    return tuple(found)


def _held(facts: DigestFacts, reader: Reader) -> tuple[HeldView, ...]:
    return tuple(
        HeldView(
            mark=words.mark(alert.level),
            title=one_line(words.headline(alert.title, reader.say)),
            link=page_of(alert, reader),
        )
        for alert in facts.held_top
    )


def chart_of(levels: LevelDays | None, reader: Reader) -> ChartView | None:
    """The picture of the levels, with the same told in words; None without any level."""
    if levels is None or not levels.rows:
        return None
    say = reader.say
    names = {
        code: words.country_word(code, reader.language) if code.isalpha() else say.gettext("no country")
        for code in levels.rows
    }
    told = []
    for code, days in levels.rows.items():
        known = [level for level in days if level is not None]
        highest = words.level_word(max(known), say) if known else say.gettext("none")
        form = say.gettext("{country}: highest {level}, on {n} of {days} days")
        told.append(form.format(country=names[code], level=highest, n=len(known), days=len(days)))
    return ChartView(
        png=drawn(levels),
        title=say.gettext("Levels by country, the last {n} days").format(n=DAYS),
        alt=words.sentences(told, say),
        told=tuple(told),
        names=words.joined([f"{code} {name}" for code, name in names.items()], say),
    )


def coverage_facts(seen: Coverage, held: int, reader: Reader) -> tuple[Fact, ...]:
    """The quiet certificate, line by line: what was read, what answered, what could not be seen."""
    say = reader.say
    answered = say.gettext("{reached} answered of {due} due").format(reached=seen.feeds_reached, due=seen.feeds_due)
    countries = [words.country_word(code, reader.language) for code in seen.countries_live]
    read = say.gettext(
        "{read} read, of these {baseline} older than the watch, {flagged} flagged, {held} alerts held back"
    )
    return (
        Fact(label=say.gettext("Feeds"), value=answered, alarm=seen.feeds_reached * 2 < max(seen.feeds_due, 1)),
        Fact(
            label=say.gettext("Not heard from"),
            value=_named(seen.feeds_stale, STALE_NAMED, reader) or say.gettext("none"),
            alarm=bool(seen.feeds_stale),
        ),
        *_quieter(seen, reader),
        Fact(
            label=say.gettext("Countries with live feeds"),
            value=_counted(countries, reader),
        ),
        Fact(
            label=say.gettext("Entries"),
            value=read.format(
                read=f"{seen.items_read:,}",
                baseline=f"{seen.items_baseline:,}",
                flagged=f"{seen.items_flagged:,}",
                held=f"{held:,}",
            ),
        ),
        *_unjudged(seen, reader),
    )


def _unjudged(seen: Coverage, reader: Reader) -> tuple[Fact, ...]:
    """What waits for the classifier; no line while nothing does."""
    if not seen.items_waiting:
        return ()
    return (Fact(label=reader.say.gettext("Not judged"), value=f"{seen.items_waiting:,}", alarm=True),)


def _quieter(seen: Coverage, reader: Reader) -> tuple[Fact, ...]:
    """Feeds that answer and have fallen silent by their own habit; no line while there is none."""
    if not seen.feeds_silent:
        return ()
    told = [
        words.labelled(one_line(name, 100), words.silence_words(found, reader.say), reader.say)
        for name, found in seen.feeds_silent
    ]
    named = told[:STALE_NAMED]
    if left := len(told) - len(named):
        named.append(reader.say.ngettext("and {n} more", "and {n} more", left).format(n=left))
    label = reader.say.gettext("Quieter than usual")
    return (Fact(label=label, value=words.sentences(named, reader.say), alarm=True),)


def _counted(countries: list[str], reader: Reader) -> str:
    named = _named(countries, COUNTRIES_NAMED, reader)
    return words.labelled(str(len(countries)), named, reader.say) if countries else "0"


def _named(names: tuple[str, ...] | list[str], most: int, reader: Reader) -> str:
    """The first `most` names and the exact count of the others."""
    shown = [one_line(name, 100) for name in names[:most]]
    left = len(names) - len(shown)
    if left:
        shown.append(reader.say.ngettext("and {n} more", "and {n} more", left).format(n=left))
    return words.joined(shown, reader.say)


def _footer(facts: DigestFacts, reader: Reader) -> tuple[str, ...]:
    say = reader.say
    lines = [
        say.gettext("You receive this as a recipient of the profile {profile}.").format(
            profile=_profile_title(facts, reader)
        )
    ]
    if facts.model:
        lines.append(say.gettext("Judged by {model}.").format(model=one_line(words.model_word(facts.model, say), 100)))
    return tuple(lines)
