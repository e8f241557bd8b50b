"""How well reports of one event are grouped, and how fast new ones find their story among many.

    python -m tests.harness.stories quality [--among 3000]
    python -m tests.harness.stories speed [--open 100000] [--new 1000] [--postgresql]

`quality` groups our own invented reports (tests/data/stories; the constants of monitor.warn.stories were
chosen on a.jsonl, b.jsonl was kept apart) among so many other headlines of the seeds in the same four weeks,
and prints B-cubed precision, recall and F1 of the reports (Bagga and Baldwin 1998), by words alone and with
the encoder. `speed` fills a database, then times what a pass does: open stories read, 1,000 items joined.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from monitor.config import Settings
from monitor.domain import TAGS, Assessment, Item, Judgement, Level, Profile
from monitor.shell import Shell, system_clock
from monitor.store import Store
from monitor.warn.decide import decide_burst
from monitor.warn.replay import grouped, read_items
from monitor.warn.stories import Meaning, Stories
from tests.harness.postgres import postgres

ROOT = Path(__file__).parents[2]
SETS = ROOT / "tests/data/stories"
WEEKS = timedelta(weeks=4)
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
MANY = 20_000
WORD = re.compile(r"[\u2e80-\u9fff]{1,4}|[^\s\u2e80-\u9fff]+")  # of scripts without spaces some characters
PROFILE = Profile(name="default", least=Level.BLUE)


@cache
def risks() -> tuple[dict[str, Any], ...]:
    """The sentences of the seeds that tell of a risk."""
    lines = (ROOT / "seeds/labels.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(row for row in map(json.loads, lines) if row["labels"])


def reports(name: str, *, among: int) -> tuple[list[Item], dict[str, str]]:
    """The items of a set in the order they happened, `among` others strewn between them; the story of each."""
    rows = [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    gold = {row["id"]: row["cluster"] for row in rows}
    dice, begin = random.Random(name), datetime.fromisoformat(rows[0]["date"][:10])
    for number, other in enumerate(dice.sample(risks(), among)):
        at = begin + WEEKS * dice.random()
        rows.append({"id": f"other{number}", "title": other["title"], "lang": other["lang"], "date": f"{at:%FT%H:%MZ}"})
    rows.sort(key=lambda row: row["date"])
    items, wrong = read_items(map(json.dumps, rows), dated=False)
    assert not wrong
    return items, gold


def b_cubed(items: Sequence[Item], gold: dict[str, str], *, meaning: Meaning | None) -> tuple[float, float, float]:
    """Precision, recall and F1 over the items of `gold`; any other item in their stories counts against precision."""
    of = grouped(items, meaning=meaning)
    found = {item.key.decode(): of[item.ref] for item in items}
    together: dict[str, set[str]] = {}
    for key, story in found.items():
        together.setdefault(story, set()).add(key)
    true: dict[str, set[str]] = {}
    for key, story in gold.items():
        true.setdefault(story, set()).add(key)
    shared = {key: len(true[gold[key]] & together[found[key]]) for key in gold}
    precision = sum(shared[key] / len(together[found[key]]) for key in gold) / len(gold)
    recall = sum(shared[key] / len(true[gold[key]]) for key in gold) / len(gold)
    return precision, recall, 2 * precision * recall / (precision + recall)


def quality(folder: Path, *, among: int) -> dict[str, Any]:
    """B-cubed of both sets by words alone and with the encoder."""
    told: dict[str, Any] = {"among": among}
    with closing(Shell(settings=Settings(data_dir=folder), clock=system_clock)) as shell:
        for name in ("a", "b"):
            items, gold = reports(name, among=among)
            for way, meaning in (("words", None), ("encoder", shell.meaning)):
                scores = b_cubed(items, gold, meaning=meaning)
                told[f"{name} {way}"] = dict(zip(("p", "r", "f1"), (round(s, 3) for s in scores), strict=True))
    return told


def speed(url: str, *, open_ones: int, new: int) -> dict[str, Any]:
    """CPU and wall seconds of joining `new` items to `open_ones` stories of a database, each with an alert.

    Half of the items report what one of the stories told, in most of its words.
    """
    store = Store.open(url)
    dice = random.Random(7)
    titles = []
    for start in range(0, open_ones, MANY):
        alone = [Stories().add(_item(dice, n)) for n in range(start, min(start + MANY, open_ones))]
        titles += [story.title for story in alone]
        known = store.known(since=NOW, today=NOW)
        each = [decide_burst(s, (), known=known, profile=PROFILE, points=1, now=NOW) for s in alone]
        alerts = tuple(alert for one in each for alert in one.alerts)
        store.record(updates=(), new=(), decision=replace(each[0], stories=tuple(alone), alerts=alerts))
    items = [_item(dice, open_ones + n, of=dice.choice(titles) if n % 2 else "") for n in range(new)]
    marks = [(time.perf_counter(), time.process_time())]

    def mark() -> None:
        marks.append((time.perf_counter(), time.process_time()))

    known = store.known(since=NOW - WEEKS, today=NOW)
    mark()
    stories = Stories(known.stories)
    mark()
    stories.add_all(items)
    mark()
    alerts_of = store.alerts_of_stories(list(stories.changed))
    mark()
    store.close()
    told: dict[str, Any] = {"open": len(known.stories.ids), "new": new, "joined": len(alerts_of)}
    steps = zip(("read", "indexed", "joined", "alerts"), pairwise(marks), strict=True)
    for step, (began, ended) in (*steps, ("all", (marks[0], marks[-1]))):
        told[f"{step}_s"], told[f"{step}_cpu_s"] = (round(y - x, 2) for x, y in zip(began, ended, strict=True))
    return told


def _item(dice: random.Random, number: int, *, of: str = "") -> Item:
    """A headline of words of several of the seeds', as common as words are, that tells of nothing told before."""
    words = [word for row in dice.choices(risks(), k=4) for word in dice.choices(WORD.findall(row["title"]), k=1)]
    words += [word for row in dice.choices(risks(), k=2) for word in WORD.findall(row["title"])[:3]]
    title = " ".join(of.split()[2:] + words[:2] if of else words)
    at = NOW - timedelta(hours=60 * dice.random())
    return Item(
        id=None, feed=f"feed {number % 500}", key=str(number).encode(), title=title, summary="", url="", published=at,
        fetched=at, judgement=Judgement(labels=TAGS[:1], language="en"), assessment=Assessment(),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.harness.stories")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for_quality = verbs.add_parser("quality")
    for_quality.add_argument("--among", type=int, default=3_000)
    for_speed = verbs.add_parser("speed")
    for_speed.add_argument("--open", type=int, default=100_000)
    for_speed.add_argument("--new", type=int, default=1_000)
    for_speed.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-stories-") as folder:
        if options.verb == "quality":
            print(json.dumps(quality(Path(folder), among=options.among)))
        else:
            with postgres() if options.postgresql else nullcontext() as server:
                url = server.url() if server else f"sqlite:///{folder}/many.sqlite"
                print(json.dumps(speed(url, open_ones=options.open, new=options.new)))


if __name__ == "__main__":
    main()
