"""In and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor.web.access import COOKIE
from monitor.web.desk import AtDesk
from monitor.web.security import token_is_ours

router = APIRouter()


@router.get("/login")
def form(request: Request, desk: AtDesk, next: str = "/") -> HTMLResponse:
    return desk.page(request, "login.html", next=_inside(next), wrong=False, name="")


@router.post("/login", response_model=None)
def enter(
    request: Request,
    desk: AtDesk,
    name: Annotated[str, Form(max_length=100)] = "admin",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> HTMLResponse | RedirectResponse:
    address = desk.access.address_of(request)
    target = _inside(next)
    if desk.guesses.too_many(address):
        told = desk.page(request, "login.html", 429, next=target, wrong=False, slow=True, name=name)
        told.headers["Retry-After"] = "60"
        return told
    cookie = desk.access.login(name.strip(), password, former=request.cookies.get(COOKIE, ""))
    if cookie is None:
        desk.guesses.add(address)
        return desk.page(request, "login.html", 401, next=target, wrong=True, name=name)
    response = RedirectResponse(target, 303)
    secure = desk.shell.settings.page_url.startswith("https://")
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="lax", secure=secure, path="/")
    return response


@router.post("/logout", response_model=None)
def leave(
    request: Request, desk: AtDesk, token: Annotated[str, Form(max_length=100)]
) -> HTMLResponse | RedirectResponse:
    visitor = request.state.visitor
    if visitor is None or not token_is_ours(visitor, token):
        return desk.page(request, "expired.html", 403)
    if visitor.session:
        desk.access.logout(visitor.session)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _inside(target: str) -> str:
    """A page of ours to go on to, never another site: one path, no host, no backslash, nothing unprintable."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/")
    return target if ours and target.isprintable() and "\\" not in target and not target.startswith("//") else "/"
