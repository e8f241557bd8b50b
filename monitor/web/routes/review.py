"""The queue and the page of one item: verdicts, undone as easily as given."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor import reviewing
from monitor.domain import Item, Tag, VerdictKind
from monitor.shell import Shell
from monitor.warn.explain import why_of
from monitor.web.desk import LOST, PAGE, AtDesk, Desk, Refused, ReviewerForm
from monitor.web.marks import marked

AT_ONCE = 15  # cards of the queue
POOL = 150  # newest waiting items that are put in order
router = APIRouter()


@router.get("/queue")
def queue(
    request: Request,
    desk: AtDesk,
    skip: Annotated[int, Query(ge=0, le=POOL)] = 0,
    before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> HTMLResponse:
    store = desk.shell.store
    pool = store.queue(limit=POOL, before_id=before)
    ordered = [question.item for question in reviewing.questions(desk.shell, pool)]
    items = ordered[skip : skip + AT_ONCE]
    further = {"before": before} if before else {}
    if len(ordered) > skip + AT_ONCE:
        further["skip"] = skip + AT_ONCE
    elif len(pool) == POOL:
        further = {"before": pool[-1].id or 0}
    else:
        further = {}
    return desk.page(
        request,
        "queue.html",
        items=items,
        stories=_stories(desk, items),
        more=f"/queue?{urlencode(further)}" if further else "",
        count=desk.watch.pulse().to_review,
        marked=marked,
    )


@router.get("/items/{item_id}")
def item(request: Request, desk: AtDesk, item_id: int) -> HTMLResponse:
    found = desk.item(item_id)
    verdict = desk.shell.store.verdict_of(item_id)
    return desk.page(
        request,
        "item.html",
        item=found,
        stories=_stories(desk, [found]),
        verdict=verdict,
        marked=marked,
        **_reasons(desk.shell, found),
    )


@router.post("/items/{item_id}/verdict")
def give_verdict(
    desk: AtDesk,
    by: ReviewerForm,
    item_id: int,
    verdict: Annotated[str, Form(pattern="^(confirm|relabel|dismiss(:[a-z_]{1,20})?)$")],
    labels: Annotated[list[Tag] | None, Form()] = None,
    why: Annotated[str, Form(max_length=2000)] = "",
    story: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    found = desk.item(item_id)
    kind, _colon, reason = verdict.partition(":")
    if reason and reason not in reviewing.DISMISSALS:
        raise Refused("wrong.html", 422)
    reviewing.give(
        desk.shell,
        found,
        VerdictKind(kind),
        author=by.name,
        labels=labels or [],
        reason=reason,
        note=why,
        whole_story=story,
    )
    desk.watch.changed()
    following = desk.shell.store.queue(limit=1, before_id=item_id)
    return RedirectResponse(f"/items/{following[0].id}?done={item_id}" if following else f"/queue?done={item_id}", 303)


@router.post("/items/{item_id}/undo")
def take_back(desk: AtDesk, by: ReviewerForm, item_id: int) -> RedirectResponse:
    if not reviewing.take_back(desk.shell, desk.item(item_id), author=by.name):
        raise Refused(*LOST)
    desk.watch.changed()
    return RedirectResponse(f"/items/{item_id}", 303)


@router.get("/items/{item_id}/merge")
def stories_to_join(request: Request, desk: AtDesk, item_id: int) -> HTMLResponse:
    found = desk.item(item_id)
    return desk.page(request, "merge.html", item=found, stories=reviewing.neighbours(desk.shell, found), marked=marked)


@router.post("/items/{item_id}/merge")
def join(
    desk: AtDesk, by: ReviewerForm, item_id: int, story: Annotated[str, Form(pattern="^[0-9a-z]{1,16}$")]
) -> RedirectResponse:
    if not reviewing.merge(desk.shell, desk.item(item_id), story, author=by.name):
        raise Refused(*LOST)
    return RedirectResponse(f"/items/{item_id}", 303)


def _stories(desk: Desk, items: list[Item]) -> dict[int | None, dict[str, Any]]:
    """Of each item: how many of its story wait for a verdict, and the story's alerts."""
    stories = list({item.story for item in items if item.story})
    waiting, alerts = desk.shell.store.unreviewed_counts(stories), desk.shell.store.alerts_of_stories(stories)
    return {item.id: {"waiting": waiting.get(item.story, 1), "alerts": alerts.get(item.story, [])} for item in items}


def _reasons(shell: Shell, item: Item) -> dict[str, Any]:
    members = shell.store.story_items(item.story, limit=PAGE) if item.story else [item]
    alerts = {alert.profile: alert for alert in shell.store.alerts_of_story(item.story)} if item.story else {}
    return {
        "members": members,
        "answers": [why_of(item, members, profile, alerts.get(profile.name)) for profile in shell.profiles],
    }
