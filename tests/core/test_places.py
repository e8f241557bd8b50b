from __future__ import annotations

import subprocess
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitor import resources
from monitor.text.gazetteer import KINDS, LOCALES, gazetteer
from monitor.text.places import COUNTRIES, MOST, places


def found(title: str, summary: str = "", language: str = "en") -> set[str]:
    return set(places(title, summary, language).countries)


@pytest.mark.parametrize(
    ("title", "summary", "wanted"),
    [
        ("US slaps 25% tariffs on Brazil with election looming", "", {"US", "BR"}),
        ("Trump threatens EU with 50% tariff", "", {"US", "EU"}),
        ("Certain Steel Nails From Oman: Preliminary Results of Antidumping Duty Review", "", {"US", "OM"}),
        ("Houthis resume attacks on Red Sea ships", "", {"YE"}),
        ("Ships turn back in the Strait of Hormuz", "", {"IR", "OM"}),
        ("Vessels queue for the Panama Canal as drought bites", "", {"PA"}),
        ("Court hears challenge to drilling rules in Niger Delta", "", {"NG"}),
        ("Niger and Nigeria close their border", "", {"NE", "NG"}),
        ("Papua New Guinea halts log exports", "", {"PG"}),
        ("Brussels opens a case under the Digital Markets Act", "", {"EU"}),
        ("Irish Data Protection Commission fines TikTok", "", {"IE"}),
        ("Drones hit port in Crimea", "", {"UA"}),
        ("India's Supreme Court strikes down duty", "", {"IN"}),
    ],
)
def test_where_the_event_is_who_imposes_and_who_is_targeted_count(title, summary, wanted):
    assert found(title, summary) == wanted


@pytest.mark.parametrize(
    ("title", "summary", "wanted"),
    [
        (
            "Factory fire kills nine",
            "WASHINGTON, March 1 (Reuters) - A fire swept through a plant in Bangladesh.",
            {"BD"},
        ),
        ("Factory fire kills nine", "DUBAI/LONDON, March 1 (Reuters) - A fire broke out in a plant in Kenya.", {"KE"}),
        ("Explosion shuts refinery in Nigeria, says Polish PM", "", {"NG"}),
        ("Missile strikes close airports in Iraq, Russian media report", "", {"IQ"}),
        ("Dockers walk out across Chile's copper ports - Times of India", "", {"CL"}),
        ("Germany urges restraint as Iran and Israel trade strikes", "", {"IR", "IL"}),
        ("India evacuates citizens as fighting spreads in Sudan", "", {"SD"}),
        ("Singapore-based shipper fined in Australia", "", {"AU"}),
        ("Russian-held Crimea loses power", "", {"UA"}),
        ("New York Times: Peru to seize mines", "", {"PE"}),
    ],
)
def test_who_reports_comments_or_is_only_at_home_there_does_not(title, summary, wanted):
    assert found(title, summary) == wanted


def test_an_agency_s_dateline_is_no_place_in_chinese_either():
    assert found("工厂起火致九人死亡", "新华社华盛顿5月1日电 孟加拉国一家工厂起火。", "zh") == {"BD"}
    assert found("工厂起火致九人死亡", "日本媒体报道，东京电力公司一家工厂起火。", "zh") == {"JP"}


def test_a_commentator_counts_when_nobody_else_is_named():
    assert found("Chip shortage to last for years, says German minister") == {"DE"}


def test_the_summary_is_asked_when_the_headline_names_no_place():
    assert found("Regulator opens probe", "The authority in Canada will look at fees.") == {"CA"}


def test_the_end_of_a_long_summary_adds_nothing_to_a_headline_that_names_a_place():
    near = found("Libyan sanctions renewed", "The Treasury Department extends the programme.")
    far = found("Libyan sanctions renewed", "Nothing else changes. " * 12 + "Analysts in Argentina disagree.")
    assert (near, far) == ({"LY", "US"}, {"LY"})


def test_the_strait_beside_iran_is_hormuz():
    assert found("Tehran threatens to close strait to tankers") == {"IR", "OM"}
    assert "OM" not in found("Iran buys grain")


