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
from monitor.errors import MonitorError, UsageError
from monitor.i18n import N_, _


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
    known = [name for name, *_rest in _COMMANDS]
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
    parser = argparse.ArgumentParser(
        prog="monitor",
        description=_("Early warning for companies that operate across borders."),
        epilog=_("Begin with `monitor demo`. Settings are variables MONITOR_*; `monitor config` lists them."),
        formatter_class=_Formatter,
    )
    from monitor import __version__

    version, version_help = f"monitor {__version__}", _("show program's version number and exit")
    parser.add_argument("--version", action="version", version=version, help=version_help)
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    for name, call, help_text, add in _COMMANDS:
        said = _(help_text)
        verb = verbs.add_parser(name, help=said, description=said, formatter_class=_Formatter)
        verb.set_defaults(call=call)
        verb.add_argument("--database-url", metavar="URL", help=_("SQLite or PostgreSQL database"))
        verb.add_argument("--feeds", metavar="FILE", help=_("feeds.yaml, an OPML file or a list of URLs"))
        verb.add_argument("--verbose", "-v", action="store_true", help=_("log what happens"))
        for flags, options, told in add:
            verb.add_argument(*flags, **options, help=_(told))
    return parser


def _o(*flags: str, help: str = "", **options: object) -> tuple[tuple[str, ...], dict, str]:  # type: ignore[type-arg]
    return flags, options, help


_JSON = _o("--json", action="store_true", help=N_("JSON for machines"))
_AS_OF = _o("--as-of", metavar="DATE", help=N_("take this moment as now"))
_DRY = _o("--dry-run", action="store_true", help=N_("show what would be sent, send nothing"))
_DRY_LIST = _o("--dry-run", action="store_true", help=N_("for add and import: change nothing"))
_PROFILE = _o("--profile", metavar="NAME", default="", help=N_("only this profile"))

