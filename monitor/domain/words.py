"""The words that values are made of: tags, kinds, scales and states, as the field calls them."""

from __future__ import annotations

from datetime import datetime
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


def aware(moment: datetime | None, what: str) -> None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{what} has no time zone: {moment!r}")
