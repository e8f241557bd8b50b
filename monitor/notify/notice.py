"""The message that does not wait: one or several alerts of one recipient, told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.domain import Item, MessageKind, Recipient
from monitor.notify import words
from monitor.notify.bilingual import BOTH, paired
from monitor.notify.plain import one_line, safe_link
from monitor.notify.view import (
    Entry,
    Links,
    MailView,
    Reader,
    Section,
    counts_in_words,
    more_line,
    ranked,
    sections,
    subject_line,
    tallies,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """The alerts one recipient has to hear of now; at least one."""

    recipient: Recipient
    entries: tuple[Entry, ...]
    items: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)  # alert id -> its story's items
    profile_title: str = ""
    page_url: str = ""
    model: str = ""
    links: Links = field(default_factory=Links)

    def __post_init__(self) -> None:
        if not self.entries:
            raise ValueError("a notice tells of at least one alert")


def build(facts: NoticeFacts, now: datetime) -> MailView:
    """The notice in the recipient's language and time."""
    if facts.recipient.language == BOTH:
        one, other = (replace(facts, recipient=replace(facts.recipient, language=code)) for code in ("zh", "en"))
        return paired(build(one, now), build(other, now))  # type: ignore[no-any-return]
    reader = Reader.of(facts.recipient, facts.page_url)
    count = len(facts.entries)
    one_of_many = reader.say.ngettext("{n} alert that does not wait", "{n} alerts that do not wait", count)
    intro = [one_line(facts.profile_title, 100), f"{reader.time(now)} ({reader.zone_name()})"]
    return MailView(
        kind=MessageKind.NOTICE,
        language=reader.language,
        subject=subject_line(_subject(facts, reader)),
        headline=one_of_many.format(n=count),
        intro=" · ".join(part for part in intro if part),
        tallies=tallies(facts.entries, reader.say) if count > 1 else (),
        sections=_drawn(facts, reader, now),
        more=more_line(facts.entries, reader),
        page_url=reader.page_url,
        unsubscribe=safe_link(facts.links.unsubscribe),
        footer=_footer(facts, reader),
    )


def _subject(facts: NoticeFacts, reader: Reader) -> str:
    top = ranked(facts.entries)[0]
    title = one_line(words.headline(top.alert.title, reader.say), 110)
    if len(facts.entries) > 1:
        return f"{counts_in_words(facts.entries, reader.say)} · {title}"
    level = words.level_word(top.alert.level, reader.say)
    return f"{words.mark(top.alert.level)} {level} · {words.reason_word(top.reason, reader.say)} · {title}"


def _drawn(facts: NoticeFacts, reader: Reader, now: datetime) -> tuple[Section, ...]:
    new, changed = reader.say.gettext("New"), reader.say.gettext("Changed")
    titles = ((new, True), (changed, False)) if len(facts.entries) > 1 else (("", True), ("", False))
    today = now.astimezone(reader.zone).date()
    return sections(facts.entries, facts.items, titles, reader, links=facts.links, today=today)


def _footer(facts: NoticeFacts, reader: Reader) -> tuple[str, ...]:
    say = reader.say
    lines = [say.gettext("Milder alerts follow in the next digest.")]
    if facts.model:
        lines.append(say.gettext("Judged by {model}.").format(model=one_line(words.model_word(facts.model, say), 100)))
    return tuple(lines)
