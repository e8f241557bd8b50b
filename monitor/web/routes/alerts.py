"""Alerts: the list, and one from its reasons to who was told."""

from __future__ import annotations

from dataclasses import replace
from secrets import token_hex
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor import planning
from monitor.domain import AlertState, Level, Tag
from monitor.exporting import exported, told_of
from monitor.reviewing import spoken
from monitor.store.desk import AlertFilter
from monitor.warn.playbooks import plan
from monitor.web.desk import LOST, PAGE, AtDesk, Refused, ReviewerForm
from monitor.web.templating import day, pages

STEPS = {
    "ack": AlertState.ACKNOWLEDGED,
    "close": AlertState.CLOSED,
    "dismiss": AlertState.DISMISSED,
    "reopen": AlertState.OPEN,
    "withdraw": AlertState.DISMISSED,
}
EXPORTS = {"cap": "application/cap+xml", "csv": "text/csv; charset=utf-8"}
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
    found = desk.alert(alert_id)
    items = desk.shell.store.story_items(found.story, limit=PAGE)
    sheet = planning.sheet(desk.shell, found, items)
    planned = {one.step.id for one in sheet.plan.steps}
    return desk.page(
        request,
        "alert.html",
        alert=found,
        items=items,
        sheet=sheet,
        roles=desk.shell.playbooks.roles,
        tasks={step: row for step, row in sheet.steps.items() if step not in planned},
        events=desk.shell.store.alert_events(alert_id),
        told=desk.shell.store.alert_notices(alert_id),
        steps=[step for step, state in STEPS.items() if state is not found.state],
    )


@router.get("/alerts/{alert_id}/export/{form}")
def export(desk: AtDesk, alert_id: str, form: str) -> Response:
    """The alert for another system, as a file: CAP 1.2 or a table."""
    if form not in EXPORTS:
        raise Refused(*LOST)
    found = desk.alert(alert_id)
    told = told_of(desk.shell, found)
    [(name, content)] = exported(desk.shell, [told], form=form, profile=found.profile, tlp="amber")
    ending = name.rpartition(".")[2]
    headers = {"Content-Disposition": f'attachment; filename="alert-{found.id}.{ending}"'}
    return Response(content, media_type=EXPORTS[form], headers=headers)


@router.post("/alerts/{alert_id}/plan")
def plan_step(
    desk: AtDesk,
    by: ReviewerForm,
    alert_id: str,
    step: Annotated[str, Form(min_length=1, max_length=80)],
    state: Annotated[str, Form(pattern="^(open|done|skipped)$")],
    owner: Annotated[str, Form(max_length=100)] = "",
) -> RedirectResponse:
    """Tick a step of the plan or a task, or give it to somebody."""
    found, store, now = desk.alert(alert_id), desk.shell.store, desk.shell.clock()
    former = store.steps_of(alert_id).get(step)
    known = former or any(one.step.id == step for one in plan(desk.shell.playbooks, found).steps)
    if not known:
        raise Refused(*LOST)
    kept = {"note": former["note"], "due": former["due"], "owner": former["owner"]} if former else {}
    given = {"owner": spoken(owner, 100)} if owner.strip() else {}
    store.set_step(alert_id, step, state=state, author=by.name, at=now, **(kept | given))
    return RedirectResponse(f"/alerts/{alert_id}#plan", 303)


@router.post("/alerts/{alert_id}/task")
def add_task(
    desk: AtDesk,
    by: ReviewerForm,
    alert_id: str,
    text: Annotated[str, Form(min_length=1, max_length=500)],
    owner: Annotated[str, Form(max_length=100)] = "",
    due: Annotated[str, Form(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = "",
) -> RedirectResponse:
    """A task that no plan foresaw."""
    found, now = desk.alert(alert_id), desk.shell.clock()
    said = spoken(text, 500)
    if not said:
        raise Refused("wrong.html", 422)
    desk.shell.store.set_step(
        found.id,
        f"task-{token_hex(6)}",
        state="open",
        author=by.name,
        at=now,
        note=said,
        owner=spoken(owner, 100),
        due=day(due),
    )
    desk.shell.store.note_change(at=now, author=by.name, action="task", subject=f"alert {found.id}", note=said)
    return RedirectResponse(f"/alerts/{alert_id}#tasks", 303)


@router.post("/alerts/{alert_id}/correct")
def correct(
    desk: AtDesk,
    by: ReviewerForm,
    alert_id: str,
    level: Annotated[str, Form(pattern="^(blue|yellow|orange|red)$")],
    note: Annotated[str, Form(min_length=1, max_length=2000)],
    labels: Annotated[list[Tag] | None, Form()] = None,
) -> RedirectResponse:
    """Put level and tags right, with the reason."""
    found, said = desk.alert(alert_id), spoken(note, 2000)
    right = tuple(tag for tag in Tag if tag in (labels or found.labels))
    desk.shell.store.correct_alert(
        replace(found, level=Level.of(level), labels=right, revision=found.revision + 1),
        author=by.name,
        at=desk.shell.clock(),
        note=f"{found.level.word} → {level}: {said}",
    )
    desk.watch.changed()
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/step")
def step(
    desk: AtDesk,
    by: ReviewerForm,
    alert_id: str,
    step: Annotated[str, Form(pattern="^(ack|close|dismiss|reopen|withdraw)$")],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> RedirectResponse:
    state = STEPS[step]
    said = spoken(note, 2000)
    if not desk.shell.store.change_alert(
        alert_id,
        author=by.name,
        at=desk.shell.clock(),
        what="withdrawn" if step == "withdraw" else state.value,
        note=said,
        state=state,
    ):
        raise Refused(*LOST)
    desk.watch.changed()
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/assign")
def assign(
    desk: AtDesk, by: ReviewerForm, alert_id: str, owner: Annotated[str, Form(min_length=1, max_length=100)]
) -> RedirectResponse:
    name = spoken(owner, 100)
    if not desk.shell.store.change_alert(
        alert_id, author=by.name, at=desk.shell.clock(), what="assigned", note=name, owner=name
    ):
        raise Refused(*LOST)
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/note")
def note(
    desk: AtDesk, by: ReviewerForm, alert_id: str, note: Annotated[str, Form(min_length=1, max_length=2000)]
) -> RedirectResponse:
    if not desk.shell.store.note_alert(alert_id, author=by.name, at=desk.shell.clock(), note=spoken(note, 2000)):
        raise Refused(*LOST)
    return RedirectResponse(f"/alerts/{alert_id}", 303)
