"""Who says what to whom, as one name: the same on every attempt, so that a repeat can be recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from monitor.domain import MessageKind, Notice


def domain_of(sender: str) -> str:
    """The domain that mail is sent from, which names this installation to others."""
    return sender.rpartition("@")[2].rstrip("> ") or "monitor.invalid"


def message_id(
    *,
    install_id: str,
    channel: str,
    recipient: str,
    kind: MessageKind,
    profile: str,
    period: str,
    notices: Sequence[Notice],
    domain: str = "monitor.invalid",
) -> str:
    """`<32 hex digits@domain>`, of what is said and to whom; never of the attempt or the clock.

    `period` is a digest's end in ISO 8601, empty for a notice. The order of `notices`
    does not matter. `domain` is the sender's, for servers that check it.
    Source: RFC 5322 section 3.6.4 for the form
    """
    said = sorted([notice.alert, str(notice.reason), notice.revision] for notice in notices)
    identity = [install_id, channel, recipient, str(kind), profile, period, said]
    digest = hashlib.sha256(json.dumps(identity, separators=(",", ":")).encode()).hexdigest()
    return f"<{digest[:32]}@{domain}>"
