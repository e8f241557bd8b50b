"""Response plans written in advance: read, checked, chosen for an alert, with the three lenses.

Source: 001#III.3 (response plans are ready beforehand), 001#II.1 (technology, law and politics together),
004#mechanisms (whom to call)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from monitor import resources
from monitor.classify.taxonomy import Sources, load_sources, load_taxonomy
from monitor.domain import Alert, Item, Level, Tag
from monitor.errors import ConfigError
from monitor.i18n import _, base_language
from monitor.text.durations import duration
from monitor.text.lines import Document, read_file

MECHANISMS = ("state", "alliance", "emergency")  # Source: 004#mechanisms
OWN = "own"  # as source: the company itself says so
LENSES = ("technology", "law", "politics")  # Source: 001#II.1
EVIDENCE_MOST = 8  # words a lens shows
_LEVELS = {level.word: level for level in Level}


@dataclass(frozen=True, slots=True)
class Both:
    """One sentence in both languages."""

    en: str
    zh: str

    def said(self, language: str) -> str:
        """In the reader's language."""
        return self.zh if base_language(language) == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: by which role, within what time of the alert, and where the idea comes from."""

    id: str
    owner: str
    due: timedelta
    text: Both
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call; `mechanism` is the one of the three it belongs to."""

    id: str
    mechanism: str
    text: Both
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lens:
    """One of the three views: its words in both languages and the questions it asks."""

    id: str
    title: Both
    words: tuple[str, ...]
    questions: tuple[Both, ...]
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Playbook:
    """The plan of a topic: whole, with what it inherits; `steps` holds (level from which it is due, step)."""

    id: str
    owner: str
    lens: str
    steps: tuple[tuple[Level, Step], ...]
    call: tuple[Contact, ...]
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Playbooks:
    """All that the file holds, checked."""

    roles: Mapping[str, Both]
    lenses: tuple[Lens, ...]
    by_id: Mapping[str, Playbook]


@dataclass(frozen=True, slots=True)
class Planned:
    """A step of one alert's plan with the moment it is due."""

    step: Step
    due: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do about one alert: the playbook chosen, its steps at the alert's level, whom to call."""

    playbook: str
    owner: str
    lens: str
    steps: tuple[Planned, ...]
    call: tuple[Contact, ...]
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LensView:
    """What one lens sees of an alert: the words found, each with the headline it stands in."""

    lens: Lens
    evidence: tuple[tuple[str, str], ...]


# --- choosing ------------------------------------------------------------------------------------


def plan(playbooks: Playbooks, alert: Alert) -> Plan:
    """The plan for an alert: that of its first topic that has one, else of its first tag, else the common one.

    Steps of every level up to the alert's; further topics add the steps and contacts of their own. Due times
    count from the moment the alert was opened.
    """
    wanted = [topic for topic in alert.topics if topic in playbooks.by_id]
    wanted += [tag.value for tag in alert.labels if not any(topic.startswith(tag.value) for topic in wanted)]
    chosen = [playbooks.by_id[name] for name in wanted] or [playbooks.by_id["base"]]
    steps = {step.id: (step, level) for book in chosen for level, step in book.steps if level <= alert.level}
    planned = [Planned(step, alert.opened + step.due) for step, _level in steps.values()]
    return Plan(
        playbook=chosen[0].id,
        owner=chosen[0].owner,
        lens=chosen[0].lens,
        steps=tuple(sorted(planned, key=lambda p: p.due)),
        call=tuple(dict.fromkeys(contact for book in chosen for contact in book.call)),
        source=chosen[0].source,
    )


def panel(playbooks: Playbooks, items: Iterable[Item]) -> tuple[LensView, ...]:
    """The three lenses with the words of the story's texts that speak to each."""
    known = list(items)
    views = []
    for lens in playbooks.lenses:
        found: dict[str, str] = {}
        for item in known:
            for word in _lens_pattern(lens.words).findall(f"{item.title} . {item.summary}"):
                found.setdefault(word.lower(), item.title)
        views.append(LensView(lens, tuple(found.items())[:EVIDENCE_MOST]))
    return tuple(views)


