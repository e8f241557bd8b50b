"""Alerts, what holds them back and why, and what is to be done about them."""

from __future__ import annotations

from monitor.cli.commands.options import JSON, PROFILE, Command, arg
from monitor.i18n import N_

COMMANDS: tuple[Command, ...] = (
    (
        "alerts",
        "look:alerts",
        N_("alerts, the gravest first"),
        (
            PROFILE,
            arg("--level", metavar="L", default="", help=N_("blue, yellow, orange or red")),
            arg("--state", metavar="S", default="", help=N_("open, acknowledged, escalated, closed or dismissed")),
            arg("--held", action="store_true", help=N_("only those held back by the alert budget")),
            JSON,
        ),
    ),
    (
        "alert",
        "look:alert",
        N_("acknowledge, close, dismiss, assign, withdraw or correct one alert"),
        (
            arg("id", metavar="ID"),
            arg("action", choices=("ack", "close", "dismiss", "assign", "reopen", "withdraw", "correct")),
            arg("who", nargs="?", default="", help=N_("for assign: the owner")),
            arg("--level", metavar="L", default="", help=N_("for correct: the right level")),
            arg("--note", default="", help=N_("why")),
            arg("--author", default="", help=N_("who does it; default the user of this machine")),
        ),
    ),
    (
        "why",
        "look:why",
        N_("what was read, how it was tagged, whom it concerned or not, and who was told"),
        (arg("what", metavar="URL-OR-ID"), PROFILE, JSON),
    ),
    (
        "silence",
        "silence:silence",
        N_("alerts that are raised and kept and told to nobody, until when and why"),
        (
            arg("action", choices=("list", "add", "end"), nargs="?", default="list"),
            arg("id", nargs="?", default="", metavar="ID"),
            PROFILE,
            arg("--country", metavar="C", default="", help=N_("ISO 3166 code of two letters")),
            arg("--tag", metavar="T", default="", help=N_("geopolitical, compliance or supply_chain")),
            arg("--topic", metavar="T", default="", help=N_("a topic such as compliance.carbon")),
            arg("--until", metavar="DATE", default="", help=N_("when it ends by itself; a date, or a span such as 2d")),
            arg("--reason", default="", help=N_("why")),
            arg("--author", default="", help=N_("who does it; default the user of this machine")),
            JSON,
        ),
    ),
    (
        "playbook",
        "plan:playbook",
        N_("the response plan of one alert: steps, owners, due times, whom to call; or how far a step is"),
        (
            arg("id", metavar="ALERT"),
            arg("--done", metavar="STEP", default="", help=N_("this step is done")),
            arg("--skip", metavar="STEP", default="", help=N_("this step is left out")),
            arg("--note", default="", help=N_("why")),
            arg("--author", default="", help=N_("who does it; default the user of this machine")),
            JSON,
        ),
    ),
    (
        "deadlines",
        "plan:deadlines",
        N_("dates that bind, with the countdown, and how long before them you were told"),
        (PROFILE, arg("--past", action="store_true", help=N_("past dates too: the whole ledger")), JSON),
    ),
    (
        "exposure",
        "plan:exposure",
        N_("how concentrated each business is, and whether all stand in the same countries"),
        (JSON,),
    ),
)
