"""Which language a sentence is shown in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitor import i18n


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    i18n.use("en")


def test_chinese_comes_from_the_committed_catalogue() -> None:
    assert i18n.translator("zh").gettext("Supply chain") == "供应链"


@pytest.mark.parametrize("language", ["zh-CN", "zh_CN", "ZH", "zh-Hans-CN"])
def test_every_kind_of_chinese_tag_finds_it(language: str) -> None:
    assert i18n.translator(language).gettext("Supply chain") == "供应链"


@pytest.mark.parametrize("language", ["en", "en-GB", "", "fr", "../../etc"])
def test_a_language_we_do_not_speak_is_english(language: str) -> None:
    assert i18n.translator(language).gettext("Supply chain") == "Supply chain"


def test_the_process_language_is_looked_up_when_the_sentence_is_shown() -> None:
    assert i18n._("Compliance") == "Compliance"
    i18n.use("zh")
    assert i18n._("Compliance") == "合规"
    i18n.use("en")
    assert i18n._("Compliance") == "Compliance"


def test_the_empty_sentence_is_not_the_header_of_the_catalogue() -> None:
    i18n.use("zh")
    assert i18n._("") == ""


def test_plurals_follow_the_language() -> None:
    assert i18n.ngettext("{n} new alert", "{n} new alerts", 1) == "{n} new alert"
    assert i18n.ngettext("{n} new alert", "{n} new alerts", 2) == "{n} new alerts"
    i18n.use("zh")
    assert i18n.ngettext("{n} new alert", "{n} new alerts", 2) == "{n} 条新预警"


def test_reading_a_catalogue_again_costs_nothing() -> None:
    assert i18n.translator("zh") is i18n.translator("zh")
