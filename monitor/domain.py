"""The nouns of the service. Imports nothing of ours; every time is aware and UTC.

Values travel in this order:
    Feed -> Fetched -> ParsedFeed(ItemSeen, Rejected) -> Judgement -> Assessment -> Item
         -> Story -> Match -> Alert -> Notice -> Message -> Verdict
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import IntEnum, StrEnum


class Tag(StrEnum):
    """The three kinds of risk; several may hold, or none. Source: docs/codebook.md#tags"""

    GEOPOLITICAL = "geopolitical"
    COMPLIANCE = "compliance"
    SUPPLY_CHAIN = "supply_chain"


TAGS: tuple[Tag, ...] = tuple(Tag)


class FeedKind(StrEnum):
    NEWS = "news"
    POLICY = "policy"
    REGULATOR = "regulator"
    SANCTIONS = "sanctions"
    TRADE = "trade"
    LOGISTICS = "logistics"
    DISASTER = "disaster"


class FeedFormat(StrEnum):
    """What stands at a feed's address: a feed of any dialect, a page to watch, or one of two public services."""

    FEED = "feed"
    PAGE = "page"
    GDELT = "gdelt"
    FEDERAL_REGISTER = "federal_register"
    ARTICLE = "article"  # the page of one item; never a feed of its own
    LINKS = "links"  # a page that may name its feed; never a feed of its own


class Trust(IntEnum):
    """How far a feed's word carries: 1 an authority itself, 2 an established desk, 3 everybody else."""

    OFFICIAL = 1
    ESTABLISHED = 2
    OTHER = 3


class Severity(IntEnum):
    """How bad for an exposed company. Source: docs/codebook.md#severity"""

    NONE = 0
    WATCH = 1
    WARNING = 2
    CRITICAL = 3


class Urgency(StrEnum):
    """How soon, in the words of CAP 1.2 (OASIS, 2010), element `urgency`."""

    IMMEDIATE = "immediate"
    EXPECTED = "expected"
    FUTURE = "future"
    PAST = "past"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """The status ladder, least certain first; denied and withdrawn stand beside it."""

    RUMOUR = "rumour"
    REPORTED = "reported"
    OFFICIAL = "official"
    IN_FORCE = "in_force"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


class Stage(StrEnum):
    """Where a policy stands."""

    PROPOSAL = "proposal"
    CONSULTATION = "consultation"
    ADOPTED = "adopted"
    PUBLISHED = "published"
    IN_FORCE = "in_force"


class Level(IntEnum):
    """The four-colour scale of Chinese public warnings, mildest first."""

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4

    @property
    def word(self) -> str:
        """The name used in tables, on the command line and in catalogues: `blue` … `red`."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Level:
        """The level called `word`. Raises: ValueError for any other word."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"unknown level {word!r}: use blue, yellow, orange or red") from None


class ProfileKind(StrEnum):
    """What a profile stands for. Source: 000#clusters, 002#platform"""

    ENTERPRISE = "enterprise"
    BRANCH = "branch"
    PARK = "park"
    CLUSTER = "cluster"


class ProfileState(StrEnum):
    """`sandbox`: matched and counted, nobody is told. `template`: only inherited from."""

    ACTIVE = "active"
    SANDBOX = "sandbox"
    TEMPLATE = "template"


class NameKind(StrEnum):
    """What a name of a profile means, most telling first."""

    SITE = "site"
    SUPPLIER = "supplier"
    LAW = "law"
    ROUTE = "route"
    PRODUCT = "product"
    BRAND = "brand"


class DeadlineKind(StrEnum):
    """What a date asks of the reader."""

    COMMENTS = "comments"  # a draft can be commented on until then
    TRANSITION = "transition"  # the old rule, or the grace, ends then
    IN_FORCE = "in_force"  # the rule applies from then on
    COVER_NOTICE = "cover_notice"  # an insurer has to have been told by then


class AlertState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    CLOSED = "closed"
    DISMISSED = "dismissed"


