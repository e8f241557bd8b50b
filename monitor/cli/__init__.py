"""The command `monitor`: parse arguments, call, print. Decides nothing.

stdout is the result, stderr the log. Exit 0 done, 1 failed, 2 wrong usage or configuration,
3 a quality gate failed. A command loads only what it uses.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from monitor.cli import words
from monitor.cli.commands import COMMANDS
from monitor.errors import MonitorError, UsageError
from monitor.i18n import _


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
    words.begin()
    _refuse_unknown(arguments)
    options = _parser(arguments).parse_args(arguments)
    from monitor import config, i18n
    from monitor.shell import Shell, system_clock

    settings = config.load(os.environ, env_file=Path(".env"), database_url=options.database_url, feeds=options.feeds)
    i18n.use(settings.lang)
    masked = config.mask(settings)
    _log_to_stderr(settings.log_format, masked, verbose=options.verbose)
    moment = _moment(options.as_of) if getattr(options, "as_of", None) else None
    shell = Shell(settings=settings, clock=(lambda: moment) if moment else system_clock)
    module, function = options.call.split(":")
    try:
        with closing(shell):
            return int(getattr(import_module(f"monitor.cli.{module}"), function)(shell, options))
    except MonitorError as problem:
        print(f"monitor: {masked(str(problem))}", file=sys.stderr)
        return problem.exit_code


def _refuse_unknown(arguments: list[str]) -> None:
    """What is no command is told in one line, with the one that may be meant."""
    known = [name for name, *_rest in COMMANDS]
    if not arguments:
        raise UsageError(_("name a command: `monitor demo` shows what this is, `monitor --help` lists all"))
    if not arguments[0].startswith("-") and arguments[0] not in known:
        from difflib import get_close_matches

        close = get_close_matches(arguments[0], known, n=1)
        said = _("{name!r} is no command").format(name=arguments[0])
        said += _(" (did you mean {name}?)").format(name=close[0]) if close else ""
        raise UsageError(said + _("; `monitor --help` lists all"))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        wrong = _("{text!r} is not a date: use 2026-11-24 or 2026-11-24T06:30:00+00:00")
        raise UsageError(wrong.format(text=text)) from problem
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _log_to_stderr(form: str, masked: Callable[[str], str], *, verbose: bool) -> None:
    from monitor.cli.logs import handler

    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, handlers=[handler(form, masked)], force=True)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of the verb that these arguments begin with; of all of them, where they begin with none."""
    parser = argparse.ArgumentParser(
        prog="monitor",
        description=_("Early warning for companies that operate across borders."),
        epilog=_("Begin with `monitor demo`. Settings are variables MONITOR_*; `monitor config` lists them."),
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    from monitor import __version__

    version, version_help = f"monitor {__version__}", _("show program's version number and exit")
    parser.add_argument("--version", action="version", version=version, help=version_help)
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    asked = [command for command in COMMANDS if command[0] in arguments[:1]]  # building all is a third of the start
    for name, call, help_text, add in asked or COMMANDS:
        said = _(help_text)
        verb = verbs.add_parser(name, help=said, description=said, formatter_class=_Formatter, allow_abbrev=False)
        verb.set_defaults(call=call)
        verb.add_argument("--database-url", metavar="URL", help=_("SQLite or PostgreSQL database"))
        verb.add_argument("--feeds", metavar="FILE", help=_("feeds.yaml, an OPML file or a list of URLs"))
        verb.add_argument("--verbose", "-v", action="store_true", help=_("log what happens"))
        for flags, options, told in add:
            verb.add_argument(*flags, **options, help=_(told))
    return parser


if __name__ == "__main__":
    sys.exit(main())
