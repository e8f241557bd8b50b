"""What the set-up pages change, for programs: silences, feeds, recipients and the steps of playbooks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from monitor.domain import AlertSilence, Feed, Level, Role, Tag
from monitor.errors import ConfigError, UsageError
from monitor.setting_up import feeds, playbooks, recipients
from monitor.setting_up.silences import begin
from monitor.web.access import Visitor
from monitor.web.desk import AtDesk
from monitor.web.routes.feeds import as_written

LevelWord = Literal["blue", "yellow", "orange", "red"]
Line = Annotated[str, Field(max_length=500)]
Word = Annotated[str, Field(max_length=100)]
FeedName = Annotated[str, Query(min_length=1, max_length=200)]
Address = Annotated[str, Query(min_length=1, max_length=320)]
Book = Annotated[str, Path(max_length=60)]
StepId = Annotated[str, Path(max_length=80)]


class SilenceIn(BaseModel):
    """What is told to nobody, until a date or for a span such as 7d, and why; what is empty lets everything through."""

    model_config = ConfigDict(extra="forbid")
    profile: Word
    until: Word
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    country: Annotated[str, Field(pattern="^([A-Za-z]{2})?$")] = ""
    tag: Tag | None = None
    topic: Annotated[str, Field(max_length=60)] = ""


class FeedIn(BaseModel):
    """The address of a feed, or of a page that has one."""

    model_config = ConfigDict(extra="forbid")
    url: Annotated[str, Field(min_length=1, max_length=2000)]
    watch: Annotated[str, Field(max_length=200, description="CSS selector: watch the page itself")] = ""


class FeedChange(BaseModel):
    """What the list says of a feed; `paused` is why it is not polled, empty lets it go on."""

    model_config = ConfigDict(extra="forbid")
    kind: Word | None = None
    language: Word | None = None
    country: Word | None = None
    every: Word | None = None
    trust: Literal["1", "2", "3"] | None = None
    paused: Annotated[str, Field(max_length=200)] | None = None


class RecipientIn(BaseModel):
    """Whom a profile tells; `quiet` as 22:00-07:00 in their zone."""

    model_config = ConfigDict(extra="forbid")
    address: Annotated[str, Field(min_length=1, max_length=320)]
    language: Literal["", "en", "zh", "both"] = ""
    timezone: Annotated[str, Field(max_length=64)] = ""
    quiet: Annotated[str, Field(max_length=11)] = ""


class StepIn(BaseModel):
    """A step of a response plan: by which role, within what time of the alert, from which level on."""

    model_config = ConfigDict(extra="forbid")
    level: LevelWord
    owner: Word
    due: Annotated[str, Field(max_length=12)]
    en: Line = ""
    zh: Line = ""


def add_setup(api: FastAPI, by: Any) -> None:
    """Put the set-up's operations into `api`; `by` finds out who asks for a change, at least a reviewer."""

    def manager(visitor: Visitor = Depends(by)) -> Visitor:
        if not visitor.role.may(Role.ADMIN):
            raise HTTPException(403, "this needs the role admin")
        return visitor

    reviewer, admin = Depends(by), Depends(manager)

    @api.exception_handler(ConfigError)
    @api.exception_handler(UsageError)
    def not_granted(request: Request, problem: Exception) -> Any:
        from fastapi.responses import JSONResponse

        return JSONResponse({"error": str(problem).encode("utf-8", "replace").decode()}, 422)

    _silences(api, reviewer)
    _feeds(api, admin)
    _recipients(api, admin)
    _playbooks(api, admin)


def _silences(api: FastAPI, reviewer: Any) -> None:
    @api.get("/silences")
    def silences(desk: AtDesk, all: bool = False) -> dict[str, Any]:
        """Silences in force; with `all` those that are over, too, newest first."""
        found = desk.shell.store.silences(at=None if all else desk.shell.clock())
        return {"rows": [_silence(one) for one in found]}

    @api.post("/silences", status_code=201)
    def silence(desk: AtDesk, given: SilenceIn, by: Visitor = reviewer) -> dict[str, Any]:
        """Silence a profile's alerts, or those of a country, tag or topic, until it ends by itself."""
        made = begin(
            desk.shell,
            given.profile,
            until=given.until,
            reason=given.reason,
            author=by.name,
            country=given.country,
            tag=given.tag,
            topic=given.topic,
        )
        return _silence(made)

    @api.delete("/silences/{number}")
    def end_silence(
        desk: AtDesk, number: Annotated[int, Path(ge=1, lt=2**31)], by: Visitor = reviewer
    ) -> dict[str, Any]:
        """End a silence before its time."""
        if not desk.shell.store.end_silence(number, at=desk.shell.clock(), author=by.name):
            raise HTTPException(404, "no silence of that number is in force")
        return {"ended": number}