_COMMANDS = (
    (
        "run",
        "watch:run",
        N_("the daemon: polls, tags, alerts, delivers and serves the review page"),
        (
            _o("--no-web", action="store_true", help=N_("without the review page")),
            _o("--no-mail", action="store_true", help=N_("messages stay in the outbox")),
        ),
    ),
    (
        "web",
        "web:web",
        N_("only the review page; or its users and the tokens of its API"),
        (
            _o("action", choices=("serve", "user", "token", "remove", "list"), nargs="?", default="serve"),
            _o("name", nargs="?", default="", metavar="NAME"),
            _o(
                "--role",
                choices=("reader", "reviewer", "admin"),
                default="reviewer",
                help=N_("what a user or client may do"),
            ),
            _JSON,
        ),
    ),
    (
        "poll",
        "watch:poll",
        N_("one pass over the feeds that are due, through tagging and alerting; then delivers"),
        (
            _o("--all", action="store_true", help=N_("every feed, whatever the schedule says")),
            _o("--fetch-only", action="store_true", help=N_("store items; the next full pass judges them")),
            _o("--no-send", action="store_true", help=N_("messages stay in the outbox")),
            _AS_OF,
            _JSON,
        ),
    ),
    (
        "deliver",
        "watch:deliver",
        N_("send now what is due in the outbox"),
        (_o("--test", metavar="WHO", default="", help=N_("a test message to this address or channel")), _DRY, _JSON),
    ),
    (
        "outbox",
        "outbox:outbox",
        N_("what has not left and why; try a message now, write to a parked or unsubscribed address again"),
        (
            _o("action", choices=("list", "retry", "release", "subscribe"), nargs="?", default="list"),
            _o("what", nargs="?", default="", metavar="WHAT", help=N_("a message's number, or an address")),
            _o("--all", action="store_true", help=N_("with what was sent, and stops that ended")),
            _o("--author", default="", help=N_("who does it; default the user of this machine")),
            _PROFILE,
            _JSON,
        ),
    ),
    (
        "export",
        "exchange:export",
        N_("alerts for others: CAP 1.2, Atom, JSON Feed, STIX, CSV, JSON Lines, or a signed bundle"),
        (
            _PROFILE,
            _o("--format", choices=("cap", "atom", "jsonfeed", "jsonl", "csv", "stix"), default="jsonl"),
            _o("--bundle", action="store_true", help=N_("a signed bundle without a word of any profile")),
            _o("--tlp", metavar="COLOUR", default="amber", help=N_("clear, green, amber, amber+strict or red")),
            _o("--alert", metavar="ID", default="", help=N_("only this alert")),
            _o("--since", metavar="D", default="", help=N_("date, or a span such as 2d")),
            _o("--output", metavar="PATH", default="", help=N_("a file, or a folder for one file a CAP message")),
            _o("--link", action="store_true", help=N_("the secret address at which others read the feed")),
            _o("--key", action="store_true", help=N_("the public key that peers check our bundles with")),
        ),
    ),
    (
        "import",
        "exchange:take_in",
        N_("take in a peer's bundle, checked and judged like any other source"),
        (_o("file", metavar="BUNDLE"), _o("--peer", metavar="NAME", required=True, help=N_("who gave it")), _JSON),
    ),
    (
        "peers",
        "exchange:peers",
        N_("other installations whose bundles are taken in"),
        (
            _o("action", choices=("list", "add", "remove"), nargs="?", default="list"),
            _o("name", nargs="?", default="", metavar="NAME"),
            _o("--key", default="", help=N_("their public key, 64 hexadecimal digits")),
            _o("--trust", type=int, choices=(1, 2, 3), default=3, help=N_("1 an authority, 2 established, 3 anybody")),
            _o("--author", default="", help=N_("who does it; default the user of this machine")),
            _JSON,
        ),
    ),
    (
        "digest",
        "watch:digest",
        N_("build the digest of the running period and look at it, or send it"),
        (
            _PROFILE,
            _o("--send", action="store_true", help=N_("close the period, then deliver all that is due")),
            _o("--preview", metavar="FILE.html", help=N_("write it as a page")),
            _o("--brief", action="store_true", help=N_("the weekly policy brief instead")),
            _DRY,
            _AS_OF,
        ),
    ),
    (
        "demo",
        "watch:demo",
        N_("a guided first run with sample feeds on this machine"),
        (_o("--once", action="store_true", help=N_("end after the tour instead of serving the page")),),
    ),
    (
        "items",
        "look:items",
        N_("stored items with their judgement"),
        (
            _o("--tag", metavar="T", default="", help=N_("geopolitical, compliance or supply_chain")),
            _o("--country", metavar="C", default="", help=N_("ISO 3166 code of two letters")),
            _o("--since", metavar="D", default="", help=N_("date, or a span such as 2d")),
            _o("--flagged", action="store_true", help=N_("only items with a tag")),
            _o("--search", metavar="TEXT", default="", help=N_("items that hold these words, the nearest first")),
            _JSON,
        ),
    ),
    (
        "alerts",
        "look:alerts",
        N_("alerts, the gravest first"),
        (
            _PROFILE,
            _o("--level", metavar="L", default="", help=N_("blue, yellow, orange or red")),
            _o("--state", metavar="S", default="", help=N_("open, acknowledged, escalated, closed or dismissed")),
            _o("--held", action="store_true", help=N_("only those held back by the alert budget")),
            _JSON,
        ),
    ),
    (
        "alert",
        "look:alert",
        N_("acknowledge, close, dismiss, assign, withdraw or correct one alert"),
        (
            _o("id", metavar="ID"),
            _o("action", choices=("ack", "close", "dismiss", "assign", "reopen", "withdraw", "correct")),
            _o("who", nargs="?", default="", help=N_("for assign: the owner")),
            _o("--level", metavar="L", default="", help=N_("for correct: the right level")),
            _o("--note", default="", help=N_("why")),
            _o("--author", default="", help=N_("who does it; default the user of this machine")),
        ),
    ),
    (
        "silence",
        "silence:silence",
        N_("alerts that are raised and kept and told to nobody, until when and why"),
        (
            _o("action", choices=("list", "add", "end"), nargs="?", default="list"),
            _o("id", nargs="?", default="", metavar="ID"),
            _PROFILE,
            _o("--country", metavar="C", default="", help=N_("ISO 3166 code of two letters")),
            _o("--tag", metavar="T", default="", help=N_("geopolitical, compliance or supply_chain")),
            _o("--topic", metavar="T", default="", help=N_("a topic such as compliance.carbon")),
            _o("--until", metavar="DATE", default="", help=N_("when it ends by itself; a date, or a span such as 2d")),
            _o("--reason", default="", help=N_("why")),
            _o("--author", default="", help=N_("who does it; default the user of this machine")),
            _JSON,
        ),
    ),
    (
        "why",
        "look:why",
        N_("what was read, how it was tagged, whom it concerned or not, and who was told"),
        (_o("what", metavar="URL-OR-ID"), _PROFILE, _JSON),
    ),
    (
        "review",
        "look:review",
        N_("the queue of flagged and unsure items; with an id, a verdict"),
        (
            _o("id", nargs="?", default="", metavar="ID"),
            _o("--verdict", choices=("confirm", "dismiss", "relabel"), default="", help=N_("what you say of it")),
            _o("--labels", metavar="T,T", default="", help=N_("for relabel: the right tags, or none")),
            _o("--reason", default="", help=N_("why")),
            _o("--author", default="", help=N_("who says it; default the user of this machine")),
            _o("--limit", type=int, default=20, help=N_("items to list")),
            _JSON,
        ),
    ),
    (
        "deadlines",
        "plan:deadlines",
        N_("dates that bind, with the countdown, and how long before them you were told"),
        (_PROFILE, _o("--past", action="store_true", help=N_("past dates too: the whole ledger")), _JSON),
    ),
    (
        "playbook",
        "plan:playbook",
        N_("the response plan of one alert: steps, owners, due times, whom to call; or how far a step is"),
        (
            _o("id", metavar="ALERT"),
            _o("--done", metavar="STEP", default="", help=N_("this step is done")),
            _o("--skip", metavar="STEP", default="", help=N_("this step is left out")),
            _o("--note", default="", help=N_("why")),
            _o("--author", default="", help=N_("who does it; default the user of this machine")),
            _JSON,
        ),
    ),
    (
        "exposure",
        "plan:exposure",
        N_("how concentrated each business is, and whether all stand in the same countries"),
        (_JSON,),
    ),
    (
        "stories",
        "warn:stories",
        N_("open stories; with --from, which items of a file report the same event"),
        (_o("--from", dest="from_file", metavar="FILE", default="", help=N_("JSON Lines of items; - is stdin")), _JSON),
    ),
    (
        "scorecard",
        "score:scorecard",
        N_("our own precision, misses, lead time and answers, with counts and intervals"),
        (_o("--days", type=int, default=365, help=N_("how many days back")), _JSON),
    ),
    (
        "report",
        "report:report",
        N_("the briefing of one country as a page to print, every line with its source"),
        (
            _o("country", metavar="COUNTRY", help=N_("ISO 3166 code of two letters")),
            _o("--profile", metavar="NAME", default="", help=N_("for this profile; default the first")),
            _o("--out", metavar="FILE.html", default="", help=N_("where to write it; default stdout")),
            _o("--lang", choices=("en", "zh"), default="", help=N_("its language; default MONITOR_LANG")),
            _o("--days", type=int, default=30, help=N_("how many days back")),
        ),
    ),
    ("doctor", "doctor:doctor", N_("what is wrong with this installation, and how to mend it"), (_JSON,)),
    (
        "audit",
        "audit:audit",
        N_("the trail of what people changed: list it, verify that it is intact, write it out signed"),
        (
            _o("action", choices=("list", "verify", "export"), nargs="?", default="list"),
            _o("file", nargs="?", default="", metavar="FILE", help=N_("for export; for verify a file written so")),
            _o("--key", metavar="KEY", default="", help=N_("for verify: whose signature it has to be; default ours")),
            _JSON,
        ),
    ),
    (
        "levels",
        "warn:levels",
        N_("today's level of each country and tag: count, expected, upper bound, and why"),
        (
            _o("--country", metavar="C", default="", help=N_("ISO 3166 code of two letters")),
            _o("--history", action="store_true", help=N_("every day of the last four weeks")),
            _AS_OF,
            _JSON,
        ),
    ),
    (
        "backtest",
        "warn:backtest",
        N_("replay dated items day by day through tag, story, aberration and level"),
        (
            _o("file", metavar="FILE", help=N_("JSON Lines of id, date, title, summary, source, oldest first")),
            _PROFILE,
            _JSON,
        ),
    ),
    ("status", "look:status", N_("is the watch awake"), (_JSON,)),
    (
        "classify",
        "teach:classify",
        N_("tag texts: JSON Lines in, JSON Lines out"),
        (_o("file", nargs="?", default="-", metavar="FILE"),),
    ),
    (
        "train",
        "teach:train",
        N_("train the classifier from the seeds and this installation's verdicts"),
        (
            _o("--shipped", action="store_true", help=N_("rebuild the checkout's models/ (for developers)")),
            _o("--without", metavar="AUTHOR", default="", help=N_("leave out the verdicts of one reviewer")),
            _JSON,
        ),
    ),
    (
        "evaluate",
        "teach:evaluate",
        N_("measure the classifier on labelled JSON Lines"),
        (
            _o("file", metavar="FILE"),
            _o("--errors", action="store_true", help=N_("print what was judged wrongly, grouped")),
            _o("--card", metavar="FILE", default="", help=N_("write the model card there")),
            _o("--named", metavar="WORDS", default="", help=N_("what the card calls the measured file")),
            _o("--curve", action="store_true", help=N_("the card shows what ever more examples bring (some minutes)")),
            _JSON,
        ),
    ),
    (
        "model",
        "teach:model",
        N_("which classifier judges"),
        (
            _o("action", choices=("list", "compare", "promote", "back", "drift"), nargs="?", default="list"),
            _o("digest", nargs="?", default="", help=N_("for compare and promote: the first letters of its digest")),
            _JSON,
        ),
    ),
    (
        "feeds",
        "feeds:feeds",
        N_("the feeds and how they are"),
        (
            _o("action", choices=("list", "check", "add", "accept", "import", "export"), nargs="?", default="list"),
            _o(
                "what",
                nargs="?",
                default="",
                metavar="WHAT",
                help=N_("for add: the address of a feed or page; accept: a feed's name; import, export: the file"),
            ),
            _o("--name", metavar="NAME", default="", help=N_("for add: what to call the feed")),
            _o("--watch", metavar="SELECTOR", default="", help=N_("for add: watch this region of the page")),
            _DRY_LIST,
            _JSON,
        ),
    ),
    (
        "profiles",
        "profiles:profiles",
        N_("the profiles in force; write, try out, take in and give away profiles"),
        (
            _o("action", choices=("list", "new", "import", "export", "preview"), nargs="?", default="list"),
            _o(
                "what",
                nargs="?",
                default="",
                metavar="NAME-OR-FILE",
                help=N_("for preview and export a name, for import a file"),
            ),
            _o("--days", type=int, default=30, help=N_("for preview: how many days back")),
            _o(
                "--file",
                metavar="FILE",
                default="",
                help=N_("profiles.yaml to read or write; default MONITOR_PROFILES"),
            ),
            _o(
                "--from",
                dest="answers",
                metavar="FILE",
                default="",
                help=N_("for new: answers as YAML instead of questions"),
            ),
            _o(
                "--set",
                action="append",
                default=[],
                metavar="KEY=VALUE",
                help=N_("for new: one answer; may be repeated"),
            ),
            _o("--dry-run", action="store_true", help=N_("show what would be written, write nothing")),
            _JSON,
        ),
    ),
    ("config", "setup:config", N_("the settings in force, secrets masked"), (_JSON,)),
    (
        "worker",
        "watch:worker",
        N_("joins the queue of a PostgreSQL installation, from any machine"),
        (
            _o("--concurrency", type=int, default=1, metavar="N", help=N_("jobs at a time")),
            _o("--no-schedule", action="store_true", help=N_("take jobs only; another machine schedules")),
        ),
    ),
    (
        "db",
        "setup:db",
        N_(
            "storage: migrate it, check it, back it up while it is in use, restore it, copy it to another database, "
            "forget what is old"
        ),
        (
            _o("action", choices=("upgrade", "check", "backup", "restore", "copy", "prune")),
            _o("target", nargs="?", default="", metavar="FILE-OR-URL"),
            _o("--replace", action="store_true", help=N_("for restore and copy: clear what the database holds")),
            _o("--keep", metavar="D", default="", help=N_("for prune: drop what is older, such as 400d")),
            _o(
                "--keep-size",
                metavar="S",
                default="",
                help=N_("for prune: drop the oldest down to this size, such as 2GB"),
            ),
            _o("--dry-run", action="store_true", help=N_("for prune: only tell what would be dropped")),
            _JSON,
        ),
    ),
)


if __name__ == "__main__":
    sys.exit(main())
