"""What a mail shows, ready to be drawn: every text translated, cleaned and in the reader's time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from gettext import NullTranslations
from typing import TYPE_CHECKING
from urllib.parse import quote
from zoneinfo import ZoneInfo

from monitor.domain import Alert, DeadlineKind, Item, Level, MessageKind, Reason, Recipient
from monitor.i18n import base_language, translator
from monitor.notify import words
from monitor.notify.plain import one_line, safe_link
from monitor.notify.schedule import zone_of

if TYPE_CHECKING:
    from monitor.warn.playbooks import Both

LISTED = 50  # alerts in one mail; the rest is counted and on the page
ITEMS_EACH = 50  # items under one alert
ITEMS_LEAST = 3
ITEMS_ALL = 500  # over the whole mail, so that it stays below what mail clients cut off
SUBJECT_MOST = 150

_SINKING = (Reason.CORRECTED, Reason.WITHDRAWN)  # less to worry about: told, but not among the counts


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDate:
    """A date that binds the reader: a comment period's end, the day a rule applies."""

    on: date
    what: str  # empty under an alert, whose title says it
    kind: DeadlineKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Pages that one recipient may act on without a password; empty where nothing is to be acted on."""

    alert: Callable[[str], str] = field(default=lambda alert: "")  # by the alert's id
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One alert to tell of, and why. `was`: the level the recipient was told before."""

    alert: Alert
    reason: Reason = Reason.FIRST
    was: Level | None = None
    more_reports: int = 0  # of its story since the recipient was last told
    due: tuple[DueDate, ...] = ()  # dates that its texts set
    step: Both | None = None  # the first step of its playbook
    note: str = ""  # why it was withdrawn or corrected, in the words of who did it


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    id: str
    title: str  # as its publisher wrote it; empty when the alert's own line says the same
    link: str
    feed: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    level: str  # red, orange, yellow, blue
    mark: str
    level_word: str
    reason: str
    title: str
    link: str
    page_link: str
    meta: str  # what it is about, where, how bad and how sure
    updated: str
    why: str  # the reasons, as one sentence; empty without any
    changed: str  # what is new since the recipient was last told
    due: str  # dates with a countdown
    step: str  # what to do first
    acknowledge: str  # pages that ask before they do anything
    dismiss: str
    items: tuple[ItemView, ...]
    more_items: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    title: str
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many alerts of one level, listed or not."""

    level: str
    mark: str
    word: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of the proof that the watch was awake; `alarm` when it says that it was not."""

    label: str
    value: str
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldView:
    """An alert over the budget: named, not told."""

    mark: str
    title: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """The picture of the levels, and the same in words."""

    png: bytes
    title: str
    alt: str
    told: tuple[str, ...]  # the same, a line a country
    names: str  # the codes in it, spelt out


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One line of a brief: what changed, for whom, by when, and where it says so."""

    what: str
    stage: str
    whom: str
    when: str
    sentence: str  # of the source, as published
    source: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """One mail before it is drawn."""

    kind: MessageKind
    language: str  # en or zh
    subject: str
    headline: str
    intro: str
    tallies: tuple[Tally, ...] = ()
    sections: tuple[Section, ...] = ()
    more: str = ""
    notes: tuple[str, ...] = ()
    due: tuple[Fact, ...] = ()
    coverage: tuple[Fact, ...] = ()
    held: tuple[HeldView, ...] = ()
    chart: ChartView | None = None
    lines: tuple[LineView, ...] = ()  # of a brief
    page_url: str = ""
    unsubscribe: str = ""
    footer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A recipient's language, zone and page: everything that turns a value into words for them."""

    language: str
    zone: ZoneInfo
    page_url: str
    say: NullTranslations

    @classmethod
    def of(cls, recipient: Recipient, page_url: str) -> Reader:
        return cls(
            language=base_language(recipient.language),
            zone=zone_of(recipient),
            page_url=page_url.rstrip("/"),
            say=translator(recipient.language),
        )

    def time(self, moment: datetime | None) -> str:
        """`2026-11-24 14:30`, in the reader's zone; empty for no time."""
        return "" if moment is None else f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def zone_name(self) -> str:
        return str(self.zone.key)


