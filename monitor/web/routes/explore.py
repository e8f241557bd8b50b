"""Explore: everything stored, searched and counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from monitor.domain import Level, Tag
from monitor.notify.words import TOPICS
from monitor.store.items import ItemFilter
from monitor.web.chart import counts_chart
from monitor.web.desk import PAGE, AtDesk
from monitor.web.templating import day, pages

DAYS = 90
router = APIRouter()
Country = Annotated[str, Query(pattern="^([A-Za-z]{2})?$")]
Day = Annotated[str, Query(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
LevelWord = Annotated[str, Query(pattern="^(|blue|yellow|orange|red)$")]
TagWord = Annotated[str, Query(pattern="^(|geopolitical|compliance|supply_chain)$")]


@router.get("/explore")
def search(
    request: Request,
    desk: AtDesk,
    q: Annotated[str, Query(max_length=200)] = "",
    tag: TagWord = "",
    topic: Annotated[str, Query(max_length=60, pattern="^([a-z_]+[.][a-z_]+)?$")] = "",
    country: Country = "",
    language: Annotated[str, Query(pattern="^([a-z]{2,3})?$")] = "",
    feed: Annotated[str, Query(max_length=200)] = "",
    level: LevelWord = "",
    since: Day = "",
    until: Day = "",
    before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> HTMLResponse:
    wanted = ItemFilter(
        tag=Tag(tag) if tag else None,
        topic=topic,
        country=country,
        language=language,
        feed=feed.strip(),
        level=Level.of(level) if level else None,
        since=day(since),
        until=day(until, days=1),
        limit=PAGE + 1,
        before_id=before,
    )
    chosen = {
        "q": q, "tag": tag, "topic": topic, "country": country, "language": language, "feed": feed,
        "level": level, "since": since, "until": until,
    }  # fmt: skip
    words = " ".join(q.split())
    if words:
        page = desk.shell.store.search(words, replace(wanted, limit=PAGE))
        found, before, letters = page.items, page.before, page.letters
    else:
        found, last = pages(desk.shell.store.items(wanted), PAGE)
        before, letters = last.id if last else None, False
    kept = urlencode({name: value for name, value in chosen.items() if value})
    return desk.page(
        request,
        "explore.html",
        items=found,
        more=f"/explore?{kept}&before={before}" if before else "",
        letters=letters,
        full=len(found) == PAGE,
        chosen=chosen,
        topics=TOPICS,
        feeds=desk.shell.store.feed_names(),
    )


@router.get("/explore/counts")
def counts(request: Request, desk: AtDesk, country: Country = "", tag: TagWord = "") -> HTMLResponse:
    today = desk.shell.clock().astimezone(UTC).date()
    began = desk.shell.store.watching_since()  # what was before it is not nothing, but not known
    since = max(today - timedelta(days=DAYS - 1), began.date() if began else today)
    rows = desk.shell.store.daily_counts(
        country=country.upper(), tag=Tag(tag) if tag else None, since=min(since, today), until=today
    )
    chart = counts_chart(rows)
    return desk.page(
        request, "counts.html", chart=chart, rows=rows[::-1], country=country.upper(), tag=tag, days=len(rows)
    )
