"""Rows to domain values and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, select

from monitor.domain import (
    TAGS,
    Alert,
    AlertState,
    Assessment,
    Certainty,
    Evidence,
    Item,
    Judgement,
    Level,
    Severity,
    Stage,
    Story,
    Tag,
    Urgency,
    Verdict,
    VerdictKind,
)
from monitor.store.alike import near_duplicates
from monitor.store.schema import feeds, items, judgements, stories, verdicts


def joined(words: Iterable[str]) -> str:
    """Words as one comma-separated text."""
    return ",".join(words)


def split(text: str) -> tuple[str, ...]:
    """The words of a comma-separated text."""
    return tuple(text.split(",")) if text else ()


def tags(text: str) -> tuple[Tag, ...]:
    """The tags of a comma-separated text."""
    return tuple(Tag(word) for word in split(text))


def without_verdict(item_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether nobody's verdict on an item counts; asked item by item, so that years of verdicts cost nothing."""
    return ~exists().where(verdicts.c.item_id == item_id, ~verdicts.c.undone)


def item_query() -> Select[Any]:
    """Items with their feed's name and their judgement, if any."""
    j = judgements.c
    return (
        select(
            items,
            feeds.c.name.label("feed"),
            near_duplicates.c.duplicate_of,
            *(c for c in j if c.name not in ("item_id",)),
        )
        .join(feeds, feeds.c.id == items.c.feed_id)
        .outerjoin(judgements, j.item_id == items.c.id)
        .outerjoin(near_duplicates, near_duplicates.c.item_id == items.c.id)
    )


def to_item(row: Row[Any]) -> Item:
    """A row of `item_query` as an item."""
    return Item(
        id=row.id,
        feed=row.feed,
        key=row.key,
        title=row.title,
        summary=row.summary,
        url=row.url,
        published=row.published,
        fetched=row.fetched,
        baseline=row.baseline,
        story=row.story,
        date_doubt=row.date_doubt,
        duplicate_of=row.duplicate_of,
        judgement=None if row.model is None else _judgement(row),
        assessment=None if row.model is None else _assessment(row),
    )


def _judgement(row: Row[Any]) -> Judgement:
    return Judgement(
        labels=tags(row.labels),
        probabilities={tag: getattr(row, tag.value) for tag in TAGS},
        unsure=row.unsure,
        topics=split(row.topics),
        language=row.language,
        countries=split(row.countries),
        evidence=tuple(Evidence(word=w, tag=Tag(t), weight=x) for w, t, x in row.evidence),
        model=row.model,
    )


def _assessment(row: Row[Any]) -> Assessment:
    return Assessment(
        severity=Severity(row.severity),
        urgency=Urgency(row.urgency),
        certainty=Certainty(row.certainty),
        stage=Stage(row.stage) if row.stage else None,
        reasons=tuple(row.reasons),
    )


def from_judged(item_id: int, item: Item) -> dict[str, Any]:
    """The `judgements` row of an item that was judged."""
    judgement, assessment = item.judgement or Judgement(), item.assessment or Assessment()
    return {
        "item_id": item_id,
        "model": judgement.model,
        "labels": joined(judgement.labels),
        **{tag.value: float(judgement.probabilities.get(tag, 0.0)) for tag in TAGS},
        "unsure": judgement.unsure,
        "flagged": judgement.flagged,
        "topics": joined(judgement.topics),
        "countries": joined(judgement.countries),
        "severity": int(assessment.severity),
        "urgency": assessment.urgency.value,
        "certainty": assessment.certainty.value,
        "stage": assessment.stage.value if assessment.stage else "",
        "evidence": [[e.word, e.tag.value, round(e.weight, 4)] for e in judgement.evidence],
        "reasons": list(assessment.reasons),
    }


def story_query() -> Select[Any]:
    """Stories, whole."""
    return select(stories)


def to_story(row: Row[Any]) -> Story:
    """A row of `stories` as a story."""
    return Story(
        id=row.id,
        title=row.title,
        url=row.url,
        language=row.language,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        labels=tags(row.labels),
        topics=split(row.topics),
        countries=split(row.countries),
        severity=Severity(row.severity),
        urgency=Urgency(row.urgency),
        certainty=Certainty(row.certainty),
        item_count=row.item_count,
        feeds=tuple(row.feeds),
        terms=tuple((term, 1) if isinstance(term, int) else (term[0], term[1]) for term in row.terms),
    )


def from_story(story: Story) -> dict[str, Any]:
    """The `stories` row of a story."""
    return {
        **_common(story),
        "id": story.id,
        "language": story.language,
        "first_seen": story.first_seen,
        "last_seen": story.last_seen,
        "terms": [list(term) for term in story.terms],
    }


def to_alert(row: Any) -> Alert:
    """Anything with the columns of `alerts` as an alert."""
    return Alert(
        id=row.id,
        profile=row.profile,
        story=row.story,
        level=Level(row.level),
        state=AlertState(row.state),
        title=row.title,
        url=row.url,
        labels=tags(row.labels),
        topics=split(row.topics),
        countries=split(row.countries),
        severity=Severity(row.severity),
        urgency=Urgency(row.urgency),
        certainty=Certainty(row.certainty),
        points=row.points,
        reasons=tuple(row.reasons),
        opened=row.opened,
        updated=row.updated,
        revision=row.revision,
        held=row.held,
        owner=row.owner,
        item_count=row.item_count,
        feeds=tuple(row.feeds),
    )


def from_alert(alert: Alert) -> dict[str, Any]:
    """The `alerts` row of an alert."""
    return {
        **_common(alert),
        "id": alert.id,
        "profile": alert.profile,
        "story": alert.story,
        "level": int(alert.level),
        "state": alert.state.value,
        "points": alert.points,
        "reasons": list(alert.reasons),
        "opened": alert.opened,
        "updated": alert.updated,
        "revision": alert.revision,
        "held": alert.held,
        "owner": alert.owner,
    }


def _common(value: Story | Alert) -> dict[str, Any]:
    return {
        "title": value.title,
        "url": value.url,
        "labels": joined(value.labels),
        "topics": joined(value.topics),
        "countries": joined(value.countries),
        "severity": int(value.severity),
        "urgency": value.urgency.value,
        "certainty": value.certainty.value,
        "item_count": value.item_count,
        "feeds": list(value.feeds),
    }


def to_verdict(row: Row[Any]) -> Verdict:
    """A row of `verdicts` as a verdict."""
    return Verdict(
        id=row.id,
        item_id=row.item_id,
        kind=VerdictKind(row.kind),
        labels=tags(row.labels),
        author=row.author,
        at=row.at,
        why=row.why,
    )
