"""Links that may do one thing for one recipient: signed, so that nobody else can make them.

A token stands in a mail; whoever has it may do what it names and nothing more. Opening its
page changes nothing: mail scanners open links too.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

MARK_BYTES = 16  # of the signature: guessing one takes 2**128 tries
MOST = 2000  # characters of a token


class Purpose(StrEnum):
    ALERT = "a"  # acknowledge it, or say that it is not relevant
    UNSUBSCRIBE = "u"  # of a profile
    FEED = "f"  # read a profile's alerts as a feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a token allows, and to whom it was given."""

    purpose: Purpose
    recipient: str = ""
    channel: str = "email"
    profile: str = ""
    alert: str = ""


class TokenError(ValueError):
    """Not a token of ours, or one whose time is over."""


def make(key: bytes, claim: Claim, *, until: datetime | None = None) -> str:
    """A token in letters, digits, `-`, `_` and one dot; `until` ends it."""
    end = 0 if until is None else int(until.timestamp())
    said = [claim.purpose.value, claim.recipient, claim.channel, claim.profile, claim.alert, end]
    text = _text(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode())
    return f"{text}.{_text(_mark(key, text))}"


def read(key: bytes, token: str, *, purpose: Purpose, now: datetime) -> Claim:
    """What a token allows. Raises: TokenError when it is not ours, for something else, or over."""
    text, _dot, mark = token[:MOST].partition(".")
    try:
        if not hmac.compare_digest(_bytes(mark), _mark(key, text)):
            raise TokenError("not a token of this installation")
        kind, recipient, channel, profile, alert, end = json.loads(_bytes(text))
    except (binascii.Error, UnicodeError) as problem:
        raise TokenError("not a token") from problem
    if kind != purpose.value:
        raise TokenError("a token for something else")
    if end and now >= datetime.fromtimestamp(end, UTC):
        raise TokenError("its time is over")
    return Claim(purpose=purpose, recipient=recipient, channel=channel, profile=profile, alert=alert)


def _mark(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()[:MARK_BYTES]


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
