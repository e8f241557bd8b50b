"""How a command and its options are written down, and the options that several share."""

from __future__ import annotations

from monitor.i18n import N_

Option = tuple[tuple[str, ...], dict, str]  # type: ignore[type-arg]
Command = tuple[str, str, str, tuple[Option, ...]]  # its name, who does it, what it does, its options


def arg(*flags: str, help: str = "", **options: object) -> Option:
    """One argument or option as argparse takes it; its help is translated where it is shown."""
    return flags, options, help


JSON = arg("--json", action="store_true", help=N_("JSON for machines"))
AS_OF = arg("--as-of", metavar="DATE", help=N_("take this moment as now"))
DRY = arg("--dry-run", action="store_true", help=N_("show what would be sent, send nothing"))
DRY_LIST = arg("--dry-run", action="store_true", help=N_("for add and import: change nothing"))
PROFILE = arg("--profile", metavar="NAME", default="", help=N_("only this profile"))
