"""Pages that are watched: what is new in a region is told once; clocks, counters and order never are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import Feed, FeedFormat, FeedState, ParsedFeed
from monitor.ingest import page

URL = "https://ministry.example/notices"
STATE = FeedState(id=1, feed=Feed(name="Ministry", url=URL, format=FeedFormat.PAGE, watch="#list"))
FIRST = "<li><a href='/n/1'>Export licence for gallium</a> 1 November 2026</li>"


def seen(inside: str, *, around: str = "", selector: str = "#list") -> ParsedFeed:
    html = f"<html><title>T</title><body><h1>Notices</h1>{around}<ul id=list>{inside}</ul></body></html>"
    return page.read(html.encode(), form="page", selector=selector, url=URL)


def change(before: str, after: str) -> tuple:
    return page.changes(STATE, seen(after), before=("#list", seen(before).region)).entries


def test_the_first_sight_of_a_page_is_its_baseline() -> None:
    parsed = seen(FIRST)
    assert parsed.region == "Export licence for gallium 1 November 2026\thttps://ministry.example/n/1"
    assert page.changes(STATE, parsed, before=None).entries == ()
    assert page.changes(STATE, parsed, before=("#other", "what another selector saw")).entries == ()


def test_a_new_line_is_an_item_with_its_own_link() -> None:
    [item] = change(FIRST, f"<li><a href='/n/2'>镓出口管制公告</a></li>{FIRST}")
    assert (item.title, item.url) == ("镓出口管制公告", "https://ministry.example/n/2")
    assert item.summary == "Notices · 镓出口管制公告"
    assert item.published is None


def test_a_date_that_binds_is_a_change_and_the_former_one_is_told() -> None:
    [item] = change("<p>Comments until 12 December 2026</p>", "<p>Comments until 19 December 2026</p>")
    assert item.title == "Comments until 19 December 2026"
    assert "− Comments until 12 December 2026" in item.summary


def test_what_has_been_taken_away_is_told() -> None:
    [item] = change(FIRST + "<li>Tariff suspended</li>", FIRST)
    assert item.title == "− Tariff suspended"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>Last updated: 29 November 2026, 10:22:11</p>", "<p>Last updated: 30 November 2026, 11:02:45</p>"),
        ("<p>更新时间：2026年11月29日 10:22</p>", "<p>更新时间：2026年11月30日 08:01</p>"),
        ("<p>Page views: 1,234</p>", "<p>Page views: 1,299</p>"),
        ("<p>浏览次数：12</p>", "<p>浏览次数：13</p>"),
        ("<p>Sunday, 29 November 2026</p>", "<p>Monday, 30 November 2026</p>"),
        ("<p>Strike called 3 hours ago</p>", "<p>Strike called 4 hours ago</p>"),
        ("<p>Tariff   list</p>", "<p>\n Tariff\tlist </p><p> </p>"),
        ("<p>One</p><p>Two</p>", "<p>Two</p><p>One</p>"),
        ("<p>One</p>", "<script>token='x1'</script><p>One</p><!-- built at 7 -->"),
        ("<p>One</p>", "<div><span>One</span></div>"),
    ],
)
def test_what_only_looks_new_is_no_item(before: str, after: str) -> None:
    assert change(FIRST + before, FIRST + after) == ()


def test_the_same_difference_has_the_same_key_so_a_flapping_page_tells_once() -> None:
    more = FIRST + "<li>Tariff suspended</li>"
    assert change(FIRST, more)[0].key == change(FIRST, more + "<p>Page views: 3</p>")[0].key
    assert change(FIRST, more)[0].key != change(more, FIRST)[0].key


def test_a_region_that_is_missing_or_empty_is_an_error_and_no_change() -> None:
    assert "not on the page" in seen(FIRST, selector="#gone").error
    assert "empty" in seen("<script>fill()</script>").error
    gone = seen(FIRST, selector="#gone")
    assert page.changes(STATE, gone, before=("#list", "something")) == gone


def test_markup_in_the_text_of_a_page_comes_out_as_text_and_deep_nesting_ends() -> None:
    assert "<script>" not in seen("<li>&lt;script&gt;alert(1)&lt;/script&gt;</li>").region
    deep = seen("<div>" * 3000 + "x" + "</div>" * 3000)
    assert deep.error or "x" in deep.region


@given(st.lists(st.text(max_size=30), max_size=8), st.lists(st.text(max_size=30), max_size=8))
def test_any_two_texts_are_compared(before: list[str], after: list[str]) -> None:
    old, new = "\n".join(before), ParsedFeed(title="T", region="\n".join(after))
    found = page.changes(STATE, new, before=("#list", old)).entries
    assert len(found) <= 1
    assert page.changes(STATE, new, before=("#list", new.region)).entries == ()


def test_the_feeds_that_a_page_names_are_found() -> None:
    head = "<link rel='alternate' type='application/atom+xml' href='/a.xml'><link rel=stylesheet href=/s.css>"
    html = f"<html><head><base href='https://cdn.example/'>{head}</head><body></body></html>"
    assert page.read(html.encode(), form="links", selector="", url=URL).region == "https://cdn.example/a.xml"
