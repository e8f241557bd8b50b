"""The name of a message: the same whenever it says the same to the same, and never otherwise."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.domain import MessageKind, Notice, Reason, Recipient
from monitor.notify.identity import message_id
from monitor.notify.retry import after_failure, retry_at

DESK = Recipient(address="desk@example.com")
NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def notice(alert: str, reason: Reason = Reason.FIRST, revision: int = 1) -> Notice:
    return Notice(alert=alert, recipient=DESK, reason=reason, revision=revision, immediate=True)


def identity(**changes: Any) -> str:
    given: dict[str, Any] = {
        "install_id": "inst-1",
        "channel": "email",
        "recipient": "desk@example.com",
        "kind": MessageKind.DIGEST,
        "profile": "pumps",
        "period": "2026-03-01T08:00:00+00:00",
        "notices": (notice("a1"), notice("a2")),
    }
    return message_id(**{**given, **changes})


def test_it_is_a_message_id_of_32_hex_digits() -> None:
    assert re.fullmatch(r"<[0-9a-f]{32}@monitor\.invalid>", identity())
    assert identity(domain="example.com").endswith("@example.com>")


def test_the_order_of_the_notices_does_not_matter() -> None:
    assert identity(notices=(notice("a2"), notice("a1"))) == identity()


@pytest.mark.parametrize(
    "changes",
    [
        {"install_id": "inst-2"},
        {"channel": "chat"},
        {"recipient": "other@example.com"},
        {"kind": MessageKind.NOTICE},
        {"profile": "valves"},
        {"period": "2026-03-02T08:00:00+00:00"},
        {"notices": ()},
        {"notices": (notice("a1"),)},
        {"notices": (notice("a1"), notice("a2", Reason.WORSENED))},
        {"notices": (notice("a1"), notice("a2", revision=2))},
        {"profile": "pumps2026", "period": "-03-01T08:00:00+00:00"},
    ],
)
def test_whatever_is_said_otherwise_has_another_name(changes: dict[str, Any]) -> None:
    assert identity(**changes) != identity()


def test_the_wait_doubles_from_the_base_to_sixty_times_the_base() -> None:
    waits = [retry_at(n, base=MINUTE, now=NOW, jitter=0.0) - NOW for n in range(1, 10)]
    assert [wait / MINUTE for wait in waits] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert retry_at(5000, base=MINUTE, now=NOW, jitter=0.0) - NOW == timedelta(hours=1)


def test_jitter_only_shortens_the_wait_and_by_a_fifth_at_most() -> None:
    assert retry_at(1, base=MINUTE, now=NOW, jitter=1.0) - NOW == timedelta(seconds=48)
    assert retry_at(3, base=timedelta(seconds=0.1), now=NOW, jitter=0.5) - NOW == timedelta(seconds=0.36)


def failed(attempts: int, *, permanent: bool = False, content: bool = False, age: timedelta = MINUTE) -> Any:
    return after_failure(
        attempts, permanent=permanent, content=content, created=NOW - age, base=MINUTE, now=NOW, jitter=0.0
    )


def test_trouble_of_the_server_is_retried_for_a_week() -> None:
    assert failed(200, age=timedelta(days=6, hours=23)) == NOW + timedelta(hours=1)
    assert failed(200, age=timedelta(days=7, hours=1)) is None


def test_a_refused_address_is_tried_three_times_over_a_day_and_then_parked() -> None:
    assert [failed(n, permanent=True) for n in (1, 2, 3)] == [NOW + timedelta(hours=12)] * 2 + [None]


def test_refused_content_is_tried_four_times_in_a_day_and_then_parked() -> None:
    tries = [failed(n, permanent=True, content=True) for n in (1, 2, 3, 4)]
    assert tries == [NOW + timedelta(hours=6)] * 3 + [None]
