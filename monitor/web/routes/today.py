"""Today: what is grave, what is new, what waits, and the proof that the watch looked."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from monitor.domain import Level
from monitor.gather import coverage
from monitor.store.desk import AlertFilter
from monitor.web.desk import AtDesk
from monitor.web.figures import by_country, response_clock

SHOWN = 10
CLOCK_DAYS = 90
router = APIRouter()


@router.get("/")
def today(
    request: Request, desk: AtDesk, sort: Annotated[str, Query(pattern="^(level|country|alerts|updated)$")] = "level"
) -> HTMLResponse:
    now, store = desk.shell.clock(), desk.shell.store
    waiting = store.alert_page(AlertFilter(unfinished=True), limit=SHOWN)
    day = timedelta(days=1)
    return desk.page(
        request,
        "today.html",
        countries=by_country(store.open_by_country(), sort=sort),
        sort=sort,
        waiting=waiting,
        grave=store.alert_count(AlertFilter(unfinished=True, least=Level.ORANGE)),
        fresh=store.alert_page(AlertFilter(since=now - day), limit=SHOWN),
        proof=coverage(desk.shell, since=now - day, until=now),
        clock=response_clock(store.first_acts(since=now - CLOCK_DAYS * day), now=now),
        clock_days=CLOCK_DAYS,
    )
