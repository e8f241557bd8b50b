"""Which classifier judges: train another from the verdicts, compare, promote, go back."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from monitor.teaching import models as known_models
from monitor.web.desk import AdminForm, AtDesk
from monitor.web.jobs import Job

COMMANDS = {
    "train": ("train",),
    "compare": ("model", "compare"),
    "promote": ("model", "promote"),
    "back": ("model", "back"),
}
router = APIRouter()


@router.get("/models")
def models(request: Request, desk: AtDesk) -> HTMLResponse:
    job = desk.jobs.last  # read once: it may end while the page is drawn
    return desk.page(
        request, "models.html", models=known_models(desk.shell), job=job, busy=job is not None and job.busy,
        verdicts=desk.shell.store.verdict_total(), compared=_compared(job) if job else [],
    )  # fmt: skip


def _compared(job: Job) -> list[dict[str, Any]]:
    """The gate's scores of what judges and of what was compared with it, where that is what the job did."""
    if job.code != 0 or not job.name.startswith("compare"):
        return []
    return [json.loads(line) for line in job.said.splitlines() if line.startswith("{")]


@router.post("/models")
def act(
    request: Request,
    desk: AtDesk,
    by: AdminForm,
    act: Annotated[str, Form(pattern="^(train|compare|promote|back)$")],
    digest: Annotated[str, Form(pattern="^(shipped|[0-9a-f]{0,64})$")] = "",
) -> RedirectResponse:
    chosen = [digest] if digest and act in ("compare", "promote") else []
    name, language = " ".join([act, digest[:12]]).strip(), desk.language(request)
    desk.jobs.start(name, [*COMMANDS[act], *chosen], author=by.name, language=language)
    return RedirectResponse("/models", 303)
