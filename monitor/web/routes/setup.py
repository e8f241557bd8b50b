"""Set up: profiles with a trial of the last month, recipients, users and the tokens of programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor.domain import Profile, Role
from monitor.errors import ConfigError, UsageError
from monitor.setting_up.profiles import keep, profile_of, try_out
from monitor.warn.cover import concentration, herd
from monitor.warn.profile_write import QUESTIONS, as_yaml, entry_of, examples
from monitor.warn.rehearsal import Rehearsal
from monitor.web.access import ADMIN, digest_of, hash_password, new_token
from monitor.web.desk import ADMINS_ONLY, LOST, AdminForm, AtDesk, Desk, Refused, ReviewerForm

SHORTEST = 12  # characters of a password
router = APIRouter()


Answer = Annotated[str, Form(max_length=4000)]


def _answers(
    name: Answer = "", like: Answer = "", countries: Answer = "", sectors: Answer = "", partners: Answer = "",
    routes: Answer = "", laws: Answer = "", tell: Answer = "",
) -> dict[str, str]:  # fmt: skip
    given = (name, like, countries, sectors, partners, routes, laws, tell)
    return {key: text.strip() for (key, _question), text in zip(QUESTIONS, given, strict=True)}


Answers = Annotated[dict[str, str], Depends(_answers)]


@router.get("/setup")
def setup(request: Request, desk: AtDesk) -> HTMLResponse:
    desk.shell.refresh()
    return desk.page(
        request,
        "setup.html",
        profiles=desk.shell.profiles,
        file=desk.shell.settings.own_file("profiles"),
        feeds=len(desk.shell.feeds),
        silences=len(desk.shell.store.silences(at=desk.shell.clock())),
        herd=herd(desk.shell.profiles),
    )


@router.get("/setup/profile")
def new_profile(request: Request, desk: AtDesk) -> HTMLResponse:
    return _asked(request, desk, {})


@router.post("/setup/profile/try")
def try_profile(request: Request, desk: AtDesk, by: ReviewerForm, given: Answers) -> HTMLResponse:
    try:
        entry = entry_of(given)
        profile = profile_of(desk.shell, entry)
    except (ConfigError, UsageError) as problem:
        return _asked(request, desk, given, problem=str(problem))
    trial = try_out(desk.shell, profile, now=desk.shell.clock())
    return _asked(request, desk, given, trial=trial, yaml=as_yaml([entry]))


@router.post("/setup/profile", response_model=None)
def keep_profile(request: Request, desk: AtDesk, by: AdminForm, given: Answers) -> HTMLResponse | RedirectResponse:
    try:
        keep(desk.shell, [entry_of(given)], author=by.name)
    except (ConfigError, UsageError) as problem:
        return _asked(request, desk, given, problem=str(problem))
    return RedirectResponse("/setup", 303)


@router.get("/setup/profiles/{name}")
def profile(request: Request, desk: AtDesk, name: str) -> HTMLResponse:
    return _seen(request, desk, _known(desk, name), None)


@router.post("/setup/profiles/{name}/try")
def try_known(request: Request, desk: AtDesk, by: ReviewerForm, name: str) -> HTMLResponse:
    found = _known(desk, name)
    trial = try_out(desk.shell, found, now=desk.shell.clock())
    return _seen(request, desk, found, trial)


def _seen(request: Request, desk: Desk, profile: Profile, trial: Rehearsal | None) -> HTMLResponse:
    spread = concentration(profile)
    return desk.page(request, "profile_seen.html", profile=profile, spread=spread, trial=trial)


def _known(desk: Desk, name: str) -> Profile:
    try:
        return desk.shell.profile(name)
    except UsageError:
        raise Refused(*LOST) from None


def _asked(
    request: Request,
    desk: AtDesk,
    given: dict[str, str],
    *,
    problem: str = "",
    trial: Rehearsal | None = None,
    yaml: str = "",
) -> HTMLResponse:
    return desk.page(
        request,
        "profile.html",
        422 if problem else 200,
        questions=QUESTIONS,
        examples=examples(),
        given=given,
        problem=problem,
        trial=trial,
        yaml=yaml,
    )


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
