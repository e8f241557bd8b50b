"""Set up: profiles with a trial of the last month, recipients, users and the tokens of programs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor import setting_up
from monitor.domain import Role, Tag
from monitor.errors import ConfigError, UsageError
from monitor.web.access import ADMIN, digest_of, hash_password, new_token
from monitor.web.desk import ADMINS_ONLY, LOST, AdminForm, AtDesk, Refused, ReviewerForm

SHORTEST = 12  # characters of a password
router = APIRouter()


def _profile_form(
    name: Annotated[str, Form(max_length=60)] = "",
    title: Annotated[str, Form(max_length=200)] = "",
    countries: Annotated[str, Form(max_length=1000)] = "",
    keywords: Annotated[str, Form(max_length=4000)] = "",
    recipients: Annotated[str, Form(max_length=4000)] = "",
    language: Annotated[str, Form(pattern="^(en|zh)$")] = "en",
    timezone: Annotated[str, Form(max_length=60)] = "UTC",
    tags: Annotated[list[Tag] | None, Form()] = None,
    least: Annotated[str, Form(pattern="^(blue|yellow|orange|red)$")] = "blue",
    immediate: Annotated[str, Form(pattern="^(blue|yellow|orange|red)$")] = "orange",
    budget: Annotated[int, Form(ge=1, le=10_000)] = 50,
) -> dict[str, Any]:
    return {
        "name": name, "title": title, "countries": countries, "keywords": keywords, "recipients": recipients,
        "language": language, "timezone": timezone, "tags": [tag.value for tag in tags or []], "least": least,
        "immediate": immediate, "budget": budget,
    }  # fmt: skip


ProfileForm = Annotated[dict[str, Any], Depends(_profile_form)]


@router.get("/setup")
def setup(request: Request, desk: AtDesk) -> HTMLResponse:
    return desk.page(
        request,
        "setup.html",
        profiles=desk.shell.profiles,
        file=desk.shell.settings.profiles,
        feeds=len(desk.shell.feeds),
    )


@router.get("/setup/profile")
def new_profile(request: Request, desk: AtDesk) -> HTMLResponse:
    given = {
        "language": desk.language(request),
        "timezone": "UTC",
        "least": "blue",
        "immediate": "orange",
        "budget": 50,
    }
    return desk.page(request, "profile.html", given=given, trial=None, problem="", yaml="")


@router.post("/setup/profile/try")
def try_profile(request: Request, desk: AtDesk, by: ReviewerForm, given: ProfileForm) -> HTMLResponse:
    entry = setting_up.entry_of(given)
    try:
        profile = setting_up.profile_of(desk.shell, entry)
    except ConfigError as problem:
        return desk.page(request, "profile.html", 422, given=given, trial=None, problem=str(problem), yaml="")
    trial = setting_up.try_out(desk.shell, profile, now=desk.shell.clock())
    shown = setting_up.as_yaml([entry])
    return desk.page(request, "profile.html", given=given, trial=trial, problem="", yaml=shown)


@router.post("/setup/profile", response_model=None)
def keep_profile(request: Request, desk: AtDesk, by: AdminForm, given: ProfileForm) -> HTMLResponse | RedirectResponse:
    entry = setting_up.entry_of(given)
    try:
        setting_up.keep_profile(desk.shell, entry, author=by.name)
    except ConfigError as problem:
        shown = setting_up.as_yaml([entry])
        return desk.page(request, "profile.html", 422, given=given, trial=None, problem=str(problem), yaml=shown)
    return RedirectResponse("/setup", 303)


@router.get("/setup/profiles/{name}")
def profile(request: Request, desk: AtDesk, name: str) -> HTMLResponse:
    try:
        found = desk.shell.profile(name)
    except UsageError:
        raise Refused(*LOST) from None
    trial = setting_up.try_out(desk.shell, found, now=desk.shell.clock())
    return desk.page(request, "profile_seen.html", profile=found, trial=trial)


@router.get("/setup/people", dependencies=[ADMINS_ONLY])
def people(request: Request, desk: AtDesk) -> HTMLResponse:
    return _people(request, desk)


@router.post("/setup/people")
def put_user(
    request: Request,
    desk: AtDesk,
    by: AdminForm,
    name: Annotated[str, Form(min_length=1, max_length=100)],
    role: Annotated[Role, Form()],
    password: Annotated[str, Form(max_length=1000)] = "",
) -> HTMLResponse:
    called = " ".join(name.split())
    if not called.isprintable() or not called or called == ADMIN or 0 < len(password) < SHORTEST:
        return _people(request, desk, problem=True, status=422)
    desk.shell.store.put_user(
        called,
        role=role,
        at=desk.shell.clock(),
        author=by.name,
        password=hash_password(password) if password else None,
    )
    return _people(request, desk)


@router.post("/setup/tokens")
def put_token(
    request: Request,
    desk: AtDesk,
    by: AdminForm,
    name: Annotated[str, Form(min_length=1, max_length=100)],
    role: Annotated[Role, Form()],
) -> HTMLResponse:
    called, token = " ".join(name.split()), new_token()
    if not called.isprintable() or not called:
        return _people(request, desk, problem=True, status=422)
    desk.shell.store.put_token(digest_of(token), name=called, role=role, at=desk.shell.clock(), author=by.name)
    return _people(request, desk, made=token)


@router.post("/setup/people/remove")
def remove(desk: AtDesk, by: AdminForm, name: Annotated[str, Form(min_length=1, max_length=100)]) -> RedirectResponse:
    now = desk.shell.clock()
    desk.shell.store.drop_user(name, at=now, author=by.name)
    desk.shell.store.drop_token(name, at=now, author=by.name)
    return RedirectResponse("/setup/people", 303)


def _people(
    request: Request, desk: AtDesk, *, made: str = "", problem: bool = False, status: int = 200
) -> HTMLResponse:
    return desk.page(
        request,
        "people.html",
        status,
        users=desk.shell.store.users(),
        tokens=desk.shell.store.tokens(),
        roles=list(Role),
        made=made,
        problem=problem,
        shortest=SHORTEST,
    )
