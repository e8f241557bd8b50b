"""The briefing of one country."""

from __future__ import annotations

import argparse
from pathlib import Path

from monitor.cli import show
from monitor.errors import StoreError, UsageError
from monitor.i18n import _, base_language
from monitor.shell import Shell
from monitor.text.places import country_of

MOST_DAYS = 3650


def report(shell: Shell, options: argparse.Namespace) -> int:
    """Write it to a file, or to stdout."""
    from monitor.reporting import report as written

    country = country_of(options.country)
    if not 1 <= options.days <= MOST_DAYS:
        raise UsageError(_("--days has to be at least 1"))
    profile = shell.profile(options.profile) if options.profile else shell.profiles[0]
    language = base_language(options.lang or shell.settings.lang)
    page = written(shell, country, profile, days=options.days, language=language, now=shell.clock())
    if not options.out:
        print(page)
        return 0
    file = Path(options.out)
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as problem:
        raise StoreError(_("{file} cannot be written ({why})").format(file=file, why=problem.strerror)) from problem
    show.say(_("written to {file}").format(file=file))
    return 0
