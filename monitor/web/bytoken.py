"""Pages that a link in a mail opens, without a login: the token says who may do what.

Opening one changes nothing, since mail scanners open links too; acting takes a form, or the one
POST that mail programs send to unsubscribe. Source: RFC 8058
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from monitor.domain import Alert, AlertState, Stop, StopKind
from monitor.i18n import base_language, translator
from monitor.notify import words
from monitor.notify.tokens import Claim, Purpose, TokenError, read
from monitor.resources import in_package
from monitor.shell import Shell

ACTS = {"ack": AlertState.ACKNOWLEDGED, "dismiss": AlertState.DISMISSED}
UNDECIDED = (AlertState.OPEN, AlertState.ESCALATED)
FEEDS = {"atom": "application/atom+xml", "json": "application/feed+json"}


def make_router(shell: Shell) -> APIRouter:
    """The pages `/a/TOKEN` (an alert), `/u/TOKEN` (unsubscribe) and `/f/TOKEN.atom|json` (a profile's feed)."""
    router = APIRouter()

    def claim_of(token: str, purpose: Purpose) -> Claim | None:
        try:
            return read(shell.store.secret("links"), token, purpose=purpose, now=shell.clock())
        except TokenError:
            return None

    def page(request: Request, what: str, status: int = 200, **values: Any) -> HTMLResponse:
        language = base_language(request.headers.get("accept-language", "").split(",")[0].split(";")[0].strip())
        html = _environment(language).get_template("bytoken.html").render(what=what, language=language, **values)
        return HTMLResponse(html, status)

    def of_alert(request: Request, alert: Alert, done: str = "") -> HTMLResponse:
        wanted = request.query_params.get("do", "ack")
        say = translator(base_language(request.headers.get("accept-language", "").split(",")[0]))
        return page(
            request,
            "alert",
            title=words.headline(alert.title, say),
            done=done,
            undecided=alert.state in UNDECIDED,
            wanted=wanted if wanted in ACTS else "ack",
            level=f"{words.mark(alert.level)} {words.level_word(alert.level, say)}",
            state=words.state_word(alert.state, say),
        )

    @router.get("/a/{token}")
    def ask(request: Request, token: str) -> HTMLResponse:
        claim = claim_of(token, Purpose.ALERT)
        alert = shell.store.alert(claim.alert) if claim else None
        return of_alert(request, alert) if alert else page(request, "lost", 404)

    @router.post("/a/{token}")
    def act(
        request: Request,
        token: str,
        do: Annotated[str, Form(pattern="^(ack|dismiss)$")],
        why: Annotated[str, Form(max_length=2000)] = "",
    ) -> HTMLResponse:
        claim = claim_of(token, Purpose.ALERT)
        alert = shell.store.alert(claim.alert) if claim else None
        if claim is None or alert is None:
            return page(request, "lost", 404)
        if alert.state in UNDECIDED:
            state = ACTS[do]
            shell.store.change_alert(
                alert.id,
                author=claim.recipient,
                at=shell.clock(),
                what=state.value,
                note=" ".join(why.split()),
                state=state,
            )
            alert = shell.store.alert(alert.id) or alert
        return of_alert(request, alert, done=do)

    @router.get("/u/{token}")
    def ask_to_stop(request: Request, token: str) -> HTMLResponse:
        claim = claim_of(token, Purpose.UNSUBSCRIBE)
        return (
            page(request, "stop", claim=claim, stopped=_stopped(shell, claim)) if claim else page(request, "lost", 404)
        )

    @router.post("/u/{token}")
    def stop(request: Request, token: str, do: Annotated[str, Form()] = "stop") -> HTMLResponse:
        claim = claim_of(token, Purpose.UNSUBSCRIBE)
        if claim is None:
            return page(request, "lost", 404)
        if do == "subscribe":
            shell.store.resume(
                claim.recipient,
                kind=StopKind.UNSUBSCRIBED,
                profile=claim.profile,
                at=shell.clock(),
                author=claim.recipient,
            )
        else:
            wish = Stop(
                recipient=claim.recipient,
                channel=claim.channel,
                kind=StopKind.UNSUBSCRIBED,
                profile=claim.profile,
                at=shell.clock(),
                author=claim.recipient,
                why="by the link in a mail",
            )
            shell.store.stop(wish)
        return page(request, "stop", claim=claim, stopped=_stopped(shell, claim))

    @router.get("/f/{name}")
    def feed(request: Request, name: str) -> Response:
        from monitor.exporting import feed_of

        token, _dot, form = name.rpartition(".")
        claim = claim_of(token, Purpose.FEED)
        if claim is None or form not in FEEDS:
            return page(request, "lost", 404)
        return Response(feed_of(shell, claim.profile, form), media_type=FEEDS[form])

    return router


def _stopped(shell: Shell, claim: Claim) -> bool:
    return any(
        (stop.recipient, stop.channel, stop.kind) == (claim.recipient, claim.channel, StopKind.UNSUBSCRIBED)
        and stop.profile in ("", claim.profile)
        for stop in shell.store.stops()
    )


def _environment(language: str) -> Environment:
    found = Environment(
        loader=FileSystemLoader(in_package("web/templates")),
        autoescape=select_autoescape(default=True, default_for_string=True),
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.install_gettext_translations(translator(language), newstyle=True)  # type: ignore[attr-defined]
    return found
