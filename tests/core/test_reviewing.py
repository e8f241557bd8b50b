"""What is kept of what people type."""

from __future__ import annotations

from monitor.reviewing import spoken


def test_what_cannot_be_seen_or_stored_is_not_kept() -> None:
    assert spoken(" a\r\nb\x00c \u202ed \ud800 <e> ") == "a b c d <e>"
    assert spoken("x" * 5000, 500) == "x" * 500
