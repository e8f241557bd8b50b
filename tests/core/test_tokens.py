"""Links in mail: who may do what with them, and that nobody else can make one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.notify.tokens import Claim, Purpose, TokenError, make, read

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
KEY = b"k" * 32
CLAIM = Claim(purpose=Purpose.ALERT, recipient="台北@example.com", profile="泵 works", alert="a1")


def test_a_token_says_what_it_was_made_for() -> None:
    token = make(KEY, CLAIM)
    assert read(KEY, token, purpose=Purpose.ALERT, now=NOW) == CLAIM
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_a_token_is_for_one_purpose_one_installation_and_its_time() -> None:
    token = make(KEY, CLAIM, until=NOW + timedelta(days=1))
    assert read(KEY, token, purpose=Purpose.ALERT, now=NOW)
    for key, purpose, now in (
        (KEY, Purpose.UNSUBSCRIBE, NOW),
        (b"other" * 8, Purpose.ALERT, NOW),
        (KEY, Purpose.ALERT, NOW + timedelta(days=1)),
    ):
        with pytest.raises(TokenError):
            read(key, token, purpose=purpose, now=now)


@given(place=st.integers(0, 200), letter=st.sampled_from("AZaz09-_."))
def test_a_changed_token_is_no_token(place: int, letter: str) -> None:
    token = make(KEY, CLAIM)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(TokenError):
            claim = read(KEY, changed, purpose=Purpose.ALERT, now=NOW)
            if claim == CLAIM:  # the last letter of a base64 text may carry unused bits
                raise TokenError("same")


@given(st.text(max_size=300))
def test_any_text_at_all_is_refused_in_one_way(text: str) -> None:
    with pytest.raises(TokenError):
        read(KEY, text, purpose=Purpose.ALERT, now=NOW)
