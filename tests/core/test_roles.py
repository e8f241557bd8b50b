"""Who imposes and who is hit, where a text says so plainly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitor.text.places import COUNTRIES
from monitor.text.roles import Roles, roles


@pytest.mark.parametrize(
    ("title", "imposes", "hit"),
    [
        ("Ottawa slaps surtax and new duties on Chinese aluminium", "CA", "CN"),
        ("Kenya bans maize imports from Uganda", "KE", "UG"),
        ("Switzerland hit with new US tariffs", "US", "CH"),
        ("Turkish drones strike depot in northern Syria", "TR", "SY"),
        ("Dutch chip exporter sanctioned by Russia", "RU", "NL"),
        ("Vilnius expels three Belarusian diplomats", "LT", "BY"),
        ("越南对原产于韩国的钢材征收反倾销税", "VN", "KR"),
        ("日本遭美国加征汽车关税", "US", "JP"),
        ("澳大利亚制裁俄罗斯油轮", "AU", "RU"),
    ],
)
def test_who_acts_and_who_is_acted_upon(title: str, imposes: str, hit: str) -> None:
    assert roles(title, "", "zh" if title > "z" else "en") == Roles((imposes,), (hit,))


@pytest.mark.parametrize("title", ["Choir wins prize in Vienna", "Peru and Chile sign pact", "两国元首互致贺电", ""])
def test_where_nothing_is_imposed_nobody_has_a_role(title: str) -> None:
    assert not roles(title, "", "zh" if title > "z" else "en")


def test_the_summary_says_what_the_headline_leaves_open() -> None:
    said = roles("New duties from Monday", "Mexico imposes them on shoes from Indonesia.", "en")
    assert said == Roles(("MX",), ("ID",))


@given(some.text(max_size=200), some.text(max_size=200), some.sampled_from(["en", "zh", "de", ""]))
def test_any_text_gives_known_countries_each_in_one_role(title: str, summary: str, language: str) -> None:
    found = roles(title, summary, language)
    assert set(found.imposes) | set(found.hit) <= COUNTRIES
    assert not set(found.imposes) & set(found.hit)
