"""Items that report the same event become one story, across feeds and languages."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitor.domain import Assessment, Certainty, Item, Judgement, OpenStories
from monitor.warn.replay import grouped, read_items
from monitor.warn.stories import OPEN_FOR, Stories
from tests.harness.stories import b_cubed, reports

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
CLUSTERS = Path(os.environ.get("EVALUATION_DATA", "")) / "clusters"


def an_item(
    title: str,
    *,
    feed: str = "gazette",
    at: datetime = NOW,
    language: str = "en",
    countries: tuple[str, ...] = (),
    certainty: Certainty = Certainty.REPORTED,
) -> Item:
    return Item(
        id=None,
        feed=feed,
        key=f"{feed} {title} {at}".encode(),
        title=title,
        summary="",
        url="",
        published=at,
        fetched=at,
        judgement=Judgement(language=language, countries=countries),
        assessment=Assessment(certainty=certainty),
    )


def stories_of(*items: Item, meaning=None) -> list[str]:
    stories = Stories(meaning=meaning)
    return [stories.add(item).id for item in items]


def test_reports_of_one_event_join_and_others_do_not():
    one, two, three = stories_of(
        an_item("Explosion at the port of Ostrava halts grain exports"),
        an_item("Grain exports halted after explosion in port of Ostrava", feed="herald"),
        an_item("Central bank of Peru raises its rate", feed="herald"),
    )
    assert one == two != three


def test_a_story_that_nobody_adds_to_ends():
    later = NOW + OPEN_FOR + timedelta(hours=1)
    one, two = stories_of(an_item("Dock strike in Ostrava"), an_item("Dock strike in Ostrava", at=later))
    assert one != two


def test_a_long_story_does_not_drift_from_one_event_to_the_next():
    chain = [
        "Dock workers strike at Ostrava port",
        "Strike closes Ostrava port as dock workers walk out",
        "Ostrava dock workers' strike enters second day",
        "Ostrava port strike delays wheat cargo",
        "Wheat cargo price rises in Ghent",
        "Ghent price index for housing published",
    ]
    found = stories_of(*(an_item(title, at=NOW + timedelta(hours=6 * n)) for n, title in enumerate(chain)))
    assert len(set(found[:4])) == 1
    assert found[0] != found[-1]


def test_a_chinese_report_joins_the_english_story_of_its_country_where_both_mean_the_same():
    vectors = {"Explosion in Ostrava": [1.0, 0.0], "奥斯特拉发发生爆炸": [0.8, 0.6], "奥斯特拉发选举": [0.0, 1.0]}

    def meaning(title: str, _language: str) -> bytes:
        return np.array(vectors[title], dtype=np.float16).tobytes()

    english = an_item("Explosion in Ostrava", countries=("CZ",))
    same = an_item("奥斯特拉发发生爆炸", language="zh", countries=("CZ",))
    other = an_item("奥斯特拉发选举", language="zh", countries=("CZ",))
    elsewhere = an_item("奥斯特拉发发生爆炸", language="zh", countries=("PE",))
    assert stories_of(english, same, meaning=meaning)[0] == stories_of(english, same, meaning=meaning)[1]
    assert len(set(stories_of(english, other, meaning=meaning))) == 2
    assert len(set(stories_of(english, elsewhere, meaning=meaning))) == 2
    assert len(set(stories_of(english, same))) == 2  # without an encoder nothing is guessed


def test_a_second_publisher_in_words_of_its_own_lifts_a_rumour_and_a_copy_does_not():
    rumour = an_item("Ostrava port may close", certainty=Certainty.RUMOUR)
    copy = an_item("Ostrava port may close", feed="mirror", certainty=Certainty.RUMOUR)
    own = an_item("Close of Ostrava port feared by traders", feed="herald", certainty=Certainty.RUMOUR)
    stories = Stories()
    stories.add(rumour)
    assert stories.add(copy).certainty is Certainty.RUMOUR
    assert stories.add(own).certainty is Certainty.REPORTED


def test_of_two_stories_as_like_a_report_joins_the_one_that_was_just_reported_on():
    for later, expected in ((timedelta(minutes=5), 1), (timedelta(hours=20), 0)):
        stories = Stories()
        told = (
            an_item("Dockers of Ostrava strike over pay", at=NOW - timedelta(hours=5), countries=("CZ",)),
            an_item("Dockers of Gdynia strike over rosters and hours", countries=("PL",)),
        )
        begun = [stories.add(item).id for item in told]
        assert stories.add(an_item("Dockers strike: ferries wait", at=NOW + later)).id == begun[expected]


def test_a_denial_is_the_newest_word_of_a_story():
    stories = Stories()
    stories.add(an_item("Ostrava port closes"))
    denial = an_item("Ostrava port denies that it closes", feed="herald", certainty=Certainty.DENIED)
    assert stories.add(denial).certainty is Certainty.DENIED


def test_stories_read_back_from_the_store_go_on_where_they_were():
    first, second = Stories(), an_item("Grain exports halted in Ostrava", feed="herald")
    story = first.add(an_item("Explosion at the port of Ostrava halts grain exports"))
    assert Stories(OpenStories.of([story])).add(second).id == story.id


def test_lines_that_cannot_be_read_are_told_with_their_number_and_the_rest_goes_on():
    lines = [
        '{"id": "a", "date": "2026-03-04", "title": "Strike in Ostrava"}',
        "{broken",
        '{"id": "b", "title": "Strike in Ostrava"}',
        '{"id": "c", "date": "2026-03-03", "title": "Strike in Ostrava"}',
        '{"id": "a", "date": "2026-03-04", "title": "Again"}',
        '{"id": "d", "date": "2026-03-05", "title": ""}',
        "[]",
        '{"date": "2026-03-05", "title": "x"}',
        '{"id": "e", "date": "2026-13-45", "title": "x"}',
        '{"id": "f", "date": "2026-03-05", "title": ["x"]}',
    ]
    items, wrong = read_items(lines, dated=True)
    assert [item.key for item in items] == [b"a"]
    assert [said.split(":")[0] for said in wrong] == [f"line {n}" for n in range(2, 11)]


def test_items_without_a_date_are_grouped_where_no_date_is_needed():
    items, wrong = read_items(
        ['{"id": 1, "title": "Strike in Ostrava"}', '{"id": 2, "title": "Ostrava strike"}'], dated=False
    )
    assert not wrong
    assert len(set(grouped(items, meaning=None).values())) == 1


def test_our_own_reports_are_grouped_among_others_by_words_alone():
    items, gold = reports("b", among=500)
    precision, recall, _f1 = b_cubed(items, gold, meaning=None)
    assert precision >= 0.85
    assert recall >= 0.5  # the other language is found by its meaning alone


@pytest.mark.xfail(strict=True, reason="0.765 measured; the thresholds are set by reports of our own")
@pytest.mark.evaluation
def test_story_grouping_reaches_its_floor_by_words_alone():
    if not CLUSTERS.is_dir():
        pytest.skip("EVALUATION_DATA names no folder with clusters/")
    lines = (CLUSTERS / "clusters_uci.jsonl").read_text().splitlines()
    items, _ = read_items(lines, dated=False)
    gold = {row["id"]: row["cluster"] for row in map(json.loads, lines)}
    assert b_cubed(items, gold, meaning=None)[2] >= 0.78


def test_a_report_in_another_language_is_compared_with_a_story_that_began_in_the_same_batch():
    asked = []

    def meaning(title: str, language: str) -> bytes:
        asked.append((title, language))
        return np.ones(4, np.float16).tobytes()

    told = [
        an_item("Explosion at the port of Ostrava", countries=("CZ",)),
        an_item("俄斯特拉发港口爆炸", feed="herald", language="zh", countries=("CZ",)),
    ]
    first, second = Stories(meaning=meaning).add_all(told)
    assert first.id == second.id
    assert ("Explosion at the port of Ostrava", "en") in asked


def test_items_taken_up_together_join_as_one_by_one_and_what_is_known_is_read_once():
    told = [
        an_item("Explosion at the port of Ostrava halts grain exports", countries=("CZ",)),
        an_item("Central bank of Peru raises its rate", feed="herald", countries=("PE",)),
    ]
    later = [
        an_item("Grain exports halted in Ostrava", feed="herald"),
        an_item("Peru central bank raises rate again", feed="coast", countries=("PE", "CL")),
        an_item("Ostrava port explosion: grain exports halt for a week", feed="coast"),
    ]
    one_by_one = Stories()
    for item in told + later:
        one_by_one.add(item)
    before, asked = Stories(), []
    known = OpenStories.of(before.add_all(told))
    read = replace(known, whole=lambda ids: [asked.append(tuple(ids)), *known.whole(ids)][1:])
    together = Stories(read)
    together.add_all(later)
    assert {s.id: s for s in together.by_id.values()} == one_by_one.by_id
    assert len(asked) == 1
