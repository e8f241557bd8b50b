"""An item and what is said of it: the judgement of the classifier, the assessment, and people's verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.domain.words import Certainty, Severity, Stage, Tag, Trust, Urgency, VerdictKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What the classifier reads."""

    title: str
    summary: str = ""
    language: str = ""  # the feed's own claim, empty if none


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A word of the text that carried a tag; `weight` is its part of the log-odds."""

    word: str
    tag: Tag
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the classifier says of one text."""

    labels: tuple[Tag, ...] = ()  # at or above their thresholds, also when unsure
    probabilities: Mapping[Tag, float] = field(default_factory=dict)
    unsure: bool = False
    topics: tuple[str, ...] = ()
    language: str = ""
    countries: tuple[str, ...] = ()  # where the risk lies; empty for items without labels
    evidence: tuple[Evidence, ...] = ()
    model: str = ""  # version of the classifier

    @property
    def flagged(self) -> bool:
        """Somebody may have to hear of it."""
        return bool(self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """How bad, how soon, how sure: kept apart, as CAP 1.2 does, each with its reason in words."""

    severity: Severity = Severity.NONE
    urgency: Urgency = Urgency.UNKNOWN
    certainty: Certainty = Certainty.REPORTED
    stage: Stage | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry as it is stored, with what was judged of it (None until judged)."""

    id: int | None
    feed: str
    key: bytes
    title: str
    summary: str
    url: str
    published: datetime | None
    fetched: datetime
    baseline: bool = False  # already old when its feed was first read: never raises an alert
    trust: Trust = Trust.OTHER
    feed_language: str = ""
    feed_country: str = ""
    judgement: Judgement | None = None
    assessment: Assessment | None = None
    story: str = ""
    date_doubt: str = ""
    content_digest: bytes = b""
    duplicate_of: int | None = None  # the item, of this feed or another, whose text is nearly the same

    @property
    def ref(self) -> bytes:
        """Its identity across feeds, before and after it is stored."""
        return self.feed.encode() + b"\0" + self.key

    @property
    def moment(self) -> datetime:
        """When it happened as far as we know: its own date, never later than when we read it."""
        return self.fetched if self.published is None else min(self.published, self.fetched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reviewer said of an item; kept for ever, used for training and for the scorecard."""

    item_id: int
    kind: VerdictKind
    labels: tuple[Tag, ...]  # what is right, after the verdict
    author: str
    at: datetime
    why: str = ""
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """What new items have in common with others, by their `ref`."""

    bands: Mapping[bytes, tuple[int, ...]] = field(default_factory=dict)  # by which later ones find them
    duplicate_of: Mapping[bytes, tuple[int | bytes, float]] = field(default_factory=dict)  # id or ref, and likeness

    def __bool__(self) -> bool:
        return bool(self.bands or self.duplicate_of)
