"""What was read and what it adds up to."""

from __future__ import annotations

from monitor.cli.commands.options import AS_OF, JSON, PROFILE, Command, arg
from monitor.i18n import N_

COMMANDS: tuple[Command, ...] = (
    (
        "items",
        "look:items",
        N_("stored items with their judgement"),
        (
            arg("--tag", metavar="T", default="", help=N_("geopolitical, compliance or supply_chain")),
            arg("--country", metavar="C", default="", help=N_("ISO 3166 code of two letters")),
            arg("--since", metavar="D", default="", help=N_("date, or a span such as 2d")),
            arg("--flagged", action="store_true", help=N_("only items with a tag")),
            arg("--search", metavar="TEXT", default="", help=N_("items that hold these words, the nearest first")),
            JSON,
        ),
    ),
    (
        "stories",
        "warn:stories",
        N_("open stories; with --from, which items of a file report the same event"),
        (
            arg("--from", dest="from_file", metavar="FILE", default="", help=N_("JSON Lines of items; - is stdin")),
            JSON,
        ),
    ),
    (
        "levels",
        "warn:levels",
        N_("today's level of each country and tag: count, expected, upper bound, and why"),
        (
            arg("--country", metavar="C", default="", help=N_("ISO 3166 code of two letters")),
            arg("--history", action="store_true", help=N_("every day of the last four weeks")),
            AS_OF,
            JSON,
        ),
    ),
    (
        "report",
        "report:report",
        N_("the briefing of one country as a page to print, every line with its source"),
        (
            arg("country", metavar="COUNTRY", help=N_("ISO 3166 code of two letters")),
            arg("--profile", metavar="NAME", default="", help=N_("for this profile; default the first")),
            arg("--out", metavar="FILE.html", default="", help=N_("where to write it; default stdout")),
            arg("--lang", choices=("en", "zh"), default="", help=N_("its language; default MONITOR_LANG")),
            arg("--days", type=int, default=30, help=N_("how many days back")),
        ),
    ),
    (
        "backtest",
        "warn:backtest",
        N_("replay dated items day by day through tag, story, aberration and level"),
        (
            arg("file", metavar="FILE", help=N_("JSON Lines of id, date, title, summary, source, oldest first")),
            PROFILE,
            JSON,
        ),
    ),
)