def ranked(entries: Sequence[Entry]) -> list[Entry]:
    """The most pressing first: level, points, severity, newest; then by id, so that it never varies."""
    return sorted(
        entries,
        key=lambda e: (
            e.reason in _SINKING,
            -e.alert.level,
            -e.alert.points,
            -e.alert.severity,
            -e.alert.updated.timestamp(),
            e.alert.id,
        ),
    )


def tallies(entries: Sequence[Entry], say: NullTranslations) -> tuple[Tally, ...]:
    """How many of each level, highest first; exact, whatever is listed."""
    found = []
    for level in sorted(Level, reverse=True):
        count = sum(e.alert.level == level and e.reason not in _SINKING for e in entries)
        if count:
            word = words.level_word(level, say)
            found.append(Tally(level=level.word, mark=words.mark(level), word=word, count=count))
    return tuple(found)


def counts_in_words(entries: Sequence[Entry], say: NullTranslations) -> str:
    """`2 red, 5 orange, 1 withdrawn`."""
    forms = {
        "red": say.gettext("{n} red"),
        "orange": say.gettext("{n} orange"),
        "yellow": say.gettext("{n} yellow"),
        "blue": say.gettext("{n} blue"),
    }
    parts = [forms[tally.level].format(n=tally.count) for tally in tallies(entries, say)]
    sinking = sum(e.reason in _SINKING for e in entries)
    if sinking:
        parts.append(
            say.ngettext("{n} corrected or withdrawn", "{n} corrected or withdrawn", sinking).format(n=sinking)
        )
    return words.joined(parts, say)


def subject_line(text: str) -> str:
    """One header-safe line of at most 150 characters."""
    return one_line(text, SUBJECT_MOST)


def sections(
    entries: Sequence[Entry],
    items: Mapping[str, Sequence[Item]],
    titles: Sequence[tuple[str, bool]],
    reader: Reader,
    *,
    links: Links,
    today: date,
) -> tuple[Section, ...]:
    """The listed entries under `titles`: for each, whether it takes the first-told (True) or the changed.

    At most `LISTED` entries over all, in rank order.
    """
    listed = ranked(entries)[:LISTED]
    room = ITEMS_ALL
    drawn: list[tuple[bool, EntryView]] = []
    for entry in listed:
        known = items.get(entry.alert.id, ())
        most = min(ITEMS_EACH, max(ITEMS_LEAST, room))
        room -= min(len(known), most)
        drawn.append((entry.reason is Reason.FIRST, _entry(entry, known, most, reader, links=links, today=today)))
    found = (
        Section(title=title, entries=tuple(v for first, v in drawn if first is wanted)) for title, wanted in titles
    )
    return tuple(section for section in found if section.entries)


def more_line(entries: Sequence[Entry], reader: Reader) -> str:
    """`+4,950 more on the page`, exact; empty when all are listed."""
    left = len(entries) - LISTED
    if left <= 0:
        return ""
    return reader.say.ngettext("+{n} more, on the page", "+{n} more, on the page", left).format(n=f"{left:,}")


def page_of(alert: Alert, reader: Reader) -> str:
    """Where the alert stands on the review page; the link only opens it."""
    return f"{reader.page_url}/alerts/{quote(alert.id, safe='')}" if reader.page_url else ""


