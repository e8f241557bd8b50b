"""YAML that people keep: changed in one place, the rest as it was."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import Feed
from monitor.ingest import feedlist
from monitor.text.rewrite import changed, quoted, set_key
from monitor.web.words import doubted, noted, spoken, subject

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file", ["feeds.yaml", "seeds/playbooks.yaml", "seeds/profiles/battery-maker.yaml"])
def test_what_is_not_changed_stays_as_it_is_written(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert changed(text, lambda document: None) == text


def test_a_change_keeps_comments_quotes_and_order() -> None:
    text = '# ours\nfeeds:\n- name: A  # old\n  country: "NO"\n\n# next\n- {name: B, every: 5m}\n'

    def write(document: dict) -> None:
        set_key(document["feeds"][1], "every", quoted("1h"))
        set_key(document["feeds"][0], "kind", quoted("trade"))

    expected = (
        '# ours\nfeeds:\n- name: A  # old\n  kind: "trade"\n  country: "NO"\n\n# next\n- {name: B, every: "1h"}\n'
    )
    assert changed(text, write) == expected


@given(st.text(max_size=40))
def test_any_text_comes_back_as_it_was_meant(value: str) -> None:
    written = changed("a: 1 # one\n", lambda document: document.update(b=quoted(value)))
    assert yaml.safe_load(written) == {"a": 1, "b": value}
    assert "# one" in written


def test_a_paused_feed_keeps_its_reason() -> None:
    feed = Feed(name="A", url="https://a.example/x", paused="moves: to another house", every=timedelta(minutes=30))
    problems: list[str] = []
    assert feedlist.read(feedlist.write([feed]), problems, default_every=timedelta(minutes=30)) == [feed]
    assert problems == []


def test_codes_are_read_as_words() -> None:
    from monitor.i18n import translator

    english, chinese = translator("en"), translator("zh")
    assert spoken("in_force", english) == "in force"
    assert spoken("silenced: works meeting", english) == "silenced: works meeting"
    assert spoken("something new", english) == "something new"
    assert noted("relabel", "geopolitical,supply_chain", english) == "Geopolitical, Supply chain"
    assert noted("dismiss", "past: of last year", english) == "over, or a look back: of last year"
    assert noted("note", "past", english) == "past"
    silence = "battery-maker DE supply_chain until 2026-12-05T08:55+00:00: Works meeting: no news"
    shown = "battery-maker · DE · Supply chain, until 2026-12-05 08:55 (UTC): Works meeting: no news"
    assert noted("silenced", silence, english) == shown
    assert noted("silenced", silence, chinese).startswith("battery-maker · DE · 供应链，至 2026-12-05 08:55")
    assert noted("token", "reader", chinese) == "读者"
    for until in ("2026-99-99T08:55:", "0001-01-01T00:00+14:00:"):  # a topic may be written so
        odd = f"x until {until} until 2026-12-05T08:55+00:00: quiet"
        assert noted("silenced", odd, english) == odd
    assert noted("dismissed", "verdict harmless", english) == "by a verdict: looks dangerous, is not"
    assert subject("alert a1", chinese) == "预警 a1"
    assert subject("promote 3f", english) == "promotion 3f"
    assert doubted("no time zone given, read as Asia/Shanghai", chinese) == "未注明时区，按 Asia/Shanghai 理解"
    assert (
        doubted("dated in the future (2031-01-01), read as now", english)
        == "dated in the future (2031-01-01), read as now"
    )
    assert doubted("something else", chinese) == "something else"
