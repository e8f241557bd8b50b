"""The same actions for programs: JSON under /api, described by OpenAPI at /api/openapi.json.

A client sends `Authorization: Bearer TOKEN` (`monitor web token NAME` makes one). Pages of our own
come with their session and send the form's token in `X-Form-Token`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Header, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from monitor import __version__, reviewing
from monitor.domain import Alert, AlertState, Item, Level, Role, Tag, VerdictKind
from monitor.errors import StoreError
from monitor.store.desk import AlertFilter
from monitor.store.items import ItemFilter
from monitor.text.normalise import canonical_url
from monitor.watching import MOST_COUNTED
from monitor.web.access import Visitor
from monitor.web.api_setup import add_setup
from monitor.web.desk import AtDesk, Desk
from monitor.web.routes.alerts import STEPS
from monitor.web.security import token_is_ours
from monitor.web.templating import safe_link

MOST = 500  # rows of one answer
ItemId = Annotated[int, Path(ge=1, lt=2**31)]
AlertId = Annotated[str, Path(min_length=1, max_length=16)]
Limit = Annotated[int, Query(ge=1, le=MOST)]


class Problem(BaseModel):
    """Why a request was not granted."""

    error: str


class VerdictIn(BaseModel):
    """What a reviewer says of an item; `labels` only with `relabel`, `reason` only with `dismiss`."""

    model_config = ConfigDict(extra="forbid")
    verdict: Literal["confirm", "dismiss", "relabel"]
    labels: list[Tag] = []
    reason: Literal["", "harmless", "past", "opinion", "single_firm", "duplicate", "not_my_country"] = ""
    note: Annotated[str, Field(max_length=2000)] = ""
    whole_story: bool = False


class StepIn(BaseModel):
    """One step in an alert's life."""

    model_config = ConfigDict(extra="forbid")
    step: Literal["ack", "close", "dismiss", "reopen", "assign", "note"]
    owner: Annotated[str, Field(max_length=100)] = ""
    note: Annotated[str, Field(max_length=2000)] = ""


class MissedIn(BaseModel):
    """An event that nobody was told of."""

    model_config = ConfigDict(extra="forbid")
    title: Annotated[str, Field(min_length=1, max_length=500)]
    link: Annotated[str, Field(max_length=2000)] = ""
    countries: Annotated[list[Annotated[str, Field(pattern="^[A-Z]{2}$")]], Field(max_length=20)] = []
    labels: Annotated[list[Tag], Field(min_length=1)]
    note: Annotated[str, Field(max_length=2000)] = ""


REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": what}
    for code, what in {
        400: "not served under that name",
        401: "no login or token",
        403: "not allowed, or sent from another site",
        404: "there is none",
        413: "too large",
        422: "not as described",
        503: "the database cannot be used",
    }.items()
}


def make_api(desk: Desk) -> FastAPI:
    """The API of one installation, to be mounted."""
    api = FastAPI(
        title="monitor",
        version=__version__,
        description=__doc__,
        docs_url=None,
        redoc_url=None,
        servers=[{"url": "/api"}],
        root_path_in_servers=False,
        responses=REFUSALS,
    )
    api.state.desk = desk
    _tell_trouble(api)
    _reads(api)
    _changes(api)
    add_setup(api, _by)
    return api


def _tell_trouble(api: FastAPI) -> None:
    @api.exception_handler(StoreError)
    def storage_fails(request: Request, problem: StoreError) -> JSONResponse:
        return JSONResponse({"error": str(problem)}, 503)

    @api.exception_handler(HTTPException)
    def refused(request: Request, problem: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(problem.detail)}, problem.status_code, headers=problem.headers)

    @api.exception_handler(404)
    def nothing_there(request: Request, problem: Exception) -> JSONResponse:
        return JSONResponse({"error": str(getattr(problem, "detail", "there is none"))}, 404)

    @api.exception_handler(RequestValidationError)
    def not_as_described(request: Request, problem: RequestValidationError) -> JSONResponse:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors()[:5])
        return JSONResponse({"error": said.encode("utf-8", "replace").decode()}, 422)


def _by(request: Request, x_form_token: Annotated[str, Header(max_length=100)] = "") -> Visitor:
    """Whoever asks for a change, as its author."""
    visitor: Visitor | None = request.state.visitor
    if visitor is None:
        raise HTTPException(401, "no login or token")
    if not token_is_ours(visitor, x_form_token):
        raise HTTPException(403, "the form's token is missing: open the page again")
    if not visitor.role.may(Role.REVIEWER):
        raise HTTPException(403, "this needs the role reviewer")
    return visitor


