"""What one installation gives another: stories without a word of whom they concern, marked and signed.

A bundle is JSON: what was published and how grave we hold it; no profile, no keyword, no
reason, no recipient, no owner, and no id that was made from one. It is signed with Ed25519, so
that whoever has the sender's public key can check it, and nobody can make one in their name.
Sources: FIRST, Traffic Light Protocol 2.0; RFC 8032
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.errors import BundleError
from monitor.i18n import _
from monitor.notify.plain import one_line, safe_link
from monitor.notify.standards.facts import Told, stamp

FORMAT = "monitor-bundle/1"
TLP = ("clear", "green", "amber", "amber+strict", "red")
SHARED_ON = ("clear", "green")  # colours that a receiver may pass on
MOST_BYTES = 20_000_000
ITEMS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """One report of a bundle, cleaned."""

    title: str
    url: str
    published: datetime | None
    story: str
    feed: str


def public_key(secret: bytes) -> str:
    """The key that peers check our bundles with, in hexadecimal. `secret`: 32 random bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw().hex()


def make(alerts: Sequence[Told], *, secret: bytes, sender: str, tlp: str, now: datetime) -> bytes:
    """The signed bundle of these alerts, one entry a story."""
    if tlp not in TLP:
        raise ValueError(f"TLP {tlp!r}: use {', '.join(TLP)}")
    by_story = {told.alert.story: told for told in alerts}
    document: dict[str, Any] = {
        "format": FORMAT,
        "sender": sender,
        "made": stamp(now),
        "tlp": tlp,
        "stories": [_story(told) for _story_id, told in sorted(by_story.items())],
    }
    return json.dumps(signed(document, secret=secret), ensure_ascii=False, indent=1).encode()


def signed(document: dict[str, Any], *, secret: bytes) -> dict[str, Any]:
    """The document with `key` and `signature`, an Ed25519 signature over all the rest in one agreed form."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    whole = document | {"key": public_key(secret)}
    signature = Ed25519PrivateKey.from_private_bytes(secret).sign(_form(whole))
    return whole | {"signature": base64.b64encode(signature).decode()}


def is_signed(document: dict[str, Any], *, key: str) -> bool:
    """Whether the holder of `key` (hexadecimal) signed this very document.

    Raises: ValueError, KeyError or TypeError for something that is no signed document.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    rest = {name: value for name, value in document.items() if name != "signature"}
    signature = base64.b64decode(document["signature"], validate=True)
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, _form(rest))
    except InvalidSignature:
        return False
    return True


def read(body: bytes, *, key: str) -> tuple[str, str, tuple[Shared, ...]]:
    """Sender, TLP colour and reports of a bundle signed with `key` (hexadecimal).

    Raises: BundleError when it is no bundle, was changed, or was signed by somebody else.
    """
    wrong = BundleError(_("this is not a bundle of monitor: ask its sender for a new one"))
    try:
        if len(body) > MOST_BYTES:
            raise wrong
        document = json.loads(body)
        if not is_signed(document, key=key):
            said = _("the signature is not this peer's: the bundle was changed, or comes from somebody else")
            raise BundleError(said)
        if document["format"] != FORMAT or document["tlp"] not in TLP:
            raise wrong
        shared = tuple(_shared(story, item) for story in document["stories"] for item in story["items"])
        return one_line(str(document["sender"]), 100), str(document["tlp"]), shared
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError) as problem:
        raise wrong from problem


def _story(told: Told) -> dict[str, Any]:
    alert = told.alert
    return {
        "story": alert.story,
        "title": one_line(alert.title),
        "level": alert.level.word,
        "labels": [tag.value for tag in alert.labels],
        "topics": list(alert.topics),
        "countries": list(alert.countries),
        "severity": int(alert.severity),
        "urgency": alert.urgency.value,
        "certainty": alert.certainty.value,
        "items": [
            {
                "title": one_line(item.title),
                "url": safe_link(item.url),
                "published": stamp(item.published) if item.published else "",
                "feed": one_line(item.feed, 100),
            }
            for item in told.items[:ITEMS]
        ],
    }


def _shared(story: dict[str, Any], item: dict[str, Any]) -> Shared:
    text = str(item["published"])
    title = one_line(str(item["title"]))
    if not title:
        raise ValueError("a report without a title")
    return Shared(
        title=title,
        url=safe_link(str(item["url"])),
        published=datetime.fromisoformat(text) if text else None,
        story=str(story["story"])[:32],
        feed=one_line(str(item["feed"]), 100),
    )


def _form(document: dict[str, Any]) -> bytes:
    """The bytes that the signature is over: the document without it, in one agreed form."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
