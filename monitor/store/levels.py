"""Levels of countries by tag and day, and what they are reckoned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Date,
    Engine,
    PrimaryKeyConstraint,
    String,
    Table,
    delete,
    insert,
    or_,
    select,
)

from monitor.domain import TAGS, DayLevel, Level, Reported, Severity, StoryDay, Tag, Text
from monitor.store.engine import reading, upsert, writing
from monitor.store.schema import _count, _line, _measure, feeds, items, judgements, meta, metadata, stories

RECKONED = "levels_until"  # the line of `meta` that says so

levels = Table(
    "levels",
    metadata,
    Column("day", Date, nullable=False),
    Column("country", String(2), nullable=False),
    Column("tag", String(16), nullable=False),
    _count("count"),
    _measure("expected"),
    _measure("upper"),
    _count("level"),  # 0: nothing to say
    Column("reasons", JSON, nullable=False),
    _measure("forecast"),
    _measure("error"),
    Column("told", JSON, nullable=False),  # its stories, one list each, in the order of StoryDay
    _line("story"),
    PrimaryKeyConstraint("day", "country", "tag"),
)


_FIGURES = (
    *(levels.c.day, levels.c.country, levels.c.tag),
    *(levels.c["count"], levels.c.expected, levels.c.upper, levels.c.level),
)


class LevelsDoor:
    """The part of the store that knows levels of countries."""

    _engine: Engine

    def level_days(
        self,
        *,
        since: date,
        until: date | None = None,
        country: str = "",
        least: Level | None = None,
        figures_only: bool = False,
    ) -> list[DayLevel]:
        """Levels from `since` to `until`, both included, by day, country and tag; days with nothing have no row.

        `figures_only` leaves out why, and the stories: a tenth of the work.
        """
        wanted = [levels.c.day >= since]
        if until is not None:
            wanted.append(levels.c.day <= until)
        if country:
            wanted.append(levels.c.country == country)
        if least is not None:
            wanted.append(levels.c.level >= int(least))
        query = select(*_FIGURES if figures_only else levels.c).where(*wanted)
        query = query.order_by(levels.c.day, levels.c.country, levels.c.tag)
        with reading(self._engine) as connection:
            return [(_figures if figures_only else _day_level)(row) for row in connection.execute(query)]

    def last_level_day(self) -> date | None:
        """The newest day that levels were reckoned for, whether it had any or not."""
        with reading(self._engine) as connection:
            found = connection.execute(select(meta.c.value).where(meta.c.name == RECKONED)).scalar()
        return date.fromisoformat(found) if found else None

    def reported(self, *, since: datetime, likely: float) -> Iterator[Reported]:
        """Every item fetched since a moment that is flagged, or whose likeliest tag is `likely`; the oldest first."""
        i, j = items.c, judgements.c
        columns = (i.published, i.fetched, i.id, i.story, i.title, i.summary, i.language, stories.c.first_seen)
        chances = {tag: j[tag.value] for tag in TAGS}
        query = (
            select(*columns, feeds.c.name, j.flagged, j.labels, j.countries, j.severity, *chances.values())
            .join(judgements, j.item_id == i.id)
            .join(feeds, feeds.c.id == i.feed_id)
            .outerjoin(stories, stories.c.id == i.story)
            .where(i.fetched >= since, ~i.baseline, or_(j.flagged, *(chance >= likely for chance in chances.values())))
            .order_by(i.id)
        )
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                chance, likeliest = max((getattr(row, tag.value), tag) for tag in TAGS)
                yield Reported(
                    moment=row.fetched if row.published is None else min(row.published, row.fetched),
                    story=row.story or str(row.id),
                    began=row.first_seen,
                    feed=row.name,
                    tags=tuple(Tag(tag) for tag in row.labels.split(",")) if row.flagged else (likeliest,),
                    countries=tuple(code for code in row.countries.split(",") if code),
                    severity=Severity(row.severity) if row.flagged else Severity.NONE,
                    chance=chance,
                    flagged=row.flagged,
                    text=Text(title=row.title, summary=row.summary, language=row.language),
                )

    def put_levels(self, rows: Sequence[DayLevel], *, since: date, until: date) -> None:
        """Levels in place of all from `since` on; `until` is the last day they were reckoned for."""
        with writing(self._engine) as connection:
            connection.execute(delete(levels).where(levels.c.day >= since))
            if rows:
                connection.execute(insert(levels), [_row(row) for row in rows])
            line = upsert(connection, meta).values(name=RECKONED, value=until.isoformat())
            connection.execute(line.on_conflict_do_update(index_elements=["name"], set_={"value": until.isoformat()}))


def _row(row: DayLevel) -> dict[str, Any]:
    return {
        "day": row.day,
        "country": row.country,
        "tag": row.tag.value,
        "count": row.count,
        "expected": row.expected,
        "upper": row.upper,
        "level": int(row.level or 0),
        "reasons": list(row.reasons),
        "forecast": row.forecast,
        "error": row.error,
        "told": [
            [s.story, int(s.severity), sorted(s.feeds), s.new, s.reports, round(s.chance, 4), s.flagged, s.upheaval]
            for s in row.told
        ],
        "story": row.story,
    }


def _figures(row: Any) -> DayLevel:
    day, country, tag, count, expected, upper, level = row
    known = {"day": day, "country": country, "tag": Tag(tag), "count": count, "expected": expected, "upper": upper}
    return DayLevel(**known, level=Level(level) if level else None)


def _day_level(row: Any) -> DayLevel:
    return DayLevel(
        day=row.day,
        country=row.country,
        tag=Tag(row.tag),
        count=row.count,
        expected=row.expected,
        upper=row.upper,
        level=Level(row.level) if row.level else None,
        reasons=tuple(row.reasons),
        forecast=row.forecast,
        error=row.error,
        told=tuple(
            StoryDay(
                story=story,
                severity=Severity(severity),
                feeds=frozenset(feeds),
                new=new,
                reports=reports,
                chance=chance,
                flagged=flagged,
                upheaval=any(upheaval),
            )
            for story, severity, feeds, new, reports, chance, flagged, *upheaval in row.told
        ),
        story=row.story,
    )
