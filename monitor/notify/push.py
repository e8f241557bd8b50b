"""A view as a short message for a chat or a telephone: frozen as JSON, in the order a person needs it."""

from __future__ import annotations

import json

from monitor.domain import Level
from monitor.notify import words
from monitor.notify.bilingual import catalogue
from monitor.notify.view import MailView

MOST_BYTES = 3_400  # WeCom's robots take 4,096 bytes of text, the smallest of the channels named in docs/mail.md
LISTED = 12
NOISES = {"red": "failure", "orange": "warning"}  # Apprise's own words for how loud a message is


def push_message(view: MailView, *, message_id: str) -> bytes:
    """The frozen message `{id, title, body, type}`: plain text, cut at a whole line, its identity in the last one.

    A repeat has the same text with the same identity, so that a receiver can recognise it.
    """
    tail = _tail(view, message_id)
    lines, room = [view.intro] if view.intro else [], MOST_BYTES - _size([view.headline, view.intro, *tail])
    blocks = [*_entries(view), *_lines(view), *_facts(view)]
    for block in blocks[: LISTED + len(_facts(view))]:
        if _size(block) > room:
            break
        lines += ["", *block]
        room -= _size(block) + 1
    said = {
        "id": message_id,
        "title": view.subject,
        "body": "\n".join([*lines, *tail]).strip(),
        "type": _noise(view),
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _entries(view: MailView) -> list[list[str]]:
    say = catalogue(view.language)
    found = []
    for section in view.sections:
        for entry in section.entries:
            block = [f"{entry.mark} {entry.level_word} · {entry.reason}", entry.title, entry.meta]
            block += [part for part in (entry.why, entry.changed, entry.due) if part]
            block += [words.labelled(say.gettext("First step"), entry.step, say)] if entry.step else []
            found.append([*block, entry.page_link or entry.link])
    return found


def _lines(view: MailView) -> list[list[str]]:
    return [[part for part in (line.what, line.stage, line.when, line.link) if part] for line in view.lines]


def _facts(view: MailView) -> list[list[str]]:
    say = catalogue(view.language)
    notes = [note for note in (view.more, *view.notes) if note]
    seen = [f"{'! ' if fact.alarm else ''}{words.labelled(fact.label, fact.value, say)}" for fact in view.coverage[:2]]
    return [part for part in (notes, seen) if part]


def _tail(view: MailView, message_id: str) -> list[str]:
    say = catalogue(view.language)
    open_it = say.gettext("Open the review page")
    page = [f"{open_it} {view.page_url}"] if view.page_url else []
    return ["", *page, f"[{message_id.strip('<>')[:8]}]"]


def _noise(view: MailView) -> str:
    levels = [Level.of(entry.level) for section in view.sections for entry in section.entries]
    return NOISES.get(max(levels).word, "info") if levels else "info"


def _size(lines: list[str]) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
