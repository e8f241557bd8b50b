"""Is the watch awake, and which feeds are silent."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from monitor.web.desk import AtDesk

router = APIRouter()


@router.get("/status")
def status(request: Request, desk: AtDesk) -> HTMLResponse:
    return desk.page(request, "status.html", health=desk.how_it_is())
