"""An installation as sixty days of watching leave it, made in seconds to be looked at.

Its headlines are those that we invented for training, judged as they are labelled.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from monitor import reviewing
from monitor.aberrations import levels_until
from monitor.domain import AlertSilence, AlertState, Evidence, Item, Judgement, Role, Tag, Text, VerdictKind
from monitor.resources import path
from monitor.sending import deliver
from monitor.shell import Shell
from monitor.store.engine import writing
from monitor.store.schema import feeds as feed_rows
from monitor.telling import announce
from monitor.text.places import places
from monitor.warn.decide import decide
from monitor.warn.severity import assess

DAYS = 60
PROFILES = ("battery-maker", "car-maker")


class Clock:
    """The moment the installation believes in."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def fill(shell: Shell, clock: Clock, *, seed: int = 5, a_day: int = 12) -> None:
    """Put sixty days of `a_day` items that end at the clock's moment into an empty installation."""
    dice, end = random.Random(seed), clock.now
    files = [path(f"seeds/profiles/{name}.yaml") for name in PROFILES]
    entries = [file.read_text(encoding="utf-8").partition("profiles:\n")[2] for file in files]
    shell.settings.kept_file("profiles").write_text("profiles:\n" + "".join(entries), encoding="utf-8")
    shutil.copyfile(path("feeds.yaml"), shell.settings.kept_file("feeds"))
    shell.store.sync_feeds(shell.feeds)
    ids = {state.feed.name: state.id for state in shell.store.feed_states(shell.feeds)}
    headlines, number = _headlines(dice), 0
    for day in range(DAYS):
        clock.now = end - timedelta(days=DAYS - 1 - day, hours=2)
        run = shell.store.start_pass(at=clock.now)
        more = 10 if day in (DAYS - 1, DAYS - 9) else 0
        items = []
        for _ in range(dice.randint(a_day - 5, a_day + 5) + more):
            number += 1
            items.append(_item(next(headlines), number, dice, shell, at=clock.now))
        decision = decide(
            items,
            known=shell.store.known(since=clock.now - timedelta(days=9), today=clock.now),
            profiles=shell.profiles,
            now=clock.now,
            alerts_of=shell.store.alerts_of_stories,
        )
        shell.store.record(updates=[], new=[(ids[i.feed], i.key, i) for i in items], decision=decision)
        flagged = sum(i.judgement is not None and i.judgement.flagged for i in items)
        counts = {"feeds": 193, "reached": 190, "entries_seen": 900, "items_new": len(items), "items_flagged": flagged}
        shell.store.end_pass(run, at=clock.now + timedelta(seconds=40), counts=counts)
        announce(shell, now=clock.now)
        deliver(shell, clock=clock)
        _act(shell, dice)
    clock.now = end
    _people(shell)
    with writing(shell.store._engine) as connection:
        ok = {"last_ok": end - timedelta(minutes=9), "last_polled": end - timedelta(minutes=9)}
        ok |= {"first_polled": end - timedelta(days=DAYS), "last_new": end - timedelta(hours=3)}
        connection.execute(update(feed_rows).values(next_poll=end + timedelta(minutes=21), **ok))
        for name in sorted(ids)[3:6]:
            wrong = {"failures": 4, "error": "took too long", "last_ok": end - timedelta(days=2)}
            connection.execute(update(feed_rows).where(feed_rows.c.name == name).values(**wrong))
    run = shell.store.start_pass(at=end - timedelta(minutes=10))
    shell.store.end_pass(run, at=end - timedelta(minutes=9), counts={"feeds": 193, "reached": 190, "entries_seen": 900})
    levels_until(shell, end)


def _headlines(dice: random.Random) -> Iterator[dict]:
    files = [path(f"seeds/{name}.jsonl") for name in ("labels", "gate")]
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["lang"] in ("en", "zh", "de", "fr", "es")]
    risky = [row for row in rows if row["labels"] and len(row["title"]) > 12]
    calm = [row for row in rows if not row["labels"]]
    dice.shuffle(risky)
    dice.shuffle(calm)
    while True:
        yield risky.pop() if dice.random() < 0.45 else calm.pop()


