"""Commands that look at what is stored, and say what people decide: items, alerts, why, review, status."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from monitor.classify.ask import Question
from monitor.cli import show
from monitor.domain import AlertState, Item, Judgement, Level, Tag, VerdictKind
from monitor.errors import UsageError
from monitor.i18n import _, current, ngettext
from monitor.reviewing import questions
from monitor.shell import Shell
from monitor.store.items import ItemFilter
from monitor.text.durations import moment_of
from monitor.text.places import country_of
from monitor.text.roles import roles

ASKED_AMONG = 200  # newest items that wait, of which the most instructive are asked

STATE_OF = {
    "ack": AlertState.ACKNOWLEDGED,
    "close": AlertState.CLOSED,
    "dismiss": AlertState.DISMISSED,
    "reopen": AlertState.OPEN,
}


def items(shell: Shell, options: argparse.Namespace) -> int:
    """Stored items, newest first."""
    wanted = ItemFilter(
        tag=_tag(options.tag) if options.tag else None,
        country=country_of(options.country) if options.country else "",
        since=moment_of(options.since, shell.clock(), ahead=False) if options.since else None,
        flagged=options.flagged,
        limit=None if options.json else 200,
    )
    found = shell.store.search_all(options.search, wanted) if options.search else shell.store.items(wanted)
    if options.json:
        for item in found:
            show.line(show.item(item))
        return 0
    rows = [(i.id, show.time(i.published or i.fetched), i.feed, _labels(i.judgement), i.title) for i in found]
    show.table((_("id"), _("when"), _("feed"), _("tags"), _("title")), rows)
    return 0


def alerts(shell: Shell, options: argparse.Namespace) -> int:
    """Alerts, the gravest first."""
    if options.profile:
        shell.profile(options.profile)
    found = shell.store.alerts(
        profile=options.profile,
        level=_level(options.level) if options.level else None,
        state=_state(options.state) if options.state else None,
    )
    if options.held:
        found = [alert for alert in found if alert.held]
    if options.json:
        from monitor.duedates import dates_of
        from monitor.planning import stage_of
        from monitor.warn.playbooks import plan

        of_stories = shell.store.items_of_stories([alert.story for alert in found])
        dates = dates_of(shell.store, found, shell.profiles)
        for alert in found:
            members = of_stories.get(alert.story, ())
            stage = stage_of(members, dates[alert.id])
            shown = show.alert(alert, members, dates[alert.id])
            show.line(
                shown | {"stage": stage.value if stage else None, "playbook": plan(shell.playbooks, alert).playbook}
            )
        return 0
    from monitor.notify.words import headline

    say = current()[1]
    rows = [
        (
            *(a.id, _(a.level.word), _(a.state.value), show.time(a.updated), ", ".join(a.countries)),
            headline(a.title, say),
        )
        for a in found
    ]
    show.table((_("id"), _("level"), _("state"), _("updated"), _("countries"), _("title")), rows)
    return 0


def alert(shell: Shell, options: argparse.Namespace) -> int:
    """One step in an alert's life."""
    author, now = options.author or getpass.getuser(), shell.clock()
    if options.action in ("withdraw", "correct"):
        return _take_back(shell, options, author=author)
    if options.action == "assign":
        if not options.who:
            raise UsageError(_("name the owner: monitor alert ID assign NAME"))
        done = shell.store.change_alert(
            options.id, author=author, at=now, what="assigned", note=options.note or options.who, owner=options.who
        )
    else:
        state = STATE_OF[options.action]
        done = shell.store.change_alert(
            options.id, author=author, at=now, what=state.value, note=options.note, state=state
        )
    if not done:
        raise UsageError(_("there is no alert {id!r}: `monitor alerts` lists them").format(id=options.id))
    show.say(_("noted"))
    return 0


def _take_back(shell: Shell, options: argparse.Namespace, *, author: str) -> int:
    from monitor.escalating import take_back

    found = shell.store.alert(options.id)
    if found is None:
        raise UsageError(_("there is no alert {id!r}: `monitor alerts` lists them").format(id=options.id))
    if not options.note.strip():
        raise UsageError(_("say why with --note: whoever was told of the alert reads it"))
    told = take_back(
        shell,
        found,
        withdrawn=options.action == "withdraw",
        note=options.note,
        author=author,
        level=_level(options.level) if options.level else None,
    )
    said = ngettext(
        "noted; {n} recipient is told with the next delivery",
        "noted; {n} recipients are told with the next delivery",
        told,
    )
    show.say(said.format(n=told))
    return 0


