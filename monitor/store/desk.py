"""What the review page asks: pages of alerts by key, and counts that cost the same however much is stored."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine, and_, case, func, insert, select, text, tuple_, update

from monitor.domain import Alert, AlertState, Level, Story, Tag, VerdictKind
from monitor.store.engine import reading, writing
from monitor.store.items import has_word
from monitor.store.rows import story_query, tags, to_alert, to_story, without_verdict
from monitor.store.schema import alert_events, alerts, feeds, items, judgements, passes, stories, verdicts
from monitor.store.trail import write_trail

REVIEWABLE = text("(judgements.flagged OR judgements.unsure)")  # the very words of ix_judgements_to_review
MOST_VERDICTS = 2000  # the newest, that calibration is drawn from
UNFINISHED = (AlertState.OPEN.value, AlertState.ESCALATED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts to list; everything that is not named is let through."""

    state: AlertState | None = None
    unfinished: bool = False  # open or escalated
    level: Level | None = None
    least: Level | None = None
    profile: str = ""
    country: str = ""
    tag: Tag | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Verdicts on judgements of like probability: how many, the mean told, the share that was right."""

    n: int
    mean: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """New items of a week and how many were flagged."""

    start: date
    new: int
    flagged: int

    @property
    def share(self) -> float | None:
        """Flagged of new."""
        return self.flagged / self.new if self.new else None


class DeskDoor:
    """The part of the store that serves the page."""

    _engine: Engine

    def feed_pulse(self) -> tuple[int, int, int]:
        """Of the feeds that are polled: how many there are, how many answer, how many fail."""
        answers = func.sum(case((feeds.c.last_ok.is_not(None) & (feeds.c.failures == 0), 1), else_=0))
        fails = func.sum(case((feeds.c.failures > 0, 1), else_=0))
        with reading(self._engine) as connection:
            row = connection.execute(select(func.count(), answers, fails).where(feeds.c.polled)).one()
        return int(row[0]), int(row[1] or 0), int(row[2] or 0)

    def waiting_count(self) -> int:
        """How many items wait for the classifier."""
        with reading(self._engine) as connection:
            query = select(func.count()).select_from(items).where(text("NOT items.judged"))  # as its index says it
            return int(connection.execute(query).scalar_one())

    def open_alerts(self) -> int:
        """How many alerts nobody has acknowledged."""
        query = select(func.count()).select_from(alerts).where(alerts.c.state.in_(UNFINISHED), ~alerts.c.held)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def alert_page(self, wanted: AlertFilter = AlertFilter(), *, limit: int, after: Alert | None = None) -> list[Alert]:
        """Alerts, the gravest and newest first, from behind `after` on."""
        a = alerts.c
        order = (a.level, a.updated, a.id)
        query = select(alerts).where(*_conditions(wanted)).order_by(*(column.desc() for column in order)).limit(limit)
        if after is not None:
            query = query.where(tuple_(*order) < tuple_(int(after.level), after.updated, after.id))
        with reading(self._engine) as connection:
            return [to_alert(row) for row in connection.execute(query)]

    def alert_count(self, wanted: AlertFilter = AlertFilter()) -> int:
        """How many alerts pass a filter."""
        with reading(self._engine) as connection:
            query = select(func.count()).select_from(alerts).where(*_conditions(wanted))
            return int(connection.execute(query).scalar_one())

    def open_by_country(self) -> list[tuple[str, str, int, datetime]]:
        """Of every alert that nobody has acknowledged: its countries, tags, level and when it changed last."""
        a = alerts.c
        query = select(a.countries, a.labels, a.level, a.updated).where(a.state.in_(UNFINISHED), ~a.held)
        with reading(self._engine) as connection:
            return [(row.countries, row.labels, row.level, row.updated) for row in connection.execute(query).all()]

    def alerts_of_stories(self, stories: Sequence[str]) -> dict[str, list[Alert]]:
        """The alerts of many stories, by story."""
        found: dict[str, list[Alert]] = defaultdict(list)
        query = select(alerts).where(alerts.c.story.in_(stories)).order_by(alerts.c.profile)
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found[row.story].append(to_alert(row))
        return found

    def unreviewed_counts(self, of_stories: Sequence[str]) -> dict[str, int]:
        """How many flagged or unsure items of each story have no verdict."""
        query = select(items.c.story, func.count().label("waiting")).join(
            judgements, judgements.c.item_id == items.c.id
        )
        query = query.where(items.c.story.in_(of_stories), items.c.story != "", without_verdict(items.c.id))
        query = query.where(judgements.c.flagged | judgements.c.unsure).group_by(items.c.story)
        with reading(self._engine) as connection:
            return {row.story: row.waiting for row in connection.execute(query)}

    def recent_stories(self, since: datetime, *, limit: int | None = None) -> list[Story]:
        """Stories somebody added to after `since`, the newest first."""
        query = story_query().where(stories.c.last_seen >= since).order_by(stories.c.last_seen.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [to_story(row) for row in connection.execute(query)]

    def move_to_story(self, item_id: int, story: str, *, author: str, at: datetime) -> bool:
        """Put an item into another story; False when there is no such item or story."""
        with writing(self._engine) as connection:
            target = connection.execute(select(stories.c.id).where(stories.c.id == story)).scalar()
            former = connection.execute(select(items.c.story).where(items.c.id == item_id)).scalar()
            if target is None or former is None:
                return False
            connection.execute(update(items).where(items.c.id == item_id).values(story=story))
            for one in {story, former} - {""}:
                held = select(func.count()).select_from(items).where(items.c.story == one).scalar_subquery()
                connection.execute(update(stories).where(stories.c.id == one).values(item_count=held))
                connection.execute(update(alerts).where(alerts.c.story == one).values(item_count=held))
            note = f"{former} → {story}"
            write_trail(connection, at=at, author=author, action="merge", subject=f"item {item_id}", note=note)
        return True

    def note_alert(self, alert_id: str, *, author: str, at: datetime, note: str) -> bool:
        """A remark in an alert's life; False when there is no such alert."""
        with writing(self._engine) as connection:
            if connection.execute(select(alerts.c.id).where(alerts.c.id == alert_id)).scalar() is None:
                return False
            event = {"alert": alert_id, "at": at, "author": author, "what": "note", "note": note}
            connection.execute(insert(alert_events), event)
            write_trail(connection, at=at, author=author, action="note", subject=f"alert {alert_id}", note=note)
        return True

    def feed_names(self) -> list[str]:
        """The names of the feeds that are polled."""
        with reading(self._engine) as connection:
            return list(connection.execute(select(feeds.c.name).where(feeds.c.polled).order_by(feeds.c.name)).scalars())

    def daily_counts(self, *, country: str, tag: Tag | None, since: date, until: date) -> list[tuple[date, int]]:
        """Flagged items a day (UTC, by when they were read), every day from `since` to `until`."""
        first = datetime.combine(since, time(), UTC)
        query = self._flagged_since(func.count(), first)
        if country:
            query = query.where(has_word(judgements.c.countries, country))
        if tag is not None:
            query = query.where(has_word(judgements.c.labels, tag.value))
        with reading(self._engine) as connection:
            found = {_date(row[0]): row[1] for row in connection.execute(query.group_by(text("1")))}
        days = [since + timedelta(days=i) for i in range((until - since).days + 1)]
        return [(day, found.get(day, 0)) for day in days]

    def _flagged_since(self, what: Any, moment: datetime) -> Any:
        """The day (UTC) on which each flagged item since `moment` was read, and `what` of it; some days before, too.

        Bounded by ids alone: with a bound on the time PostgreSQL begins with every item read since, flagged or not.
        """
        read_on = self._day(items.c.fetched)
        query = select(read_on, what).select_from(judgements.join(items, items.c.id == judgements.c.item_id))
        first = self._first_item_since(moment)
        return query.where(REVIEWABLE, judgements.c.flagged, judgements.c.item_id >= first, items.c.id >= first)

    def _first_item_since(self, moment: datetime) -> int:
        """Ids grow with time, so that what is older need not be looked at."""
        query = select(items.c.id).where(items.c.fetched >= moment).order_by(items.c.fetched).limit(1)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def verdict_total(self) -> int:
        """How many verdicts count."""
        with reading(self._engine) as connection:
            return int(
                connection.execute(select(func.count()).select_from(verdicts).where(~verdicts.c.undone)).scalar_one()
            )

    def missed_count(self, *, since: datetime) -> int:
        """How many events were reported of which nobody had been told."""
        missed = (verdicts.c.kind == VerdictKind.MISSED.value) & ~verdicts.c.undone & (verdicts.c.at >= since)
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(verdicts).where(missed)).scalar_one())

    def verdict_counts(self, *, since: datetime) -> list[tuple[str, tuple[Tag, ...], tuple[Tag, ...], int]]:
        """Verdicts that count, as (feed, tags that are right, tags that were judged, how many).

        Item and judgement are looked up verdict by verdict: a join lets PostgreSQL read all items there are.
        """
        v, j = verdicts.c, judgements.c
        feed = select(items.c.feed_id).where(items.c.id == v.item_id).scalar_subquery()
        judged = select(j.labels).where(j.item_id == v.item_id).scalar_subquery()
        query = select(feed, v.labels, func.coalesce(judged, "")).where(~v.undone, v.at >= since)
        with reading(self._engine) as connection:
            names = {row.id: row.name for row in connection.execute(select(feeds.c.id, feeds.c.name))}
            held = Counter(map(tuple, connection.execute(query)))
        return [(names[of], tags(right), tags(said), n) for (of, right, said), n in held.items()]

    def calibration(self, *, since: datetime) -> list[Bin]:
        """What was told and what was right, over every tag of every verdict that counts, in ten steps."""
        v, j = verdicts.c, judgements.c
        query = select(v.labels, *(j[tag.value] for tag in Tag)).join(judgements, j.item_id == v.item_id)
        query = query.where(~v.undone, v.at >= since).order_by(v.id.desc()).limit(MOST_VERDICTS)
        sums: dict[int, list[float]] = defaultdict(lambda: [0, 0.0, 0])
        with reading(self._engine) as connection:
            for labels, *told in connection.execute(query).all():
                for tag, probability in zip(Tag, told, strict=True):
                    step = sums[min(int(probability * 10), 9)]
                    step[0] += 1
                    step[1] += probability
                    step[2] += tag.value in labels
        return [Bin(n=int(n), mean=told / n, share=right / n) for _step, (n, told, right) in sorted(sums.items())]

    def weeks(self, *, since: datetime) -> list[Week]:
        """New items and how many of them were flagged, by week (from Monday), from the passes."""
        p, day = passes.c, self._day(passes.c.ended)
        query = select(day, func.sum(p.items_new), func.sum(p.items_flagged)).where(p.ended >= since).group_by(day)
        new, flagged = Counter[date](), Counter[date]()
        with reading(self._engine) as connection:
            for told, items_new, items_flagged in connection.execute(query):
                monday = _date(told) - timedelta(days=_date(told).weekday())
                new[monday] += items_new
                flagged[monday] += items_flagged
        return [Week(start=monday, new=new[monday], flagged=flagged[monday]) for monday in sorted(new)]

    def _day(self, moment: Any) -> Any:
        """The day (UTC) of a column's moment, in the dialect's own way."""
        return func.date(moment if self._engine.dialect.name == "sqlite" else func.timezone("UTC", moment))

    def first_acts(
        self, *, since: datetime, least: Level = Level.BLUE
    ) -> dict[Level, list[tuple[datetime, datetime | None]]]:
        """Of alerts from `least` on opened after `since`, by level: when each was opened and when first acted on."""
        a, e = alerts.c, alert_events.c
        acted = and_(e.alert == a.id, e.what.in_(["acknowledged", "closed", "dismissed", "assigned"]))
        query = select(a.level, a.opened, func.min(e.at)).select_from(alerts.outerjoin(alert_events, acted))
        query = query.where(a.opened >= since, a.level >= int(least), ~a.held).group_by(a.id, a.level, a.opened)
        found: dict[Level, list[tuple[datetime, datetime | None]]] = {level: [] for level in Level}
        with reading(self._engine) as connection:
            for level, opened, first in connection.execute(query).all():
                found[Level(level)].append((opened, first))
        return found


def _date(told: date | str) -> date:
    """A day as the dialect tells it: SQLite as text."""
    return date.fromisoformat(told) if isinstance(told, str) else told


def _conditions(wanted: AlertFilter):  # type: ignore[no-untyped-def]
    a = alerts.c
    conditions = []
    if wanted.state is not None:
        conditions.append(a.state == wanted.state.value)
    if wanted.unfinished:
        conditions.append(a.state.in_(UNFINISHED))
        conditions.append(~a.held)
    if wanted.level is not None:
        conditions.append(a.level == int(wanted.level))
    if wanted.least is not None:
        conditions.append(a.level >= int(wanted.least))
    if wanted.profile:
        conditions.append(a.profile == wanted.profile)
    if wanted.country:
        conditions.append(has_word(a.countries, wanted.country.upper()))
    if wanted.tag is not None:
        conditions.append(has_word(a.labels, wanted.tag.value))
    if wanted.since is not None:
        conditions.append(a.updated >= wanted.since)
    return conditions