def _item(row: dict, number: int, dice: random.Random, shell: Shell, *, at: datetime) -> Item:
    title, summary, language = row["title"], row.get("summary", ""), row["lang"]
    labels = tuple(Tag(label) for label in row["labels"])
    odds = {tag: round(dice.uniform(0.62, 0.97) if tag in labels else dice.uniform(0.01, 0.3), 2) for tag in Tag}
    words = sorted(
        set(title.split() if language != "zh" else [title[i : i + 2] for i in range(0, len(title), 2)]), key=len
    )
    evidence = tuple(
        Evidence(word=word.strip(",.:;，。"), tag=labels[0], weight=round(dice.uniform(0.4, 2.2), 1))
        for word in (words[-2:] if labels else ())
    )
    judgement = Judgement(
        labels=labels,
        probabilities=odds,
        unsure=not labels and dice.random() < 0.05,
        topics=tuple(row.get("topics") or ()),
        language=language,
        countries=tuple(row.get("countries") or ()) or places(title, summary, language).countries,
        evidence=evidence,
        model="shipped",
    )
    feed = dice.choice([f for f in shell.feeds if f.language == language] or list(shell.feeds))
    assessment = assess(Text(title=title, summary=summary), judgement, trust=feed.trust, kind=feed.kind)
    published = at - timedelta(minutes=dice.randint(10, 900))
    return Item(
        id=None,
        feed=feed.name,
        key=number.to_bytes(16, "big"),
        title=title,
        summary=summary,
        url=f"https://news.example/{number}",
        published=published,
        fetched=at,
        judgement=judgement,
        assessment=assessment,
    )


def _act(shell: Shell, dice: random.Random) -> None:
    """What an officer does at the end of a day: most alerts are acknowledged, some items are reviewed."""
    store, now = shell.store, shell.clock() + timedelta(hours=3)
    for alert in store.alerts(state=AlertState.OPEN)[:20]:
        if not timedelta(days=2) <= now - alert.opened < timedelta(days=3) or dice.random() < 0.2:
            continue
        state, note = dice.choice(
            [
                (AlertState.ACKNOWLEDGED, "Called the plant: stocks last for nine days."),
                (AlertState.ACKNOWLEDGED, ""),
                (AlertState.CLOSED, "No order of ours is concerned."),
            ]
        )
        store.change_alert(alert.id, author="Li Wei", at=now, what=state.value, note=note, state=state)
        if state is AlertState.ACKNOWLEDGED and dice.random() < 0.4:
            store.change_alert(alert.id, author="Li Wei", at=now, what="assigned", note="Ana Sousa", owner="Ana Sousa")
    for item in store.queue(limit=6)[2:5]:
        right = item.judgement is not None and item.judgement.labels and dice.random() < 0.8
        kind = VerdictKind.CONFIRM if right else VerdictKind.DISMISS
        reviewing.give(shell, item, kind, author="Li Wei", reason="" if right else "harmless")


def _people(shell: Shell) -> None:
    now, store = shell.clock(), shell.store
    begun = {"begun": now - timedelta(days=2), "author": "Li Wei"}
    for country, days, why in (
        ("DE", 5, "Works meeting announced and planned for"),
        ("CL", 20, "Route not used till spring"),
    ):
        store.add_silence(
            AlertSilence(
                profile=shell.profiles[0].name, until=now + timedelta(days=days), reason=why, country=country, **begun
            )
        )
    store.put_token("0" * 64, name="dashboard", role=Role.READER, at=now - timedelta(days=30), author="Li Wei")
    grave = max(store.alerts(), key=lambda alert: (alert.level, alert.item_count, alert.opened))
    store.note_alert(grave.id, author="Ana Sousa", at=now, note="The forwarder has slots by rail from Monday.")
    store.set_step(grave.id, "base.verify", state="done", author="Li Wei", at=now)
    store.set_step(
        grave.id, "task-1", state="open", author="Li Wei", at=now, note="Ask the customer for two days of grace",
        owner="Ana Sousa", due=now + timedelta(days=2),
    )  # fmt: skip
    title, tags = "Bridge over the Kali river closed to lorries", [Tag.SUPPLY_CHAIN]
    reviewing.report_missed(
        shell, title=title, url="", countries=["IN"], labels=tags, author="Ana Sousa", note="the driver called"
    )


def until_now() -> Clock:
    """A clock that stands at this minute."""
    return Clock(datetime.now(UTC).replace(second=0, microsecond=0))