def why(shell: Shell, options: argparse.Namespace) -> int:
    """Everything the service decided about one item, and on what grounds."""
    item = shell.store.item(options.what)
    if item is None:
        found = shell.store.alert(options.what)
        members = shell.store.story_items(found.story, limit=1) if found else []
        if not members:
            said = _("nothing stored has the id or link {what!r}: it was never read, or not from a feed we poll")
            raise UsageError(said.format(what=options.what))
        item = members[0]
    profiles = [shell.profile(options.profile)] if options.profile else list(shell.profiles)
    story = _explain(shell, item, profiles)
    if options.json:
        show.line(story)
        return 0
    for head, lines in _told(item, story):
        show.say(head)
        for line in lines:
            show.say(f"  {line}")
    return 0


def _explain(shell: Shell, item: Item, profiles: list[Any]) -> dict[str, Any]:
    from monitor.warn.explain import why_of

    alerts = {alert.profile: alert for alert in shell.store.alerts_of_story(item.story)} if item.story else {}
    members = shell.store.story_items(item.story) if item.story else [item]
    verdict = shell.store.verdict_of(item.id or 0)
    return {
        "item": show.item(item),
        "assessment": asdict(item.assessment) if item.assessment else None,
        "profiles": [
            {
                **why_of(item, members, profile, alerts.get(profile.name)),
                "told": [dict(row) for row in shell.store.alert_notices(alerts[profile.name].id)]
                if profile.name in alerts
                else [],
            }
            for profile in profiles
        ],
        "verdict": asdict(verdict) if verdict else None,
    }


