"""The command `monitor web`: the page alone, and who may use it."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from monitor.cli import show
from monitor.domain import Role
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell

SHORTEST = 12  # characters of a password. Source: OWASP ASVS 5, V6.2.1 asks for 8, recommends 15


def web(shell: Shell, options: argparse.Namespace) -> int:
    """Serve the page, or see to users and tokens."""
    if options.action == "serve":
        from monitor.web.server import serve

        _opened = shell.store  # one that is away or of another version is told before anybody is let in
        show.say(_("The review page: {url}   (Ctrl-C ends it)").format(url=shell.settings.page_url), to_stderr=True)
        return serve(shell)
    if options.action == "list":
        return _list(shell, options)
    name = " ".join(options.name.split())
    if not name or len(name) > 100 or not name.isprintable():
        raise UsageError(
            _("give a name of at most 100 characters: monitor web {action} NAME").format(action=options.action)
        )
    return {"user": _user, "token": _token, "remove": _remove}[options.action](shell, options, name)


def _user(shell: Shell, options: argparse.Namespace, name: str) -> int:
    from monitor.web.access import ADMIN, hash_password

    if name == ADMIN and shell.settings.web_password:
        raise UsageError(_("admin logs in with MONITOR_WEB_PASSWORD: choose another name"))
    password = getpass.getpass(_("Password: ")) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if len(password) < SHORTEST:
        raise UsageError(_("the password needs at least {n} characters").format(n=SHORTEST))
    shell.store.put_user(
        name, role=Role(options.role), at=shell.clock(), author=getpass.getuser(), password=hash_password(password)
    )
    show.say(_("{name} may log in as {role}").format(name=name, role=_(options.role)))
    return 0


def _token(shell: Shell, options: argparse.Namespace, name: str) -> int:
    from monitor.web.access import digest_of, new_token

    token = new_token()
    shell.store.put_token(
        digest_of(token), name=name, role=Role(options.role), at=shell.clock(), author=getpass.getuser()
    )
    show.say(
        _("The token of {name}, shown this once: send it as `Authorization: Bearer …`").format(name=name),
        to_stderr=True,
    )
    show.say(token)
    return 0


def _remove(shell: Shell, options: argparse.Namespace, name: str) -> int:
    now, author = shell.clock(), getpass.getuser()
    gone = [shell.store.drop_user(name, at=now, author=author), shell.store.drop_token(name, at=now, author=author)]
    if not any(gone):
        raise UsageError(_("nobody is called {name!r}: `monitor web list` names them").format(name=name))
    show.say(_("{name} is not let in any more").format(name=name))
    return 0


def _list(shell: Shell, options: argparse.Namespace) -> int:
    rows: list[dict[str, Any]] = [
        *({"name": u.name, "what": "user", "role": u.role.value, "last": u.created} for u in shell.store.users()),
        *({"name": t.name, "what": "token", "role": t.role.value, "last": t.used} for t in shell.store.tokens()),
    ]
    if options.json:
        for row in rows:
            show.line(row)
        return 0
    shown = [(row["name"], _(row["what"]), _(row["role"]), show.time(row["last"])) for row in rows]
    show.table((_("name"), _("what"), _("role"), _("since, or last used")), shown)
    return 0
