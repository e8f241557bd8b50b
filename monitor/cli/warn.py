"""Commands about what the news adds up to: stories, levels, and a backtest of both."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from monitor.cli import show
from monitor.domain import Item, Judgement, Text
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell

if TYPE_CHECKING:
    from monitor.warn.country_levels import DayLevel


def stories(shell: Shell, options: argparse.Namespace) -> int:
    """The open stories; with --from, which story each item of a file belongs to."""
    if options.from_file:
        return _grouped(shell, options)
    from monitor.warn.stories import OPEN_FOR

    found = shell.store.known(since=shell.clock() - OPEN_FOR, today=shell.clock()).stories
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
    from monitor.warn.country_levels import CountryLevels, replayed, severities_of
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
            return shell.tagger.judge(texts, fast=True)

        for found in replayed(CountryLevels(), severities_of(told(), judge=judge)):
            theirs = profile is None or (
                (not profile.countries or found.country in profile.countries)
                and (not profile.tags or found.tag in profile.tags)
            )
            if theirs:
                _show_level(found, json=options.json)
    return 1 if wrong else 0


LEVELS_OVER = timedelta(weeks=8)  # twice the past that a day is compared with, so that levels have settled


def levels(shell: Shell, options: argparse.Namespace) -> int:
    """Today's level of every country and tag that has one, against its own past."""
    from monitor.store.items import ItemFilter
    from monitor.warn.country_levels import CountryLevels, of_stored, replayed

    now = shell.clock()
    items = shell.store.items(ItemFilter(since=now - LEVELS_OVER, flagged=True))
    days = of_stored(items, since=(now - LEVELS_OVER).date(), until=now.date())
    for found in replayed(CountryLevels(), days):
        if found.day == now.date() and options.country.upper() in ("", found.country):
            _show_level(found, json=options.json)
    return 0


def _show_level(found: DayLevel, *, json: bool) -> None:
    level = found.level.word if found.level else "none"
    if json:
        row = {"date": str(found.day), "country": found.country, "tag": found.tag, "count": found.count}
        bounds = {"expected": round(found.expected, 3), "upper": round(found.upper, 3)}
        show.line({**row, **bounds, "level": level, "reasons": list(found.reasons)})
    else:
        form = _("{day} {country} {tag}: {level} ({count} stories, {expected:.1f} expected, at most {upper:.1f}) {why}")
        shown = {"day": found.day, "country": found.country, "tag": found.tag, "count": found.count}
        bounds = {"expected": found.expected, "upper": found.upper}
        show.say(form.format(level=_(level), why="; ".join(_(r) for r in found.reasons), **shown, **bounds).rstrip())
