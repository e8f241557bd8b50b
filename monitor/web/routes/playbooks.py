"""Response plans: every playbook with its steps, and steps of one's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor.domain import Level
from monitor.errors import ConfigError, UsageError
from monitor.setting_up.playbooks import drop_step, put_step
from monitor.web.desk import LOST, AdminForm, AtDesk, Refused
from monitor.web.routes.feeds import span

Text = Annotated[str, Form(max_length=500)]
Step = Annotated[str, Form(max_length=80)]
router = APIRouter()


@router.get("/setup/playbooks")
def playbooks(request: Request, desk: AtDesk) -> HTMLResponse:
    desk.shell.refresh()
    return desk.page(
        request,
        "playbooks.html",
        books=desk.shell.playbooks.by_id.values(),
        roles=desk.shell.playbooks.roles,
        file=desk.shell.settings.own_file("playbooks"),
    )


@router.get("/setup/playbooks/{book}")
def playbook(request: Request, desk: AtDesk, book: str) -> HTMLResponse:
    desk.shell.refresh()
    return _page(request, desk, book)


@router.post("/setup/playbooks/{book}/step", response_model=None)
def keep(
    request: Request,
    desk: AtDesk,
    by: AdminForm,
    book: str,
    level: Annotated[str, Form(pattern="^(blue|yellow|orange|red)$")],
    owner: Step,
    due: Annotated[str, Form(max_length=12)],
    en: Text = "",
    zh: Text = "",
    step: Step = "",
) -> HTMLResponse | RedirectResponse:
    given = {"level": level, "owner": owner, "due": due, "en": en, "zh": zh, "step": step}
    try:
        put_step(desk.shell, book, level=Level.of(level), owner=owner, due=due, en=en, zh=zh, author=by.name, step=step)
    except (ConfigError, UsageError) as problem:
        return _page(request, desk, book, given=given, problem=str(problem))
    return RedirectResponse(f"/setup/playbooks/{book}", 303)


@router.post("/setup/playbooks/{book}/remove", response_model=None)
def take_out(
    request: Request, desk: AtDesk, by: AdminForm, book: str, step: Annotated[str, Form(min_length=1, max_length=80)]
) -> HTMLResponse | RedirectResponse:
    try:
        drop_step(desk.shell, book, step, author=by.name)
    except (ConfigError, UsageError) as problem:
        return _page(request, desk, book, problem=str(problem))
    return RedirectResponse(f"/setup/playbooks/{book}", 303)


def _page(
    request: Request, desk: AtDesk, book: str, *, given: dict[str, str] | None = None, problem: str = ""
) -> HTMLResponse:
    found = desk.shell.playbooks.by_id.get(book)
    if found is None:
        raise Refused(*LOST)
    return desk.page(
        request,
        "playbook.html",
        422 if problem else 200,
        book=found,
        roles=desk.shell.playbooks.roles,
        spans={step.id: span(step.due.total_seconds()) for _level, step in found.steps},
        given=given or {"level": "orange", "owner": found.owner, "due": "1d"},
        problem=problem,
    )
