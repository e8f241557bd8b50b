"""The application: one queue, one page an item, alerts, and whether the watch is awake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Form, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, select_autoescape

from monitor.domain import TAGS, AlertState, Item, Tag, Verdict, VerdictKind
from monitor.errors import StoreError
from monitor.i18n import LANGUAGES, base_language, translator
from monitor.notify import words
from monitor.resources import in_package
from monitor.shell import Shell
from monitor.warn.explain import why_of
from monitor.web.marks import marked
from monitor.web.security import Gate, check_address

PAGE = 50
STEPS = {
    "ack": AlertState.ACKNOWLEDGED,
    "close": AlertState.CLOSED,
    "dismiss": AlertState.DISMISSED,
    "reopen": AlertState.OPEN,
}


def make_app(shell: Shell, *, health: Callable[[], dict[str, Any]]) -> FastAPI:
    """The page of one installation. Raises: ConfigError when others could reach it without a password."""
    check_address(shell.settings)
    gate = Gate(shell.settings)
    app = FastAPI(title="monitor", docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(gate)
    app.mount("/static", StaticFiles(directory=in_package("web/static")), name="static")

    def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        language = _language(request, shell.settings.lang)
        known = {
            "language": language,
            "token": gate.token,
            "path": request.url.path,
            "author": request.cookies.get("author", ""),
            "done": _number(request.query_params.get("done", "")),
        }
        html = environment(language).get_template(template).render(**known, **values)
        response = HTMLResponse(html, status)
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie("lang", language, httponly=True, samesite="strict", max_age=31_536_000)
        return response

    def lost(request: Request) -> HTMLResponse:
        return page(request, "lost.html", 404)

    @app.exception_handler(StoreError)
    def storage_fails(request: Request, problem: StoreError) -> PlainTextResponse:
        return PlainTextResponse(f"{problem}\n", 503)

    @app.exception_handler(404)
    def nothing_there(request: Request, problem: Exception) -> HTMLResponse:
        return lost(request)

    @app.exception_handler(RequestValidationError)
    def not_as_asked(request: Request, problem: RequestValidationError) -> HTMLResponse:
        return page(request, "wrong.html", 422)

    @app.get("/health")
    def is_healthy() -> JSONResponse:
        found = health()
        return JSONResponse({"healthy": found["healthy"]}, 200 if found["healthy"] else 503)

    @app.get("/")
    def queue(request: Request, before: Annotated[int | None, Query(ge=1)] = None) -> HTMLResponse:
        items = shell.store.queue(limit=PAGE + 1, before_id=before)
        return page(
            request,
            "queue.html",
            items=items[:PAGE],
            more=items[PAGE - 1].id if len(items) > PAGE else None,
            count=shell.store.queue_length(),
            health=health(),
        )

    @app.get("/items/{item_id}")
    def item(request: Request, item_id: int) -> HTMLResponse:
        found = _item(shell, item_id)
        if found is None:
            return lost(request)
        verdict = shell.store.verdict_of(item_id)
        return page(
            request, "item.html", item=found, verdict=verdict, all_tags=TAGS, marked=marked, **_reasons(shell, found)
        )

    @app.post("/items/{item_id}/verdict", response_model=None)
    def give_verdict(
        request: Request,
        item_id: int,
        token: Annotated[str, Form()],
        verdict: Annotated[VerdictKind, Form()],
        labels: Annotated[list[Tag] | None, Form()] = None,
        why: Annotated[str, Form(max_length=2000)] = "",
        author: Annotated[str, Form(max_length=100)] = "",
    ) -> HTMLResponse | RedirectResponse:
        found = _item(shell, item_id)
        if found is None:
            return lost(request)
        if not gate.token_is_ours(token):
            return page(request, "expired.html", 403)
        given = Verdict(
            item_id=item_id,
            kind=verdict,
            labels=_right(verdict, found, labels or []),
            author=" ".join(author.split()) or "reviewer",
            at=shell.clock(),
            why=" ".join(why.split()),
        )
        shell.store.add_verdict(given)
        following = shell.store.queue(limit=1, before_id=item_id)
        target = f"/items/{following[0].id}" if following else "/"
        return _remembered(RedirectResponse(f"{target}?done={item_id}", 303), author)

    @app.post("/items/{item_id}/undo", response_model=None)
    def take_back(request: Request, item_id: int, token: Annotated[str, Form()]) -> HTMLResponse | RedirectResponse:
        if not gate.token_is_ours(token):
            return page(request, "expired.html", 403)
        verdict = shell.store.verdict_of(item_id) if item_id < 2**63 else None
        if verdict is None or verdict.id is None:
            return lost(request)
        shell.store.undo_verdict(verdict.id)
        return RedirectResponse(f"/items/{item_id}", 303)

    @app.get("/alerts")
    def alerts(request: Request, state: AlertState | None = None) -> HTMLResponse:
        since = None if state else shell.clock() - timedelta(days=30)
        found = shell.store.alerts(state=state, since=since)
        return page(
            request, "alerts.html", alerts=found[: PAGE * 4], total=len(found), states=list(AlertState), state=state
        )

    @app.get("/alerts/{alert_id}")
    def alert(request: Request, alert_id: str) -> HTMLResponse:
        found = shell.store.alert(alert_id)
        if found is None:
            return lost(request)
        return page(
            request,
            "alert.html",
            alert=found,
            items=shell.store.story_items(found.story, limit=PAGE),
            events=shell.store.alert_events(alert_id),
            told=shell.store.alert_notices(alert_id),
            steps=[step for step, state in STEPS.items() if state is not found.state],
        )

    @app.post("/alerts/{alert_id}/step", response_model=None)
    def step(
        request: Request,
        alert_id: str,
        token: Annotated[str, Form()],
        step: Annotated[str, Form(pattern="^(ack|close|dismiss|reopen)$")],
        author: Annotated[str, Form(max_length=100)] = "",
    ) -> HTMLResponse | RedirectResponse:
        if not gate.token_is_ours(token):
            return page(request, "expired.html", 403)
        state, who = STEPS[step], " ".join(author.split()) or "reviewer"
        if not shell.store.change_alert(alert_id, author=who, at=shell.clock(), what=state.value, state=state):
            return lost(request)
        return _remembered(RedirectResponse(f"/alerts/{alert_id}", 303), author)

    @app.get("/status")
    def status(request: Request) -> HTMLResponse:
        return page(request, "status.html", health=health())

    return app


@cache
def environment(language: str) -> Environment:
    """Templates that speak one language; everything put into them is escaped."""
    found = Environment(
        loader=FileSystemLoader(in_package("web/templates")),
        autoescape=select_autoescape(default=True, default_for_string=True),
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.install_gettext_translations(translator(language), newstyle=True)  # type: ignore[attr-defined]
    say = translator(language)
    found.filters["when"] = lambda moment: moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else "–"
    found.filters["link"] = safe_link
    found.filters["told"] = lambda reason: words.why(reason, say, language)
    found.filters["level"] = say.gettext
    found.filters["tag"] = lambda tag: words.tag_word(tag, say)
    found.filters["topics"] = lambda topics: words.joined([words.topic_word(topic, say) for topic in topics], say)
    found.filters["countries"] = lambda codes: words.joined([words.country_word(c, language) for c in codes], say)
    return found


def safe_link(url: str) -> str:
    """`url` where it is http(s), else nothing: feed text is hostile text."""
    clean = url if url.isprintable() else ""
    return clean if urlsplit(clean).scheme in ("http", "https") else ""


def _language(request: Request, default: str) -> str:
    asked = request.query_params.get("lang") or request.cookies.get("lang")
    if asked in LANGUAGES:
        return asked
    accepted = request.headers.get("accept-language", "")
    return base_language(accepted.split(",")[0].split(";")[0].strip()) if accepted else default


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _remembered(response: RedirectResponse, author: str) -> RedirectResponse:
    """The reviewer's name stays in the form."""
    name = " ".join(author.split())
    if name.isascii() and name.isprintable():
        response.set_cookie("author", name, httponly=True, samesite="strict", max_age=31_536_000)
    return response


def _item(shell: Shell, item_id: int) -> Item | None:
    return shell.store.item(item_id) if 0 < item_id < 2**63 else None


def _right(kind: VerdictKind, item: Item, labels: list[Tag]) -> tuple[Tag, ...]:
    if kind is VerdictKind.CONFIRM:
        return item.judgement.labels if item.judgement else ()
    return tuple(dict.fromkeys(labels)) if kind is VerdictKind.RELABEL else ()


def _reasons(shell: Shell, item: Item) -> dict[str, Any]:
    members = shell.store.story_items(item.story, limit=PAGE) if item.story else [item]
    alerts = {alert.profile: alert for alert in shell.store.alerts_of_story(item.story)} if item.story else {}
    return {
        "members": members,
        "answers": [why_of(item, members, profile, alerts.get(profile.name)) for profile in shell.profiles],
    }
