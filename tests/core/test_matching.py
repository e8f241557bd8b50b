"""Whom a story concerns: gates, names in several scripts, points, and the reasons for both answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import (
    Certainty,
    Item,
    Named,
    NameKind,
    Profile,
    ProfileKind,
    ProfileState,
    Severity,
    Story,
    Tag,
    Urgency,
)
from monitor.errors import ConfigError
from monitor.i18n import translator
from monitor.notify.words import why
from monitor.text.lines import read_text
from monitor.warn import tables
from monitor.warn.cover import concentration, herd
from monitor.warn.naming import Names, sectors_in
from monitor.warn.profile_file import parse
from monitor.warn.profile_values import known_countries
from monitor.warn.profiles import match

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def read(text: str) -> tuple[Profile, ...]:
    return parse(read_text(text, file="p.yaml"), file="p.yaml", language="zh", digest_every=DAY)


def a_story(title: str, **changed: object) -> Story:
    story = Story(
        id="s1",
        title=title,
        url="",
        language="en",
        first_seen=NOW,
        last_seen=NOW,
        labels=(Tag.SUPPLY_CHAIN,),
        topics=("supply_chain.plant",),
        countries=("DE",),
        severity=Severity.WARNING,
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.REPORTED,
        feeds=("Harbour Wire",),
    )
    return replace(story, **changed)  # type: ignore[arg-type]


[CARS] = read(
    """
    profiles:
      - name: cars
        countries: [HU, TH]
        exposure: {HU: 40, TH: 20}
        tags: [supply_chain, compliance]
        sectors: [C29, HS8507]
        suppliers:
          - {name: Harz Kathoden, aliases: [哈茨正极, Harz Cathodes], country: DE, unlike: [Harz Cathodes Choir]}
          - {name: 远景, aliases: [AESC]}
        routes: [suez]
        laws: [cbam]
        brands: [{name: NIO, aliases: [蔚来]}]
    """
)


def test_a_named_supplier_counts_wherever_it_lies() -> None:
    found = match(CARS, a_story("Fire halts Harz Cathodes' furnace"))
    assert found.concerned
    assert "supplier: Harz Kathoden +25" in found.reasons
    assert found.points == 40 + 10 + 25  # severity, tag, supplier


def test_countries_give_points_by_the_share_of_the_business() -> None:
    found = match(CARS, a_story("Strike stops plants", countries=("HU",)))
    assert {"country: HU +20", "exposure: 40% +8"} <= set(found.reasons)
    assert found.points == 40 + 10 + 20 + 8


def test_what_the_eu_decides_concerns_whoever_is_in_a_member_state() -> None:
    story = a_story("New reporting duty", countries=("EU",), labels=(Tag.COMPLIANCE,), topics=("compliance.carbon",))
    assert "country: EU +20" in match(CARS, story).reasons


def test_elsewhere_and_unnamed_is_held_back_with_the_reason() -> None:
    found = match(CARS, a_story("Fire in a furnace", countries=("CL",)))
    assert (found.concerned, found.points) == (False, 0)
    assert found.reasons[0] == "it lies in CL, outside your countries (HU, TH)"


def test_a_rule_about_other_goods_does_not_concern_even_in_the_right_country() -> None:
    shrimp = a_story(
        "Anti-dumping duty on frozen shrimp",
        countries=("TH",),
        labels=(Tag.COMPLIANCE,),
        topics=("compliance.trade_remedy",),
    )
    found = match(CARS, shrimp)
    assert not found.concerned
    assert "none of your sectors" in found.reasons[0]
    cars = replace(shrimp, title="Anti-dumping duty on electric cars and shrimp")
    assert "sector: C29 +10" in match(CARS, cars).reasons


def test_points_and_reasons_are_told_in_the_readers_language() -> None:
    reasons = match(CARS, a_story("CBAM hits NIO in the Suez Canal")).reasons
    told = [why(reason, translator("zh"), "zh") for reason in reasons]
    assert any("您的品牌" in line for line in told), told
    assert not any(line.startswith(("law:", "route:", "brand:", "tag:")) for line in told)


def test_a_profile_of_names_alone_hears_only_of_them() -> None:
    names = Profile(name="n", names=(Named(kind=NameKind.SUPPLIER, name="Harz Kathoden"),))
    assert match(names, a_story("Harz Kathoden burns")).concerned
    assert "none of your sites" in match(names, a_story("A furnace burns")).reasons[0]


# --- names in texts -------------------------------------------------------------------------------


def named(*aliases: str, unlike: tuple[str, ...] = ()) -> Names:
    return Names([Named(kind=NameKind.SUPPLIER, name=aliases[0], aliases=aliases[1:], unlike=unlike)])


@pytest.mark.parametrize(
    ("alias", "text", "found"),
    [
        ("Arno", "Arno's mill burns", True),
        ("Arno", "Carnotaurus found", False),
        ("arno mills", "ARNO MILLS shut", True),
        ("NIO", "NIO recalls cars", True),
        ("NIO", "nio is a word here", False),
        ("TCL", "TCL电视在波兰停产", True),
        ("ＴＣＬ", "TCL halts", True),
        ("Магнит", "Магнит закрыт", True),
        ("Магнит", "Магнитогорск", False),
        ("宁德时代", "寧德時代匈牙利工廠停工", True),
        ("长城", "长城汽车泰国工厂罢工", True),
        ("长城", "游客登上万里长城脚下合影", False),
        ("长城", "“长城”遭调查", True),
        ("삼성", "삼성은 공장을", True),
    ],
)
def test_names_are_found_as_words_of_their_own_in_any_script(alias: str, text: str, found: bool) -> None:
    assert bool(named(alias).find(text)) is found


def test_the_id_of_a_law_is_no_name_of_it() -> None:
    [profile] = read("profiles:\n- {name: a, laws: [reach, {name: Fish Act, aliases: [渔业法]}], routes: [rhine]}")
    found = Names(profile.names)
    assert found.find("Teams unable to reach home in ear and ira") == []
    hits = [hit.named.name for hit in found.find("REACH restriction, then the Fish Act on the Rhine")]
    assert hits == ["reach", "Fish Act", "rhine"]


def test_a_phrase_that_only_holds_a_name_is_left_out() -> None:
    names = named("Amber", unlike=("Amber Alert",))
    assert names.find("Amber alert issued") == []
    assert [hit.text for hit in names.find("Amber alert, then Amber stops")] == ["Amber"]


def test_the_longest_of_overlapping_names_counts() -> None:
    both = Names([Named(kind=NameKind.SUPPLIER, name="Arno"), Named(kind=NameKind.SITE, name="Arno Plant Two")])
    assert [hit.named.name for hit in both.find("Arno Plant Two closed")] == ["Arno Plant Two"]


@given(st.text(max_size=80), st.text(min_size=2, max_size=12).filter(lambda t: t.strip()))
def test_no_text_and_no_name_makes_the_search_fail(text: str, alias: str) -> None:
    for hit in named(alias).find(text + alias + text):
        assert hit.text


# --- the shipped tables ---------------------------------------------------------------------------


def test_the_tables_hold_known_countries_and_names_in_both_languages() -> None:
    for table in (tables.routes(), tables.laws()):
        for key, entry in table.items():
            assert set(entry.countries) <= known_countries(), key
            assert any(word.isascii() for word in entry.words) and entry.chinese, key
    divisions = [code for code in tables.sectors() if len(code) == 3]
    chapters = [code for code in tables.sectors() if code.startswith("HS")]
    assert (len(divisions), len(chapters)) == (88, 96)  # ISIC Rev. 4; HS without the reserved chapter 77


@pytest.mark.parametrize(
    ("written", "code"),
    [("29", "C29"), ("c29", "C29"), ("HS8703", "HS87"), ("hs 87", "HS87"), ("2910", "C29"), ("C", "C")],
)
def test_sectors_are_understood_as_people_write_them(written: str, code: str) -> None:
    assert tables.sector_code(written) == code


def test_sectors_are_named_by_words_in_both_languages() -> None:
    assert "C29" in sectors_in("Carmakers fear new duty")
    assert "HS85" in sectors_in("美国对锂电池加征关税")
    assert "C29" not in sectors_in("A careful cartel in Cardiff")


# --- files ----------------------------------------------------------------------------------------

GROUP = """
profiles:
  - name: group
    state: template
    laws: [cbam]
    countries: [PL]
    least: yellow
    budget: 9
    recipients: [group@firm.example]
  - name: branch
    kind: branch
    inherits: group
    countries: [HU]
    recipients: [desk@firm.example]
  - name: trial
    inherits: [branch]
    state: sandbox
    immediate: red
