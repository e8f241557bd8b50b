"""What leaves for people and for other installations, and what those send."""

from __future__ import annotations

from monitor.cli.commands.options import AS_OF, DRY, JSON, PROFILE, Command, arg
from monitor.i18n import N_

COMMANDS: tuple[Command, ...] = (
    (
        "digest",
        "watch:digest",
        N_("build the digest of the running period and look at it, or send it"),
        (
            PROFILE,
            arg("--send", action="store_true", help=N_("close the period, then deliver all that is due")),
            arg("--preview", metavar="FILE.html", help=N_("write it as a page")),
            arg("--brief", action="store_true", help=N_("the weekly policy brief instead")),
            DRY,
            AS_OF,
        ),
    ),
    (
        "deliver",
        "watch:deliver",
        N_("send now what is due in the outbox"),
        (arg("--test", metavar="WHO", default="", help=N_("a test message to this address or channel")), DRY, JSON),
    ),
    (
        "outbox",
        "outbox:outbox",
        N_("what has not left and why; try a message now, write to a parked or unsubscribed address again"),
        (
            arg("action", choices=("list", "retry", "release", "subscribe"), nargs="?", default="list"),
            arg("what", nargs="?", default="", metavar="WHAT", help=N_("a message's number, or an address")),
            arg("--all", action="store_true", help=N_("with what was sent, and stops that ended")),
            arg("--author", default="", help=N_("who does it; default the user of this machine")),
            PROFILE,
            JSON,
        ),
    ),
    (
        "export",
        "exchange:export",
        N_("alerts for others: CAP 1.2, Atom, JSON Feed, STIX, CSV, JSON Lines, or a signed bundle"),
        (
            PROFILE,
            arg("--format", choices=("cap", "atom", "jsonfeed", "jsonl", "csv", "stix"), default="jsonl"),
            arg("--bundle", action="store_true", help=N_("a signed bundle without a word of any profile")),
            arg("--tlp", metavar="COLOUR", default="amber", help=N_("clear, green, amber, amber+strict or red")),
            arg("--alert", metavar="ID", default="", help=N_("only this alert")),
            arg("--since", metavar="D", default="", help=N_("date, or a span such as 2d")),
            arg("--output", metavar="PATH", default="", help=N_("a file, or a folder for one file a CAP message")),
            arg("--link", action="store_true", help=N_("the secret address at which others read the feed")),
            arg("--key", action="store_true", help=N_("the public key that peers check our bundles with")),
        ),
    ),
    (
        "import",
        "exchange:take_in",
        N_("take in a peer's bundle, checked and judged like any other source"),
        (
            arg("file", metavar="BUNDLE"),
            arg("--peer", metavar="NAME", required=True, help=N_("who gave it")),
            JSON,
        ),
    ),
    (
        "peers",
        "exchange:peers",
        N_("other installations whose bundles are taken in"),
        (
            arg("action", choices=("list", "add", "remove"), nargs="?", default="list"),
            arg("name", nargs="?", default="", metavar="NAME"),
            arg("--key", default="", help=N_("their public key, 64 hexadecimal digits")),
            arg("--trust", type=int, choices=(1, 2, 3), default=3, help=N_("1 an authority, 2 established, 3 anybody")),
            arg("--author", default="", help=N_("who does it; default the user of this machine")),
            JSON,
        ),
    ),
)
