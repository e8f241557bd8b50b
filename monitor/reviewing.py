"""What a reviewer's word does: a verdict is kept, and the alerts that rest on the item follow it.

The page, the API and the terminal all come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from gettext import NullTranslations
from hashlib import blake2b

from monitor.classify.ask import Question, in_order
from monitor.domain import TAGS, Alert, AlertState, Item, Story, Tag, Text, Verdict, VerdictKind
from monitor.errors import ArtefactError
from monitor.i18n import N_
from monitor.shell import Shell
from monitor.text.terms import terms_of

NOT_MINE = "not_my_country"
DISMISSALS = {
    "harmless": N_("looks dangerous, is not"),
    "past": N_("over, or a look back"),
    "opinion": N_("an opinion or a forecast"),
    "single_firm": N_("one firm's own affair"),
    "duplicate": N_("told already"),
    NOT_MINE: N_("not my country"),
}
NEAR = timedelta(days=14)  # how far back a story may lie that an item is moved into
BY_VERDICT = "verdict"  # begins the note of an alert's event that a verdict caused
OVER = (AlertState.CLOSED, AlertState.DISMISSED)


def questions(shell: Shell, items: Sequence[Item], *, both_tiers: bool = False) -> list[Question]:
    """Items that wait, in the order in which answers serve and teach most; `both_tiers` asks the fast tier too.

    Without a classifier they stay as they are, but for what somebody was alarmed by.
    """
    from monitor.classify.artefact import manifest_of

    alerts = shell.store.alerts_of_stories(list({item.story for item in items if item.story}))
    levels = {
        story: [int(alert.level) for alert in theirs if alert.state not in OVER] for story, theirs in alerts.items()
    }
    alarms = {story: max(found) for story, found in levels.items() if found}
    try:
        tags = manifest_of(shell.model_dir)["scores"]["exact"]["tags"]
        thresholds = {tag: float(tags[tag]["threshold"]) for tag in TAGS}
        said = shell.tagger.judge([_text(item) for item in items], fast=True) if both_tiers else []
    except (ArtefactError, KeyError):
        return in_order(items, thresholds={}, alarms=alarms)
    fast = {item.id or 0: judgement for item, judgement in zip(items, said, strict=False)}
    return in_order(items, thresholds=thresholds, fast=fast, alarms=alarms)


def _text(item: Item) -> Text:
    return Text(title=item.title, summary=item.summary, language=item.feed_language)


def give(
    shell: Shell,
    item: Item,
    kind: VerdictKind,
    *,
    author: str,
    labels: Sequence[Tag] = (),
    reason: str = "",
    note: str = "",
    whole_story: bool = False,
) -> list[int]:
    """Keep a verdict on `item`, or on everything of its story that waits for one; returns the items' ids.

    `reason` is one of DISMISSALS or empty. A dismissal because it is not the reviewer's country keeps
    the item's tags: the text is a risk, only not theirs, and the classifier must not unlearn it.
    """
    chosen = [item]
    if whole_story and item.story:
        waiting = [other for other in shell.store.unreviewed_of_story(item.story) if other.id != item.id]
        chosen += waiting
    why = ": ".join(part for part in (reason, spoken(note)) if part)
    now = shell.clock()
    verdicts = [
        Verdict(
            item_id=one.id or 0,
            kind=kind,
            labels=_right(kind, one, labels, reason),
            author=author,
            at=now,
            why=why,
        )
        for one in chosen
    ]
    shell.store.add_verdicts(verdicts)
    for story in {one.story for one in chosen if one.story}:
        _follow(shell, story, author=author, not_mine=reason == NOT_MINE, why=why)
    return [verdict.item_id for verdict in verdicts]


def take_back(shell: Shell, item: Item, *, author: str) -> bool:
    """Undo the verdict that counts for `item`; alerts that it had closed are open again. False when there is none."""
    now = shell.clock()
    if not shell.store.undo_verdict_of(item.id or 0, author=author, at=now):
        return False
    for alert in shell.store.alerts_of_story(item.story) if item.story else ():
        events = shell.store.alert_events(alert.id)
        if alert.state is AlertState.DISMISSED and events and events[-1].note.startswith(BY_VERDICT):
            note = f"{BY_VERDICT} undone"
            shell.store.change_alert(alert.id, author=author, at=now, what="reopened", note=note, state=AlertState.OPEN)
    return True


def report_missed(
    shell: Shell, *, title: str, url: str, countries: Sequence[str], labels: Sequence[Tag], author: str, note: str = ""
) -> int:
    """An event that nobody was told of: kept as an item with the verdict `missed`; returns the item's id.

    Where its link was read before, the verdict is on that item, else the report itself becomes one. Either way
    the classifier learns from it and the scorecard counts it.
    """
    known = shell.store.item(url) if url else None
    item_id = (known.id if known else None) or _reported(shell, title=title, url=url, countries=countries)
    verdict = Verdict(
        item_id=item_id,
        kind=VerdictKind.MISSED,
        labels=tuple(labels),
        author=author,
        at=shell.clock(),
        why=spoken(note),
    )
    shell.store.add_verdicts([verdict])
    return item_id


def why_in_words(why: str, say: NullTranslations) -> str:
    """A verdict's reason as people read it."""
    code, _colon, note = why.partition(": ")
    if code not in DISMISSALS:
        return why
    told = say.gettext(DISMISSALS[code])
    return say.gettext("{label}: {value}").format(label=told, value=note) if note else told