By = Annotated[Visitor, Depends(_by)]


def _reads(api: FastAPI) -> None:
    @api.get("/status")
    def status(desk: AtDesk) -> dict[str, Any]:
        """Is the watch awake."""
        return desk.how_it_is()

    @api.get("/items")
    def items(
        desk: AtDesk,
        tag: Tag | None = None,
        country: Annotated[str, Query(pattern="^([A-Za-z]{2})?$")] = "",
        feed: Annotated[str, Query(max_length=200)] = "",
        flagged: bool = False,
        q: Annotated[str, Query(max_length=200, description="words that the texts hold")] = "",
        before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """Stored items, newest first; `next` is the `before` of the next page."""
        wanted = ItemFilter(tag=tag, country=country, feed=feed, flagged=flagged, limit=limit, before_id=before)
        if q.strip():
            found = desk.shell.store.search(q, wanted)
            return {"rows": [item_json(item) for item in found.items], "next": found.before}
        return _page([item_json(item) for item in desk.shell.store.items(wanted)], limit)

    @api.get("/items/{item_id}")
    def item(desk: AtDesk, item_id: ItemId) -> dict[str, Any]:
        """One item with the verdict that counts."""
        verdict = desk.shell.store.verdict_of(item_id)
        told = {"kind": verdict.kind.value, "labels": verdict.labels, "author": verdict.author} if verdict else None
        return item_json(_item(desk, item_id)) | {"verdict": told}

    @api.get("/queue")
    def queue(
        desk: AtDesk, before: Annotated[int | None, Query(ge=1, lt=2**31)] = None, limit: Limit = 50
    ) -> dict[str, Any]:
        """What waits for a reviewer."""
        found = desk.shell.store.queue(limit=limit, before_id=before)
        return _page([item_json(item) for item in found], limit) | {
            "waiting": desk.shell.store.queue_length(most=MOST_COUNTED)
        }

    @api.get("/alerts")
    def alerts(
        desk: AtDesk,
        state: AlertState | None = None,
        level: Literal["blue", "yellow", "orange", "red"] | None = None,
        profile: Annotated[str, Query(max_length=200)] = "",
        country: Annotated[str, Query(pattern="^([A-Za-z]{2})?$")] = "",
        after: Annotated[str, Query(max_length=16)] = "",
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """Alerts, the gravest and newest first; `next` is the `after` of the next page."""
        chosen = Level.of(level) if level else None
        wanted = AlertFilter(state=state, level=chosen, profile=profile, country=country)
        behind = desk.shell.store.alert(after) if after else None
        found = desk.shell.store.alert_page(wanted, limit=limit, after=behind)
        return _page([alert_json(alert) for alert in found], limit)

    @api.get("/alerts/{alert_id}")
    def alert(desk: AtDesk, alert_id: AlertId) -> dict[str, Any]:
        """One alert with its items, its life and who was told."""
        found, store = _alert(desk, alert_id), desk.shell.store
        return alert_json(found) | {
            "items": [
                {"id": item.id, "title": item.title, "link": item.url, "feed": item.feed}
                for item in store.story_items(found.story, limit=MOST)
            ],
            "events": [
                {"at": event.at, "author": event.author, "what": event.what, "note": event.note}
                for event in store.alert_events(alert_id)
            ],
            "told": [dict(row) for row in store.alert_notices(alert_id)],
        }

    @api.get("/trail")
    def trail(
        desk: AtDesk, before: Annotated[int | None, Query(ge=1, lt=2**31)] = None, limit: Limit = 50
    ) -> dict[str, Any]:
        """Who changed what, newest first."""
        found = desk.shell.store.trail(limit=limit, before_id=before)
        return _page(
            [
                {"id": x.id, "at": x.at, "author": x.author, "action": x.action, "subject": x.subject, "note": x.note}
                for x in found
            ],
            limit,
        )


def _changes(api: FastAPI) -> None:
    @api.post("/items/{item_id}/verdict", status_code=201)
    def give_verdict(desk: AtDesk, by: By, item_id: ItemId, given: VerdictIn) -> dict[str, Any]:
        """Keep a verdict; answers with every item it was given to, and how many wait still."""
        done = reviewing.give(
            desk.shell,
            _item(desk, item_id),
            VerdictKind(given.verdict),
            author=by.name,
            labels=given.labels,
            reason=given.reason,
            note=given.note,
            whole_story=given.whole_story,
        )
        desk.watch.changed()
        return {"items": done, "waiting": desk.shell.store.queue_length(most=MOST_COUNTED)}

    @api.delete("/items/{item_id}/verdict")
    def take_back(desk: AtDesk, by: By, item_id: ItemId) -> dict[str, Any]:
        """Undo the verdict that counts for an item."""
        if not reviewing.take_back(desk.shell, _item(desk, item_id), author=by.name):
            raise HTTPException(404, "no verdict counts for this item")
        desk.watch.changed()
        return {"items": [item_id], "waiting": desk.shell.store.queue_length(most=MOST_COUNTED)}

    @api.post("/alerts/{alert_id}/step", status_code=201)
    def step(desk: AtDesk, by: By, alert_id: AlertId, given: StepIn) -> dict[str, Any]:
        """Acknowledge, close, dismiss, open again, assign, or add a note."""
        _alert(desk, alert_id)
        store, now, said = desk.shell.store, desk.shell.clock(), reviewing.spoken(given.note)
        if given.step == "note":
            store.note_alert(alert_id, author=by.name, at=now, note=said)
        elif given.step == "assign":
            owner = reviewing.spoken(given.owner, 100)
            store.change_alert(alert_id, author=by.name, at=now, what="assigned", note=said or owner, owner=owner)
        else:
            state = STEPS[given.step]
            store.change_alert(alert_id, author=by.name, at=now, what=state.value, note=said, state=state)
        desk.watch.changed()
        return alert_json(_alert(desk, alert_id))

    @api.post("/missed", status_code=201)
    def missed(desk: AtDesk, by: By, given: MissedIn) -> dict[str, Any]:
        """Report an event that nobody was told of; answers with the item that stands for it."""
        link = given.link.strip()
        if link and not safe_link(link):
            raise HTTPException(422, "link: only http and https")
        said = reviewing.spoken(given.title, 500)
        if not said:
            raise HTTPException(422, "title: say what happened")
        return {
            "item": reviewing.report_missed(
                desk.shell,
                title=said,
                url=canonical_url(link) if link else "",
                countries=given.countries,
                labels=given.labels,
                author=by.name,
                note=given.note,
            )
        }


def item_json(item: Item) -> dict[str, Any]:
    """An item as JSON, its keys as in `monitor items --json`."""
    judged = item.judgement
    return {
        "id": item.id,
        "feed": item.feed,
        "url": item.url,
        "title": item.title,
        "summary": item.summary,
        "language": judged.language if judged else "",
        "published": item.published,
        "fetched": item.fetched,
        "labels": judged.labels if judged else [],
        "probabilities": dict(judged.probabilities) if judged else {},
        "unsure": judged.unsure if judged else False,
        "topics": judged.topics if judged else [],
        "severity": int(item.assessment.severity) if item.assessment else 0,
        "countries": judged.countries if judged else [],
        "evidence": [{"word": e.word, "tag": e.tag, "weight": e.weight} for e in judged.evidence] if judged else [],
        "story": item.story,
    }


def alert_json(alert: Alert) -> dict[str, Any]:
    """An alert as JSON, its keys as in `monitor alerts --json`, without the items."""
    moments: dict[str, datetime] = {"opened": alert.opened, "updated": alert.updated}
    return {
        "id": alert.id,
        "profile": alert.profile,
        "level": alert.level.word,
        "state": alert.state.value,
        "title": alert.title,
        "url": alert.url,
        "labels": alert.labels,
        "topics": alert.topics,
        "countries": alert.countries,
        "severity": int(alert.severity),
        "certainty": alert.certainty.value,
        "story": alert.story,
        "reasons": alert.reasons,
        "owner": alert.owner,
        "held": alert.held,
        **moments,
    }


def _page(rows: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    return {"rows": rows, "next": rows[-1]["id"] if len(rows) == limit else None}


def _item(desk: Desk, item_id: int) -> Item:
    found = desk.shell.store.item(item_id)
    if found is None:
        raise HTTPException(404, "there is no such item")
    return found


def _alert(desk: Desk, alert_id: str) -> Alert:
    found = desk.shell.store.alert(alert_id)
    if found is None:
        raise HTTPException(404, "there is no such alert")
    return found
