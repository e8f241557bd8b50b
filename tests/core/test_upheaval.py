"""What shakes a country: ten dead or more, or power taken by force, in two languages."""

import pytest

from monitor.domain import Text
from monitor.warn.upheaval import is_upheaval


@pytest.mark.parametrize(
    "title",
    [
        "Ferry sinks off Sulawesi, at least 50 people killed",
        "Silo blast leaves 248 dead and many missing",
        "Ten miners die as shaft floods",
        "Landslide buries village; death toll rises to 1,700",
        "Officers announce on television that the army takes power",
        "President declares martial law after a night of fighting",
        "化工厂爆炸造成至少50人死亡",
        "渡轮倾覆 上百人遇难",
        "矿井透水致12死",
        "军方发动政变，首都实行宵禁",
    ],
)
def test_many_dead_or_power_taken_by_force_is_an_upheaval(title):
    assert is_upheaval(Text(title=title))
    assert is_upheaval(Text(title="What happened overnight", summary=title))


@pytest.mark.parametrize(
    "title",
    [
        "Nine hurt as tram leaves its rails",
        "Nine people killed in crash",
        "Inquiry into the 2014 deaths of two engineers opens",
        "COVID-19 killed demand for office space",
        "30-year-old dies after fall from crane",
        "Frost kills 15 percent of the vines",
        "Power takes a back seat in new tax bill",
        "两人死亡，道路封闭",
        "2024年死亡率下降",
    ],
)
def test_few_dead_ages_years_and_shares_are_none(title):
    assert not is_upheaval(Text(title=title))
