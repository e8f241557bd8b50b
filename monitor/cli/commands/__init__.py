"""Every command with its options, by what it is about, in the order of `monitor --help`; done by monitor/cli/MODULE."""

from __future__ import annotations

from monitor.cli.commands import alerts, installation, judging, messages, news, watch

COMMANDS = (
    *watch.COMMANDS,
    *alerts.COMMANDS,
    *messages.COMMANDS,
    *news.COMMANDS,
    *judging.COMMANDS,
    *installation.COMMANDS,
)
