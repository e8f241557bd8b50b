"""Verdicts of people, and the classifiers that learnt from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, and_, insert, select, update

from monitor.domain import Item, Verdict
from monitor.store.engine import inserted_id, reading, upsert, writing
from monitor.store.rows import item_query, joined, to_item, to_verdict, without_verdict
from monitor.store.schema import feeds, items, judgements, models, verdicts
from monitor.store.trail import write_trail

REPORTED = "reported by people"  # the feed under which missed events are kept; it is never polled


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A trained classifier in the table `models`; `files` is empty in listings."""

    digest: str
    created: datetime
    state: str
    manifest: Mapping[str, Any]
    scores: Mapping[str, Any]
    promoted: datetime | None = None
    files: bytes = b""


class ReviewDoor:
    """The part of the store that knows verdicts and models."""

    _engine: Engine

    def add_verdict(self, verdict: Verdict) -> int:
        """Keep a verdict; an earlier one of the same item is undone by it. Returns its id."""
        return self.add_verdicts([verdict])[0]

    def add_verdicts(self, given: Sequence[Verdict]) -> list[int]:
        """Keep verdicts, all or none; an earlier one of the same item is undone. Returns their ids."""
        ids = []
        with writing(self._engine) as connection:
            for verdict in given:
                earlier = and_(verdicts.c.item_id == verdict.item_id, ~verdicts.c.undone)
                connection.execute(update(verdicts).where(earlier).values(undone=True))
                ids.append(inserted_id(connection.execute(insert(verdicts), _row(verdict))))
                write_trail(
                    connection,
                    at=verdict.at,
                    author=verdict.author,
                    action=verdict.kind.value,
                    subject=f"item {verdict.item_id}",
                    note=" ".join(part for part in (joined(verdict.labels), verdict.why) if part),
                )
        return ids

    def undo_verdict(self, verdict_id: int) -> bool:
        """Take a verdict back; it stays on record. False when there is none that counts."""
        counts = and_(verdicts.c.id == verdict_id, ~verdicts.c.undone)
        with writing(self._engine) as connection:
            return connection.execute(update(verdicts).where(counts).values(undone=True)).rowcount == 1

    def undo_verdict_of(self, item_id: int, *, author: str, at: datetime) -> bool:
        """Take back the verdict that counts for an item; False when there is none."""
        counts = and_(verdicts.c.item_id == item_id, ~verdicts.c.undone)
        with writing(self._engine) as connection:
            undone = connection.execute(update(verdicts).where(counts).values(undone=True)).rowcount > 0
            if undone:
                write_trail(connection, at=at, author=author, action="undo", subject=f"item {item_id}")
        return undone

    def verdicts_of_story(self, story: str) -> dict[int, Verdict]:
        """The verdicts that count for a story's items, by item."""
        query = select(verdicts).join(items, items.c.id == verdicts.c.item_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(items.c.story == story, ~verdicts.c.undone))
            return {row.item_id: to_verdict(row) for row in rows}

    def unreviewed_of_story(self, story: str) -> list[Item]:
        """A story's flagged or unsure items that have no verdict, oldest first."""
        query = item_query().where(items.c.story == story, items.c.story != "", without_verdict(items.c.id))
        query = query.where(judgements.c.flagged | judgements.c.unsure).order_by(items.c.id)
        with reading(self._engine) as connection:
            return [to_item(row) for row in connection.execute(query)]

    def add_reported(self, item: Item, *, countries: Sequence[str]) -> int:
        """Keep an event that people reported as an item of its own; the same report is kept once. Returns its id."""
        with writing(self._engine) as connection:
            named = {"name": REPORTED, "url": "", "polled": False}
            connection.execute(upsert(connection, feeds).on_conflict_do_nothing(), named)
            feed_id = connection.execute(select(feeds.c.id).where(feeds.c.name == REPORTED)).scalar_one()
            same = select(items.c.id).where(items.c.feed_id == feed_id, items.c.key == item.key)
            if (known := connection.execute(same).scalar()) is not None:
                return int(known)
            row = {
                "feed_id": feed_id,
                "key": item.key,
                "content_key": item.key,
                "title": item.title,
                "summary": item.summary,
                "url": item.url,
                "fetched": item.fetched,
                "date_doubt": " ".join(["reported by people", *countries]),
                "baseline": True,
            }
            return inserted_id(connection.execute(insert(items), row))

    def verdict_of(self, item_id: int) -> Verdict | None:
        """The verdict that counts for an item."""
        query = select(verdicts).where(verdicts.c.item_id == item_id, ~verdicts.c.undone)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return to_verdict(row) if row else None

    def judged_by_people(self) -> list[tuple[Verdict, Item]]:
        """Every verdict that counts with its item, oldest first: what the classifier learns from."""
        with reading(self._engine) as connection:
            given = [to_verdict(row) for row in connection.execute(select(verdicts).where(~verdicts.c.undone))]
            of_items = item_query().where(items.c.id.in_(select(verdicts.c.item_id).where(~verdicts.c.undone)))
            by_id = {row.id: to_item(row) for row in connection.execute(of_items)}
        return [(verdict, by_id[verdict.item_id]) for verdict in sorted(given, key=lambda v: v.id or 0)]

    def add_model(self, model: StoredModel) -> None:
        """Keep a trained classifier; the same bytes are kept once."""
        row = {
            "digest": model.digest,
            "created": model.created,
            "state": model.state,
            "promoted": model.promoted,
            "manifest": dict(model.manifest),
            "scores": dict(model.scores),
            "files": model.files,
        }
        with writing(self._engine) as connection:
            connection.execute(upsert(connection, models).on_conflict_do_nothing(), row)

    def models(self) -> list[StoredModel]:
        """Classifiers of this installation, newest first, without their files."""
        columns = [column for column in models.c if column.name != "files"]
        with reading(self._engine) as connection:
            rows = connection.execute(select(*columns).order_by(models.c.created.desc())).all()
        return [StoredModel(**row._mapping) for row in rows]

    def promoted_model(self) -> StoredModel | None:
        """The classifier that judges, with its files; None while it is the shipped one."""
        with reading(self._engine) as connection:
            row = connection.execute(select(models).where(models.c.state == "promoted")).first()
        return StoredModel(**row._mapping) if row else None

    def model_files(self, digest: str) -> bytes:
        """The files of one classifier as a tar; empty for an unknown digest."""
        with reading(self._engine) as connection:
            return bytes(connection.execute(select(models.c.files).where(models.c.digest == digest)).scalar() or b"")

    def promoted_digest(self) -> str:
        """The digest of the classifier that judges; empty while it is the shipped one."""
        with reading(self._engine) as connection:
            return str(connection.execute(select(models.c.digest).where(models.c.state == "promoted")).scalar() or "")

    def promote_model(self, digest: str, *, at: datetime, author: str) -> None:
        """Let this classifier judge from now on; an empty digest means the shipped one."""
        with writing(self._engine) as connection:
            connection.execute(update(models).where(models.c.state == "promoted").values(state="former"))
            if digest:
                values = {"state": "promoted", "promoted": at}
                connection.execute(update(models).where(models.c.digest == digest).values(**values))
            subject = f"model {digest[:12] or 'shipped'}"
            write_trail(connection, at=at, author=author, action="promoted", subject=subject)


def _row(verdict: Verdict) -> dict[str, Any]:
    return {
        "item_id": verdict.item_id,
        "kind": verdict.kind.value,
        "labels": joined(verdict.labels),
        "author": verdict.author,
        "at": verdict.at,
        "why": verdict.why,
    }
