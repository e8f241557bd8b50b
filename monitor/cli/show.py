"""How results are printed: tables for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from monitor.domain import TAGS, Alert, Deadline, Feed, Item, Judgement, Story

WIDTH_OF_A_FILE = 200


def line(value: Mapping[str, Any]) -> None:
    """One JSON object on a line of its own."""
    print(json.dumps(value, ensure_ascii=False, default=_plain, separators=(", ", ": ")))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", to_stderr: bool = False
) -> None:
    """A table that fits the terminal; the last column takes what is left."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(stderr=to_stderr, highlight=False)
    if not console.is_terminal:  # a file or a pipe has no width to keep to
        console.width = WIDTH_OF_A_FILE
    drawn = Table(title=title or None, box=None, header_style="bold", title_justify="left", pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_safe(str(cell))) for cell in row))
    console.print(drawn)


def say(text: str, *, to_stderr: bool = False) -> None:
    """One line for a person."""
    print(_safe(text), file=sys.stderr if to_stderr else sys.stdout)


def _safe(text: str) -> str:
    """Feed text cannot steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def time(moment: datetime | None) -> str:
    """A moment as people read it, in this machine's zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else "–"


def judgement(found: Judgement, title: str, summary: str) -> dict[str, Any]:
    """The part of the contract that classify and items share; who acts and who is hit only of what is flagged."""
    from monitor.text.roles import Roles, roles

    said = roles(title, summary, found.language) if found.flagged else Roles()
    return {
        "labels": [tag.value for tag in found.labels],
        "probabilities": {tag.value: round(found.probabilities.get(tag, 0.0), 6) for tag in TAGS},
        "unsure": found.unsure,
        "topics": list(found.topics),
        "countries": list(found.countries),
        "roles": {"imposes": list(said.imposes), "hit": list(said.hit)},
        "language": found.language,
        "evidence": [{"word": e.word, "tag": e.tag.value, "weight": round(e.weight, 3)} for e in found.evidence],
    }


def item(stored: Item) -> dict[str, Any]:
    """An item as `monitor items --json` prints it."""
    found = stored.judgement or Judgement()
    severity = int(stored.assessment.severity) if stored.assessment else 0
    return {
        "id": stored.id,
        "feed": stored.feed,
        "url": stored.url,
        "title": stored.title,
        "summary": stored.summary,
        "published": stored.published,
        "fetched": stored.fetched,
        **judgement(found, stored.title, stored.summary),
        "severity": severity,
        "judged": stored.judgement is not None,
        "baseline": stored.baseline,
        "date_doubt": stored.date_doubt,
        "story": stored.story,
        "duplicate_of": stored.duplicate_of,
        "model": found.model,
    }


def deadline(found: Deadline) -> dict[str, Any]:
    """A date as `monitor alerts --json` and `monitor deadlines --json` print it."""
    return {
        "kind": found.kind.value,
        "on": found.on.isoformat(),
        "stage": found.stage.value if found.stage else None,
        "sentence": found.sentence,
        "url": found.url,
        "reckoned": found.reckoned,
    }


def alert(found: Alert, items: Sequence[Item], deadlines: Sequence[Deadline] = ()) -> dict[str, Any]:
    """An alert as `monitor alerts --json` prints it."""
    return {
        "id": found.id,
        "profile": found.profile,
        "level": found.level.word,
        "state": found.state.value,
        "title": found.title,
        "url": found.url,
        "labels": [tag.value for tag in found.labels],
        "topics": list(found.topics),
        "countries": list(found.countries),
        "severity": int(found.severity),
        "urgency": found.urgency.value,
        "certainty": found.certainty.value,
        "story": found.story,
        "opened": found.opened,
        "updated": found.updated,
        "revision": found.revision,
        "held": found.held,
        "points": found.points,
        "reasons": list(found.reasons),
        "deadlines": [deadline(d) for d in deadlines],
        "owner": found.owner,
        "items": [{"id": i.id, "title": i.title, "link": i.url, "feed": i.feed} for i in items],
    }


def story(found: Story) -> dict[str, Any]:
    """A story as `monitor stories --json` prints it."""
    return {
        "id": found.id,
        "title": found.title,
        "url": found.url,
        "language": found.language,
        "first_seen": found.first_seen,
        "last_seen": found.last_seen,
        "labels": [tag.value for tag in found.labels],
        "topics": list(found.topics),
        "countries": list(found.countries),
        "severity": int(found.severity),
        "urgency": found.urgency.value,
        "certainty": found.certainty.value,
        "items": found.item_count,
        "feeds": list(found.feeds),
    }


def feed_words(feed: Feed) -> str:
    """A feed's kind, language and place in a few words."""
    return " ".join(part for part in (feed.kind.value, feed.language, feed.country) if part)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr where a person looks, else nothing; what it yields is told (done, total)."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
