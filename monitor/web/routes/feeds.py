"""The list of feeds as it can be changed: another by its address, one looked at, changed, paused, taken off."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor.domain import Feed, FeedKind
from monitor.errors import ConfigError, MonitorError, UsageError
from monitor.setting_up.feeds import append, change, found_at, listed, remove
from monitor.web.desk import LOST, AdminForm, AtDesk, Refused

Name = Annotated[str, Form(min_length=1, max_length=200)]
Value = Annotated[str, Form(max_length=200)]
router = APIRouter()


@router.get("/setup/feed")
def feed(request: Request, desk: AtDesk, name: Annotated[str, Query(min_length=1, max_length=200)]) -> HTMLResponse:
    return _page(request, desk, name)


@router.post("/setup/feed", response_model=None)
def keep(
    request: Request,
    desk: AtDesk,
    by: AdminForm,
    name: Name,
    kind: Value = "news",
    language: Value = "",
    country: Value = "",
    every: Value = "",
    trust: Value = "3",
    paused: Value = "",
) -> HTMLResponse | RedirectResponse:
    """Change what the list says of a feed; a reason under `paused` stops its polling, none lets it go on."""
    given = {
        "kind": kind, "language": language, "country": country.upper(), "every": every, "trust": trust,
        "paused": paused,
    }  # fmt: skip
    found = _listed(desk, name)
    changed = {key: value for key, value in given.items() if value.strip() != as_written(found)[key]}
    try:
        if changed:
            change(desk.shell, name, changed, author=by.name)
    except (ConfigError, UsageError) as problem:
        return _page(request, desk, name, given=given, problem=str(problem))
    desk.watch.changed()
    return RedirectResponse("/feeds", 303)


@router.post("/setup/feed/remove", response_model=None)
def take_off(request: Request, desk: AtDesk, by: AdminForm, name: Name) -> HTMLResponse | RedirectResponse:
    try:
        remove(desk.shell, name, author=by.name)
    except (ConfigError, UsageError) as problem:
        return _page(request, desk, name, problem=str(problem))
    desk.watch.changed()
    return RedirectResponse("/feeds", 303)


@router.get("/setup/feeds/add")
def ask(request: Request, desk: AtDesk) -> HTMLResponse:
    return desk.page(request, "feed_new.html", url="", problem="")


@router.post("/setup/feeds/add", response_model=None)
def add(
    request: Request, desk: AtDesk, by: AdminForm, url: Annotated[str, Form(min_length=1, max_length=2000)]
) -> HTMLResponse | RedirectResponse:
    """Find the feed of an address now, and write it into the list."""
    try:
        found, _entries = found_at(desk.shell, url)
        added = append(desk.shell, [found], author=by.name)
    except MonitorError as problem:
        return desk.page(request, "feed_new.html", 422, url=url, problem=str(problem))
    if not added:
        return desk.page(request, "feed_new.html", 422, url=url, problem="", known=found)
    desk.watch.changed()
    return RedirectResponse(f"/setup/feed?{_query(added[0])}", 303)


def as_written(feed: Feed) -> dict[str, str]:
    """A feed's changeable keys as its form shows them."""
    return {
        "kind": feed.kind.value,
        "language": feed.language,
        "country": feed.country,
        "every": span(feed.every.total_seconds()),
        "trust": str(int(feed.trust)),
        "paused": feed.paused,
    }


def span(seconds: float) -> str:
    """A duration as people write it: 30m, 6h, 1d."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"


def _query(feed: Feed) -> str:
    from urllib.parse import urlencode

    return urlencode({"name": feed.name})


def _listed(desk: AtDesk, name: str) -> Feed:
    for found in listed(desk.shell):
        if found.name == name:
            return found
    raise Refused(*LOST)


def _page(
    request: Request, desk: AtDesk, name: str, *, given: dict[str, str] | None = None, problem: str = ""
) -> HTMLResponse:
    found = _listed(desk, name)
    state = next((one for one in desk.shell.store.feed_states([found]) if one.feed.name == name), None)
    return desk.page(
        request,
        "feed.html",
        422 if problem else 200,
        feed=found,
        state=state,
        kinds=list(FeedKind),
        given=given or as_written(found),
        overruled=desk.shell.settings.poll_interval,
        problem=problem,
    )
