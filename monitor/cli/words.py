"""What the command line says besides the commands' own sentences, and in which language it begins to speak."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping
from pathlib import Path

from monitor import i18n
from monitor.i18n import N_

_IN_FILE = re.compile(r"""^[ \t]*(?:export[ \t]+)?MONITOR_LANG[ \t]*=[ \t]*["']?([\w-]*)""", re.MULTILINE)

VALUES = (
    # argparse, which looks its sentences up where it shows them
    N_("usage: "),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("%(prog)s: error: %(message)s\n"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("the following arguments are required: %s"),
    N_("unrecognized arguments: %s"),
    N_("expected one argument"),
    N_("ignored explicit argument %r"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid %(type)s value: %(value)r"),
    # monitor status
    N_("healthy"),
    N_("region"),
    N_("last pass"),
    N_("stuck since"),
    N_("last item"),
    N_("database"),
    N_("role"),
    N_("feeds"),
    N_("feeds reached"),
    N_("feeds failing"),
    N_("feeds silent"),
    N_("items"),
    N_("baseline"),
    N_("waiting for judgement"),
    N_("alerts open"),
    N_("to review"),
    N_("outbox"),
    N_("oldest unsent"),
    N_("model"),
    # monitor why
    N_("closed before anybody was told"),
    # monitor playbook
    N_("done"),
    N_("skipped"),
    # tags, as options and files write them
    N_("geopolitical"),
    N_("compliance"),
    N_("supply_chain"),
    # monitor profiles
    N_("enterprise"),
    N_("branch"),
    N_("park"),
    N_("cluster"),
    N_("active"),
    N_("sandbox"),
    # monitor train
    N_("scores on unseen folds"),
    N_("the final model"),
    # monitor model
    N_("candidate"),
    N_("promoted"),
    N_("former"),
)


def begin(environment: Mapping[str, str] = os.environ, env_file: Path = Path(".env")) -> None:
    """Speak the language that the settings will name, argparse too.

    Help is built before the settings are read, and costs little: no library reads the file.
    A language we do not speak is English here; reading the settings refuses it.
    """
    i18n.use(environment["MONITOR_LANG"] if "MONITOR_LANG" in environment else _in_file(env_file))
    vars(argparse).update(_=i18n._, ngettext=i18n.ngettext)


def _in_file(env_file: Path) -> str:
    try:
        text = env_file.read_text(encoding="utf-8", errors="replace") if env_file.is_file() else ""
    except OSError:
        return ""
    return next(reversed(_IN_FILE.findall(text)), "")
