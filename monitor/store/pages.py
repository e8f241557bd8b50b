"""Regions of watched pages, as they were last seen."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from monitor.store.engine import upsert
from monitor.store.schema_sources import page_texts


def put_page_texts(connection: Connection, seen: Mapping[int, tuple[str, str]]) -> None:
    """Remember watched regions (selector, text) by feed id, inside the caller's transaction."""
    for feed_id, (region, said) in seen.items():
        statement = upsert(connection, page_texts).values(feed_id=feed_id, region=region, text=said)
        new = {"region": statement.excluded.region, "text": statement.excluded.text}
        connection.execute(statement.on_conflict_do_update(index_elements=["feed_id"], set_=new))
