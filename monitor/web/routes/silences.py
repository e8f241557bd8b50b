"""Silences: what nobody is told of for a while, by whose word and why; begun and ended early."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor.domain import Tag
from monitor.errors import UsageError
from monitor.notify.words import TOPICS
from monitor.setting_up.silences import begin
from monitor.web.desk import LOST, AtDesk, Refused, ReviewerForm

Text = Annotated[str, Form(max_length=2000)]
Word = Annotated[str, Form(max_length=100)]
Known = Annotated[str, Query(max_length=100)]
router = APIRouter()


@router.get("/setup/silences")
def silences(
    request: Request, desk: AtDesk, profile: Known = "", country: Known = "", tag: Known = "", topic: Known = ""
) -> HTMLResponse:
    """Every silence, and a form for another one: an alert's page fills it in beforehand."""
    return _page(request, desk, {"profile": profile, "country": country, "tag": tag, "topic": topic})


@router.post("/setup/silences", response_model=None)
def add(
    request: Request,
    desk: AtDesk,
    by: ReviewerForm,
    profile: Word,
    reason: Text = "",
    until: Word = "",
    country: Word = "",
    tag: Annotated[str, Form(pattern="^(|geopolitical|compliance|supply_chain)$")] = "",
    topic: Word = "",
) -> HTMLResponse | RedirectResponse:
    given = {
        "profile": profile, "country": country, "tag": tag, "topic": topic, "until": until, "reason": reason
    }  # fmt: skip
    try:
        begin(
            desk.shell,
            profile,
            until=until,
            reason=reason,
            author=by.name,
            country=country,
            tag=Tag(tag) if tag else None,
            topic=topic.strip(),
        )
    except UsageError as problem:
        return _page(request, desk, given, problem=str(problem))
    return RedirectResponse("/setup/silences", 303)


@router.post("/setup/silences/{number}/end")
def end(desk: AtDesk, by: ReviewerForm, number: int) -> RedirectResponse:
    if not 0 < number < 2**31 or not desk.shell.store.end_silence(number, at=desk.shell.clock(), author=by.name):
        raise Refused(*LOST)
    return RedirectResponse("/setup/silences", 303)


def _page(request: Request, desk: AtDesk, given: dict[str, str], *, problem: str = "") -> HTMLResponse:
    now = desk.shell.clock()
    every = desk.shell.store.silences()
    return desk.page(
        request,
        "silences.html",
        422 if problem else 200,
        running=[one for one in every if one.ended is None and one.begun <= now < one.until],
        over=[one for one in every if one.ended is not None or one.until <= now][:100],
        profiles=[profile.name for profile in desk.shell.profiles],
        topics=TOPICS,
        given=given,
        problem=problem,
    )
