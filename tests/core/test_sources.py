from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.domain import Feed, FeedKind, Trust
from monitor.errors import ConfigError
from monitor.ingest import feedlist, opml
from monitor.ingest.sources import appended, load, read

HALF_HOUR = timedelta(minutes=30)
SHIPPED = Path(__file__).parents[2] / "feeds.yaml"


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "feeds"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def feeds_of(path):
    return load(path, default_every=HALF_HOUR)


def refusal(path):
    with pytest.raises(ConfigError) as caught:
        feeds_of(path)
    return str(caught.value)


def test_every_key_of_a_feed_is_read(written):
    path = written(
        "feeds:\n- {name: A, url: 'https://a.example/x', publisher: P, kind: trade, language: zh, country: CN,"
        " every: 90s, trust: 1, timezone: Asia/Shanghai}\n- name: B\n  url: http://b.example/\n"
    )
    assert feeds_of(path) == (
        Feed(name="A", url="https://a.example/x", publisher="P", kind=FeedKind.TRADE, language="zh", country="CN",
             every=timedelta(seconds=90), trust=Trust.OFFICIAL, timezone="Asia/Shanghai"),
        Feed(name="B", url="http://b.example/", every=HALF_HOUR),
    )  # fmt: skip


def test_all_mistakes_are_told_at_once_with_line_and_name(written):
    told = refusal(
        written(
            "feeds:\n"
            "- name: One\n  url: ftp://a.example/\n  country: NO\n  kind: gossip\n"
            "- {name: Two, url: 'http://b.example', every: soon, country: UK, trust: 7,"
            " timezone: Mars/Base, langauge: en}\n"
            "- {url: 'http://c.example'}\n"
            "- just words\n"
        )
    )
    for wanted in (
        "line 3, One: the address has to begin with http:// or https://",
        'line 4, One: YAML reads country: NO as true or false; quote it: country: "NO"',
        "line 5, One: kind 'gossip' is not known: use news, policy",
        "line 6, Two: every: 'soon' is not a duration",
        "line 6, Two: country 'UK' is not a two-letter code: write GB",
        "line 6, Two: trust '7'",
        "line 6, Two: timezone 'Mars/Base'",
        "line 6, Two: 'langauge' is not a key of a feed (did you mean language?)",
        "line 7, a feed without a name: name is missing",
        "line 8: a feed is written as name and url",
    ):
        assert wanted in told


def test_names_and_addresses_are_used_once(written):
    told = refusal(written("feeds:\n- {name: A, url: 'http://x.example/'}\n- {name: A, url: 'http://y.example/'}\n"
                           "- {name: C, url: 'HTTP://X.example:80#f'}\n"))  # fmt: skip
    assert "line 3, A: the name is already used in line 2" in told
    assert "line 4, C: the same address as in line 2" in told


def test_of_very_many_mistakes_twenty_are_told(written):
    told = refusal(written("feeds:\n" + "- {name: x}\n" * 50))
    assert told.count("url is missing") == 20
    assert "and 30 more" in told


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("", "is empty"),
        ("feeds: []", "names no feed"),
        ("feeds:", "names no feed"),
        ("feeds: 3", "has to be a list"),
        ("feeds:\n - {a: [\n", "not YAML"),
        ("- name: A\n", "under the key feeds"),
        ("sources: []", "the key feeds is missing"),
        ("hello", "neither YAML with the key feeds"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"abc\0def", "binary file"),
        ("<html><body>moved</body></html>", "not OPML"),
        ("<opml><body>", "not well-formed XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><opml/>', "declares entities"),
        ("<opml><body/></opml>", "names no feed"),
        ("feeds: !!python/object/apply:os.system [echo]", "a feed is written as name and url"),
    ],
)
def test_what_is_no_list_of_feeds_is_refused_in_words(written, content, wanted):
    assert wanted in refusal(written(content))


def test_a_missing_file_says_what_to_do(tmp_path):
    assert "name another with --feeds or MONITOR_FEEDS" in refusal(tmp_path / "none.yaml")
    assert "cannot be read" in refusal(tmp_path)


def test_a_plain_list_gets_names_that_are_unique_and_hold_no_secret(written):
    path = written(
        "# mine\nhttps://a.example/rss?key=s3cret\nhttps://a.example/rss?key=other # two\n\nhttps://u:pw@b.example/\n"
    )
    assert [feed.name for feed in feeds_of(path)] == ["a.example/rss", "a.example/rss #2", "b.example"]


def test_a_wrong_line_of_a_plain_list_is_named(written):
    assert "line 2: the address has to begin with" in refusal(written("https://a.example/\nhtps://b.example/\n"))


def test_opml_folders_are_flattened_and_repeats_polled_once(written):
    path = written(
        '<opml version="2.0"><body><outline text="F"><outline text="A &amp; B" xmlUrl="http://a.example/"/>'
        '<outline title="C" xmlUrl="http://c.example/"/></outline><outline text="again" xmlUrl="http://a.example/"/></body></opml>'
    )
    assert [(feed.name, feed.url) for feed in feeds_of(path)] == [
        ("A & B", "http://a.example/"),
        ("C", "http://c.example/"),
    ]


def test_what_is_written_is_read_back(written):
    shipped = feeds_of(SHIPPED)
    assert feeds_of(written(feedlist.write(shipped))) == shipped
    again = feeds_of(written(opml.write(shipped)))
    assert {(feed.name, feed.url) for feed in again} == {(feed.name, feed.url) for feed in shipped}


def test_the_shipped_list_is_sound():
    feeds = feeds_of(SHIPPED)
    assert len(feeds) >= 150
    assert {feed.kind for feed in feeds} == set(FeedKind)
    assert {"zh", "en", "es", "ru", "ar"} <= {feed.language for feed in feeds}
    assert len({feed.country for feed in feeds}) > 35


def test_the_cost_of_a_list_grows_with_its_length_and_no_faster(written):
    def cost(length):
        listed = written("\n".join(f"https://h{n}.example/feed" for n in range(length)))
        began = time.process_time()
        assert len(feeds_of(listed)) == length
        return time.process_time() - began

    assert min(cost(10_000), cost(10_000)) < 30 * max(cost(1_000), cost(1_000))


@pytest.mark.parametrize("text", ["", "feeds: []\n", "# ours\n", "# ours\nfeeds:\n"])
def test_a_list_that_names_no_feed_yet_is_begun(text: str) -> None:
    feed = Feed(name="Port", url="https://port.example/rss")
    whole, new = appended(text, [feed], file=Path("feeds.yaml"), default_every=timedelta(hours=1))
    assert [one.name for one in new] == ["Port"]
    assert whole.startswith("# ours") == text.startswith("# ours")
    assert [one.url for one in read(whole, file=Path("feeds.yaml"), default_every=timedelta(hours=1))] == [feed.url]
