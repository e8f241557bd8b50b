"""Steps of the response plans: added, changed, taken out, in the file of playbooks."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from monitor.domain import Level
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.setting_up.files import edit
from monitor.shell import Shell
from monitor.text.rewrite import quoted, set_key
from monitor.warn.playbooks import OWN

ACTION = "playbook"


def put_step(
    shell: Shell,
    book: str,
    *,
    level: Level,
    owner: str,
    due: str,
    en: str,
    zh: str,
    author: str,
    step: str = "",
) -> str:
    """Add a step to a playbook, due from `level` on, or put a known one right wherever it is used; returns its id.

    One text stands for both languages where the other is empty. Raises: UsageError for an unknown playbook, step
    or no text; ConfigError for an owner or a time that is not understood.
    """
    _known(shell, book)
    texts = {"en": " ".join(en.split()) or " ".join(zh.split()), "zh": " ".join(zh.split()) or " ".join(en.split())}
    if not texts["en"]:
        raise UsageError(_("say what is to be done"))
    number = step or f"own.{token_hex(4)}"

    def write(document: Any) -> None:
        former = document["steps"].get(number)
        if step and former is None:
            raise UsageError(_("no step is called {name!r}").format(name=step))
        source = former["source"] if former else [quoted(OWN)]
        new = quoted({"owner": owner, "due": " ".join(due.split()), **texts})
        set_key(document["steps"], number, {**new, "source": source})
        entry = _entry(document, book)
        lists = {one.word: entry.get(one.word) for one in Level}
        if any(number in (steps or ()) for steps in lists.values()) and number not in (lists[level.word] or ()):
            _take_out(entry, number)
        elif step and not any(number in (steps or ()) for steps in lists.values()):
            return  # of a playbook that this one inherits from: its level is set there
        if number not in (entry.get(level.word) or ()):
            set_key(entry, level.word, [*(entry.get(level.word) or []), quoted(number)])

    edit(shell, "playbooks", write, author=author, action=ACTION, subject=f"playbook {book}", note=texts["en"])
    return number


def drop_step(shell: Shell, book: str, step: str, *, author: str) -> None:
    """Take a step out of a playbook; it stays in others. Raises: UsageError where it stands in another one only."""
    _known(shell, book)

    def write(document: Any) -> None:
        if not _take_out(_entry(document, book), step):
            raise UsageError(_("the step comes with a playbook that this one inherits from: take it out there"))

    edit(shell, "playbooks", write, author=author, action="step removed", subject=f"playbook {book}", note=step)


def _take_out(entry: Any, step: str) -> bool:
    found = False
    for level in Level:
        steps = entry.get(level.word) or []
        if step in steps:
            steps.remove(step)
            found = True
            if not steps:
                del entry[level.word]
    return found


def _known(shell: Shell, book: str) -> None:
    if book not in shell.playbooks.by_id:
        raise UsageError(_("no playbook is called {name!r}").format(name=book))


def _entry(document: Any, book: str) -> Any:
    return next(entry for entry in document["playbooks"] if entry["id"] == book)
