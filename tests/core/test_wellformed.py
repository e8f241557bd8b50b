"""The fast way reads a feed as the feed library does, or leaves it to that library."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.ingest import wellformed, xmlfeed

FEEDS = Path(__file__).parent.parent / "data" / "feeds"
NAMESPACES = (
    "xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/' "
    "xmlns:media='http://search.yahoo.com/mrss/' xmlns:atom='http://www.w3.org/2005/Atom' "
    "xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/' "
    "xmlns:dcterms='http://purl.org/dc/terms/' xmlns:fb='http://rssnamespace.org/feedburner/ext/1.0' "
    "xmlns:own='https://publisher.example/ns' xmlns:cap='urn:oasis:names:tc:emergency:cap:1.1'"
)
PARTS = (
    "<title>Port closed</title>",
    "<title type='html'>&lt;b&gt;Port&lt;/b&gt;</title>",
    "<title/>",
    "<media:title>Picture of the port</media:title>",
    "<dc:title>In Dublin</dc:title>",
    "<link>https://a.example/1?x=1&amp;amp;y=2</link>",
    "<link/>",
    "<link href='https://a.example/2'/>",
    "<link rel='self' href='https://a.example/self'/>",
    "<link rel='Alternate' type='TEXT/html' href='https://a.example/3'/>",
    "<link rel='alternate' type='application/json' href='https://a.example/4'/>",
    "<atom:link href='https://a.example/5'/>",
    "<link>https:///a.example/6</link>",
    "<guid>https://a.example/guid</guid>",
    "<guid isPermaLink='false'>17</guid>",
    "<id>urn:1</id>",
    "<description>&lt;p&gt;Closed &amp;amp; quiet&lt;/p&gt;</description>",
    "<description>  </description>",
    "<description><p>Markup itself</p></description>",
    "<summary>In short</summary>",
    "<summary type='xhtml'><div>In short</div></summary>",
    "<media:description>What is seen</media:description>",
    "<itunes:summary>What is heard</itunes:summary>",
    "<content:encoded><![CDATA[<p>At length</p>]]></content:encoded>",
    "<content type='html'>At &lt;i&gt;length&lt;/i&gt;</content>",
    "<content src='https://a.example/far' type='image/png'/>",
    "<pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate>",
    "<pubDate/>",
    "<dc:date>2026-11-23T08:00:00Z</dc:date>",
    "<dcterms:created>2026-11-22</dcterms:created>",
    "<updated>2026-11-24T08:00:00+08:00</updated>",
    "<author><name>A</name><email>a@a.example</email></author>",
    "<author><title>Dr</title></author>",
    "<dc:creator>B</dc:creator>",
    "<category term='x'/>",
    "<source url='https://b.example/rss'>Another paper</source>",
    "<source><title>Another paper</title><id>s</id></source>",
    "<image><url>https://a.example/i.png</url><title>Image</title></image>",
    "<media:group><media:content url='u'/><media:title>Deep</media:title></media:group>",
    "<media:content url='u'><media:description>Deep</media:description></media:content>",
    "<fb:origLink>https://origin.example/1</fb:origLink>",
    "<own:title>Own</own:title>",
    "<own:note>Own</own:note>",
    "<own:box><title>Boxed</title></own:box>",
    "<cap:status>Test</cap:status>",
    "<textInput><title>Ask</title></textInput>",
    "<title>Caf\u00c3\u00a9</title>",  # encoded twice
    "<description>Price \u0096 10 \u0080</description>",
    "<svg xmlns='http://www.w3.org/2000/svg'><title>drawn</title></svg>",
)  # fmt: skip


def document(parts, kind="rss", head=""):
    start, middle, end = {
        "rss": ("<rss version='2.0' {}><channel>", "<item>", "</item></channel></rss>"),
        "atom": ("<feed xmlns='http://www.w3.org/2005/Atom' {}>", "<entry>", "</entry></feed>"),
        "rdf": (
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "
            "xmlns='http://purl.org/rss/1.0/' {}><channel>",
            "</channel><item rdf:about='https://a.example/about'>",
            "</item></rdf:RDF>",
        ),
    }[kind]
    title = "<title>Ports</title>"
    return f"{start.format(NAMESPACES)}{title}{head}{middle}{''.join(parts)}{end}".encode()


def both(body):
    """By the fast way (None when it declines) and by the feed library."""
    try:
        entries, head = wellformed.read(body)
        fast = xmlfeed._raw_feed(entries, 0, 1000, head)
    except wellformed.Unusual:
        fast = None
    return fast, xmlfeed._read_any(body, 0, 1000)


def agree(body):
    fast, slow = both(body)
    assert fast is None or fast == slow, body.decode()
    return fast is not None


@given(parts=st.lists(st.sampled_from(PARTS), max_size=7), kind=st.sampled_from(["rss", "atom", "rdf"]))
@settings(max_examples=400, deadline=None)
def test_the_fast_way_agrees_with_the_feed_library_or_declines(parts, kind):
    agree(document(parts, kind))


def test_every_pair_of_elements_in_both_orders_means_the_same_in_both_ways():
    taken = sum(agree(document(pair)) for pair in itertools.product(PARTS, PARTS[::2]))
    assert taken > 100


@pytest.mark.parametrize(
    "head",
    [
        "<language>zh-CN</language><ttl>30</ttl>",
        "<dc:language>en</dc:language><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
        "<image><url>u</url><title>Logo</title><link>l</link></image><title>Again</title>",
        "<itunes:summary>Sounds</itunes:summary><itunes:owner><itunes:name>A</itunes:name></itunes:owner>",
        "<skipHours><hour>1</hour></skipHours><ttl x='1'>30</ttl>",
        "<textInput><title>Ask</title><name>q</name></textInput>",
        "<own:box><language>fr</language></own:box>",
        "<dc:title>Dublin</dc:title>",
    ],
)
@pytest.mark.parametrize("kind", ["rss", "atom", "rdf"])
def test_what_the_feed_says_of_itself_is_read_alike(head, kind):
    agree(document([PARTS[0], PARTS[5]], kind, head))


@pytest.mark.parametrize("kind", ["rss", "atom", "rdf"])
def test_ordinary_feeds_take_the_fast_way(kind):
    link = "<link href='https://a.example/1'/>" if kind == "atom" else "<link>https://a.example/1</link>"
    text = "<summary>Quiet</summary>" if kind == "atom" else "<description>Quiet</description>"
    assert agree(document(["<title>Port closed</title>", link, text, "<updated>2026-11-24T08:00:00Z</updated>"], kind))


def test_the_project_s_own_sample_feeds_are_read_alike():
    for file in sorted(FEEDS.glob("*.xml")):
        agree(file.read_bytes())


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE rss [<!ENTITY a 'b'>]><rss><channel><item><title>&a;</title></item></channel></rss>",
        b"<rss><channel><item><title>R&D</title></item></channel></rss>",
        b"<rss><channel><item><title>cut",
        b"<html><body/></html>",
        b"<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://a.example/'><entry><id>1</id></entry></feed>",
        b"<rss><channel/></rss>",
        b"",
    ],
)
def test_anything_else_is_left_to_the_feed_library(body):
    with pytest.raises(wellformed.Unusual):
        wellformed.read(body)
