"""Evidence marked where it stands."""

from __future__ import annotations

import pytest

from monitor.domain import Evidence, Tag
from monitor.web.marks import marked


def found(*words: str) -> list[Evidence]:
    return [Evidence(word=word, tag=Tag.SUPPLY_CHAIN, weight=1.0) for word in words]


@pytest.mark.parametrize(
    ("text", "words", "marks"),
    [
        ("Port strike ends", ("strike",), ["strike"]),
        ("Striker scores", ("strike",), []),
        ("Port  Strike, strike", ("strike", "port strike"), ["Port  Strike", "strike"]),
        ("码头罢工停摆", ("罢工",), ["罢工"]),
        ("a.b a+b", ("a.b",), ["a.b"]),
        ("nothing", (), []),
    ],
)
def test_marks(text: str, words: tuple[str, ...], marks: list[str]) -> None:
    pieces = marked(text, found(*words))
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, tag in pieces if tag] == marks