def _reported(shell: Shell, *, title: str, url: str, countries: Sequence[str]) -> int:
    key = blake2b(f"{url}\0{title}".encode(), digest_size=16).digest()
    now = shell.clock()
    return shell.store.add_reported(
        Item(
            id=None,
            feed="",
            key=key,
            title=title,
            summary="",
            url=url,
            published=None,
            fetched=now,
            baseline=True,  # a report of what is past raises no alert
        ),
        countries=countries,
    )


def _right(kind: VerdictKind, item: Item, labels: Sequence[Tag], reason: str) -> tuple[Tag, ...]:
    judged = item.judgement.labels if item.judgement else ()
    if kind is VerdictKind.CONFIRM or (kind is VerdictKind.DISMISS and reason == NOT_MINE):
        return judged
    return tuple(tag for tag in Tag if tag in labels) if kind is VerdictKind.RELABEL else ()


def _follow(shell: Shell, story: str, *, author: str, not_mine: bool, why: str) -> None:
    """Alerts of a story none of whose items is a risk any more are dismissed; others carry the tags that remain."""
    open_alerts = [alert for alert in shell.store.alerts_of_story(story) if alert.state not in OVER]
    if not open_alerts:
        return
    said = shell.store.verdicts_of_story(story)
    members = shell.store.story_items(story)
    right = [
        said[item.id].labels if item.id in said else item.judgement.labels if item.judgement else () for item in members
    ]
    remaining = tuple(tag for tag in Tag if any(tag in labels for labels in right))
    for alert in open_alerts:
        _correct(shell, alert, () if not_mine else remaining, author=author, why=why)


def _correct(shell: Shell, alert: Alert, remaining: tuple[Tag, ...], *, author: str, why: str) -> None:
    note, now = f"{BY_VERDICT} {why}".strip(), shell.clock()
    if not remaining:
        shell.store.change_alert(
            alert.id, author=author, at=now, what="dismissed", note=note, state=AlertState.DISMISSED
        )
    elif remaining != alert.labels:
        corrected = replace(alert, labels=remaining, revision=alert.revision + 1)
        shell.store.correct_alert(corrected, author=author, at=now, note=note)


def spoken(text: str, limit: int = 2000) -> str:
    """What somebody typed, on one line, without characters that cannot be seen or stored."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:limit]


def neighbours(shell: Shell, item: Item, *, limit: int = 8) -> list[Story]:
    """Stories that `item` may belong to, the most alike first: words in common, then the newest."""
    words = set(terms_of(item.title))
    found = [story for story in shell.store.recent_stories(item.moment - NEAR, limit=500) if story.id != item.story]
    alike = [(len(words & set(terms_of(story.title))), story.last_seen, story.id, story) for story in found]
    return [story for _words, _seen, _id, story in sorted(alike, key=lambda row: row[:3], reverse=True)[:limit]]


def merge(shell: Shell, item: Item, story: str, *, author: str) -> bool:
    """Move `item` into another story; alerts of a story that is left empty are dismissed. False when there is none."""
    if not shell.store.move_to_story(item.id or 0, story, author=author, at=shell.clock()):
        return False
    if item.story and not shell.store.story_items(item.story, limit=1):
        for alert in shell.store.alerts_of_story(item.story):
            if alert.state not in OVER:
                note = f"{BY_VERDICT} merged into story {story}"
                shell.store.change_alert(
                    alert.id, author=author, at=shell.clock(), what="dismissed", note=note, state=AlertState.DISMISSED
                )
    return True
