"""The shipped feeds.yaml watches what we say it watches. It is read here, never fetched."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from monitor.domain import Feed, FeedKind, Trust
from monitor.ingest.sources import load

FEEDS = load(Path(__file__).resolve().parents[2] / "feeds.yaml", default_every=timedelta(days=99))
RELAYS = {"news.google.com", "rsshub.app"}  # they repeat others: never an authority's own word
REGIONS = {
    "China": "CN HK MO",
    "East Asia": "JP KR TW MN",
    "Southeast Asia": "BN ID KH LA MM MY PH SG TH TL VN",
    "South Asia": "AF BD BT IN LK MV NP PK",
    "Central Asia and Caucasus": "AM AZ GE KG KZ TJ TM UZ",
    "Middle East": "AE BH IL IQ IR JO KW LB OM PS QA SA SY TR YE",
    "Africa": "CD CI DZ EG ET GH KE MA NG RW SN TN TZ UG ZA ZM ZW",
    "European Union": "EU DE ES FR IT NL PL",
    "Europe outside the Union": "GB RU UA CH NO RS",
    "North America": "US CA MX",
    "South America": "AR BO BR CL CO EC PE PY UY VE",
}


def host(feed: Feed) -> str:
    return urlsplit(feed.url).hostname or ""


def named(feeds: list[Feed]) -> list[str]:
    return [feed.name for feed in feeds]


def test_it_names_at_least_150_feeds_of_many_publishers() -> None:
    assert len(FEEDS) >= 150
    assert len({feed.publisher for feed in FEEDS}) >= 100
    assert max(Counter(map(host, FEEDS)).values()) <= 15


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("news", 80),
        ("policy", 20),
        ("regulator", 12),
        ("sanctions", 1),
        ("trade", 6),
        ("logistics", 10),
        ("disaster", 12),
    ],
)
def test_every_kind_is_there(kind: str, least: int) -> None:
    assert sum(feed.kind is FeedKind(kind) for feed in FEEDS) >= least


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_has_feeds_of_its_own(region: str) -> None:
    countries = set(REGIONS[region].split())
    assert sum(feed.country in countries for feed in FEEDS) >= 2


def test_no_country_of_a_feed_is_outside_the_regions() -> None:
    known = {code for codes in REGIONS.values() for code in codes.split()}
    assert {feed.country for feed in FEEDS} - known == {""}


def test_chinese_sources_are_included() -> None:
    chinese = [feed for feed in FEEDS if feed.language == "zh"]
    assert len(chinese) >= 10
    assert {FeedKind.NEWS, FeedKind.POLICY, FeedKind.TRADE} <= {feed.kind for feed in chinese}
    assert sum(feed.country == "CN" for feed in FEEDS) >= 10


def test_the_languages_of_large_markets_are_read() -> None:
    assert {"en", "zh", "ja", "ko", "es", "pt", "fr", "de", "ru", "ar", "vi", "id"} <= {feed.language for feed in FEEDS}


def test_every_feed_says_who_speaks_in_which_language_and_how_far_to_believe_it() -> None:
    assert named([feed for feed in FEEDS if not feed.publisher or not feed.language]) == []
    assert {feed.trust for feed in FEEDS} == set(Trust)


def test_every_feed_is_polled_at_a_bearable_interval() -> None:
    assert {feed.every for feed in FEEDS} <= {timedelta(minutes=m) for m in (10, 15, 30, 60, 120)}
    quick = [feed for feed in FEEDS if feed.every < timedelta(minutes=30)]
    assert named([feed for feed in quick if feed.kind is not FeedKind.DISASTER]) == []


def test_a_relay_is_not_believed_like_the_source_and_spared() -> None:
    relayed = [feed for feed in FEEDS if host(feed) in RELAYS]
    assert named([feed for feed in relayed if feed.trust is not Trust.OTHER or feed.every < timedelta(hours=1)]) == []
    assert named([feed for feed in relayed if "via" not in feed.publisher]) == []


def test_authorities_are_marked_as_such() -> None:
    official = {FeedKind.POLICY, FeedKind.REGULATOR, FeedKind.SANCTIONS, FeedKind.DISASTER}
    direct = [feed for feed in FEEDS if host(feed) not in RELAYS]
    assert named([feed for feed in direct if feed.kind in official and feed.trust is not Trust.OFFICIAL]) == []
    assert named([feed for feed in direct if feed.kind is FeedKind.NEWS and feed.trust is Trust.OFFICIAL]) == []


def test_mainland_feeds_say_which_clock_their_dates_mean() -> None:
    mainland = [feed for feed in FEEDS if feed.language == "zh" and feed.country == "CN"]
    ours = [feed for feed in mainland if host(feed) != "news.google.com"]  # it dates in GMT
    assert named([feed for feed in ours if feed.timezone != "Asia/Shanghai"]) == []


def test_addresses_hold_no_secret() -> None:
    keys = {"key", "apikey", "api_key", "token", "access_token", "auth", "password"}
    asked = {feed.name: {name.lower() for name, _ in parse_qsl(urlsplit(feed.url).query)} for feed in FEEDS}
    assert [name for name, names in asked.items() if names & keys] == []
    assert named([feed for feed in FEEDS if "@" in urlsplit(feed.url).netloc]) == []