def _told(item: Item, story: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    found = item.judgement
    parts = [
        (
            _("Read"),
            [item.title, item.url, f"{item.feed} · {show.time(item.published)} · {item.date_doubt}".rstrip(" ·")],
        )
    ]
    if found is None:
        parts.append((_("Not judged yet"), [_("the next full pass judges it")]))
    else:
        probabilities = ", ".join(f"{_(tag.value)} {p:.2f}" for tag, p in found.probabilities.items())
        evidence = ", ".join(f"{e.word} ({_(e.tag.value)} {e.weight:+.2f})" for e in found.evidence)
        said = [_labels(found), probabilities, evidence, _roles(item), found.model]
        parts.append((_("Tagged"), [line for line in said if line]))
    if item.assessment:
        grounds = (f"severity {int(item.assessment.severity)}", *item.assessment.reasons)
        parts.append((_("Assessed"), _in_words(grounds)))
    waits, head = _("waits for the digest"), _("Profile {name}: {answer}")
    for profile in story["profiles"]:
        rows = [(row["recipient"], row["reason"], row["state"] or row["skipped"]) for row in profile["told"]]
        told = [f"{recipient}: {_(reason)} · {_(state) or waits}" for recipient, reason, state in rows]
        given = profile["answer"]
        parts.append((head.format(name=profile["profile"], answer=_(given)), [*_in_words(profile["reasons"]), *told]))
    if story["verdict"]:
        kind, author, reason = (story["verdict"][name] for name in ("kind", "author", "why"))
        parts.append((_("Verdict"), [f"{_(kind)} · {author} · {reason}".rstrip(" ·")]))
    return parts


def _roles(item: Item) -> str:
    """Who imposes and who is hit, as headline and summary say it; empty where they do not."""
    if item.judgement is None or not item.judgement.flagged:
        return ""
    found = roles(item.title, item.summary, item.judgement.language)
    sides = [(_("imposes: {names}"), found.imposes), (_("hit: {names}"), found.hit)]
    return " · ".join(said.format(names=", ".join(codes)) for said, codes in sides if codes)


def review(shell: Shell, options: argparse.Namespace) -> int:
    """The queue, or a verdict on one item."""
    if options.id:
        return _verdict(shell, options)
    if options.verdict:
        raise UsageError(_("name the item: monitor review ID --verdict …"))
    asked = questions(shell, shell.store.queue(limit=max(options.limit, ASKED_AMONG)), both_tiers=True)
    asked = asked[: options.limit]
    if options.json:
        for one in asked:
            show.line({**show.item(one.item), "worth": one.worth, "reasons": _why_asked(one)})
        return 0
    rows = [(q.item.id, _labels(q.item.judgement), q.item.title, "; ".join(_why_asked(q))) for q in asked]
    show.table((_("id"), _("tags"), _("title"), _("why it is asked")), rows)
    show.say(
        _("{count} items wait; say what you think with: monitor review ID --verdict confirm").format(
            count=shell.store.queue_length()
        )
    )
    return 0


def _why_asked(question: Question) -> list[str]:
    return [_(said).format(**filled) for said, filled in question.reasons]


def _verdict(shell: Shell, options: argparse.Namespace) -> int:
    if not options.verdict:
        raise UsageError(_("add --verdict confirm, dismiss or relabel"))
    item = shell.store.item(options.id)
    if item is None or item.id is None:
        raise UsageError(_("there is no item {id!r}: `monitor review` lists the queue").format(id=options.id))
    from monitor.reviewing import DISMISSALS, give

    kind = VerdictKind(options.verdict)
    known = options.reason in DISMISSALS
    give(
        shell,
        item,
        kind,
        author=options.author or getpass.getuser(),
        labels=verdict_labels(kind, item, options.labels),
        reason=options.reason if known else "",
        note="" if known else options.reason,
    )
    show.say(_("noted"))
    return 0


def verdict_labels(kind: VerdictKind, item: Item, wanted: str) -> tuple[Tag, ...]:
    """What is right after the verdict. Raises: UsageError for a relabel without labels."""
    if kind is VerdictKind.CONFIRM:
        return item.judgement.labels if item.judgement else ()
    if kind is VerdictKind.DISMISS:
        return ()
    if not wanted:
        raise UsageError(_("relabel needs --labels with the right tags, or --labels none"))
    return tuple(_tag(word) for word in wanted.split(",") if word.strip() and word.strip() != "none")


def status(shell: Shell, options: argparse.Namespace) -> int:
    """Whether the watch is awake."""
    from monitor.notify.words import model_word, silence_words
    from monitor.tending import look_at_habits
    from monitor.watching import health

    look_at_habits(shell, now=shell.clock())
    found = health(shell, now=shell.clock())
    _language, say = current()
    silent = [one | {"why": silence_words(one["silence"], say)} for one in found["silent"]]
    if options.json:
        show.line(found | {"silent": [one | {"silence": asdict(one["silence"])} for one in silent]})
        return 0
    found["model"] = model_word(found["model"], say)
    lists = ("stale", "parked_addresses", "unsubscribed", "silent")
    labels = {name: name.replace("_", " ") for name in found if name not in lists}
    rows = [(_(label), _value(found[name])) for name, label in labels.items()]
    show.table((_("what"), _("value")), rows)
    for name, what in (("parked_addresses", _("parked address")), ("unsubscribed", _("unsubscribed"))):
        if found[name]:
            stopped = [(s["recipient"], s["profile"], show.time(s["since"]), s["why"]) for s in found[name]]
            show.table((what, _("profile"), _("since"), _("why")), stopped)
    if found["parked_addresses"]:
        show.say(_("`monitor outbox release ADDRESS` writes to it again, once it is right"))
    if found["stale"]:
        troubles = [(s["name"], str(s["error"])) for s in found["stale"]]
        show.table((_("stale feed"), _("why")), [(name, _(trouble)) for name, trouble in troubles])
    if silent:
        show.table((_("quieter than usual"), _("why")), [(one["name"], one["why"]) for one in silent])
    return 0


def _value(value: Any) -> str:
    if isinstance(value, datetime):
        return show.time(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{_(k)} {v}" for k, v in value.items()) or "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "–" if value is None else str(value)


def _labels(found: Judgement | None) -> str:
    if found is None:
        return _("not judged yet")
    words = ", ".join(_(tag.value) for tag in found.labels) or "–"
    unsure = _("unsure")
    return f"{words} ({unsure})" if found.unsure else words


def _in_words(reasons: Sequence[str]) -> list[str]:
    """Stored reasons in the terminal's language."""
    from monitor.notify.words import why as told

    language, say = current()
    return [told(reason, say, language) for reason in reasons]


def _tag(word: str) -> Tag:
    try:
        return Tag(word.strip())
    except ValueError as problem:
        said = _("{word!r} is not a tag: use {known}").format(word=word, known=", ".join(Tag))
        raise UsageError(said) from problem


def _level(word: str) -> Level:
    try:
        return Level.of(word)
    except ValueError as problem:
        said = _("unknown level {word!r}: use blue, yellow, orange or red").format(word=word)
        raise UsageError(said) from problem


def _state(word: str) -> AlertState:
    try:
        return AlertState(word)
    except ValueError as problem:
        said = _("{word!r} is not a state: use {known}").format(word=word, known=", ".join(AlertState))
        raise UsageError(said) from problem
