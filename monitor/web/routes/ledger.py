"""What can be checked afterwards: feeds and how they are, our own score, and who changed what."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from monitor.scoring import scorecard as gathered
from monitor.web.desk import PAGE, AtDesk
from monitor.web.figures import points
from monitor.web.templating import pages

SCORE_DAYS = 365
router = APIRouter()


@router.get("/feeds")
def feeds(
    request: Request,
    desk: AtDesk,
    trouble: bool = False,
    after: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    states = [state for state in desk.shell.store.feed_states(desk.shell.feeds) if state.polled_from or state.error]
    chosen = [state for state in states if (state.failures or not trouble) and state.feed.name > after]
    found, last = pages(chosen[: PAGE * 4 + 1], PAGE * 4)
    paused = [feed for feed in desk.shell.listed if feed.paused]
    return desk.page(request, "feeds.html", states=found, last=last, trouble=trouble, total=len(states), paused=paused)


@router.get("/scorecard")
def scorecard(request: Request, desk: AtDesk) -> HTMLResponse:
    now = desk.shell.clock()
    since = now - timedelta(days=SCORE_DAYS)
    weeks = desk.shell.store.weeks(since=since)
    shares = [week.share or 0.0 for week in weeks]
    top = max([*shares, 0.01])
    return desk.page(
        request,
        "scorecard.html",
        card=gathered(desk.shell, days=SCORE_DAYS, now=now),
        bins=desk.shell.store.calibration(since=since),
        weeks=weeks,
        top=top,
        drift=points(shares, width=720, height=100, top=top),
        days=SCORE_DAYS,
    )


@router.get("/trail")
def trail(
    request: Request,
    desk: AtDesk,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    author: Annotated[str, Query(max_length=100)] = "",
    subject: Annotated[str, Query(max_length=100)] = "",
) -> HTMLResponse:
    found = desk.shell.store.trail(limit=PAGE * 2 + 1, before_id=before, author=author, subject=subject)
    lines, last = pages(found, PAGE * 2)
    return desk.page(request, "trail.html", lines=lines, last=last, author=author, subject=subject)
