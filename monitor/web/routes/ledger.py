"""What can be checked afterwards: feeds and how they are, our own score, and who changed what."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from monitor.scoring import scorecard as gathered
from monitor.store.desk import Bin, Week
from monitor.warn.scorecard import Scorecard
from monitor.web.desk import PAGE, AtDesk, Desk
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
    as_of, card, bins, weeks = desk.watch.kept("scorecard", lambda: _scores(desk), fresh_s=60, stale_s=3600)
    shares = [week.share or 0.0 for week in weeks]
    top = max([*shares, 0.01])
    return desk.page(
        request,
        "scorecard.html",
        as_of=as_of,
        card=card,
        bins=bins,
        weeks=weeks,
        top=top,
        drift=points(shares, width=720, height=100, top=top),
        days=SCORE_DAYS,
    )


def _scores(desk: Desk) -> tuple[datetime, Scorecard, list[Bin], list[Week]]:
    now, store = desk.shell.clock(), desk.shell.store
    since = now - timedelta(days=SCORE_DAYS)
    card = gathered(desk.shell, days=SCORE_DAYS, now=now)
    return now, card, store.calibration(since=since), store.weeks(since=since)


@router.get("/trail")
def trail(
    request: Request,
    desk: AtDesk,
    before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    author: Annotated[str, Query(max_length=100)] = "",
    subject: Annotated[str, Query(max_length=100)] = "",
) -> HTMLResponse:
    found = desk.shell.store.trail(limit=PAGE * 2 + 1, before_id=before, author=author, subject=subject)
    lines, last = pages(found, PAGE * 2)
    return desk.page(request, "trail.html", lines=lines, last=last, author=author, subject=subject)
