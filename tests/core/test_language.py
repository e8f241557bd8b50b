"""The language of headlines: in script first, then in words, then as the feed claims."""

from __future__ import annotations

import pytest

from monitor.text.language import language_of


@pytest.mark.parametrize(
    ("title", "language"),
    [
        ("Minister tritt nach Streit zurück", "de"),
        ("Falls die Brücke schließt, stehen die Züge still", "de"),
        ("Police débordée à Marseille", "fr"),
        ("Tres puertos cierran por la huelga", "es"),
        ("Three ports shut when dockers walk out", "en"),
        ("They raised tariffs again", "en"),
        ("三座港口因罢工关闭", "zh"),
        ("港湾労働者がストライキを開始", "ja"),
    ],
)
def test_a_word_that_several_languages_have_decides_nothing(title: str, language: str) -> None:
    assert language_of(title, "", "") == language
