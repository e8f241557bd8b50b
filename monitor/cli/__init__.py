"""The command `monitor`: parse arguments, call, print. Decides nothing.

stdout is the result, stderr the log. Exit 0 done, 1 failed, 2 wrong usage or configuration,
3 a quality gate failed. A command loads only what it uses.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from monitor.errors import MonitorError, UsageError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        return _run(arguments)
    except MonitorError as problem:
        print(f"monitor: {problem}", file=sys.stderr)
        return problem.exit_code
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _run(arguments: list[str]) -> int:
    options = _parser(arguments).parse_args(arguments)
    from monitor import config, i18n
    from monitor.shell import Shell, system_clock

    settings = config.load(os.environ, env_file=Path(".env"), database_url=options.database_url, feeds=options.feeds)
    i18n.use(settings.lang)
    _log_to_stderr(settings.log_format, verbose=options.verbose)
    moment = _moment(options.as_of) if getattr(options, "as_of", None) else None
    shell = Shell(settings=settings, clock=(lambda: moment) if moment else system_clock)
    module, function = options.call.split(":")
    with closing(shell):
        return int(getattr(import_module(f"monitor.cli.{module}"), function)(shell, options))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise UsageError(f"{text!r} is not a date: use 2026-11-24 or 2026-11-24T06:30:00+00:00") from problem
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _log_to_stderr(form: str, *, verbose: bool) -> None:
    from monitor.cli.logs import handler

    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler(form)], force=True)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="monitor",
        description="Early warning for companies that operate across borders.",
        epilog="Every setting is an environment variable MONITOR_*; `monitor config` lists them.",
        formatter_class=_Formatter,
    )
    from monitor import __version__

    parser.add_argument("--version", action="version", version=f"monitor {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    for name, call, help_text, add in _COMMANDS:
        verb = verbs.add_parser(name, help=help_text, description=help_text, formatter_class=_Formatter)
        verb.set_defaults(call=call)
        verb.add_argument("--database-url", metavar="URL", help="SQLite or PostgreSQL database")
        verb.add_argument("--feeds", metavar="FILE", help="feeds.yaml, an OPML file or a list of URLs")
        verb.add_argument("--verbose", "-v", action="store_true", help="log what happens")
        for flags, options in add:
            verb.add_argument(*flags, **options)
    return parser


def _o(*flags: str, **options: object) -> tuple[tuple[str, ...], dict]:  # type: ignore[type-arg]
    return flags, options


_JSON = _o("--json", action="store_true", help="JSON for machines")
_AS_OF = _o("--as-of", metavar="DATE", help="take this moment as now")
_DRY = _o("--dry-run", action="store_true", help="show what would be sent, send nothing")
_PROFILE = _o("--profile", metavar="NAME", default="", help="only this profile")

_COMMANDS = (
    (
        "run",
        "watch:run",
        "the daemon: polls, tags, alerts, delivers and serves the review page",
        (
            _o("--no-web", action="store_true", help="without the review page"),
            _o("--no-mail", action="store_true", help="messages stay in the outbox"),
        ),
    ),
    ("web", "watch:web", "only the review page", ()),
    (
        "poll",
        "watch:poll",
        "one pass over the feeds that are due, through tagging and alerting; then delivers",
        (
            _o("--all", action="store_true", help="every feed, whatever the schedule says"),
            _o("--fetch-only", action="store_true", help="store items; the next full pass judges them"),
            _o("--no-send", action="store_true", help="messages stay in the outbox"),
            _AS_OF,
            _JSON,
        ),
    ),
    ("deliver", "watch:deliver", "send now what is due in the outbox", (_DRY, _JSON)),
    (
        "digest",
        "watch:digest",
        "build the digest of the running period and look at it, or send it",
        (
            _PROFILE,
            _o("--send", action="store_true", help="close the period, then deliver all that is due"),
            _o("--preview", metavar="FILE.html", help="write it as a page"),
            _DRY,
            _AS_OF,
        ),
    ),
    (
        "demo",
        "watch:demo",
        "a guided first run with sample feeds on this machine",
        (_o("--once", action="store_true", help="end after the tour instead of serving the page"),),
    ),
    (
        "items",
        "look:items",
        "stored items with their judgement",
        (
            _o("--tag", metavar="T", default="", help="geopolitical, compliance or supply_chain"),
            _o("--country", metavar="C", default="", help="ISO 3166 code of two letters"),
            _o("--since", metavar="D", default="", help="date, or a span such as 2d"),
            _o("--flagged", action="store_true", help="only items with a tag"),
            _JSON,
        ),
    ),
    (
        "alerts",
        "look:alerts",
        "alerts, the gravest first",
        (
            _PROFILE,
            _o("--level", metavar="L", default="", help="blue, yellow, orange or red"),
            _o("--state", metavar="S", default="", help="open, acknowledged, escalated, closed or dismissed"),
            _JSON,
        ),
    ),
    (
        "alert",
        "look:alert",
        "acknowledge, close, dismiss or assign one alert",
        (
            _o("id", metavar="ID"),
            _o("action", choices=("ack", "close", "dismiss", "assign", "reopen")),
            _o("who", nargs="?", default="", help="for assign: the owner"),
            _o("--note", default="", help="why"),
            _o("--author", default="", help="who does it; default the user of this machine"),
        ),
    ),
    (
        "why",
        "look:why",
        "what was read, how it was tagged, whom it concerned or not, and who was told",
        (_o("what", metavar="URL-OR-ID"), _PROFILE, _JSON),
    ),
    (
        "review",
        "look:review",
        "the queue of flagged and unsure items; with an id, a verdict",
        (
            _o("id", nargs="?", default="", metavar="ID"),
            _o("--verdict", choices=("confirm", "dismiss", "relabel"), default="", help="what you say of it"),
            _o("--labels", metavar="T,T", default="", help="for relabel: the right tags, or none"),
            _o("--reason", default="", help="why"),
            _o("--author", default="", help="who says it; default the user of this machine"),
            _o("--limit", type=int, default=20, help="items to list"),
            _JSON,
        ),
    ),
    ("status", "look:status", "is the watch awake", (_JSON,)),
    (
        "classify",
        "teach:classify",
        "tag texts: JSON Lines in, JSON Lines out",
        (_o("file", nargs="?", default="-", metavar="FILE"),),
    ),
    (
        "train",
        "teach:train",
        "train the classifier from the seeds and this installation's verdicts",
        (_o("--shipped", action="store_true", help="rebuild the checkout's models/ (for developers)"), _JSON),
    ),
    (
        "evaluate",
        "teach:evaluate",
        "measure the classifier on labelled JSON Lines",
        (_o("file", metavar="FILE"), _JSON),
    ),
    (
        "model",
        "teach:model",
        "which classifier judges",
        (
            _o("action", choices=("list", "promote", "back"), nargs="?", default="list"),
            _o("digest", nargs="?", default="", help="for promote: the first letters of its digest"),
            _JSON,
        ),
    ),
    (
        "feeds",
        "setup:feeds",
        "the feeds and how they are",
        (_o("action", choices=("list",), nargs="?", default="list"), _JSON),
    ),
    (
        "profiles",
        "setup:profiles",
        "the profiles in force",
        (_o("action", choices=("list",), nargs="?", default="list"), _JSON),
    ),
    ("config", "setup:config", "the settings in force, secrets masked", (_JSON,)),
    (
        "db",
        "setup:db",
        "storage: migrate it, or copy it while it is in use",
        (_o("action", choices=("upgrade", "backup", "check")), _o("file", nargs="?", default="", metavar="FILE")),
    ),
)


if __name__ == "__main__":
    sys.exit(main())