def _entry(entry: Entry, known: Sequence[Item], most: int, reader: Reader, *, links: Links, today: date) -> EntryView:
    alert, say = entry.alert, reader.say
    left = len(known) - most
    page_link, is_over = page_of(alert, reader), entry.reason is Reason.WITHDRAWN
    return EntryView(
        level=alert.level.word,
        mark=words.mark(alert.level),
        level_word=words.level_word(alert.level, say),
        reason=_why_told(entry, say),
        title=one_line(words.headline(alert.title, say)) or say.gettext("(no title)"),
        link=safe_link(alert.url) or page_link,
        page_link=page_link,
        meta=_meta(alert, reader),
        updated=reader.time(alert.updated),
        why=_because(alert, reader),
        changed=_changed(entry, say),
        due="" if is_over else words.joined([due_words(due, today, reader) for due in entry.due], say),
        step=one_line(entry.step.said(reader.language)) if entry.step and not is_over else "",
        acknowledge=safe_link(links.alert(alert.id)),
        dismiss=_with(safe_link(links.alert(alert.id)), "dismiss"),
        items=tuple(_item(item, alert, reader) for item in known[:most]),
        more_items=(
            say.ngettext("+{n} more report", "+{n} more reports", left).format(n=f"{left:,}") if left > 0 else ""
        ),
    )


def _why_told(entry: Entry, say: NullTranslations) -> str:
    word = words.reason_word(entry.reason, say)
    if entry.was is None or entry.was == entry.alert.level:
        return word
    was = words.level_word(entry.was, say).lower()
    return say.gettext("{reason}, was {level}").format(reason=word, level=was)


def _changed(entry: Entry, say: NullTranslations) -> str:
    if entry.note:
        note = one_line(entry.note, 300)
        return words.labelled(say.gettext("Note"), note, say) if entry.reason in _SINKING else note
    if not entry.more_reports:
        return ""
    n = entry.more_reports
    return say.ngettext("{n} further report since you were told", "{n} further reports since you were told", n).format(
        n=n
    )


def due_words(due: DueDate, today: date, reader: Reader) -> str:
    """`Comments close 2026-03-09 (in 7 days)`."""
    return f"{due_line(due, reader)} {due.on} ({countdown((due.on - today).days, reader)})".strip()


def due_line(due: DueDate, reader: Reader) -> str:
    """What a date asks for, and of what."""
    kind, what = words.deadline_word(due.kind, reader.say) if due.kind else "", one_line(due.what)
    return words.labelled(kind, what, reader.say) if kind and what else kind or what


def countdown(days: int, reader: Reader) -> str:
    """`in 3 days`, `today`, `past`."""
    if days > 0:
        return reader.say.ngettext("in {n} day", "in {n} days", days).format(n=days)
    return reader.say.gettext("today") if days == 0 else reader.say.gettext("past")


def _with(link: str, what: str) -> str:
    return f"{link}?do={what}" if link else ""


def _because(alert: Alert, reader: Reader) -> str:
    told = [one_line(words.why(reason, reader.say, reader.language)) for reason in alert.reasons if reason]
    return words.labelled(reader.say.gettext("Why"), words.sentences(told, reader.say), reader.say) if told else ""


def _meta(alert: Alert, reader: Reader) -> str:
    say = reader.say
    topics = [words.topic_word(topic, say) for topic in alert.topics]
    tags = [words.tag_word(tag, say) for tag in alert.labels]
    subject = words.joined(tags, say)
    if topics:
        subject = words.labelled(subject, words.joined(topics, say), say)
    parts = [
        subject,
        words.joined([words.country_word(code, reader.language) for code in alert.countries], say),
        words.severity_word(alert.severity, say),
        words.certainty_word(alert.certainty, say),
    ]
    return " · ".join(one_line(part) for part in parts if part)


def _item(item: Item, alert: Alert, reader: Reader) -> ItemView:
    title = one_line(item.title)
    return ItemView(
        id="" if item.id is None else f"#{item.id}",
        title="" if title == one_line(alert.title) else title,
        link=safe_link(item.url),
        feed=one_line(item.feed, 100),
        when=reader.time(item.published),
    )
