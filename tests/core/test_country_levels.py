"""Levels of countries: up at once, down step by step, against their own past, by sources that were always there."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from monitor.domain import DayLevel, Level, Reported, Severity, StoryDay, Tag, Text
from monitor.warn.country_levels import (
    BACK,
    UPHEAVAL,
    CountryLevels,
    Found,
    Sources,
    begun,
    more,
    read,
    replayed,
    stories_of_day,
)

DAY = date(2026, 3, 4)
KEY = ("CZ", Tag.GEOPOLITICAL)
QUIET: Found = {}


def stories(
    count: int,
    *,
    feed: str = "gazette",
    severity: Severity = Severity.WATCH,
    new: bool = True,
    flagged: bool = True,
    key: tuple[str, Tag] = KEY,
) -> Found:
    told = [
        StoryDay(
            story=f"s{feed}{n}",
            severity=severity,
            feeds=frozenset({feed}),
            new=new,
            chance=0.95 if flagged else 0.2,
            flagged=flagged,
        )
        for n in range(count)
    ]
    return {key: told} if told else {}


def always(*feeds: str) -> Sources:
    """Sources that have spoken since long before and go on."""
    begun = DAY - timedelta(100)
    return Sources(begun=begun, first=dict.fromkeys(feeds, begun), last=dict.fromkeys(feeds, DAY + timedelta(1000)))


def rows_of(*days: Found, sources: Sources | None = None) -> list[DayLevel]:
    levels = CountryLevels(sources or always("gazette"))
    return list(replayed(levels, ((DAY + timedelta(n), found) for n, found in enumerate(days))))


def levels_of(*days: Found, sources: Sources | None = None) -> list[Level | None]:
    found = {row.day: row.level for row in rows_of(*days, sources=sources)}
    return [found.get(DAY + timedelta(n)) for n in range(len(days))]


def highest(levels: list[Level | None]) -> int:
    return max(int(level or 0) for level in levels)


def test_a_burst_rises_at_once_and_falls_one_step_a_day():
    told = levels_of(*[QUIET] * 30, stories(12), QUIET, QUIET, QUIET, QUIET)
    assert told[-5:] == [Level.RED, Level.ORANGE, Level.YELLOW, Level.BLUE, None]


def test_what_a_country_always_has_is_no_aberration():
    assert highest(levels_of(*[stories(n) for n in [6, 7, 5, 8, 6, 7] * 8])[40:]) < Level.ORANGE
    assert highest(levels_of(*[stories(5)] * 50)[20:]) < Level.ORANGE


def test_one_grave_story_counts_on_its_first_day_alone_and_where_none_was_for_a_week():
    grave, still = stories(1, severity=Severity.WARNING), stories(1, severity=Severity.WARNING, new=False)
    assert levels_of(*[QUIET] * 30, grave, still, still)[-3:] == [Level.ORANGE, Level.YELLOW, Level.YELLOW]
    assert highest(levels_of(*[grave] * 50)[20:]) < Level.ORANGE


def test_an_upheaval_counts_however_severe_for_a_firm_where_none_was_for_four_weeks():
    shaken = {KEY: [replace(story, upheaval=True) for story in stories(1)[KEY]]}
    days = [*[QUIET] * 30, shaken, *[QUIET] * (BACK - 1), shaken, *[QUIET] * BACK, shaken]
    rows = {(row.day - DAY).days: row for row in rows_of(*days) if (row.level or 0) >= Level.ORANGE}
    assert list(rows) == [30, 30 + BACK + BACK + 1]
    assert rows[30].reasons == (UPHEAVAL,)
    assert not more(rows[30])


def test_two_flagged_stories_are_enough_in_a_country_that_was_not_orange_for_a_week():
    assert highest(levels_of(*[QUIET] * 30, stories(2))) == Level.ORANGE
    assert highest(levels_of(*[QUIET] * 30, stories(2, flagged=False))) < Level.ORANGE
    assert highest(levels_of(*[QUIET] * 30, stories(1))) < Level.ORANGE
    assert levels_of(*[QUIET] * 30, stories(2), *[QUIET] * 2, stories(2))[-1] < Level.ORANGE
    assert levels_of(*[QUIET] * 30, stories(2), *[QUIET] * 2, stories(3))[-1] == Level.ORANGE


def test_single_stories_raise_no_country_that_was_orange_within_a_week():
    grave = {("CZ", Tag.COMPLIANCE): stories(1, severity=Severity.WARNING)[KEY]}
    for days, level in ((5, Level.YELLOW), (8, Level.ORANGE)):
        assert levels_of(*[QUIET] * 30, stories(3), *[QUIET] * days, grave)[-1] == level


def test_a_single_story_is_no_news_where_many_reports_a_day_are_usual():
    grave = {("CZ", Tag.COMPLIANCE): stories(1, severity=Severity.WARNING)[KEY]}
    for usual, level in ((3, Level.ORANGE), (4, Level.YELLOW)):
        row = rows_of(*[stories(usual, flagged=False)] * 40, stories(usual, flagged=False) | grave)[-2]
        assert (row.tag, row.level) == (Tag.COMPLIANCE, level)


def test_items_of_one_story_are_as_many_reports_whatever_their_tags_and_shake_the_country_named_first():
    def item(tag: Tag) -> Reported:
        moment = datetime(2026, 3, 4, 9, tzinfo=UTC)
        text = Text(title="Blast kills 30 near border", language="en")
        known = ("s1", moment, "gazette", (tag,), ("CZ", "AT"), Severity.WATCH, 0.8, True)
        return read(Reported(moment, *known, text=text))

    found = stories_of_day(DAY, [item(Tag.GEOPOLITICAL), item(Tag.SUPPLY_CHAIN), item(Tag.SUPPLY_CHAIN)])
    assert {key: [(story.reports, story.upheaval) for story in of] for key, of in found.items()} == {
        (country, tag): [(3, country == "CZ")]
        for country in ("CZ", "AT")
        for tag in (Tag.GEOPOLITICAL, Tag.SUPPLY_CHAIN)
    }


def test_reports_that_nobody_would_flag_alone_add_up_to_a_rise_of_their_country():
    doubtful = stories(4, flagged=False)
    [row] = [row for row in rows_of(*[QUIET] * 30, doubtful) if row.day == DAY + timedelta(30)]
    assert (row.level, row.count, more(row)) == (Level.ORANGE, 0, True)
    assert rows_of(*[QUIET] * 30, stories(1, flagged=False))[-1].level is None


def test_reports_of_a_country_count_whatever_their_tag():
    parts = [stories(2, key=("CZ", tag), feed="gazette") for tag in Tag]
    renamed = {
        key: [StoryDay(story=f"{key[1]}{n}", severity=Severity.WATCH, feeds=frozenset({"gazette"}), new=True)
              for n in range(2)]
        for part in parts for key in part
    }  # fmt: skip
    assert highest([row.level for row in rows_of(*[QUIET] * 30, renamed)]) == Level.ORANGE


def test_days_without_items_are_days_too():
    days = [(DAY, stories(1, severity=Severity.CRITICAL)), (DAY + timedelta(9), stories(1))]
    levels = [row.level for row in replayed(CountryLevels(always("gazette")), days)]
    assert levels == [Level.ORANGE, Level.YELLOW, Level.BLUE, Level.YELLOW]  # the last is above an empty past


def test_a_source_that_comes_is_no_signal_until_it_has_a_past_of_its_own():
    sources = always("gazette")
    sources.first["herald"], sources.last["herald"] = DAY + timedelta(30), DAY + timedelta(1000)
    both = {KEY: [*stories(2)[KEY], *stories(9, feed="herald")[KEY]]}
    days = [stories(2)] * 30 + [both] * (BACK + 10)
    rows = rows_of(*days, sources=sources)
    assert highest([row.level for row in rows[15:]]) < Level.ORANGE
    assert [row.count for row in rows[29:31]] == [2, 2]
    assert rows[-1].count == 11


def test_a_source_that_goes_leaves_the_past_too_so_that_a_burst_of_the_others_is_still_seen():
    sources = always("gazette", "herald")
    sources.last["herald"] = DAY + timedelta(10)
    both = {KEY: [*stories(1)[KEY], *stories(9, feed="herald")[KEY]]}
    days = [both] * 11 + [stories(1)] * BACK + [stories(1), stories(6)]
    assert levels_of(*days, sources=sources)[-1] >= Level.ORANGE


def test_a_young_watch_compares_nothing():
    young = Sources(begun=DAY, first={"gazette": DAY}, last={"gazette": DAY + timedelta(1000)})
    assert highest(levels_of(*[stories(n) for n in (1, 9, 12)], sources=young)) < Level.ORANGE


def test_levels_read_back_go_on_where_they_were():
    days = [*[QUIET] * 30, stories(8), stories(1), QUIET, QUIET]
    whole = rows_of(*days)
    before = [row for row in whole if row.day < DAY + timedelta(31)]
    levels = CountryLevels(always("gazette"), known=before)
    rest = list(replayed(levels, ((DAY + timedelta(n), found) for n, found in enumerate(days) if n >= 31)))
    assert rest == [row for row in whole if row.day >= DAY + timedelta(31)]


def test_a_run_of_high_days_has_one_beginning():
    rows = [row for row in rows_of(*[QUIET] * 30, stories(12), stories(12), QUIET) if (row.level or 0) >= Level.ORANGE]
    assert [more(row) for row in rows] == [True, True]
    assert {begun(row, rows) for row in rows} == {DAY + timedelta(30)}
