from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.normalise import canonical_url, digest, json_of, one_line, plain


@pytest.mark.parametrize(
    ("served", "wanted"),
    [
        ("  Port \n\t strike  ", "Port strike"),
        ("Duties &amp; quotas", "Duties & quotas"),
        ("Duties &amp;amp; quotas", "Duties & quotas"),
        ("&amp;amp; &amp;lt;script&amp;gt;x", "& x"),
        ("a <b>bold</b> move", "a bold move"),
        ("trade &lt;i&gt;talks&lt;/i&gt; resume", "trade talks resume"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("Alert\r\nBcc: all@example.org", "Alert Bcc: all@example.org"),
        ("pay\u202eterces\u2028now\x85", "payterces now"),
        ("制\u200b裁\ufeff名单", "制裁名单"),
        ("bad\ud800half", "badhalf"),
        ("nul\x00bell\x07", "nulbell"),
        ("Cafe\u0301", "Café"),
        ("", ""),
    ],
)
def test_a_title_becomes_one_clean_line(served, wanted):
    assert one_line(served) == wanted


def test_a_long_title_is_cut_with_a_sign():
    cut = one_line("x" * 5000, limit=100)
    assert len(cut) == 100
    assert cut.endswith("…")


def test_markup_becomes_text_with_blanks_between_blocks_and_none_inside_words():
    assert plain("<p>One</p><p>two</p>three<br/>four") == "One two three four"
    assert plain("中<b>国</b>海关") == "中国海关"


def test_what_is_not_meant_to_be_read_is_left_out():
    assert plain("a<script>alert('x')</script><style>p{}</style><!-- hidden -->b") == "ab"
    assert plain('<img alt="a > b" src="x" onerror="y()">shown') == "shown"


def test_text_without_markup_stays_as_it_is():
    assert plain("if x < y && y > z") == "if x < y && y > z"


@pytest.mark.parametrize(
    ("begin", "unit", "times"),
    [
        ("", "<div>", 100_000),
        ("", "<p", 80_000),
        ("", '="', 80_000),
        ("", "&", 200_000),
        ("", "&lt;", 50_000),
        ("<!", "<b>", 60_000),
        ("", "<", 1_000_000),
    ],
)
def test_hostile_markup_eight_times_as_long_takes_no_more_than_its_share_of_time(begin, unit, times):
    def cost(count: int) -> float:
        costs = []
        for _ in range(3):
            began = time.process_time()
            plain(begin + unit * count)
            one_line(begin + unit * count)
            costs.append(time.process_time() - began)
        return min(costs)

    assert cost(times) < 24 * cost(times // 8)  # where each doubled the time of the last it would be 64


@given(st.text(alphabet=st.characters(codec=None)))
def test_whatever_comes_in_a_line_goes_out(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    line.encode("utf-8")
    assert len(plain(text)) <= 4000


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("HTTP://News.Example:80/a?b=1&utm_source=x&c=2#top", "http://news.example/a?b=1&c=2"),
        ("https://news.example:443", "https://news.example/"),
        ("https://news.example:8443/a", "https://news.example:8443/a"),
        ("https://news.example/?from=rss&spm=1.2&fbclid=z&gclid=y&at_medium=RSS", "https://news.example/"),
        ("https://user:secret@news.example/a", "https://news.example/a"),
        ("/notice/1", "https://base.example/notice/1"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("https://news.example/a b", "https://news.example/a%20b"),
        ("https://news.example/公告?id=1", "https://news.example/%E5%85%AC%E5%91%8A?id=1"),
        ('https://news.example/"><script>', "https://news.example/%22%3E%3Cscript%3E"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("https://news.example/\r\nX: y", ""),
        ("data:text/html,x", ""),
        ("ftp://news.example/", ""),
        ("mailto:a@example.org", ""),
        ("https://", ""),
        ("http://a:99999/", ""),
        ("http://[::1", ""),
        ("http://good.example\\@bad.example/", ""),
        ("https://news.example/" + "a" * 3000, ""),
        ("", ""),
    ],
)
def test_an_address_has_one_spelling_or_none(url, wanted):
    assert canonical_url(url, "https://base.example/feed/rss.xml") == wanted


@given(st.text())
def test_the_spelling_of_an_address_is_stable(text):
    once = canonical_url("https://news.example/" + text)
    assert canonical_url(once) == once


def test_a_digest_keeps_its_parts_apart():
    assert len(digest("a")) == 16
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("a", b"b") == digest(b"a", "b")
    assert len(digest("\ud800")) == 16


def test_half_a_surrogate_pair_is_read_as_a_question_mark_and_a_whole_pair_as_its_character() -> None:
    assert json_of(r'{"title": "a \ud800 b \ud83d\ude00 \u6e2f"}') == {"title": "a ? b 😀 港"}
