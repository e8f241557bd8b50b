"""Profiles written, taken in and tried out; brands counted against their own past."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import yaml

from monitor import resources
from monitor.domain import (
    Assessment,
    BrandDay,
    Item,
    Judgement,
    Known,
    Level,
    Named,
    NameKind,
    Profile,
    ProfileKind,
    ProfileState,
    Recipient,
    Severity,
    Tag,
)
from monitor.errors import ConfigError, UsageError
from monitor.i18n import translator
from monitor.notify.words import headline
from monitor.text.lines import read_file, read_text
from monitor.warn.brands import burst, mentions, reasons_of, story_of, tone
from monitor.warn.decide import decide, decide_burst
from monitor.warn.profile_file import parse
from monitor.warn.profile_write import QUESTIONS, as_yaml, entry_of, examples, exported, with_more
from monitor.warn.rehearsal import rehearse

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def read(text: str, file: str = "p.yaml") -> tuple[Profile, ...]:
    return parse(read_text(text, file=file), file=file, language="zh", digest_every=DAY)


def test_an_example_is_shipped_for_each_kind_of_enterprise_and_reads_in_both_languages() -> None:
    assert examples() == (
        "battery-maker",
        "car-maker",
        "contract-manufacturer",
        "cross-border-ecommerce",
        "industrial-park",
    )
    for name in examples():
        file = resources.path(f"seeds/profiles/{name}.yaml")
        for profile in parse(read_file(file), file=name, language="zh", digest_every=DAY):
            english, _slash, chinese = profile.title.partition(" / ")
            assert english.isascii() and not chinese.isascii(), profile.name
            assert profile.sectors or profile.kind is ProfileKind.PARK
            assert profile.exposure and profile.names and profile.recipients


def test_the_members_of_the_example_park_inherit_its_routes_and_stakeholders() -> None:
    _park, glass, appliances = read(resources.path("seeds/profiles/industrial-park.yaml").read_text("utf-8"))
    assert {n.name for n in glass.named(NameKind.ROUTE)} == {"suez", "red-sea", "sokhna", "port-said"}
    assert len(glass.named(NameKind.SITE)[0].stakeholders) == 3
    assert appliances.state is ProfileState.SANDBOX and appliances.recipients[0].address == "desk@park.example"


@pytest.mark.parametrize("name", examples())
def test_what_is_exported_reads_back_as_the_same_profile(name: str) -> None:
    file = resources.path(f"seeds/profiles/{name}.yaml")
    profiles = parse(read_file(file), file=name, language="zh", digest_every=DAY)
    assert read(as_yaml([exported(profile) for profile in profiles])) == profiles


def test_the_secret_address_of_a_channel_is_not_given_away() -> None:
    [profile] = read(
        "profiles: [{name: pumps, recipients: [risk@pumps.example, {channel: 'ntfy://host/secret', name: chat}]}]"
    )
    entry = exported(profile)
    assert [told["address"] for told in entry["recipients"]] == ["risk@pumps.example"]
    assert "secret" not in as_yaml([entry])


ANSWERS = {
    "name": "pumps",
    "like": "car-maker",
    "countries": "DE 40, NO 20%, EU",
    "sectors": "C28, HS84; heat pump|热泵",
    "partners": "site Lodz works|罗兹工厂 @PL; supplier Arno Castings @DE",
    "routes": "suez, rotterdam",
    "laws": "cbam, gdpr; brand Arvo|阿沃",
    "tell": "risk@pumps.example zh Asia/Shanghai yellow",
}


def test_eight_answers_make_a_profile() -> None:
    assert len(QUESTIONS) == 8 and set(ANSWERS) == {key for key, _ in QUESTIONS}
    [profile] = read(as_yaml([entry_of(ANSWERS)]))
    assert (profile.countries, profile.exposure) == (("DE", "NO", "EU"), (("DE", 40.0), ("NO", 20.0)))
    assert (profile.sectors, profile.immediate) == (("C28", "HS84"), Level.YELLOW)
    named = {(n.kind, n.name) for n in profile.names}
    assert {
        (NameKind.SITE, "Lodz works"),
        (NameKind.SUPPLIER, "Arno Castings"),
        (NameKind.ROUTE, "suez"),
        (NameKind.LAW, "cbam"),
        (NameKind.BRAND, "Arvo"),
        (NameKind.PRODUCT, "heat pump"),
    } <= named
    assert profile.recipients == (Recipient(address="risk@pumps.example", language="zh", timezone="Asia/Shanghai"),)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"name": "a", "countries": "Germany"}, "not a country"),
        ({"name": "a", "partners": "Arno"}, "begin with site or supplier"),
        ({"name": "a", "like": "bakery"}, "there is no example"),
        ({"name": "a", "colour": "red"}, "is not asked"),
    ],
)
def test_an_answer_that_is_not_understood_is_named(answers: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        entry_of(answers)


@pytest.mark.parametrize(
    "former",
    [
        "# ours\nprofiles:\n  - name: a  # first\n    countries: [DE]\n",
        "profiles:\n- name: a\n  countries: [DE]",
        "profiles: [{name: a, countries: [DE]}]",
        "",
    ],
)
def test_entries_are_added_and_what_people_wrote_stays(former: str) -> None:
    text = with_more(former, [{"name": "b", "countries": ["NO"]}])
    names = [entry["name"] for entry in yaml.safe_load(text)["profiles"]]
    assert names == (["a", "b"] if former else ["b"])
    assert read(text)[-1].countries == ("NO",)
    assert "# ours" not in former or "# first" in text


def test_an_import_that_would_break_the_file_is_refused_with_its_line() -> None:
    text = with_more("profiles:\n- name: a\n", [{"name": "a"}])
    with pytest.raises(ConfigError, match="line 3: the name is used twice"):
        read(text)


# --- trying out --------------------------------------------------------------------------------------


def an_item(title: str, *, at: datetime = NOW, severity: int = 2, **changed: object) -> Item:
    item = Item(
        id=None,
        feed="Harbour Wire",
        key=title.encode().ljust(16, b"\0")[:16],
        title=title,
        summary="",
        url="https://a.example/1",
        published=at,
        fetched=NOW,
        judgement=Judgement(labels=(Tag.SUPPLY_CHAIN,), countries=("CL",)),
        assessment=Assessment(severity=Severity(severity)),
    )
    return replace(item, **changed)  # type: ignore[arg-type]


STRIKE = "Dockers at Valparaiso walk out, terminals close"
FIRE = "Thai glass plant halts furnace after fire"


def test_a_sandbox_is_matched_and_counted_and_nobody_is_told() -> None:
    sandbox = Profile(name="s", state=ProfileState.SANDBOX, recipients=(Recipient(address="a@b.example"),))
    decision = decide([an_item(STRIKE)], known=Known(), profiles=[sandbox], now=NOW)
    assert len(decision.alerts) == 1 and decision.notices == ()


def test_a_rehearsal_tells_what_each_day_would_have_brought() -> None:
    items = [
        an_item(STRIKE, at=NOW - 3 * DAY, baseline=True),
        an_item("Valparaiso dockers walk out as terminals close", at=NOW - 2 * DAY),
        an_item(FIRE, severity=1),
        an_item("Choir wins prize", judgement=Judgement()),
        an_item("Canal shut to all ships", at=NOW - 40 * DAY),
    ]
    sandbox = Profile(name="s", state=ProfileState.SANDBOX)
    found = rehearse(sandbox, items, since=NOW - 30 * DAY, until=NOW)
    assert [(d.day.day, d.items, d.at_once, d.in_digest, d.held) for d in found.days] == [
        (21, 1, 1, 0, 0),
        (22, 1, 0, 0, 0),
        (24, 1, 0, 1, 0),
    ]
    assert (found.count(Level.ORANGE), found.count(Level.YELLOW), len(found.alerts)) == (1, 1, 2)
    tight = rehearse(replace(sandbox, budget=1), [an_item(STRIKE), an_item(FIRE)], since=NOW - DAY, until=NOW)
    assert tight.days[0].held == 1


# --- brands -------------------------------------------------------------------------------------------

BRANDED = Profile(
    name="b",
    names=(Named(kind=NameKind.BRAND, name="Arvo", aliases=("阿沃",)),),
    recipients=(Recipient(address="a@b.c"),),
)
TODAY = date(2026, 11, 24)


def test_every_judged_item_that_names_a_brand_counts_with_its_tone() -> None:
    items = [
        an_item("Arvo recalls pumps after fire", judgement=Judgement()),
        an_item("阿沃品牌获奖", judgement=Judgement()),
        an_item("Carvo opens shop"),
        an_item("Arvo not judged yet", judgement=None),
    ]
    assert mentions(items, [BRANDED]) == (
        BrandDay(profile="b", brand="Arvo", day=TODAY, mentions=2, negative=1, positive=1),
    )
    assert decide(items, known=Known(), profiles=[BRANDED], now=NOW).mentions[0].mentions == 2


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("Shoppers boycott Arvo", -1), ("阿沃遭抵制并道歉", -1), ("Arvo wins award", 1), ("Arvo opens a shop", 0)],
)
def test_the_tone_is_that_of_the_words_around(text: str, wanted: int) -> None:
    assert tone(text) == wanted


def days(*counts: int) -> dict[date, BrandDay]:
    """Counts of the days that end today."""
    return {
        TODAY - timedelta(days=n): BrandDay(
            profile="b", brand="Arvo", day=TODAY - timedelta(days=n), mentions=count, negative=count
        )
        for n, count in enumerate(reversed(counts))
        if count
    }


@pytest.mark.parametrize(
    ("counts", "is_burst"),
    [
        ((2, 3, 2, 3, 2, 3, 2, 2, 3, 14), True),
        ((2, 3, 2, 3, 2, 3, 2, 2, 3, 4), False),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0, 3), False),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0, 5), True),
        ((20, 30, 25, 30, 20, 30, 25, 40, 60, 40), False),
    ],
)
def test_a_burst_is_more_than_the_brands_own_past_lets_expect(counts: tuple[int, ...], is_burst: bool) -> None:
    assert (burst(days(*counts), TODAY) is not None) is is_burst


def test_a_burst_is_one_alert_a_day_with_its_figures_and_tells_again_only_when_worse() -> None:
    found = burst(days(2, 3, 2, 3, 2, 3, 2, 2, 3, 14), TODAY)
    assert found is not None and found.bad
    story = story_of(found, now=NOW, items=[an_item("Shoppers boycott Arvo")])
    assert headline(story.title, translator("en")) == story.title
    told = f"{found.day.brand}：{found.day.day} 被提及 {found.day.mentions} 次"
    assert headline(story.title, translator("zh")) == told
    assert headline("Port closed", translator("zh")) == "Port closed"
    reasons = reasons_of(found)
    first = decide_burst(story, reasons, known=Known(), profile=BRANDED, points=40, now=NOW)
    assert (first.alerts[0].level, len(first.notices)) == (Level.ORANGE, 1)
    assert "named 14 times" in first.alerts[0].reasons[1]
    known = Known(version=1, alerts={("b", story.id): first.alerts[0]})
    again = decide_burst(replace(story, item_count=2), reasons, known=known, profile=BRANDED, points=40, now=NOW)
    assert again.notices == () and again.alerts[0].item_count == 2
