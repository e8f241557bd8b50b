"""Tables of the manners, of watched pages, of full texts and of feeds' habits."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from monitor.store.schema import _line, _measure, _moment, metadata

hosts = Table(
    "hosts",
    metadata,
    Column("host", Text, primary_key=True),  # host:port
    _measure("spacing_s"),  # asked for by 429, 503 or robots.txt
    _moment("spaced_until"),
    _line("robots"),
    _moment("robots_read"),
)

page_texts = Table(
    "page_texts",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    _line("region"),  # the selector that the text was taken by
    _line("text"),
)

full_texts = Table(
    "full_texts",
    metadata,
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    _line("text"),
    _line("error"),
    _moment("read"),
)

# What came in which hour, of items that retention has dropped: a feed's habit outlives them.
arrivals = Table(
    "arrivals",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("hour", Integer, primary_key=True),  # hours since 1970, UTC
    Column("items", Integer, nullable=False),
)
