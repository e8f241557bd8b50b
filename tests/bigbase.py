"""A database as large as years of watching make it, to measure the page on: `python -m tests.bigbase FILE-OR-URL`.

Invented headlines; dates spread over two years, a tenth of the items flagged, stories of one to six items.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, text

from monitor.domain import TAGS, DayLevel, Feed, Level, Severity, StoryDay, Tag
from monitor.notify.words import TOPICS
from monitor.store import Store
from monitor.store.engine import writing
from monitor.store.schema import alert_events, alerts, items, judgements, passes, stories, verdicts

COUNTRIES = "CN US DE FR VN MX IN BR ID TH MY PL HU TR EG ZA NG KE SA AE JP KR AU CA GB IT ES RU UA KZ".split()
WORDS = (
    "port strike tariff ministry export control customs battery plant flood sanctions court ruling draft law carbon "
    "border quota licence shipping strait union wages factory recall probe duty steel solar chip vessel rail fine"
).split()
BATCH = 20_000


def fill(store: Store, *, count: int, alerts_wanted: int, now: datetime, seed: int = 7) -> None:
    """Put `count` items and `alerts_wanted` alerts into an empty store."""
    dice = random.Random(seed)
    feeds = [Feed(name=f"Feed {n:03}", url=f"https://feed{n}.example/rss") for n in range(200)]
    store.sync_feeds(feeds)
    ids = [state.id for state in store.feed_states(feeds)]
    start, span = now - timedelta(days=730), timedelta(days=730)
    rows: dict[Table, list[dict[str, Any]]] = {table: [] for table in (stories, items, judgements, verdicts)}
    flagged: list[tuple[str, dict[str, Any]]] = []
    story, left = "", 0
    for number in range(1, count + 1):
        at = start + span * (number / count)
        tagged = dice.random() < 0.1
        title = f"{' '.join(dice.choices(WORDS, k=9)).capitalize()} {number}"
        if tagged and left == 0:
            story, left = f"s{number:012x}", dice.choice([1, 1, 1, 2, 3, 6])
            said = _said(dice)
            rows[stories].append(_story(story, title, at, said))
            flagged.append((story, {"title": title, "at": at} | said))
        rows[items].append(
            {
                "id": number, "feed_id": dice.choice(ids), "key": number.to_bytes(16, "big"),
                "content_key": number.to_bytes(16, "little"), "title": title,
                "summary": " ".join(dice.choices(WORDS, k=25)), "url": f"https://news.example/{number}",
                "language": dice.choice(["en", "en", "zh", "de"]), "published": at, "fetched": at,
                "judged": True, "story": story if tagged else "",
            }
        )  # fmt: skip
        rows[judgements].append(_judgement(number, dice, said if tagged else None))
        if tagged:
            left -= 1
            if dice.random() < 0.2:
                rows[verdicts].append(
                    {"item_id": number, "kind": "confirm", "labels": said["labels"], "author": "reviewer", "at": at}
                )
        if number % BATCH == 0 or number == count:
            _write(store, rows)
    chosen = sorted(dice.sample(flagged, min(alerts_wanted, len(flagged))), key=lambda one: one[1]["at"])
    with writing(store._engine) as connection:
        connection.execute(insert(alerts), [_alert(n, *one, now=now) for n, one in enumerate(chosen)])
        events = [
            {"alert": f"a{n:08x}", "at": fact["at"], "author": "monitor", "what": "raised", "note": "blue"}
            for n, (_, fact) in enumerate(chosen)
        ]
        connection.execute(insert(alert_events), events)
        connection.execute(insert(passes), list(_passes(start, now)))
    fill_levels(store, dice, now=now)
    store.make_searchable()
    with store._engine.connect() as connection:
        connection.execute(text("ANALYZE"))


def fill_levels(store: Store, dice: random.Random, *, now: datetime) -> None:
    """Two years of levels: every country and tag on every day, with the stories they were reckoned from."""
    days = [now.date() - timedelta(days=n) for n in range(730)]
    rows = [_level_of(day, country, tag, dice) for day in days for country in COUNTRIES for tag in TAGS]
    store.put_levels(rows, since=days[-1], until=days[0])


def _level_of(day: date, country: str, tag: Tag, dice: random.Random) -> DayLevel:
    told = tuple(
        StoryDay(
            story=f"s{dice.randrange(10**9):012x}", severity=Severity.WATCH, feeds=frozenset({"Feed 001"}), new=True
        )
        for _ in range(dice.choice([1, 1, 2, 3]))
    )
    level = Level(dice.randint(1, 4)) if dice.random() < 0.2 else None
    return DayLevel(
        day=day, country=country, tag=tag, count=len(told), expected=1.5, upper=4.0, level=level, told=told,
        reasons=("1 story, severity 2",) if level else (), forecast=1.5, error=0.4, story=told[0].story,
    )  # fmt: skip


def _said(dice: random.Random) -> dict[str, Any]:
    tag = dice.choice(TAGS)
    topic = dice.choice([topic for topic in TOPICS if topic.startswith(tag.value)])
    countries = ",".join(dice.sample(COUNTRIES, dice.choice([1, 1, 2])))
    return {"labels": tag.value, "topics": topic, "countries": countries, "severity": dice.choice([1, 1, 1, 2, 2, 3])}


def _story(story: str, title: str, at: datetime, said: dict[str, Any]) -> dict[str, Any]:
    facts = {"urgency": "expected", "certainty": "reported", "item_count": 2, "feeds": ["Feed 001"], "terms": []}
    return {"id": story, "title": title, "first_seen": at, "last_seen": at, **said, **facts}


def _judgement(number: int, dice: random.Random, said: dict[str, Any] | None) -> dict[str, Any]:
    row: dict[str, Any] = {tag.value: dice.random() * 0.2 for tag in TAGS}
    labels = {"labels": "", "topics": "", "countries": "", "severity": 0} if said is None else said
    if said is not None:
        row[said["labels"]] = 0.5 + dice.random() / 2
    return {
        "item_id": number, "model": "big", "unsure": dice.random() < 0.005, "flagged": said is not None,
        "urgency": "expected", "certainty": "reported", "evidence": [], "reasons": [], **row, **labels,
    }  # fmt: skip


def _alert(number: int, story: str, fact: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    old = now - fact["at"] > timedelta(days=20)
    said = {name: fact[name] for name in ("title", "labels", "topics", "countries", "severity")}
    return {
        "id": f"a{number:08x}", "profile": "default", "story": story, "level": 1 + number % 4,
        "state": ("closed", "acknowledged", "dismissed")[number % 3] if old else "open", "urgency": "expected",
        "certainty": "reported", "points": 40, "reasons": ["severity 2"], "opened": fact["at"],
        "updated": fact["at"], "revision": 1, "item_count": 2, "feeds": ["Feed 001"], **said,
    }  # fmt: skip


def _passes(start: datetime, now: datetime) -> Iterator[dict[str, Any]]:
    at = start
    while at < now:
        yield {"started": at, "ended": at + timedelta(seconds=20), "feeds": 200, "reached": 198, "entries_seen": 900,
               "items_new": 28, "items_flagged": 3}  # fmt: skip
        at += timedelta(minutes=30)


def _write(store: Store, rows: dict[Table, list[dict[str, Any]]]) -> None:
    with writing(store._engine) as connection:
        for table, waiting in rows.items():
            if waiting:
                connection.execute(insert(table), waiting)
                waiting.clear()


def url_of(place: str) -> str:
    """A database's URL, given itself or as a SQLite file."""
    return place if "://" in place else f"sqlite:///{Path(place).resolve()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=url_of)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--alerts", type=int, default=10_000)
    options = parser.parse_args()
    store = Store.open(options.database)
    fill(store, count=options.items, alerts_wanted=options.alerts, now=datetime.now(UTC))
    store.close()


if __name__ == "__main__":
    main()
