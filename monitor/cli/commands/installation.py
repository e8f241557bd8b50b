"""What an installation stands on: feeds, profiles, settings, storage, the trail."""

from __future__ import annotations

from monitor.cli.commands.options import DRY_LIST, JSON, Command, arg
from monitor.i18n import N_

COMMANDS: tuple[Command, ...] = (
    (
        "feeds",
        "feeds:feeds",
        N_("the feeds and how they are"),
        (
            arg("action", choices=("list", "check", "add", "accept", "import", "export"), nargs="?", default="list"),
            arg(
                "what",
                nargs="?",
                default="",
                metavar="WHAT",
                help=N_("for add: the address of a feed or page; accept: a feed's name; import, export: the file"),
            ),
            arg("--name", metavar="NAME", default="", help=N_("for add: what to call the feed")),
            arg("--watch", metavar="SELECTOR", default="", help=N_("for add: watch this region of the page")),
            DRY_LIST,
            JSON,
        ),
    ),
    (
        "profiles",
        "profiles:profiles",
        N_("the profiles in force; write, try out, take in and give away profiles"),
        (
            arg("action", choices=("list", "new", "import", "export", "preview"), nargs="?", default="list"),
            arg(
                "what",
                nargs="?",
                default="",
                metavar="NAME-OR-FILE",
                help=N_("for preview and export a name, for import a file"),
            ),
            arg("--days", type=int, default=30, help=N_("for preview: how many days back")),
            arg(
                "--file",
                metavar="FILE",
                default="",
                help=N_("profiles.yaml to read or write; default MONITOR_PROFILES"),
            ),
            arg(
                "--from",
                dest="answers",
                metavar="FILE",
                default="",
                help=N_("for new: answers as YAML instead of questions"),
            ),
            arg(
                "--set",
                action="append",
                default=[],
                metavar="KEY=VALUE",
                help=N_("for new: one answer; may be repeated"),
            ),
            arg("--dry-run", action="store_true", help=N_("show what would be written, write nothing")),
            JSON,
        ),
    ),
    ("config", "setup:config", N_("the settings in force, secrets masked"), (JSON,)),
    (
        "db",
        "setup:db",
        N_(
            "storage: migrate it, check it, back it up while it is in use, restore it, copy it to another database, "
            "forget what is old"
        ),
        (
            arg("action", choices=("upgrade", "check", "backup", "restore", "copy", "prune")),
            arg("target", nargs="?", default="", metavar="FILE-OR-URL"),
            arg("--replace", action="store_true", help=N_("for restore and copy: clear what the database holds")),
            arg("--keep", metavar="D", default="", help=N_("for prune: drop what is older, such as 400d")),
            arg(
                "--keep-size",
                metavar="S",
                default="",
                help=N_("for prune: drop the oldest down to this size, such as 2GB"),
            ),
            arg("--dry-run", action="store_true", help=N_("for prune: only tell what would be dropped")),
            JSON,
        ),
    ),
    (
        "audit",
        "audit:audit",
        N_("the trail of what people changed: list it, verify that it is intact, write it out signed"),
        (
            arg("action", choices=("list", "verify", "export"), nargs="?", default="list"),
            arg("file", nargs="?", default="", metavar="FILE", help=N_("for export; for verify a file written so")),
            arg("--key", metavar="KEY", default="", help=N_("for verify: whose signature it has to be; default ours")),
            JSON,
        ),
    ),
)
