"""What every route of the page stands on: the installation, who asks, and pages in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Form, Request
from fastapi.responses import HTMLResponse

from monitor.domain import Alert, Item, Role
from monitor.i18n import LANGUAGES, base_language
from monitor.shell import Shell
from monitor.watching import Watch
from monitor.web.access import Access, Visitor
from monitor.web.jobs import Jobs
from monitor.web.security import Guesses, may, token_is_ours
from monitor.web.templating import environment, number

PAGE = 50


class Refused(Exception):  # noqa: N818  (an answer, not a fault)
    """The request cannot be granted: which page says so, and with which status."""

    def __init__(self, template: str, status: int) -> None:
        super().__init__(template)
        self.template, self.status = template, status


LOST = ("lost.html", 404)


@dataclass(frozen=True, slots=True)
class Desk:
    """One installation's page."""

    shell: Shell
    access: Access
    watch: Watch
    health: Callable[[], dict[str, Any]]
    jobs: Jobs
    guesses: Guesses = field(default_factory=Guesses)

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page in the reader's language, with what every page shows."""
        visitor: Visitor | None = getattr(request.state, "visitor", None)
        language = self.language(request)
        others = [(name, value) for name, value in request.query_params.multi_items() if name not in ("lang", "done")]
        known = {
            "language": language,
            "visitor": visitor,
            "token": visitor.form_token if visitor else self.access.form_token("stranger"),
            "can_review": may(request, Role.REVIEWER),
            "can_manage": may(request, Role.ADMIN),
            "path": request.url.path,
            "in_language": {code: f"?{urlencode([*others, ('lang', code)])}" for code in LANGUAGES},
            "done": number(request.query_params.get("done", "")),
            "now": self.shell.clock(),
            "pulse": self.watch.pulse() if visitor else None,
        }
        response = HTMLResponse(environment(language).get_template(template).render(known | values), status)
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie("lang", language, httponly=True, samesite="lax", max_age=31_536_000)
        return response

    def how_it_is(self) -> dict[str, Any]:
        """The installation's health at most a minute old: it counts everything that is stored."""
        return self.watch.kept("health", self.health, fresh_s=5, stale_s=60)

    def language(self, request: Request) -> str:
        """What the reader asked for, once or by their browser."""
        asked = request.query_params.get("lang") or request.cookies.get("lang")
        if asked in LANGUAGES:
            return asked
        accepted = request.headers.get("accept-language", "")
        first = accepted.split(",")[0].split(";")[0].strip()
        return base_language(first) if accepted else self.shell.settings.lang

    def item(self, item_id: int) -> Item:
        """One item. Raises: Refused where there is none."""
        found = self.shell.store.item(item_id) if 0 < item_id < 2**31 else None
        if found is None:
            raise Refused(*LOST)
        return found

    def alert(self, alert_id: str) -> Alert:
        """One alert. Raises: Refused where there is none."""
        found = self.shell.store.alert(alert_id)
        if found is None:
            raise Refused(*LOST)
        return found


def _desk(request: Request) -> Desk:
    found: Desk = request.app.state.desk
    return found


def _with_role(needed: Role) -> Callable[..., Visitor]:
    def check(request: Request, token: Annotated[str, Form(max_length=100)]) -> Visitor:
        visitor: Visitor | None = request.state.visitor
        if visitor is None or not token_is_ours(visitor, token):
            raise Refused("expired.html", 403)
        if not visitor.role.may(needed):
            raise Refused("forbidden.html", 403)
        return visitor

    return check


def _admin_reads(request: Request) -> None:
    if not may(request, Role.ADMIN):
        raise Refused("forbidden.html", 403)


AtDesk = Annotated[Desk, Depends(_desk)]
# A form that was filled in on one of our pages, by somebody who may: the visitor, who is its author.
ReviewerForm = Annotated[Visitor, Depends(_with_role(Role.REVIEWER))]
AdminForm = Annotated[Visitor, Depends(_with_role(Role.ADMIN))]
ADMINS_ONLY = Depends(_admin_reads)
