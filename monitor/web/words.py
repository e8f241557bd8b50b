"""Codes as people read them: states, steps, reasons and changes, marked here once, looked up where they are shown."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from gettext import NullTranslations

from monitor import reviewing
from monitor.domain import Tag
from monitor.i18n import N_
from monitor.notify import words

VERDICT = N_("by a verdict")

CODES = {
    "geopolitical": N_("geopolitical"),
    "compliance": N_("compliance"),
    "supply_chain": N_("supply chain"),
    "blue": N_("blue"),
    "yellow": N_("yellow"),
    "orange": N_("orange"),
    "red": N_("red"),
    # an alert's state and life
    "open": N_("open"),
    "acknowledged": N_("acknowledged"),
    "escalated": N_("escalated"),
    "closed": N_("closed"),
    "dismissed": N_("dismissed"),
    "reopened": N_("opened again"),
    "raised": N_("raised"),
    "held": N_("held back"),
    "worsened": N_("worsened"),
    "assigned": N_("given to"),
    "corrected": N_("corrected"),
    "withdrawn": N_("withdrawn"),
    "note": N_("note"),
    # why somebody was told, and what became of the message
    "first": N_("new"),
    "reminded": N_("reminder"),
    "due_soon": N_("due soon"),
    "ready": N_("waits"),
    "sending": N_("on its way"),
    "sent": N_("sent"),
    "parked": N_("cannot be delivered"),
    "unsubscribed": N_("has unsubscribed"),
    "closed before anybody was told": N_("closed before anybody was told"),
    "silenced": N_("silenced"),
    # certainty
    "rumour": N_("rumour"),
    "reported": N_("reported"),
    "official": N_("official"),
    "in_force": N_("in force"),
    "denied": N_("denied"),
    # verdicts
    "confirm": N_("confirmed"),
    "dismiss": N_("no risk"),
    "relabel": N_("other tags"),
    "missed": N_("missed event"),
    "undo": N_("verdict taken back"),
    "merge": N_("put into another story"),
    # a plan's steps
    "done": N_("done"),
    "skipped": N_("left out"),
    "step done": N_("step done"),
    "step open": N_("step open again"),
    "step skipped": N_("step left out"),
    "task": N_("task added"),
    # people and programs
    "reader": N_("reader"),
    "reviewer": N_("reviewer"),
    "admin": N_("administrator"),
    "user": N_("login given or changed"),
    "user removed": N_("login removed"),
    "token": N_("token made"),
    "token removed": N_("token removed"),
    "login": N_("logged in"),
    "logout": N_("logged out"),
    "released": N_("written to again"),
    "retried": N_("message tried again"),
    "peer": N_("partner added"),
    "peer removed": N_("partner removed"),
    # what a profile names
    "site": N_("site"),
    "supplier": N_("supplier"),
    "product": N_("product"),
    "brand": N_("brand"),
    "route": N_("route or port"),
    "law": N_("law"),
    # what is set up
    "profile": N_("profile written"),
    "silence ended": N_("silence ended"),
    "recipient": N_("recipient set"),
    "recipient removed": N_("recipient removed"),
    "feed added": N_("feed added"),
    "feed changed": N_("feed changed"),
    "feed removed": N_("feed taken off the list"),
    "playbook": N_("playbook changed"),
    "step removed": N_("step taken out"),
    # classifiers
    "model": N_("classifier"),
    "candidate": N_("candidate"),
    "promoted": N_("in force"),
    "former": N_("former"),
    "train": N_("training"),
    "compare": N_("comparison"),
    "promote": N_("promotion"),
    "back": N_("going back"),
}
FEED_KINDS = {
    "news": N_("news"),
    "policy": N_("policy"),
    "regulator": N_("regulator"),
    "sanctions": N_("sanctions"),
    "trade": N_("trade"),
    "logistics": N_("logistics"),
    "disaster": N_("disaster"),
}
LENSES = {"technology": N_("technology"), "law": N_("law"), "politics": N_("politics")}
ACTS = ("train", "compare", "promote", "back")  # with the classifier
SILENCED = re.compile(r"(?P<scope>.*?) until (?P<until>\d{4}-\d\d-\d\dT\S+): (?P<reason>.*)", re.DOTALL)
DOUBTS = tuple(
    (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*)", re.escape(sentence)), re.DOTALL), sentence)
    for sentence in (
        N_("no date given"),
        N_("not a possible date: {text}"),
        N_("not a date that can be read: {text}"),
        N_("guessed at in vain: {text}"),
        N_("guessed from {text}"),
        N_("time zone {zone} is unknown, read as {name}"),
        N_("no time zone given, read as {name}"),
        N_("a placeholder, not a date: {day}"),
        N_("dated in the future ({day}), read as now"),
    )
)
SUBJECTS = {
    "item": N_("item"),
    "alert": N_("alert"),
    "profile": N_("profile"),
    "feed": N_("feed"),
    "playbook": N_("playbook"),
    "silence": N_("silence"),
    "user": N_("user"),
    "token": N_("token"),
    "message": N_("message"),
}


def spoken(code: str, say: NullTranslations) -> str:
    """What people read for a code; `silenced: why` keeps its reason, and what is unknown stays as it is."""
    head, colon, rest = code.partition(": ")
    if colon and head in CODES:
        return f"{say.gettext(CODES[head])}: {rest}"
    return say.gettext(CODES.get(code, code)) if code else ""


def noted(action: str, note: str, say: NullTranslations) -> str:
    """The note of a change: tags, roles and a dismissal's reason in words, what somebody wrote as it is."""
    if action == "silenced" and (found := SILENCED.fullmatch(note)):
        with suppress(ValueError, OverflowError):  # somebody may write a topic so
            until = f"{datetime.fromisoformat(found['until']).astimezone(UTC):%Y-%m-%d %H:%M}"
            shown = [words.tag_word(Tag(c), say) if c in tuple(Tag) else c for c in found["scope"].split()]
            said = say.gettext("{scope}, until {until} (UTC): {reason}")
            return said.format(scope=" · ".join(shown), until=until, reason=found["reason"])
    if action in ("user", "token"):
        return spoken(note, say)
    head, _space, rest = note.partition(" ")
    if head == reviewing.BY_VERDICT:
        rest = "" if rest == "undone" else rest  # the event itself says so
        return f"{say.gettext(VERDICT)}: {reviewing.why_in_words(rest, say)}" if rest else say.gettext(VERDICT)
    labels = [label for label in head.split(",") if label]
    if labels and all(label in tuple(Tag) for label in labels):
        named = words.joined([words.tag_word(Tag(label), say) for label in labels], say)
        return f"{named} · {rest}" if rest else named
    return reviewing.why_in_words(note, say) if action == "dismiss" else note


def subject(text: str, say: NullTranslations) -> str:
    """What a line of the trail is about, `alert 3f…` or `promote 3f…`, in words."""
    kind, space, rest = text.partition(" ")
    if kind in ACTS:
        return f"{say.gettext(CODES[kind])} {rest}".rstrip()
    return f"{say.gettext(SUBJECTS[kind])} {rest}" if space and kind in SUBJECTS else text


def doubted(doubt: str, say: NullTranslations) -> str:
    """What `text.dates` doubted of a date, in the reader's words."""
    for shape, sentence in DOUBTS:
        if found := shape.fullmatch(doubt):
            return say.gettext(sentence).format(**found.groupdict())
    return doubt
