"""Finding and forgetting, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.domain import Decision, Judgement, Tag, Verdict, VerdictKind
from monitor.store import Store, search
from monitor.store.engine import writing
from monitor.store.items import ItemFilter
from monitor.store.schema import feeds, items
from monitor.store.search import Found

from .test_store import FEED, NOW, a_decision, an_item, put

DAY = timedelta(days=1)
HARMLESS = Judgement(model="m1")


def titles(found: Found) -> list[str]:
    return [item.title for item in found.items]


def test_texts_are_found_by_their_words_in_chinese_and_english(store: Store) -> None:
    put(
        store,
        an_item(1, title="美国商务部加强对华芯片出口管制"),
        an_item(2, title="港口罢工蔓延至汉堡", summary="Hafenstreik"),
        an_item(3, title="Export controls on dual-use goods", summary="Licences for chips are needed"),
        an_item(4, title="Café strike in Zürich"),
        an_item(5, title="歐盟清單"),
    )
    assert titles(store.search("芯片")) == ["美国商务部加强对华芯片出口管制"]
    assert titles(store.search("出口管制")) == ["美国商务部加强对华芯片出口管制"]
    assert titles(store.search("罢工")) == ["港口罢工蔓延至汉堡"]
    assert titles(store.search("controls CHIPS")) == ["Export controls on dual-use goods"]
    assert titles(store.search("cafe zurich")) == ["Café strike in Zürich"]
    assert titles(store.search("欧盟清单")) == ["歐盟清單"]  # traditional characters, found by simplified ones
    assert titles(store.search("Hafen")) == ["港口罢工蔓延至汉堡"]  # no word of its own: found letter for letter
    for nothing in ("munitions", " - ", "'; DROP TABLE items; --\" OR *"):
        assert store.search(nothing).items == []


def test_the_newest_come_first_filters_hold_and_pages_follow_each_other(store: Store) -> None:
    put(
        store,
        an_item(1, title="Notes on shipping", summary="One line names a tariff. " + "Others do not. " * 40),
        an_item(2, title="Tariff on steel"),
        an_item(3, title="Tariff on cheese", judgement=HARMLESS),
    )
    assert titles(store.search("tariff")) == ["Tariff on cheese", "Tariff on steel", "Notes on shipping"]
    assert titles(store.search("tariff", ItemFilter(tag=Tag.COMPLIANCE))) == ["Tariff on steel", "Notes on shipping"]
    assert titles(store.search("tariff", ItemFilter(since=NOW + DAY))) == []
    assert titles(store.search("tariff", ItemFilter(until=NOW - DAY))) == []
    assert len(store.search("tariff", ItemFilter(since=NOW - DAY, until=NOW + DAY, feed=FEED.name)).items) == 3
    first = store.search("tariff", ItemFilter(limit=2))
    assert first.before is not None
    rest = store.search("tariff", ItemFilter(limit=2, before_id=first.before))
    assert (titles(rest), rest.before) == (["Notes on shipping"], None)


@pytest.mark.parametrize("rare", [20_000, -1])  # what PostgreSQL does with few texts, and with many
def test_a_common_word_with_a_rare_filter_is_looked_for_page_by_page(
    store: Store, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    monkeypatch.setattr(search, "RARE", rare)
    monkeypatch.setattr(search, "STRETCH", 10)
    monkeypatch.setattr(search, "CHUNK", 10)
    monkeypatch.setattr(search, "LOOKED_AT", (10, 10))
    put(
        store,
        an_item(1, title="Quota for steel"),
        *(an_item(n, title="Quota", judgement=HARMLESS) for n in range(2, 60)),
    )
    store.make_searchable()
    wanted, looked = ItemFilter(tag=Tag.COMPLIANCE, limit=5), 0
    while not (page := store.search("quota", wanted)).items:
        assert page.before is not None
        wanted, looked = replace(wanted, before_id=page.before), looked + 1
    assert (titles(page), looked) == (["Quota for steel"], 2)
    assert [item.title for item in store.search_all("quota", ItemFilter(tag=Tag.COMPLIANCE))] == ["Quota for steel"]
    assert len(store.search_all("quota")) == 59
    assert len(store.search_all("quota", ItemFilter(limit=7))) == 7


def test_the_first_page_up_to_an_old_date_passes_over_the_many_that_were_read_since(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CHUNK", 10)
    monkeypatch.setattr(search, "LOOKED_AT", (10, 10))
    until = NOW - 10 * DAY
    put(
        store,
        an_item(1, title="Quota of old", fetched=until - DAY, published=until - DAY),
        *(an_item(n, title="Quota", fetched=NOW - DAY, published=NOW - DAY) for n in range(2, 40)),
        an_item(40, title="Quota told late", fetched=NOW, published=until - 2 * DAY),
        an_item(41, title="Something else told late", fetched=NOW, published=until - 2 * DAY),
    )
    store.make_searchable()
    assert titles(store.search("quota", ItemFilter(until=until, limit=5))) == ["Quota told late", "Quota of old"]
    assert len(store.search_all("quota", ItemFilter(until=NOW))) == 40


def test_what_came_after_the_last_search_is_found_too_and_indexed_once(store: Store) -> None:
    put(store, *(an_item(n, title=f"Quota {n}") for n in range(1, 1203)))
    store.make_searchable()
    assert len(store.search("quota").items) == 1202
    put(store, an_item(5000, title="Quota of the day"))
    assert titles(store.search("quota day")) == ["Quota of the day"]
    assert store.make_searchable() == 0


def test_a_full_text_is_searched_as_well(store: Store) -> None:
    [item_id] = put(store, an_item(1))
    store.search("anything")
    store.put_full_text(item_id, said="The annex names Rotterdam among the ports", error="", at=NOW)
    store.put_full_text(item_id, said="told again", error="", at=NOW)
    assert titles(store.search("annex rotterdam")) == ["Notice 1"]
    assert titles(store.search("notice")) == ["Notice 1"]
    assert store.full_text(item_id).startswith("The annex")


def old(number: int, **changed: object):
    return an_item(number, **{"fetched": NOW - 500 * DAY, "published": NOW - 500 * DAY, **changed})


def test_what_concerned_nobody_is_forgotten_and_nothing_that_somebody_may_need(store: Store) -> None:
    harmless = [old(n, judgement=HARMLESS) for n in range(100, 160)]
    evidence = old(1)
    ids = put(
        store,
        *harmless,
        evidence,
        old(2),  # flagged, nobody has looked
        old(3, judgement=replace(HARMLESS, unsure=True), fetched=NOW - 100 * DAY),
        old(4, judgement=None, assessment=None),  # waits for the classifier
        old(5, judgement=HARMLESS),  # with a verdict
        an_item(6, judgement=HARMLESS),  # young
        old(7, baseline=True),  # flagged, from before the watch
        *(an_item(n, judgement=HARMLESS) for n in range(200, 220)),  # what the feed still serves
        decision=a_decision(evidence),
    )
    said = Verdict(item_id=ids[64], kind=VerdictKind.CONFIRM, labels=(), author="li", at=NOW)
    store.add_verdict(said)
    store.search("notice")
    would = store.prune(now=NOW, keep=400 * DAY, keep_bytes=None, dry_run=True)
    assert (would.items, store.totals()["items"]) == (61, 87)
    done = store.prune(now=NOW, keep=400 * DAY, keep_bytes=None)
    assert (done.items, done.too_large) == (61, False)
    kept = {item.title for item in store.items()}
    assert {f"Notice {n}" for n in range(1, 7)} <= kept
    assert "Notice 7" not in kept and "Notice 100" not in kept
    assert store.prune(now=NOW, keep=400 * DAY, keep_bytes=None).items == 0
    assert len(store.search("notice").items) == 26
    assert store.check() == ""
    [state] = store.feed_states([FEED])
    assert sum(store.feed_arrivals([state.id], since=NOW - 600 * DAY)[state.id].values()) == 86


def test_what_a_feed_still_serves_is_not_forgotten_or_it_would_come_again(store: Store) -> None:
    put(store, *(old(n, judgement=HARMLESS) for n in range(100)))
    with writing(store._engine) as connection:
        connection.execute(feeds.update().values(entries=70))
    assert store.prune(now=NOW, keep=40 * DAY, keep_bytes=None).items == 10


def test_the_database_is_kept_under_its_size(store: Store) -> None:
    put(store, *(old(n, judgement=HARMLESS, summary="word " * 700) for n in range(1500)))
    before = store.used_bytes()
    limit = before * 2 // 3
    assert store.prune(now=NOW, keep=None, keep_bytes=before * 2).items == 0
    would = store.prune(now=NOW, keep=None, keep_bytes=limit, dry_run=True)
    done = store.prune(now=NOW, keep=None, keep_bytes=limit)
    assert done.bytes_after <= limit and not done.too_large
    assert 0 < done.items < 1480
    assert 0.4 < would.items / done.items < 2.5
    first = min(item.id or 0 for item in store.items())
    assert first == done.items + 1  # the oldest have gone


def test_a_size_that_cannot_be_kept_is_said(store: Store) -> None:
    put(store, *(old(n) for n in range(50)))
    found = store.prune(now=NOW, keep=None, keep_bytes=1000)
    assert (found.items, found.too_large) == (0, True)


def test_the_arrivals_of_a_feed_outlive_its_items(store: Store) -> None:
    put(store, *(old(n, judgement=HARMLESS, fetched=NOW - timedelta(days=60, hours=n)) for n in range(30)))
    [state] = store.feed_states([FEED])
    before = store.feed_arrivals([state.id], since=NOW - 100 * DAY)
    assert len(before[state.id]) == 30
    store.prune(now=NOW, keep=31 * DAY, keep_bytes=None)
    with writing(store._engine) as connection:
        assert connection.execute(items.select()).rowcount != 30
    assert store.feed_arrivals([state.id], since=NOW - 100 * DAY) == before
    assert store.totals()["items"] == 20


def test_a_judgement_is_replaced_by_that_of_the_full_text(store: Store) -> None:
    put(store, an_item(1, summary="short"), decision=a_decision(an_item(1)))
    [thin] = store.thin_items(since=NOW - DAY, shortest=200, limit=5)
    again = replace(thin, judgement=replace(thin.judgement, countries=("KE", "NL")))
    store.record_again([again], Decision())
    found = store.item(thin.id or 0)
    assert found is not None and found.judgement is not None and found.judgement.countries == ("KE", "NL")
    store.put_full_text(thin.id or 0, said="", error="not found (404)", at=NOW)
    assert store.thin_items(since=NOW - DAY, shortest=200, limit=5) == []
