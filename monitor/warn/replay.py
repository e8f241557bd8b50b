"""Dated items of a file: read, checked line by line, grouped into stories. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from monitor.domain import Item, Judgement
from monitor.i18n import _
from monitor.text.language import language_of
from monitor.text.normalise import json_of
from monitor.text.places import places
from monitor.warn.stories import Meaning, Stories

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)


def read_items(lines: Iterable[str], *, dated: bool) -> tuple[list[Item], list[str]]:
    """Items of JSON Lines `{id, title, date?, summary?, source?, lang?}`, and what is wrong with the other lines.

    With `dated` a line without a usable date, or with one before the line above it, is wrong too.
    """
    items: list[Item] = []
    wrong: list[str] = []
    seen: set[str] = set()
    last = UNDATED
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = _item(line, dated=dated, last=last)
            if item.key.decode() in seen:
                raise ValueError(_("the id {id!r} was there before").format(id=item.key.decode()))
        except ValueError as problem:
            wrong.append(_("line {line}: {why}").format(line=number, why=problem))
            continue
        seen.add(item.key.decode())
        last = max(last, item.moment) if dated else last
        items.append(item)
    return items, wrong


def _item(line: str, *, dated: bool, last: datetime) -> Item:
    try:
        entry = json_of(line)
    except (ValueError, RecursionError) as problem:
        raise ValueError(_("this is not JSON")) from problem
    if not isinstance(entry, dict):
        raise ValueError(_("write an object with id, date and title"))
    title, key = _text(entry, "title"), entry.get("id")
    if not isinstance(key, str | int) or isinstance(key, bool) or not str(key):
        raise ValueError(_("it has no id"))
    if not title.strip():
        raise ValueError(_("it has no title"))
    moment = _moment(entry.get("date") or entry.get("published"))
    if dated and moment is None:
        raise ValueError(_("it has no date such as 2021-11-16"))
    if dated and moment is not None and moment.date() < last.date():
        wrong = _("its date {date} is before that of a line above ({last}): sort the file by date")
        raise ValueError(wrong.format(date=moment.date(), last=last.date()))
    summary, claim = _text(entry, "summary"), _text(entry, "lang") or _text(entry, "language")
    return Item(
        id=None,
        feed=_text(entry, "source") or _text(entry, "feed") or "-",
        key=str(key).encode("utf-8", "replace"),
        title=title,
        summary=summary,
        url=_text(entry, "url"),
        published=moment,
        fetched=moment or UNDATED,
        feed_language=claim,
    )


def _text(entry: dict[str, Any], name: str) -> str:
    found = entry.get(name) or ""
    if not isinstance(found, str):
        raise ValueError(_("{name} is not a text").format(name=name))
    return found


def _moment(written: object) -> datetime | None:
    if not isinstance(written, str) or not written:
        return None
    try:
        moment = datetime.fromisoformat(written.strip())
        if not date(1970, 1, 2) <= moment.date() <= date(9000, 1, 1):
            return None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def grouped(items: Sequence[Item], *, meaning: Meaning | None) -> dict[bytes, str]:
    """The story of each item, by Item.ref; items are taken in the order they happened, undated ones as they stand."""
    stories, found, last = Stories(meaning=meaning), {}, UNDATED
    dated = []
    for item in items:
        last = item.published or last
        dated.append((last, item))
    for moment, item in sorted(dated, key=lambda pair: pair[0]):
        language = language_of(item.title, item.summary, item.feed_language)
        where = places(item.title, item.summary, language).countries
        judged = Judgement(language=language, countries=where)
        found[item.ref] = stories.add(replace(item, published=moment, fetched=moment, judgement=judged)).id
    return found
