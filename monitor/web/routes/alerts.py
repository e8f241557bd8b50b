"""Alerts: the list, and one from its reasons to who was told."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor.domain import AlertState, Level, Tag
from monitor.planning import shown
from monitor.store.desk import AlertFilter
from monitor.web.desk import LOST, PAGE, AtDesk, Refused, ReviewerForm
from monitor.web.templating import pages

STEPS = {
    "ack": AlertState.ACKNOWLEDGED,
    "close": AlertState.CLOSED,
    "dismiss": AlertState.DISMISSED,
    "reopen": AlertState.OPEN,
}
router = APIRouter()
Word = Annotated[str, Query(max_length=100)]


@router.get("/alerts")
def alerts(
    request: Request,
    desk: AtDesk,
    state: AlertState | None = None,
    level: Annotated[str, Query(pattern="^(|blue|yellow|orange|red)$")] = "",
    profile: Word = "",
    country: Annotated[str, Query(pattern="^([A-Za-z]{2})?$")] = "",
    tag: Tag | None = None,
    after: Annotated[str, Query(max_length=16)] = "",
) -> HTMLResponse:
    wanted = AlertFilter(
        state=state, level=Level.of(level) if level else None, profile=profile, country=country, tag=tag
    )
    behind = desk.shell.store.alert(after) if after else None
    found, last = pages(desk.shell.store.alert_page(wanted, limit=PAGE + 1, after=behind), PAGE)
    chosen = {"state": state, "level": level, "profile": profile, "country": country, "tag": tag}
    return desk.page(
        request,
        "alerts.html",
        alerts=found,
        last=last,
        total=desk.shell.store.alert_count(wanted),
        states=list(AlertState),
        chosen=chosen,
        profiles=[known.name for known in desk.shell.profiles],
    )


@router.get("/alerts/{alert_id}")
def alert(request: Request, desk: AtDesk, alert_id: str) -> HTMLResponse:
    found = desk.shell.store.alert(alert_id)
    if found is None:
        raise Refused(*LOST)
    return desk.page(
        request,
        "alert.html",
        alert=found,
        items=desk.shell.store.story_items(found.story, limit=PAGE),
        events=desk.shell.store.alert_events(alert_id),
        told=desk.shell.store.alert_notices(alert_id),
        steps=[step for step, state in STEPS.items() if state is not found.state],
        **shown(desk.shell, found),
    )


@router.post("/alerts/{alert_id}/step")
def step(
    desk: AtDesk,
    by: ReviewerForm,
    alert_id: str,
    step: Annotated[str, Form(pattern="^(ack|close|dismiss|reopen)$")],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> RedirectResponse:
    state = STEPS[step]
    said = " ".join(note.split())
    if not desk.shell.store.change_alert(
        alert_id, author=by.name, at=desk.shell.clock(), what=state.value, note=said, state=state
    ):
        raise Refused(*LOST)
    desk.watch.changed()
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/assign")
def assign(
    desk: AtDesk, by: ReviewerForm, alert_id: str, owner: Annotated[str, Form(min_length=1, max_length=100)]
) -> RedirectResponse:
    name = " ".join(owner.split())
    if not desk.shell.store.change_alert(
        alert_id, author=by.name, at=desk.shell.clock(), what="assigned", note=name, owner=name
    ):
        raise Refused(*LOST)
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/note")
def note(
    desk: AtDesk, by: ReviewerForm, alert_id: str, note: Annotated[str, Form(min_length=1, max_length=2000)]
) -> RedirectResponse:
    if not desk.shell.store.note_alert(alert_id, author=by.name, at=desk.shell.clock(), note=" ".join(note.split())):
        raise Refused(*LOST)
    return RedirectResponse(f"/alerts/{alert_id}", 303)
