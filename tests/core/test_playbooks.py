"""Response plans: complete, traceable, chosen by topic and level; what is wrong is named with its line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from monitor import resources
from monitor.classify.taxonomy import load_sources, load_taxonomy
from monitor.domain import Cover, Item, Level, Named, NameKind, Profile, Stakeholder, Tag
from monitor.errors import ConfigError
from monitor.text.lines import Document, read_text
from monitor.warn.cover import covers_of, notice_deadlines, sites_of
from monitor.warn.playbooks import LENSES, MECHANISMS, load, panel, plan, shipped

from .test_obligations import an_alert

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


@cache
def topics() -> tuple[str, ...]:
    sources = load_sources(resources.path("seeds/sources.yaml"))
    return tuple(topic.id for topic in load_taxonomy(resources.path("seeds/taxonomy.yaml"), sources))


def test_every_topic_has_a_plan_of_its_own_at_every_level_that_matters() -> None:
    books = shipped()
    assert set(topics()) <= set(books.by_id)
    for topic in topics():
        tag = Tag(topic.split(".")[0])
        common = {step.id for _, step in books.by_id[tag.value].steps}
        grown = 0
        for level in (Level.YELLOW, Level.ORANGE, Level.RED):
            found = plan(books, an_alert(topics=(topic,), labels=(tag,), level=level))
            assert len(found.steps) > grown, (topic, level)
            assert {p.step.id for p in found.steps} - common, (topic, level)
            grown = len(found.steps)
        assert found.call and found.lens in LENSES


def test_every_source_resolves_to_a_document_and_heading() -> None:
    sources, books = load_sources(resources.path("seeds/sources.yaml")), shipped()
    cited = [lens.source for lens in books.lenses]
    for book in books.by_id.values():
        cited += [book.source, *(step.source for _, step in book.steps), *(contact.source for contact in book.call)]
    assert len(cited) > 300
    for references in cited:
        assert references
        for reference in references:
            assert sources.resolve(reference)


def test_the_three_mechanisms_and_consular_protection_are_called_where_people_are_in_danger() -> None:
    found = plan(shipped(), an_alert(topics=("geopolitical.conflict",), labels=(Tag.GEOPOLITICAL,), level=Level.RED))
    assert {contact.mechanism for contact in found.call} == set(MECHANISMS)
    assert {"consulate", "insurer", "association"} <= {contact.id for contact in found.call}


def test_both_languages_are_written() -> None:
    for book in shipped().by_id.values():
        for _level, step in book.steps:
            assert any("\u4e00" <= c <= "\u9fff" for c in step.text.zh) and step.text.en.isascii(), step.id
            assert step.text.said("zh-CN") == step.text.zh and step.text.said("de") == step.text.en


def test_steps_are_due_from_the_moment_of_the_alert_the_soonest_first() -> None:
    alert = an_alert(topics=("supply_chain.strike", "compliance.labour"), labels=(Tag.SUPPLY_CHAIN, Tag.COMPLIANCE))
    found = plan(shipped(), alert)
    assert found.playbook == "supply_chain.strike"
    assert [p.due for p in found.steps] == sorted(p.due for p in found.steps)
    assert all(p.due == alert.opened + p.step.due for p in found.steps)
    assert {"strike.talks", "labour.rules"} <= {p.step.id for p in found.steps}
    assert len({p.step.id for p in found.steps}) == len(found.steps)


def test_an_alert_without_a_topic_gets_the_plan_of_its_tag_or_the_common_one() -> None:
    assert plan(shipped(), an_alert(labels=(Tag.SUPPLY_CHAIN,))).playbook == "supply_chain"
    assert plan(shipped(), an_alert(labels=(), topics=())).playbook == "base"


def test_each_lens_shows_the_words_it_found_and_where() -> None:
    def item(title: str) -> Item:
        return Item(id=1, feed="f", key=b"k" * 16, title=title, summary="", url="", published=NOW, fetched=NOW)

    views = {v.lens.id: v for v in panel(shipped(), [item("Government bans chips"), item("法院裁决芯片关税案")])}
    assert ("chips", "Government bans chips") in views["technology"].evidence
    assert ("关税", "法院裁决芯片关税案") in views["law"].evidence
    assert ("government", "Government bans chips") in views["politics"].evidence
    assert all(view.lens.questions for view in views.values())


# --- what is wrong ---------------------------------------------------------------------------------


def changed(old: str, new: str) -> Document:
    text = resources.path("seeds/playbooks.yaml").read_text("utf-8")
    assert old in text
    return read_text(text.replace(old, new, 1), file="own.yaml")


CYBER = "id: supply_chain.cyber, inherits: supply_chain, owner: it"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (CYBER, "id: supply_chain.cyber, inherits: supply_chain", "supply_chain.cyber: it has no owner"),
        (CYBER, "id: supply_chain.cyber, inherits: supply_chain, owner: wizard", "'wizard' is not a role"),
        ("id: supply_chain.cyber", "id: supply_chain.cider", "supply_chain.cider: it is neither a topic"),
        ("yellow: [cyber.cut]", "yellow: [cyber.cutt]", "the step 'cyber.cutt' is not in this file"),
        ("call: [cert]", "call: [certs]", "the contact 'certs' is not in this file"),
        ("{id: geopolitical, inherits: base", "{id: geopolitical, inherits: geopolitical", "in a circle"),
        (CYBER, "id: supply_chain.cyber, inherits: nobody, owner: it", "it inherits from 'nobody'"),
        ('source: ["001#III.3", "004#mechanisms"], blue', 'source: ["001#IX"], blue', "001#IX"),
        ("due: 4h, en", "due: soon, en", "'soon' is not a duration"),
        ("mechanism: state", "mechanism: fate", "'fate' is none of"),
        ("zh: 到原始出处", "cn: 到原始出处", "base.verify: the text in zh is missing"),
        (CYBER + ", lens: technology", CYBER + ", lens: magic", "'magic' is none of"),
        ("{id: base, owner", "{id: compliance, owner", "the name is used twice"),
    ],
)
def test_mistakes_are_named_with_file_and_line_and_nothing_is_taken(old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"^own\.yaml: .*line \d+") as told:
        load(changed(old, new), file="own.yaml")
    assert said in str(told.value)


def test_a_step_without_owner_is_told_once_and_not_again_by_every_plan_that_uses_it() -> None:
    with pytest.raises(ConfigError) as told:
        load(changed("base.verify: {owner: risk, ", "base.verify: {"), file="own.yaml")
    assert re.fullmatch(r"own\.yaml: line \d+, base\.verify: it has no owner: name a role", str(told.value))


def test_a_file_without_its_parts_says_which_are_missing() -> None:
    with pytest.raises(ConfigError, match="`roles` is missing"):
        load(read_text("steps: {}", file="own.yaml"), file="own.yaml")


# --- cover card and stakeholders ---------------------------------------------------------------------

COVER = Cover(insurer="Sinosure", policy="OI-1", countries=("KE",), risks=("geopolitical",), notice=timedelta(days=30))


def test_a_policy_that_covers_country_and_risk_sets_the_day_the_insurer_has_to_know() -> None:
    profile = Profile(name="p", covers=(COVER,))
    alert = an_alert(countries=("KE",), labels=(Tag.GEOPOLITICAL,))
    assert covers_of(profile, alert) == (COVER,)
    [deadline] = notice_deadlines(profile, alert)
    assert deadline.on == (alert.opened + timedelta(days=30)).date()
    assert covers_of(profile, an_alert(countries=("UG",), labels=(Tag.GEOPOLITICAL,))) == ()
    assert covers_of(profile, an_alert(countries=("KE",), labels=(Tag.COMPLIANCE,))) == ()


def test_the_stakeholders_of_the_sites_in_the_country_are_listed() -> None:
    mayor = Stakeholder(name="County commissioner", role="permits")
    site = Named(kind=NameKind.SITE, name="Works", countries=("KE",), stakeholders=(mayor,))
    assert sites_of(Profile(name="p", names=(site,)), an_alert(countries=("KE",))) == (site,)
    assert sites_of(Profile(name="p", names=(site,)), an_alert(countries=("UG",))) == ()