"""


def test_a_branch_takes_what_it_does_not_say_itself() -> None:
    branch, trial = read(GROUP)
    assert (branch.name, branch.kind, branch.budget) == ("branch", ProfileKind.BRANCH, 9)
    assert branch.countries == ("HU", "PL")
    assert [n.name for n in branch.named(NameKind.LAW)] == ["cbam"]
    assert [r.address for r in branch.recipients] == ["desk@firm.example"]
    assert (trial.state, trial.kind, trial.countries) == (ProfileState.SANDBOX, ProfileKind.ENTERPRISE, ("HU", "PL"))
    assert trial.recipients and trial.audience == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profiles:\n- {name: a, inherits: b}\n- {name: b, inherits: a}", "line 2: it inherits in a circle: a → b → a"),
        ("profiles:\n- {name: a, inherits: a}", "in a circle: a → a"),
        ("profiles:\n- {name: group}\n- {name: a, inherits: groop}", "line 3: it inherits from 'groop'"),
        ("profiles:\n- name: a\n  countries: [DE, Atlantis]", "profile 'a', line 3: `countries`: 'ATLANTIS'"),
        ("profiles:\n- name: a\n  least: red\n  immediate: yellow", "line 4: `immediate` is milder than `least`"),
        ("profiles:\n- name: a\n  sectors: [X99]", "'X99' is neither an ISIC"),
        ("profiles:\n- name: a\n  routes: [sues]", "did you mean suez?"),
        ("profiles:\n- name: a\n  exposure: {DE: 70, FR: 40}", "add up to 110 percent"),
        ("profiles:\n- name: a\n  exposure: {DE: -1}", "from 0 to 100"),
        ("profiles:\n- name: a\n  suppliers: [{title: x}]", "an entry is a name"),
        ("profiles:\n- name: a\n  suppliers: [X]", "too short"),
        ("profiles:\n- name: a\n  sites: [{name: ab, stakeholders: 5}]", "a stakeholder is a name"),
        ("profiles:\n- name: a\n  exposure: {DE: .nan}", "from 0 to 100"),
        ("profiles:\n- name: a\n  state: asleep", "'asleep' is none of active, sandbox, template"),
        ("profiles:\n- name: a\n  covers: [{insurer: I, policy: P}]", "a policy needs `notice`"),
        ("profiles:\n- name: a\n  covers: [{insurer: I, policy: P, notice: 30d, risks: [weather]}]", "neither a tag"),
        ("profiles:\n- name: a\n  name: b", "line 3: name is given twice"),
        ("profiles:\n- name: a\n  countrys: [DE]", "did you mean countries?"),
        ("profiles:\n- {name: a, state: template}", "every profile is a template"),
        ("profiles:\n- name: a\n  least: [", "line 4: this is not YAML"),
        ("profile:\n- name: a", "write `profiles:`"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"^p\.yaml") as told:
        read(text)
    assert said in str(told.value)


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as told:
        read("profiles:\n- name: a\n  countries: [ZZ]\n  budget: 0\n- name: b\n  tags: [x]")
    assert all(part in str(told.value) for part in ("line 3", "line 4", "line 6"))


def test_yaml_that_refers_to_itself_a_thousandfold_is_read_in_bounded_time() -> None:
    bomb = "a: &a [x, x]\n" + "\n".join(
        f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcdefghijklmnopq", "bcdefghijklmnopqr", strict=True)
    )
    with pytest.raises(ConfigError):
        read(bomb)


# --- exposure -------------------------------------------------------------------------------------


def test_concentration_is_the_sum_of_squared_shares() -> None:
    found = concentration(Profile(name="p", exposure=(("DE", 50.0), ("FR", 50.0))))
    assert found is not None and (found.hhi, found.word, found.share) == (0.5, "concentrated", 50.0)
    assert concentration(Profile(name="p")) is None


def test_the_herd_gauge_tells_whether_all_stand_in_the_same_places() -> None:
    one = Profile(name="1", exposure=(("VN", 60.0), ("MX", 40.0)))
    same = herd([one, replace(one, name="2")])
    assert same is not None and same.overlap == 1 and same.herding
    assert same.crowded[0] == ("VN", 2, 60.0)
    other = herd([one, Profile(name="3", exposure=(("MA", 100.0),))])
    assert other is not None and (other.overlap, other.herding, other.crowded) == (0, False, ())
    assert herd([one]) is None


def test_items_of_the_story_are_read_too() -> None:
    item = Item(id=1, feed="f", key=b"k" * 16, title="t", summary="哈茨正极停产", url="", published=NOW, fetched=NOW)
    assert match(CARS, a_story("Furnace burns"), [item]).concerned


def test_ports_that_are_not_those_a_profile_lists_hold_up_none_of_its_goods() -> None:
    [lists, silent] = read(
        "profiles:\n- {name: a, countries: [NL, US], ports: [rotterdam]}\n- {name: b, countries: [US]}"
    )
    story = a_story("Port of Los Angeles terminals shut by cyberattack", countries=("US",))
    held = match(lists, story)
    assert not held.concerned and held.reasons[0] == "it is about Port of Los Angeles, none of your ports"
    assert why(held.reasons[0], translator("zh"), "zh") == "内容涉及Port of Los Angeles，不在您使用的港口之列"
    assert match(silent, story).concerned
    assert match(lists, a_story("Strike at the port of Rotterdam", countries=("NL",))).concerned


def test_a_tariff_on_the_goods_of_others_concerns_only_those_whose_goods_come_from_there() -> None:
    [seller, buyer] = read(
        "profiles:\n- {name: a, countries: [US]}\n"
        "- {name: b, countries: [US], suppliers: [{name: Da Nang Mills, country: VN}]}"
    )
    on_vietnam = a_story("US raises tariff on Vietnamese goods to 40 percent", countries=("US", "VN"))
    assert match(seller, on_vietnam).reasons[0] == "it is a tariff on goods of VN, which yours are not"
    assert match(buyer, on_vietnam).concerned
    on_china = a_story("US raises tariff on Chinese goods to 60 percent", countries=("US", "CN"))
    assert match(seller, on_china).concerned


@pytest.mark.parametrize(
    ("title", "named"), [("红海再有商船遇袭", True), ("红海局势升级", True), ("跳出红海竞争", False)]
)
def test_a_sea_is_told_from_the_idiom_of_its_name(title: str, named: bool) -> None:
    [profile] = read("profiles:\n- {name: a, countries: [EG], routes: [red-sea]}")
    assert match(profile, a_story(title, language="zh", countries=())).concerned is named
