"""What is wrong and how to mend it."""

from __future__ import annotations

import argparse

from monitor.cli import show
from monitor.i18n import N_, _
from monitor.shell import Shell

WORDS = (N_("ok"), N_("warn"), N_("fail"))
NAMES = (
    *(N_("settings"), N_("database"), N_("trail"), N_("room"), N_("clock"), N_("mail"), N_("feeds")),
    *(N_("unsent"), N_("classifier"), N_("page")),
)


def doctor(shell: Shell, options: argparse.Namespace) -> int:
    """One line a check; exit 1 when something fails."""
    from monitor.doctoring import Verdict, examine

    failed = False
    for found in examine(shell):
        failed |= found.verdict is Verdict.FAIL
        if options.json:
            show.line({"check": found.check, "verdict": found.verdict.value, "found": found.found, "todo": found.todo})
            continue
        said = f"{_(found.verdict.value):5} {_(found.check)}: {found.found}"
        show.say(f"{said} → {found.todo}" if found.todo else said)
    return 1 if failed else 0
