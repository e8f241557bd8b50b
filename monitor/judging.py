"""From new items to what is made of them: judged by the classifier, compared, decided and written down.

Loaded with the first item; a pass that finds nothing new needs none of it.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.domain import Alike, Decision, FeedKind, Item, Known, Text
from monitor.errors import ArtefactError, ConflictError
from monitor.shell import Shell
from monitor.store import Store
from monitor.text import similarity
from monitor.warn.decide import decide
from monitor.warn.newness import NEWS_FOR
from monitor.warn.severity import assess
from monitor.warn.stories import OPEN_FOR

log = logging.getLogger(__name__)

DECIDE_TRIES = 5
FULL_TEXT = 4_000  # characters of an article that are judged


def judged(shell: Shell, items: Sequence[Item]) -> list[Item]:
    """Items with what the classifier says of them and how bad, soon and sure it is.

    The baseline, which never raises an alert, is read by the fast tier alone. Where the classifier
    is not to be had items come back as they are: stored now, judged by a later pass.
    """
    new = [item for item in items if not item.baseline]
    if len(new) not in (0, len(items)):
        told = {item.ref: item for part in (new, [i for i in items if i.baseline]) for item in judged(shell, part)}
        return [told[item.ref] for item in items]
    texts = [Text(title=item.title, summary=item.summary, language=item.feed_language) for item in items]
    kinds = {feed.name: feed.kind for feed in shell.feeds}
    try:
        judgements = shell.tagger.judge(texts, fast=not new)
    except ArtefactError as problem:
        log.error("items stored without a judgement", extra={"count": len(items), "why": str(problem)})
        return list(items)
    found = []
    for item, text, judgement in zip(items, texts, judgements, strict=True):
        assessment = assess(text, judgement, trust=item.trust, kind=kinds.get(item.feed, FeedKind.NEWS))
        found.append(replace(item, judgement=judgement, assessment=assessment))
    return found


def judge_again(shell: Shell, items: Sequence[Item], full: Mapping[int, str], *, now: datetime) -> int:
    """Judge flagged items by their full text; an alert may grow worse by it, and is never taken back. Returns how many.

    An item whose full text holds no risk keeps its first judgement: it has been told.
    """
    texts = [replace(item, summary=full[item.id or 0][:FULL_TEXT], baseline=False) for item in items]
    pairs = [(item, again) for item, again in zip(items, judged(shell, texts), strict=True) if again.judgement]
    changed = [replace(a, summary=i.summary) for i, a in pairs if a.judgement and a.judgement.flagged]

    def write(decision: Decision) -> None:
        shell.store.record_again(changed, _counted_once(decision, changed))

    if changed:
        decide_and_write(shell, changed, now=now, write=write)
    return len(changed)


def _counted_once(decision: Decision, items: Sequence[Item]) -> Decision:
    """The decision without what it added to the counts of stories that held these items already."""
    again = Counter(decision.story_of[item.ref] for item in items if decision.story_of.get(item.ref) == item.story)
    kept = {story.id for story in decision.stories if again[story.id]}
    stories = (replace(s, item_count=s.item_count - again[s.id]) for s in decision.stories if s.id in kept)
    alerts = (replace(a, item_count=a.item_count - again[a.story]) for a in decision.alerts if a.story in kept)
    theirs = {alert.id for alert in decision.alerts if alert.story in kept}
    return replace(
        decision,
        story_of={ref: story for ref, story in decision.story_of.items() if story in kept},
        stories=tuple(stories),
        alerts=tuple(alerts),
        notices=tuple(notice for notice in decision.notices if notice.alert in theirs),
        events=tuple(event for event in decision.events if event.alert in theirs),
    )


def compared(store: Store, items: Sequence[Item]) -> Alike:
    """Which new items say nearly the same as one of the last days, or as an earlier one of this batch."""
    sketches = {i.ref: found for i in items if not i.baseline and (found := similarity.sketch(i.title, i.summary))}
    if not sketches:
        return Alike()
    bands = {ref: similarity.bands(found) for ref, found in sketches.items()}
    others: dict[int | bytes, similarity.Sketch] = {}
    holding: dict[int, list[int | bytes]] = defaultdict(list)  # by band
    for item_id, (title, summary) in store.candidates(band for own in bands.values() for band in own).items():
        if (known := similarity.sketch(title, summary)) is not None:
            others[item_id] = known
            for band in similarity.bands(known):
                holding[band].append(item_id)
    repeats: dict[bytes, tuple[int | bytes, float]] = {}
    for ref, own in sketches.items():
        near = {key: others[key] for band in bands[ref] for key in holding[band]}
        if (original := similarity.nearest(own, near)) is not None:
            repeats[ref] = original  # its bands are not kept, so that later ones find the original alone
            continue
        others[ref] = own
        for band in bands[ref]:
            holding[band].append(ref)
    return Alike(bands={ref: own for ref, own in bands.items() if ref not in repeats}, duplicate_of=repeats)


def decide_and_write(
    shell: Shell, items: Sequence[Item], *, now: datetime, write: Callable[[Decision], None]
) -> Decision:
    """What follows from judged items, written down with `write`; decided anew where another process wrote first."""
    new = any(item.judgement and item.judgement.flagged and not item.baseline for item in items)
    with shell.store.deciding() if new else nullcontext():
        return _decided(shell, items, now=now, write=write, new=new)


def _decided(
    shell: Shell, items: Sequence[Item], *, now: datetime, write: Callable[[Decision], None], new: bool
) -> Decision:
    for attempt in range(DECIDE_TRIES):
        known = Known()
        if new:
            known = shell.store.known(since=now - OPEN_FOR - NEWS_FOR, today=now - timedelta(days=1))
        alerts_of = shell.store.alerts_of_stories
        decision = decide(
            items, known=known, profiles=shell.profiles, now=now, meaning=shell.meaning, alerts_of=alerts_of
        )
        try:
            write(decision)
        except ConflictError:
            if attempt == DECIDE_TRIES - 1:
                raise
            log.info("decided again", extra={"attempt": attempt + 1})
        else:
            return decision
    raise AssertionError("unreachable")
