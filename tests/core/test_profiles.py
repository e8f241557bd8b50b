"""Profiles as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from monitor.domain import Level, Tag
from monitor.errors import ConfigError
from monitor.warn.profile_file import parse
from monitor.warn.profiles import keywords_in

DAY = timedelta(days=1)


def read(text: str):
    return parse(yaml.safe_load(text), file="profiles.yaml", language="zh", digest_every=DAY)


def test_a_profile_is_read_with_its_recipients() -> None:
    [profile] = read(
        """
        profiles:
          - name: hungary-plant
            countries: [HU, "NO"]
            tags: [compliance]
            keywords: [battery, 电池]
            recipients:
              - officer@firm.example
              - {address: boss@firm.example, language: en, timezone: Europe/Budapest}
            least: yellow
            immediate: red
            digest_every: 7d
        """
    )
    assert (profile.countries, profile.tags, profile.keywords) == (("HU", "NO"), (Tag.COMPLIANCE,), ("battery", "电池"))
    assert [(r.address, r.language, r.timezone) for r in profile.recipients] == [
        ("officer@firm.example", "zh", "UTC"),
        ("boss@firm.example", "en", "Europe/Budapest"),
    ]
    assert (profile.least, profile.immediate, profile.digest_every) == (Level.YELLOW, Level.RED, 7 * DAY)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{}", "`name` is missing"),
        ("{name: a, colour: red}", "unknown colour"),
        ("{name: a, countries: [Atlantis]}", "not an ISO 3166 country code"),
        ("{name: a, countries: [ZZ]}", "not an ISO 3166 country code"),
        ("{name: a, countries: [NO]}", "quote NO"),
        ("{name: a, tags: [weather]}", "use geopolitical, compliance, supply_chain"),
        ("{name: a, recipients: [nobody]}", "not a mail address"),
        ("{name: a, recipients: ['a@b, c@d']}", "not a mail address"),
        ("{name: a, recipients: [{address: a@b, timezone: Mars/Base}]}", "not a time zone"),
        ("{name: a, recipients: [{address: a@b, language: fr}]}", "use en, zh or both"),
        ("{name: a, least: red, immediate: orange}", "milder than `least`"),
        ("{name: a, least: purple}", "unknown level"),
        ("{name: a, budget: 0}", "whole number"),
        ("{name: a, digest_every: soon}", "digest_every"),
        ("{name: a}, {name: a}", "used twice"),
        ("text", "has to be a mapping"),
    ],
)
def test_what_is_wrong_is_named_with_its_profile(entry: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"profiles\.yaml") as told:
        read(f"profiles: [{entry}]")
    assert said in str(told.value)


@pytest.mark.parametrize("document", [None, [], {}, {"profiles": []}, {"profiles": "x"}, "text"])
def test_a_file_without_profiles_says_what_to_write(document: object) -> None:
    with pytest.raises(ConfigError, match="write `profiles:`"):
        parse(document, file="p.yaml", language="en", digest_every=DAY)


def test_keywords_are_whole_words_where_the_script_has_spaces() -> None:
    assert keywords_in(["port", "BYD", "锂电池"], "Byd opens airport; 中国锂电池出口") == ["BYD", "锂电池"]
