"""From the network to items: a feed, what is remembered of it, an answer, what it holds, and what a pass did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.domain.words import FeedFormat, FeedKind, Trust, aware


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
    paused: str = ""  # why it is listed and not polled; empty while it is polled


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
        aware(self.published, "published")


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
    items_waiting: int = 0  # for the classifier: nobody can say what is in them
    alerts_held: int = 0
