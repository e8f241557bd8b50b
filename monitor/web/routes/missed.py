"""An event that the watch did not tell of: reported from anywhere, a label and a line of the scorecard."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor import reviewing
from monitor.domain import Tag
from monitor.text.normalise import canonical_url
from monitor.warn.profile_values import known_countries
from monitor.web.desk import AtDesk, ReviewerForm
from monitor.web.templating import safe_link

router = APIRouter()


@router.get("/missed")
def form(request: Request, desk: AtDesk) -> HTMLResponse:
    return desk.page(request, "missed.html", given={}, problem="")


@router.post("/missed", response_model=None)
def report(
    request: Request,
    desk: AtDesk,
    by: ReviewerForm,
    title: Annotated[str, Form(max_length=500)],
    link: Annotated[str, Form(max_length=2000)] = "",
    countries: Annotated[str, Form(max_length=200)] = "",
    labels: Annotated[list[Tag] | None, Form()] = None,
    why: Annotated[str, Form(max_length=2000)] = "",
) -> HTMLResponse | RedirectResponse:
    said, named = reviewing.spoken(title, 500), countries.upper().replace(",", " ").split()
    problem = (
        "title" if not said else "labels" if not labels else "link" if link.strip() and not safe_link(link.strip())
        else "countries" if set(named) - known_countries() else ""
    )  # fmt: skip
    if problem:
        given = {"title": title, "link": link, "countries": countries, "labels": labels or [], "why": why}
        return desk.page(request, "missed.html", 422, given=given, problem=problem)
    item_id = reviewing.report_missed(
        desk.shell,
        title=said,
        url=canonical_url(link.strip()) if link.strip() else "",
        countries=named,
        labels=labels or [],
        author=by.name,
        note=why,
    )
    return RedirectResponse(f"/items/{item_id}?done={item_id}", 303)
