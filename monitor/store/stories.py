"""Stories as they are recognised by new items: the columns of many at once, and single ones whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, Text, cast, select

from monitor.domain import OpenStories, Story
from monitor.store.engine import reading
from monitor.store.feeds import CHUNK
from monitor.store.rows import split, story_query, to_story
from monitor.store.schema import stories


class StoriesDoor:
    """The part of the store that knows which story an item may join."""

    _engine: Engine

    def stories(self, ids: Sequence[str]) -> list[Story]:
        """Those of the stories that there are, whole."""
        found: list[Story] = []
        with reading(self._engine) as connection:
            for start in range(0, len(ids), CHUNK):
                query = story_query().where(stories.c.id.in_(ids[start : start + CHUNK]))
                found.extend(to_story(row) for row in connection.execute(query))
        return found

    def open_stories(self, connection: Connection, *, since: datetime) -> OpenStories:
        """What stories seen after `since` are recognised by; those without words are no events that are reported."""
        s = stories.c
        query = select(s.id, s.language, s.countries, s.last_seen, s.item_count, cast(s.terms, Text))
        query = query.where(s.last_seen >= since).order_by(s.last_seen, s.id)
        rows = [row for row in connection.execute(query).all() if row[5] not in ("", "[]")]
        if not rows:
            return OpenStories(whole=self.stories)
        ids, languages, countries, seen, counts, terms = zip(*rows, strict=True)
        written = [text if text.startswith("[[") else _paired(text) for text in terms]
        return OpenStories(
            ids=ids,
            languages=languages,
            countries=[split(text) for text in countries],
            last_seen=seen,
            items=sum(counts),
            sizes=[text.count("[") - 1 for text in written],
            terms=_numbers(written),
            whole=self.stories,
        )


def _paired(terms: str) -> str:
    """Words as they were kept before their counts were, each held by one item."""
    return json.dumps([[term, 1] for term in json.loads(terms)])


def _numbers(written: Sequence[str]) -> bytes:
    """The numbers of many JSON lists of pairs, one after the other, without a list for each."""
    import numpy as np  # costs more to load than a poll that finds nothing new

    flat = ",".join(written).encode().translate(None, b"[]")
    return np.fromstring(flat, dtype=np.int64, sep=",").tobytes()