@cache
def _lens_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    spaced = [re.escape(word).replace(r"\*", r"\w*") for word in words if word.isascii()]
    chinese = [re.escape(word) for word in words if not word.isascii()]
    return re.compile("|".join([rf"\b(?:{'|'.join(spaced)})\b", *chinese]), re.IGNORECASE)


# --- reading -------------------------------------------------------------------------------------


@cache
def shipped() -> Playbooks:
    """The playbooks that come with the product. Source: docs/profiles.md#playbooks"""
    return load(read_file(resources.path("seeds/playbooks.yaml")), file="seeds/playbooks.yaml")


def load(document: Document, *, file: str) -> Playbooks:
    """Playbooks of a YAML document, every reference resolved.

    Raises: ConfigError that lists every problem with its line; then nothing of the file is taken.
    """
    reader = _Reader(document, file)
    found = reader.playbooks()
    if reader.problems:
        raise ConfigError(f"{file}: " + "; ".join(reader.problems))
    return found


class _WrongError(ValueError):
    pass


class _Reader:
    """Reads one document; what is wrong is gathered in `problems`, so that all of it is told at once."""

    def __init__(self, document: Document, file: str) -> None:
        self.document = document
        self.problems: list[str] = []
        self.wrong: set[tuple[str, str]] = set()  # entries told as wrong: those that use them are not told again
        self.sources: Sources = load_sources(resources.path("seeds/sources.yaml"))
        topics = load_taxonomy(resources.path("seeds/taxonomy.yaml"), self.sources)
        self.known = {"base", *Tag, *(topic.id for topic in topics)}

    def playbooks(self) -> Playbooks:
        top = self.document.value if isinstance(self.document.value, Mapping) else {}
        for part in ("roles", "contacts", "lenses", "steps", "playbooks"):
            if not top.get(part):
                self.problems.append(_("`{name}` is missing").format(name=part))
        if self.problems:
            return Playbooks({}, (), {})
        self.roles = self._table("roles", lambda _id, entry: self._both(entry))
        self.contacts = self._table("contacts", self._contact)
        lenses = self._table("lenses", self._lens)
        if missing := [name for name in LENSES if name not in top["lenses"]]:
            self.problems.append(_("the lens {name} is missing").format(name=", ".join(missing)))
        self.steps = self._table("steps", self._step)
        return Playbooks(self.roles, tuple(lenses.values()), self._books(top["playbooks"]))

    def _table(self, part: str, read: Callable[[str, Mapping[str, Any]], Any]) -> dict[str, Any]:
        found = {}
        rows = self.document.value[part]
        if not isinstance(rows, Mapping):
            self._wrong((part,), part, _("has to be a mapping"))
            return {}
        for name, entry in rows.items():
            try:
                if not isinstance(entry, Mapping):
                    raise _WrongError(_("has to be a mapping"))
                found[str(name)] = read(str(name), entry)
            except (ValueError, TypeError, KeyError, AttributeError, ConfigError) as problem:
                self._wrong((part, str(name)), str(name), str(problem))
                self.wrong.add((part, str(name)))
        return found

    def _wrong(self, place: tuple[str | int, ...], name: str, problem: str) -> None:
        said = _("line {line}, {name}: {problem}")
        self.problems.append(said.format(line=self.document.line(*place), name=name, problem=problem))

    def _both(self, entry: Mapping[str, Any]) -> Both:
        for language in ("en", "zh"):
            if not isinstance(entry.get(language), str) or not entry[language].strip():
                raise _WrongError(_("the text in {language} is missing").format(language=language))
        return Both(entry["en"], entry["zh"])

    def _cited(self, entry: Mapping[str, Any]) -> tuple[str, ...]:
        given = entry.get("source")
        if not isinstance(given, list) or not given:
            raise _WrongError(_("`source` is missing: name where it comes from"))
        for reference in given:
            if reference != OWN:
                self.sources.resolve(str(reference))
        return tuple(map(str, given))

    def _contact(self, name: str, entry: Mapping[str, Any]) -> Contact:
        if entry.get("mechanism") not in MECHANISMS:
            raise _WrongError(_("{word!r} is none of {known}").format(word=entry.get("mechanism"), known=MECHANISMS))
        return Contact(name, entry["mechanism"], self._both(entry), self._cited(entry))

    def _lens(self, name: str, entry: Mapping[str, Any]) -> Lens:
        if name not in LENSES:
            raise _WrongError(_("{word!r} is none of {known}").format(word=name, known=LENSES))
        words = tuple(w.strip() for text in entry["words"].values() for w in text.split(",") if w.strip())
        questions = tuple(self._both(question) for question in entry["questions"])
        return Lens(name, self._both(entry), words, questions, self._cited(entry))

    def _owner(self, entry: Mapping[str, Any]) -> str:
        owner = entry.get("owner")
        if not owner:
            raise _WrongError(_("it has no owner: name a role"))
        if owner not in self.roles:
            raise _WrongError(_("{word!r} is not a role of this file").format(word=str(owner)))
        return str(owner)

    def _step(self, name: str, entry: Mapping[str, Any]) -> Step:
        due = duration(str(entry.get("due") or ""))
        return Step(name, self._owner(entry), due, self._both(entry), self._cited(entry))

    def _books(self, entries: Any) -> dict[str, Playbook]:
        given: dict[str, tuple[int, Mapping[str, Any]]] = {}
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            name = str(entry.get("id") or "") if isinstance(entry, Mapping) else ""
            if not name or name in given:
                said = _("the name is used twice") if name else _("`{name}` is missing").format(name="id")
                self._wrong(("playbooks", number), name or str(number + 1), said)
            elif name not in self.known:
                said = _("it is neither a topic, nor a tag, nor base") + _near(name, self.known)
                self._wrong(("playbooks", number), name, said)
            else:
                given[name] = number, entry
        if "base" not in given:
            self.problems.append(_("the playbook base is missing"))
        found = {}
        for name, (number, _entry) in given.items():
            try:
                found[name] = self._book(name, given, ())
            except (ValueError, TypeError, KeyError, ConfigError) as problem:
                self._wrong(("playbooks", number), name, str(problem))
        return found

    def _book(self, name: str, given: Mapping[str, tuple[int, Mapping[str, Any]]], chain: Sequence[str]) -> Playbook:
        if name in chain:
            raise _WrongError(_("it inherits in a circle: {circle}").format(circle=" → ".join((*chain, name))))
        _number, entry = given[name]
        parent = None
        if inherits := entry.get("inherits"):
            if inherits not in given:
                raise _WrongError(_("it inherits from {name!r}, which is not in this file").format(name=str(inherits)))
            parent = self._book(str(inherits), given, (*chain, name))
        allowed = {"id", "inherits", "owner", "lens", "source", "call", *_LEVELS}
        if unknown := sorted(set(map(str, entry)) - allowed):
            said = _("unknown {names}; known are {known}")
            raise _WrongError(said.format(names=", ".join(unknown), known=", ".join(sorted(allowed))))
        lens = entry.get("lens") or (parent.lens if parent else "")
        if lens and lens not in LENSES:
            raise _WrongError(_("{word!r} is none of {known}").format(word=lens, known=LENSES))
        steps = {step.id: (level, step) for level, step in (parent.steps if parent else ())}
        for word, level in _LEVELS.items():
            for step in entry.get(word) or []:
                if ("steps", step) in self.wrong:
                    continue
                if step not in self.steps:
                    raise _WrongError(_("the step {name!r} is not in this file").format(name=str(step)))
                steps[step] = (level, self.steps[step])
        contacts = dict.fromkeys(parent.call if parent else ())
        for contact in entry.get("call") or []:
            if ("contacts", contact) in self.wrong:
                continue
            if contact not in self.contacts:
                raise _WrongError(_("the contact {name!r} is not in this file").format(name=str(contact)))
            contacts[self.contacts[contact]] = None
        return Playbook(name, self._owner(entry), str(lens), tuple(steps.values()), tuple(contacts), self._cited(entry))


def _near(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    return _(" (did you mean {name}?)").format(name=close[0]) if close else ""