@pytest.mark.parametrize(
    ("title", "summary", "wanted"),
    [
        ("Port of Savannah shut as storm nears Georgia", "", {"US"}),
        ("Police clash with protesters in Georgia", "Thousands marched in Tbilisi.", {"GE"}),
        ("Jordan closes its airspace", "", {"JO"}),
        ("Michael Jordan sells team", "", set()),
        ("GST on 40 lakh traders cut", "", {"IN"}),
        ("Rail unions call off RMT walkout over £2bn deal", "", {"GB"}),
    ],
)
def test_names_that_mean_more_than_one_thing(title, summary, wanted):
    assert found(title, summary) == wanted


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("商务部公告：将12家美国实体列入出口管制管控名单", {"CN", "US"}),
        ("美国商务部对印度尼西亚光伏产品发起调查", {"US", "ID"}),
        ("美商务部拟对韩国芯片加征关税", {"US", "KR"}),
        ("台风登陆，深圳港停工", {"CN"}),
        ("乌称在黑海袭击2艘俄油轮", {"UA", "RU"}),
        ("印巴首都相继发生爆炸", {"IN", "PK"}),
        ("欧盟将公布削减对华依赖新战略", {"EU", "CN"}),
        ("其中日均出口下降，其中美国占三成", {"US"}),
        ("5日宣布：近日起以方便企业办理", {"CN"}),  # none of its letters names a country; the press at home
        ("巴方称与印度交火 巴基斯坦多地停电", {"PK", "IN"}),
        ("巴方称以军袭击加沙地带", {"PS", "IL"}),
        ("霍尔木兹海峡航运受阻", {"IR", "OM"}),
        ("针对华盛顿的禁令", {"US"}),
        ("全球存储芯片短缺", set()),
        ("习近平就菲律宾遭受台风袭击致慰问电", {"PH"}),
    ],
)
def test_chinese_texts_and_their_one_letter_names(title, wanted):
    assert found(title, language="zh") == wanted


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("美國對中國電動車加徵關稅", "美国对中国电动车加征关税"),
        ("俄烏戰爭：烏軍襲擊俄煉油廠", "俄乌战争：乌军袭击俄炼油厂"),
        ("歐盟擬對華為展開調查", "欧盟拟对华为展开调查"),
    ],
)
def test_traditional_characters_say_the_same(traditional, simplified):
    assert found(traditional, language="zh") == found(simplified, language="zh") != set()


def test_traditional_characters_have_no_single_home():
    assert found("強制性標準十月起施行", language="zh") == set()
    assert found("强制性标准十月起施行", language="zh") == {"CN"}


@pytest.mark.parametrize(
    ("title", "language", "wanted"),
    [
        ("China impone aranceles a Estados Unidos", "es", {"CN", "US"}),
        ("Trump annonce un blocus naval du détroit d'Ormuz", "fr", {"US", "IR", "OM"}),
        ("EU verlängert Sanktionen gegen Russland", "de", {"EU", "RU"}),
        ("США ввели санкции против России", "ru", {"US", "RU"}),
        ("ChatGPTの医療アドバイスで提訴、米国で", "ja", {"US"}),
        ("ドバイの空港が閉鎖", "ja", {"AE"}),
        ("Mỹ áp thuế lên hàng Trung Quốc", "vi", {"US", "CN"}),
        ("미국, 한국산 철강에 관세", "ko", {"US", "KR"}),
        ("الولايات المتحدة تفرض عقوبات على إيران", "ar", {"US", "IR"}),
    ],
)
def test_other_languages(title, language, wanted):
    assert found(title, language=language) == wanted


def test_the_most_important_come_first_and_are_at_most_six():
    listed = "Peru, Chile, Kenya, Ghana, Japan, Nepal, Malta and Sudan ban rice exports"
    assert places(listed, "", "en").countries == ("PE", "CL", "KE", "GH", "JP", "NP")


@given(st.text(max_size=200), st.text(max_size=400), st.sampled_from(["en", "zh", "ja", "ar", "xx", ""]))
def test_any_text_gives_valid_codes_without_repetition(title, summary, language):
    countries = places(title, summary, language).countries
    assert len(countries) <= MOST
    assert len(set(countries)) == len(countries)
    assert set(countries) <= COUNTRIES


@pytest.mark.parametrize("language", sorted(LOCALES))
def test_every_name_of_every_language_has_a_valid_code(language):
    known = gazetteer(language)
    codes = {code for name in (*known._names, *known._letters) for code in name.countries}
    assert {"US", "CN", "EU"} <= codes <= COUNTRIES


class _NoKeyTwice(yaml.SafeLoader):
    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        assert len(set(keys)) == len(keys), (
            f"twice in {node.start_mark}: {sorted(k for k in keys if keys.count(k) > 1)}"
        )
        return super().construct_mapping(node, deep)


def test_the_lexicon_has_known_kinds_and_no_key_twice():
    text = resources.path("seeds/places.yaml").read_text(encoding="utf-8")
    lexicon = yaml.load(text, Loader=_NoKeyTwice)
    kinds = {kind for by_kind in lexicon.values() for kind in by_kind}
    assert kinds <= {*KINDS, "nowhere", "joint", "before", "behind", "apart"}


def test_the_codes_cost_no_name_data():
    heavy = (
        "import sys, monitor.text.places as p; print(len(p.COUNTRIES), {'babel', 'yaml', 'opencc'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "251 set()"
