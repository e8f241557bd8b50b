"""Commands about what the news adds up to: stories, levels, and a backtest of both."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from monitor.cli import show
from monitor.domain import DayLevel, Item, Judgement, Text
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell
from monitor.text.places import country_of


def stories(shell: Shell, options: argparse.Namespace) -> int:
    """The open stories; with --from, which story each item of a file belongs to."""
    if options.from_file:
        return _grouped(shell, options)
    from monitor.warn.stories import OPEN_FOR

    found = shell.store.recent_stories(shell.clock() - OPEN_FOR)
    ranked = sorted(found, key=lambda story: (-int(story.severity), -story.item_count, story.id))
    if options.json:
        for story in ranked:
            show.line(show.story(story))
        return 0
    rows = [
        (s.id, show.time(s.first_seen), show.time(s.last_seen), s.item_count, len(s.feeds), s.certainty.value, s.title)
        for s in ranked
    ]
    columns = (_("id"), _("first seen"), _("last seen"), _("items"), _("feeds"), _("certainty"), _("title"))
    show.table(columns, rows)
    return 0


def _grouped(shell: Shell, options: argparse.Namespace) -> int:
    """Each item's story, in the order of the file; broken lines are told on stderr and make the exit code 1."""
    from monitor.cli.teach import opened
    from monitor.warn.replay import grouped, read_items

    with opened(options.from_file) as lines:
        items, wrong = read_items(lines, dated=False)
    for problem in wrong:
        show.say(problem, to_stderr=True)
    story_of = grouped(items, meaning=shell.meaning)
    rows = [(item.key.decode(), story_of[item.ref]) for item in items]
    if options.json:
        for key, story in rows:
            show.line({"id": key, "story": story})
    else:
        show.table((_("id"), _("story")), rows)
    if not items and wrong:
        raise UsageError(_("{file} holds no item that can be read").format(file=options.from_file))
    return 1 if wrong else 0


def backtest(shell: Shell, options: argparse.Namespace) -> int:
    """A file of dated items replayed day by day; one line a day, country and tag with a story or a level."""
    from itertools import groupby

    from monitor.cli.teach import opened
    from monitor.warn.country_levels import CountryLevels, counts_alone, judged_days, replayed
    from monitor.warn.replay import read_items

    profile = shell.profile(options.profile) if options.profile else None
    with opened(options.file) as lines:
        items, wrong = read_items(lines, dated=True)
    for problem in wrong:
        show.say(problem, to_stderr=True)
    if not items:
        raise UsageError(_("{file} holds no item that can be read").format(file=options.file))
    days = [(day, list(of_day)) for day, of_day in groupby(items, key=lambda item: item.moment.date())]
    with show.progress(_("days replayed")) as progress:

        def told() -> Iterator[tuple[date, list[Item]]]:
            for number, day in enumerate(days, 1):
                yield day
                if progress is not None:
                    progress(number, len(days))

        def judge(texts: Sequence[Text]) -> Sequence[Judgement]:
            found = shell.tagger.judge(texts, fast=True)
            alone = [n for n, text in enumerate(texts) if counts_alone(text, found[n])]
            for n, judgement in zip(alone, shell.tagger.judge([texts[n] for n in alone]), strict=True):
                found[n] = judgement
            return found

        levels = CountryLevels()
        for found in replayed(levels, judged_days(told(), judge=judge, sources=levels.sources)):
            theirs = profile is None or (
                (not profile.countries or found.country in profile.countries)
                and (not profile.tags or found.tag in profile.tags)
            )
            if theirs and found.speaks:
                _show_level(found, json=options.json)
    return 1 if wrong else 0


HISTORY = timedelta(days=28)


def levels(shell: Shell, options: argparse.Namespace) -> int:
    """Today's level of every country and tag that has one, against its own past; with --history of four weeks."""
    today = shell.clock().date()
    since = today - HISTORY if options.history else today
    country = country_of(options.country) if options.country else ""
    for found in shell.store.level_days(since=since, until=today, country=country):
        if found.speaks:
            _show_level(found, json=options.json)
    return 0


def _show_level(found: DayLevel, *, json: bool) -> None:
    level = found.level.word if found.level else "none"
    if json:
        show.line(
            {
                "date": str(found.day),
                "country": found.country,
                "tag": found.tag.value,
                "count": found.count,
                "expected": round(found.expected, 3),
                "upper": round(found.upper, 3),
                "level": level,
                "reasons": list(found.reasons),
                "forecast": round(found.forecast, 3),
                "forecast_error": round(found.error, 3),
            }
        )
        return
    from monitor.i18n import current, translator
    from monitor.notify.words import level_facts

    facts = level_facts(found, translator(current()[0]))
    show.say(f"{found.day} {found.country} {_(found.tag.value)}: {_(level)}; {facts}")
