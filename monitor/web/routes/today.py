"""Today: what is grave, what is new, what waits, and the proof that the watch looked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from monitor.domain import AlertState, Coverage, DayLevel, Level, Tag
from monitor.duedates import coming
from monitor.gather import coverage
from monitor.store.desk import AlertFilter
from monitor.warn.scorecard import response_clock
from monitor.web import tiles
from monitor.web.chart import sparkline
from monitor.web.desk import AtDesk, Desk
from monitor.web.figures import by_country, in_order

SHOWN = 10
CLOCK_DAYS = 90
SPARK_DAYS = 30
SORTS = ("country", "level", *Tag, "stories", "alerts", "updated")
router = APIRouter()


@router.get("/")
def today(
    request: Request, desk: AtDesk, sort: Annotated[str, Query(pattern=f"^({'|'.join(SORTS)})$")] = "level"
) -> HTMLResponse:
    now, store = desk.shell.clock(), desk.shell.store
    waiting = store.alert_page(AlertFilter(unfinished=True), limit=SHOWN)
    shown, day = {alert.id for alert in waiting}, timedelta(days=1)
    levels, proof, acts = desk.watch.kept("today", lambda: _gathered(desk), fresh_s=30, stale_s=120)
    rows = by_country(store.open_by_country(), levels, today=now.date(), days=SPARK_DAYS)
    return desk.page(
        request,
        "today.html",
        countries=in_order(rows, sort),
        level_of={row.code: row.level for row in rows if row.level},
        tiles=tiles,
        sparks={row.code: sparkline(row.days) for row in rows},
        spark_days=SPARK_DAYS,
        due=coming(desk.shell, now=now)[:SHOWN],
        escalated=store.alert_count(AlertFilter(state=AlertState.ESCALATED)),
        sort=sort,
        waiting=waiting,
        grave=store.alert_count(AlertFilter(unfinished=True, least=Level.ORANGE)),
        fresh=[
            alert for alert in store.alert_page(AlertFilter(since=now - day), limit=2 * SHOWN) if alert.id not in shown
        ],
        proof=proof,
        clock=response_clock(acts, now=now),
        clock_days=CLOCK_DAYS,
    )


def _gathered(desk: Desk) -> tuple[list[DayLevel], Coverage, list[tuple[datetime, datetime | None]]]:
    """Levels of a month by country, tag and day, what the watch saw in a day, and how soon people acted."""
    now, store, day = desk.shell.clock(), desk.shell.store, timedelta(days=1)
    levels = store.level_days(since=now.date() - (SPARK_DAYS - 1) * day, until=now.date(), figures_only=True)
    acts = store.first_acts(since=now - CLOCK_DAYS * day, least=Level.ORANGE)
    return levels, coverage(desk.shell, since=now - day, until=now), [*acts[Level.ORANGE], *acts[Level.RED]]
