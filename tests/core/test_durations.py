"""Moments as people type them: a date, or so long before or after now."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import UsageError
from monitor.text.durations import moment_of
from monitor.text.places import country_of

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_a_date_or_a_span_is_a_moment() -> None:
    assert moment_of("2026-11-24T16:00+08:00", NOW, ahead=True) == NOW
    assert moment_of("2026-11-24", NOW, ahead=False) == datetime(2026, 11, 24, tzinfo=UTC)
    assert moment_of("2d", NOW, ahead=False) == NOW - timedelta(days=2)
    assert moment_of("90m", NOW, ahead=True) == NOW + timedelta(minutes=90)


@pytest.mark.parametrize("text", ["", "x", "900000d", "9" * 400 + "d", "0001-01-01T00:00+14:00", "2026-02-30", "-2d"])
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="neither a date"):
        moment_of(text, NOW, ahead=False)


@given(text=st.text(max_size=40), ahead=st.booleans())
def test_any_text_is_a_moment_in_utc_or_told(text: str, ahead: bool) -> None:
    with suppress(UsageError):
        assert moment_of(text, NOW, ahead=ahead).utcoffset() == timedelta(0)


def test_a_country_is_a_code_of_the_standard() -> None:
    assert country_of(" de ") == "DE"
    for text in ("Q", "QQ", "DEU", "Germany", ""):
        with pytest.raises(UsageError, match="ISO 3166"):
            country_of(text)