def _feeds(api: FastAPI, admin: Any) -> None:
    @api.get("/feeds")
    def listed(desk: AtDesk) -> dict[str, Any]:
        """Every feed of the list, the paused ones too."""
        return {"rows": [_feed(feed) for feed in desk.shell.listed]}

    @api.post("/feeds", status_code=201)
    def add_feed(desk: AtDesk, given: FeedIn, by: Visitor = admin) -> dict[str, Any]:
        """Find the feed of an address now and add it to the list; `added` is false where it was there already."""
        found, entries = feeds.found_at(desk.shell, given.url, watch=given.watch)
        added = feeds.append(desk.shell, [found], author=by.name)
        return _feed(added[0] if added else found) | {"entries": entries, "added": bool(added)}

    @api.patch("/feeds")
    def change_feed(desk: AtDesk, name: FeedName, given: FeedChange, by: Visitor = admin) -> dict[str, Any]:
        """Change what the list says of the feed `name`."""
        values = {key: value for key, value in given.model_dump().items() if value is not None}
        if values:
            feeds.change(desk.shell, name, values, author=by.name)
        found = next((feed for feed in desk.shell.listed if feed.name == name), None)
        if found is None:
            raise HTTPException(404, "no feed is called so")
        return _feed(found)

    @api.delete("/feeds")
    def remove_feed(desk: AtDesk, name: FeedName, by: Visitor = admin) -> dict[str, Any]:
        """Take a feed off the list; its items stay."""
        feeds.remove(desk.shell, name, author=by.name)
        return {"removed": name}


def _recipients(api: FastAPI, admin: Any) -> None:
    @api.get("/profiles")
    def profiles(desk: AtDesk) -> dict[str, Any]:
        """Every profile with whom it tells; the addresses of chat channels are secrets and not shown."""
        return {
            "rows": [
                {
                    "name": profile.name,
                    "title": profile.title,
                    "countries": profile.countries,
                    "tags": profile.tags,
                    "least": profile.least.word,
                    "immediate": profile.immediate.word,
                    "recipients": [
                        {"address": r.address, "channel": r.channel, "language": r.language, "timezone": r.timezone}
                        | {"quiet": "-".join(f"{at:%H:%M}" for at in r.quiet) if r.quiet else ""}
                        for r in profile.recipients
                    ],
                }
                for profile in desk.shell.profiles
            ]
        }

    @api.put("/profiles/{profile}/recipients")
    def put_recipient(
        desk: AtDesk, profile: Annotated[str, Path(max_length=200)], given: RecipientIn, by: Visitor = admin
    ) -> dict[str, Any]:
        """Tell an address, or set the language, zone and quiet hours of one that is told."""
        made = recipients.put(desk.shell, profile, author=by.name, **given.model_dump())
        return {"address": made.address, "language": made.language, "timezone": made.timezone}

    @api.delete("/profiles/{profile}/recipients")
    def drop_recipient(
        desk: AtDesk, profile: Annotated[str, Path(max_length=200)], address: Address, by: Visitor = admin
    ) -> dict[str, Any]:
        """Tell an address no more."""
        recipients.drop(desk.shell, profile, address, author=by.name)
        return {"removed": address}


def _playbooks(api: FastAPI, admin: Any) -> None:
    @api.get("/playbooks")
    def books(desk: AtDesk) -> dict[str, Any]:
        """Every response plan with its steps, and the roles that may own one."""
        known = desk.shell.playbooks
        return {
            "roles": {role: asdict(told) for role, told in known.roles.items()},
            "rows": [
                {
                    "id": book.id,
                    "owner": book.owner,
                    "lens": book.lens,
                    "steps": [
                        {"id": step.id, "level": level.word, "owner": step.owner, "due_s": step.due.total_seconds()}
                        | asdict(step.text)
                        for level, step in book.steps
                    ],
                }
                for book in known.by_id.values()
            ],
        }

    @api.post("/playbooks/{book}/steps", status_code=201)
    def add_step(desk: AtDesk, book: Book, given: StepIn, by: Visitor = admin) -> dict[str, Any]:
        """Add a step of one's own."""
        return {"id": _put(desk, book, given, by, "")}

    @api.put("/playbooks/{book}/steps/{step}")
    def change_step(desk: AtDesk, book: Book, step: StepId, given: StepIn, by: Visitor = admin) -> dict[str, Any]:
        """Put a step right, wherever it is used."""
        return {"id": _put(desk, book, given, by, step)}

    @api.delete("/playbooks/{book}/steps/{step}")
    def drop_step(desk: AtDesk, book: Book, step: StepId, by: Visitor = admin) -> dict[str, Any]:
        """Take a step out of a playbook."""
        playbooks.drop_step(desk.shell, book, step, author=by.name)
        return {"removed": step}


def _put(desk: AtDesk, book: str, given: StepIn, by: Visitor, step: str) -> str:
    values = given.model_dump() | {"level": Level.of(given.level)}
    return playbooks.put_step(desk.shell, book, author=by.name, step=step, **values)


def _silence(one: AlertSilence) -> dict[str, Any]:
    return asdict(one) | {"tag": one.tag.value if one.tag else ""}


def _feed(feed: Feed) -> dict[str, Any]:
    from monitor.ingest.addresses import shown

    return {"name": feed.name, "url": shown(feed.url), "publisher": feed.publisher} | as_written(feed)
