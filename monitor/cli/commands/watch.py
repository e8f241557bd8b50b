"""The watch: running it, looking whether it is awake, and a first visit."""

from __future__ import annotations

from monitor.cli.commands.options import AS_OF, JSON, Command, arg
from monitor.i18n import N_

COMMANDS: tuple[Command, ...] = (
    (
        "run",
        "watch:run",
        N_("the daemon: polls, tags, alerts, delivers and serves the review page"),
        (
            arg("--no-web", action="store_true", help=N_("without the review page")),
            arg("--no-mail", action="store_true", help=N_("messages stay in the outbox")),
        ),
    ),
    (
        "worker",
        "watch:worker",
        N_("joins the queue of a PostgreSQL installation, from any machine"),
        (
            arg("--concurrency", type=int, default=1, metavar="N", help=N_("jobs at a time")),
            arg("--no-schedule", action="store_true", help=N_("take jobs only; another machine schedules")),
        ),
    ),
    (
        "web",
        "web:web",
        N_("only the review page; or its users and the tokens of its API"),
        (
            arg("action", choices=("serve", "user", "token", "remove", "list"), nargs="?", default="serve"),
            arg("name", nargs="?", default="", metavar="NAME"),
            arg(
                "--role",
                choices=("reader", "reviewer", "admin"),
                default="reviewer",
                help=N_("what a user or client may do"),
            ),
            JSON,
        ),
    ),
    (
        "poll",
        "watch:poll",
        N_("one pass over the feeds that are due, through tagging and alerting; then delivers"),
        (
            arg("--all", action="store_true", help=N_("every feed, whatever the schedule says")),
            arg("--fetch-only", action="store_true", help=N_("store items; the next full pass judges them")),
            arg("--no-send", action="store_true", help=N_("messages stay in the outbox")),
            AS_OF,
            JSON,
        ),
    ),
    ("status", "look:status", N_("is the watch awake"), (JSON,)),
    ("doctor", "doctor:doctor", N_("what is wrong with this installation, and how to mend it"), (JSON,)),
    (
        "demo",
        "watch:demo",
        N_("a guided first run with sample feeds on this machine"),
        (arg("--once", action="store_true", help=N_("end after the tour instead of serving the page")),),
    ),
)
