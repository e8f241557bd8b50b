"""Whom each profile tells: address, language, time zone and quiet hours."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor.errors import ConfigError, UsageError
from monitor.setting_up.recipients import drop, put
from monitor.warn.recipients import LANGUAGES
from monitor.web.desk import AdminForm, AtDesk

Word = Annotated[str, Form(max_length=320)]
router = APIRouter()


@router.get("/setup/recipients")
def recipients(request: Request, desk: AtDesk) -> HTMLResponse:
    return _page(request, desk)


@router.post("/setup/recipients", response_model=None)
def keep(
    request: Request,
    desk: AtDesk,
    by: AdminForm,
    profile: Word,
    address: Word,
    language: Word = "",
    timezone: Word = "",
    quiet: Word = "",
) -> HTMLResponse | RedirectResponse:
    given = {"profile": profile, "address": address, "language": language, "timezone": timezone, "quiet": quiet}
    try:
        put(desk.shell, profile, address, language=language, timezone=timezone, quiet=quiet, author=by.name)
    except (ConfigError, UsageError) as problem:
        return _page(request, desk, given=given, problem=str(problem))
    return RedirectResponse("/setup/recipients", 303)


@router.post("/setup/recipients/remove", response_model=None)
def take_out(
    request: Request, desk: AtDesk, by: AdminForm, profile: Word, address: Word
) -> HTMLResponse | RedirectResponse:
    try:
        drop(desk.shell, profile, address, author=by.name)
    except (ConfigError, UsageError) as problem:
        return _page(request, desk, problem=str(problem))
    return RedirectResponse("/setup/recipients", 303)


def _page(request: Request, desk: AtDesk, *, given: dict[str, str] | None = None, problem: str = "") -> HTMLResponse:
    desk.shell.refresh()
    return desk.page(
        request,
        "recipients.html",
        422 if problem else 200,
        profiles=desk.shell.profiles,
        stops={(stop.recipient, stop.channel): stop for stop in desk.shell.store.stops()},
        languages=LANGUAGES,
        zones=sorted(available_timezones()),
        given=given or {},
        problem=problem,
    )
