"""The application: gate, pages, API. Each page is a file of `routes`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles

from monitor import metrics
from monitor.errors import StoreError
from monitor.resources import in_package
from monitor.shell import Shell
from monitor.watching import Watch
from monitor.web import api, bytoken
from monitor.web.access import Access
from monitor.web.desk import LOST, Desk, Refused
from monitor.web.jobs import Jobs
from monitor.web.routes import (
    alerts,
    explore,
    feeds,
    ledger,
    login,
    missed,
    models,
    playbooks,
    recipients,
    review,
    setup,
    silences,
    status,
    today,
)
from monitor.web.security import Gate, check_address

ROUTES = (
    login, today, review, alerts, explore, ledger, missed, setup, silences, feeds, recipients, playbooks, models, status
)  # fmt: skip


def make_app(shell: Shell, *, health: Callable[[], dict[str, Any]]) -> FastAPI:
    """The page of one installation. Raises: ConfigError when others could reach it without a password."""
    access = Access(shell)
    check_address(shell.settings, has_users=access.has_users)
    desk = Desk(shell=shell, access=access, watch=Watch(shell), health=health, jobs=Jobs(shell))
    app = FastAPI(title="monitor", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.middleware("http")(Gate(shell.settings, access))
    app.mount("/static", Static(directory=in_package("web/static")), name="static")
    app.mount("/api", api.make_api(desk), name="api")
    app.include_router(bytoken.make_router(shell))
    for module in ROUTES:
        app.include_router(module.router)
    _tell_trouble(app, desk)

    @app.get("/health")
    def is_healthy() -> JSONResponse:
        status, told = metrics.health(desk.watch)
        return JSONResponse(told, status)

    @app.get("/metrics")
    def what_prometheus_asks() -> Response:
        return Response(metrics.text(shell, desk.watch), media_type=metrics.CONTENT_TYPE)

    return app


class Static(StaticFiles):
    """Static files; kept by browsers for long where the address tells the version."""

    async def get_response(self, path: str, scope: Any) -> Response:
        response = await super().get_response(path, scope)
        lasting = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return response


def _tell_trouble(app: FastAPI, desk: Desk) -> None:
    @app.exception_handler(StoreError)
    def storage_fails(request: Request, problem: StoreError) -> PlainTextResponse:
        return PlainTextResponse(f"{problem}\n", 503)

    @app.exception_handler(Refused)
    def refused(request: Request, problem: Refused) -> HTMLResponse:
        return desk.page(request, problem.template, problem.status)

    @app.exception_handler(404)
    def nothing_there(request: Request, problem: Exception) -> HTMLResponse:
        return desk.page(request, *LOST)

    @app.exception_handler(RequestValidationError)
    def not_as_asked(request: Request, problem: RequestValidationError) -> HTMLResponse:
        return desk.page(request, "wrong.html", 422)