class Reason(StrEnum):
    """Why a recipient hears of an alert."""

    FIRST = "first"
    WORSENED = "worsened"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    DUE_SOON = "due_soon"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class MessageKind(StrEnum):
    NOTICE = "notice"
    DIGEST = "digest"
    BRIEF = "brief"
    TEST = "test"


class MessageState(StrEnum):
    """A message's life in the outbox: ready -> sending -> sent, or back to ready, or parked."""

    READY = "ready"
    SENDING = "sending"
    SENT = "sent"
    PARKED = "parked"


class StopKind(StrEnum):
    """Why an address is not written to: its server refuses it, or its owner wants no more."""

    PARKED = "parked"
    UNSUBSCRIBED = "unsubscribed"


class VerdictKind(StrEnum):
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    RELABEL = "relabel"
    MISSED = "missed"


def _aware(moment: datetime | None, what: str) -> None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{what} has no time zone: {moment!r}")


# --- from the network to items -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One public source as feeds.yaml describes it; `name` is its identity."""

    name: str
    url: str
    publisher: str = ""
    kind: FeedKind = FeedKind.NEWS
    language: str = ""  # BCP 47; empty when the feed mixes languages
    country: str = ""  # ISO 3166-1 alpha-2, `EU`, or empty for the world
    every: timedelta = timedelta(minutes=30)  # the shortest wait between two polls
    longest: timedelta | None = None  # the longest wait that a quiet feed may grow into; None: four times `every`
    trust: Trust = Trust.OTHER
    timezone: str = ""  # IANA zone that its undeclared or ambiguous dates mean
    format: FeedFormat = FeedFormat.FEED
    watch: str = ""  # of a page: CSS selector of the region that is watched
    select: str = ""  # of GDELT: words of which an entry's themes must hold one


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a feed changed while it was watched; both parts fade by half in two days."""

    watched_s: float = 0.0
    changes: float = 0.0  # polls that brought something new


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A feed that is quieter than its own habit, at the same weekdays and hours, makes likely."""

    usual: float  # items that its habit leads one to expect in that span
    found: int  # items that came in it
    hours: float  # length of the span
    weekday: int  # of the end of the span, UTC, Monday is 0
    hour: int
    once_in: int  # of so many such spans one is as quiet by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What the store remembers of a feed between two polls."""

    id: int
    feed: Feed
    etag: str = ""
    last_modified: str = ""
    body_digest: bytes = b""
    first_polled: datetime | None = None  # None: never answered yet, its first answer is baseline
    last_polled: datetime | None = None
    last_ok: datetime | None = None
    last_new: datetime | None = None
    next_poll: datetime | None = None
    failures: int = 0
    error: str = ""
    moved_to: str = ""
    polled_from: bool = True  # False: has left feeds.yaml, kept with its items, not polled
    rhythm: Rhythm = Rhythm()
    ttl_s: float = 0.0  # how long its last document asked to be left alone
    skips: str = ""  # hours (UTC) and days at which it asked not to be polled, such as "0,1,2 Sat,Sun"
    served_from: str = ""  # host of its last accepted answer
    held_from: str = ""  # address on another host that answers in its place, until somebody accepts it
    silence: Silence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The answer to one request. `error` is empty exactly when the body can be used or is unchanged."""

    state: FeedState
    status: int = 0  # 0: no answer at all
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    url: str = ""  # where the answer came from, after redirects
    moved_to: str = ""  # target when every redirect was permanent
    retry_after_s: float | None = None
    max_age_s: float | None = None
    error: str = ""
    put_off: bool = False  # not asked: its host has just asked us to come less often
    took_s: float = 0.0

    @property
    def unchanged(self) -> bool:
        """The server said 304: nothing to parse."""
        return self.status == 304 and not self.error


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSeen:
    """One entry of a feed, cleaned; `key` identifies it so that it is never stored twice."""

    key: bytes  # 16 bytes, unique within its feed
    title: str  # one line of plain text, never empty
    summary: str = ""  # plain text
    url: str = ""  # http(s), canonical; empty when the entry has no usable link
    published: datetime | None = None  # None when the feed gives no usable date
    date_doubt: str = ""  # what was wrong with the date, in words
    content_digest: bytes = b""  # 16 bytes of the normalised title and summary

    def __post_init__(self) -> None:
        if not self.title:
            raise ValueError("an item needs a title")
        if len(self.key) != 16:
            raise ValueError(f"an item's key has 16 bytes, not {len(self.key)}")
        _aware(self.published, "published")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An entry that was served and not kept, with the reason."""

    reason: str
    what: str = ""  # enough of the entry to recognise it


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """What a body holds. `entries_seen = len(entries) + len(rejected)`."""

    entries: tuple[ItemSeen, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    title: str = ""
    language: str = ""
    ttl: timedelta | None = None
    region: str = ""  # of a page: the lines that were watched, the text of an article, or addresses of feeds
    error: str = ""  # not a feed at all, or unreadable; entries is then empty


# --- what kind of risk -----------------------------------------------------------------------


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


# --- what it means, and for whom ---------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A person or desk that is told; language and zone belong to them, not to the installation."""

    address: str  # of mail; of another channel the name it is known by, since its URL is a secret
    channel: str = "email"  # or the scheme of its Apprise URL: wecombot, dingtalk, ntfy …
    language: str = "en"  # en, zh, or both: each sentence in the two, side by side
    timezone: str = "UTC"
    quiet: tuple[time, time] | None = None  # local hours in which only red is told
    url: str = field(default="", repr=False, compare=False)  # Apprise's, with its secrets; never stored

    @property
    def key(self) -> tuple[str, str]:
        """Who it is, whatever language or hours they chose."""
        return self.address, self.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A moment that comes back by the reader's clock: every day, or one day of the week (0 is Monday)."""

    at: time
    weekday: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakeholder:
    """Somebody outside who has to be talked to about a site. Source: 001#III.4, 001#IV"""

    name: str
    role: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something of a profile that a text may name, by any of its names in any script."""

    kind: NameKind
    name: str
    aliases: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()  # phrases that hold a name and mean something else
    countries: tuple[str, ...] = ()
    stakeholders: tuple[Stakeholder, ...] = ()  # of a site


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """One insurance policy. Source: 004#finance"""

    insurer: str
    policy: str
    countries: tuple[str, ...] = ()  # empty: anywhere
    risks: tuple[str, ...] = ()  # tags and topics it pays for; empty: any
    amount: str = ""  # as the policy says it, such as "20,000,000 USD"
    notice: timedelta = timedelta(days=30)  # from the first alert until the insurer has to know
    contact: str = ""


# How long an alert of this level may wait until somebody acknowledges it.
ESCALATE_AFTER: Mapping[Level, timedelta] = {Level.ORANGE: timedelta(hours=4), Level.RED: timedelta(hours=2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An enterprise, branch or cluster and what it cares about. Empty gates let everything through."""

    name: str
    title: str = ""
    kind: ProfileKind = ProfileKind.ENTERPRISE
    state: ProfileState = ProfileState.ACTIVE
    sectors: tuple[str, ...] = ()  # ISIC sections and divisions, HS chapters, as in seeds/sectors.yaml
    names: tuple[Named, ...] = ()  # sites, suppliers, products, brands, routes, laws
    exposure: tuple[tuple[str, float], ...] = ()  # country, percent of the business
    covers: tuple[Cover, ...] = ()
    countries: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    keywords: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    least: Level = Level.BLUE  # milder alerts are not raised
    immediate: Level = Level.ORANGE  # from here on told at once; milder waits for the digest
    budget: int = 50  # alerts a day; the rest is ranked, held back and counted
    digest_every: timedelta = timedelta(days=1)
    digest_when: Calendar | None = None  # by the recipients' clocks, before `digest_every`
    brief_when: Calendar | None = None  # the weekly policy brief; None: not sent by itself
    escalate_after: Mapping[Level, timedelta] = field(default_factory=lambda: dict(ESCALATE_AFTER), hash=False)
    escalate_to: tuple[Recipient, ...] = ()  # headquarters: told of what nobody acknowledged in time

    @property
    def audience(self) -> tuple[Recipient, ...]:
        """Who is told: nobody while the profile is tried out."""
        return self.recipients if self.state is ProfileState.ACTIVE else ()

    @property
    def everybody(self) -> tuple[Recipient, ...]:
        """Whoever may be told of something, headquarters included."""
        return tuple(dict.fromkeys((*self.recipients, *self.escalate_to)))

    def named(self, kind: NameKind) -> tuple[Named, ...]:
        """Its names of one kind."""
        return tuple(named for named in self.names if named.kind is kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Why a story concerns a profile, or which rule held it back."""

    profile: str
    concerned: bool
    points: int
    reasons: tuple[str, ...]  # in words, for and against


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
class BrandDay:
    """How often a brand was named on one day (UTC), and in what tone."""

    profile: str
    brand: str
    day: date
    mentions: int = 0
    negative: int = 0
    positive: int = 0


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
class Notice:
    """The duty to tell one recipient of one alert, once per reason and revision."""

    alert: str
    recipient: Recipient
    reason: Reason
    revision: int
    immediate: bool  # at once, or in the next digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one recipient, frozen: every attempt sends the same bytes."""

    message_id: str  # digest of what it says to whom; never of the attempt
    kind: MessageKind
    recipient: str
    channel: str
    profile: str
    subject: str
    body: bytes  # RFC 5322, with Date
    created: datetime
    period: str = ""  # of a digest: its end, ISO 8601
    notices: tuple[Notice, ...] = ()
    id: int | None = None
    state: MessageState = MessageState.READY
    attempts: int = 0
    next_try: datetime | None = None
    error: str = ""
    sent: datetime | None = None


class Role(StrEnum):
    """What somebody may do on the page and through the API, each with all that stands before it."""

    READER = "reader"
    REVIEWER = "reviewer"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        """Whether this role includes `needed`."""
        order = tuple(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An address that is not written to, since when, why and by whose hand; kept when it has ended."""

    recipient: str
    channel: str
    kind: StopKind
    at: datetime
    author: str
    profile: str = ""  # empty: whatever the profile
    why: str = ""
    ended: datetime | None = None
    ended_by: str = ""


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


# --- people review --------------------------------------------------------------------------------


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
class PollOutcome:
    """What one pass did; `entries_seen = items_new + duplicates + rejected`."""

    feeds: int = 0
    reached: int = 0
    unchanged: int = 0
    failed: int = 0
    entries_seen: int = 0
    items_new: int = 0
    duplicates: int = 0
    rejected: int = 0
    items_flagged: int = 0
    alerts_new: int = 0
    sent: int = 0
    took_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUpdate:
    """What is written back of one feed after a poll, with its items in the same transaction."""

    feed_id: int
    polled: datetime
    next_poll: datetime
    ok: bool
    etag: str = ""
    last_modified: str = ""
    body_digest: bytes = b""
    failures: int = 0
    error: str = ""
    moved_to: str = ""
    new_items: int = 0
    rhythm: Rhythm = Rhythm()
    ttl_s: float = 0.0
    skips: str = ""
    served_from: str = ""
    held_from: str = ""
    entries: int | None = None  # in the document; None where there was none to read


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """What new items have in common with others, by their `ref`."""

    bands: Mapping[bytes, tuple[int, ...]] = field(default_factory=dict)  # by which later ones find them
    duplicate_of: Mapping[bytes, tuple[int | bytes, float]] = field(default_factory=dict)  # id or ref, and likeness

    def __bool__(self) -> bool:
        return bool(self.bands or self.duplicate_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The facts that a decision about new items rests on; `version` tells when they are stale."""

    version: int = 0
    stories: tuple[Story, ...] = ()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Proof that a quiet period was watched. Source: design promise 'no false calm'."""

    since: datetime
    until: datetime
    feeds_due: int = 0
    feeds_reached: int = 0
    feeds_stale: tuple[str, ...] = ()  # names of those that failed
    feeds_silent: tuple[tuple[str, Silence], ...] = ()  # those that answer and are quieter than their habit
    countries_live: tuple[str, ...] = ()
    items_read: int = 0
    items_baseline: int = 0
    items_flagged: int = 0
    alerts_held: int = 0
