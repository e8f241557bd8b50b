"""What can go wrong, and what the caller does about it.

    MonitorError
    ├── UsageError        the command line asks for something that does not exist   exit 2
    ├── ConfigError       a setting, feeds.yaml or profile is wrong                 exit 2
    ├── FetchError        one feed did not answer: later again, the rest goes on    recorded
    ├── ParseError        one feed cannot be read: flagged, the rest goes on        recorded
    ├── ArtefactError     the trained classifier is damaged or foreign              refused before loading
    ├── StoreError        the database cannot be read or written                    exit 1
    │   └── ConflictError somebody else decided first: read again, decide again     repeated
    ├── DeliveryError     one recipient was not reached: retried or parked          recorded
    └── GateError         a quality floor is not reached                            exit 3

Every message says what to do next and holds no secret. Whatever is not a
MonitorError is a bug and is logged with its traceback at the job's border.
"""

from __future__ import annotations


class MonitorError(Exception):
    """Root of everything we expect; `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(MonitorError):
    """The command line names a thing that does not exist."""

    exit_code = 2


class ConfigError(MonitorError):
    """A setting, feeds.yaml or a profile is wrong; the message names the place."""

    exit_code = 2


class FetchError(MonitorError):
    """One feed did not answer as it should."""

    def __init__(self, feed: str, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{feed}: {reason}")
        self.feed = feed
        self.reason = reason
        self.retry_after_s = retry_after_s


class ParseError(MonitorError):
    """One feed's body cannot be read as a feed."""

    def __init__(self, feed: str, reason: str) -> None:
        super().__init__(f"{feed}: {reason}")
        self.feed = feed
        self.reason = reason


class ArtefactError(MonitorError):
    """A trained classifier that must not be used: damaged, foreign, or of another version."""


class StoreError(MonitorError):
    """The database cannot be read or written."""


class ConflictError(StoreError):
    """What a decision was based on has changed meanwhile; decide again on fresh facts."""


class DeliveryError(MonitorError):
    """One message did not reach one recipient. `permanent`: trying again will not help."""

    def __init__(self, recipient: str, reason: str, *, permanent: bool, content: bool = False) -> None:
        super().__init__(f"{recipient}: {reason}")
        self.recipient = recipient
        self.reason = reason
        self.permanent = permanent
        self.content = content  # the server refused the text, not the address


class BundleError(MonitorError):
    """A peer's bundle cannot be trusted or read; nothing of it is taken in."""


class GateError(MonitorError):
    """A quality floor is not reached."""

    exit_code = 3
