"""What it means: stories, the dates they set, the alerts raised on them, and the facts a decision rests on."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from monitor.domain.messages import Notice
from monitor.domain.profiles import BrandDay
from monitor.domain.words import AlertState, Certainty, DeadlineKind, Level, Severity, Stage, Tag, Urgency

SELF = "monitor"  # the author of what nobody but the service did


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Items that report the same event."""

    id: str  # digest of its first item, so that repeating the work gives the same story
    title: str
    url: str
    language: str
    first_seen: datetime
    last_seen: datetime
    labels: tuple[Tag, ...]
    topics: tuple[str, ...]
    countries: tuple[str, ...]
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    item_count: int = 1
    feeds: tuple[str, ...] = ()
    terms: tuple[
        tuple[int, int], ...
    ] = ()  # hashed words by which other items are recognised, and items that hold each


def _none(_ids: Sequence[str]) -> Iterable[Story]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStories:
    """What further reports of many stories are recognised by: a column each, an entry a story, the newest last.

    `terms` holds the words of all stories one after the other, each followed by how many items hold it, as signed
    64-bit integers; `sizes` says how many words each story has. `whole` reads stories with all that is known of them.
    """

    ids: Sequence[str] = ()
    languages: Sequence[str] = ()
    countries: Sequence[tuple[str, ...]] = ()
    last_seen: Sequence[datetime] = ()
    items: int = 0  # of all stories together
    sizes: Sequence[int] = ()
    terms: bytes = b""
    whole: Callable[[Sequence[str]], Iterable[Story]] = _none

    @classmethod
    def of(cls, stories: Iterable[Story]) -> OpenStories:
        """Stories that are at hand; one without words is no event that is reported."""
        held = {story.id: story for story in sorted(stories, key=lambda story: story.last_seen) if story.terms}
        return cls(
            ids=list(held),
            languages=[story.language for story in held.values()],
            countries=[story.countries for story in held.values()],
            last_seen=[story.last_seen for story in held.values()],
            items=sum(story.item_count for story in held.values()),
            sizes=[len(story.terms) for story in held.values()],
            terms=array("q", (n for story in held.values() for pair in story.terms for n in pair)).tobytes(),
            whole=lambda ids: [held[story] for story in ids],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A date that a story's texts set, or a policy's notice period; `sentence` is where it was read."""

    story: str
    kind: DeadlineKind
    on: date
    found: datetime
    sentence: str = ""
    stage: Stage | None = None
    url: str = ""
    reckoned: bool = False  # counted from the text's own date ("30 days after publication"), not written out


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTime:
    """One line of the ledger: how long before a date somebody knew."""

    alert: str
    profile: str
    title: str
    kind: DeadlineKind
    on: date
    first_seen: datetime  # by any feed
    alerted: datetime
    told: datetime | None = None  # the first message that left
    acknowledged: datetime | None = None

    @property
    def days(self) -> int:
        """Days between being told (else alerted) and the date; negative when it came too late."""
        return (self.on - (self.told or self.alerted).date()).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A story that concerns a profile."""

    id: str  # digest of profile and story
    profile: str
    story: str
    level: Level
    state: AlertState
    title: str
    url: str
    labels: tuple[Tag, ...]
    topics: tuple[str, ...]
    countries: tuple[str, ...]
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    points: int
    reasons: tuple[str, ...]
    opened: datetime
    updated: datetime
    revision: int = 1  # counts material changes
    held: bool = False  # over the budget: ranked and counted, not told
    owner: str = ""
    item_count: int = 1
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSilence:
    """Alerts of a profile that are raised and kept and told to nobody, until when, why and by whose word.

    What is empty lets everything through: a silence of a country holds for each of its tags.
    """

    profile: str
    begun: datetime
    until: datetime
    reason: str
    author: str
    country: str = ""
    tag: Tag | None = None
    topic: str = ""
    id: int = 0
    ended: datetime | None = None
    ended_by: str = ""

    @property
    def scope(self) -> str:
        """What it silences, in codes."""
        parts = (self.profile, self.country, self.tag.value if self.tag else "", self.topic)
        return " ".join(part for part in parts if part)

    def holds(self, alert: Alert, now: datetime) -> bool:
        """Whether `alert` is under it at that moment."""
        return (
            self.begun <= now < (self.ended or self.until)
            and alert.profile == self.profile
            and (not self.country or self.country in alert.countries)
            and (self.tag is None or self.tag in alert.labels)
            and (not self.topic or any(t == self.topic or t.startswith(f"{self.topic}.") for t in alert.topics))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The facts that a decision about new items rests on; `version` tells when they are stale."""

    version: int = 0
    stories: OpenStories = field(default_factory=OpenStories)
    alerts: Mapping[tuple[str, str], Alert] = field(default_factory=dict)  # by profile, story
    raised_today: Mapping[str, int] = field(default_factory=dict)  # by profile, not held


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows from new items: written in one transaction, or decided again."""

    version: int = 0
    story_of: Mapping[bytes, str] = field(default_factory=dict)  # by Item.ref
    stories: tuple[Story, ...] = ()
    alerts: tuple[Alert, ...] = ()
    notices: tuple[Notice, ...] = ()
    events: tuple[AlertEvent, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    mentions: tuple[BrandDay, ...] = ()  # to be added to what is counted already


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """One line of an alert's life."""

    alert: str
    at: datetime
    author: str
    what: str
    note: str = ""
