"""Commands about what the news adds up to: stories, levels, and a backtest of both."""

from __future__ import annotations

import argparse

from monitor.cli import show
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell


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
