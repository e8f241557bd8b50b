"""What is wrong with this installation and how to mend it: one line a check, none that changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from shutil import disk_usage

from monitor.config import mask
from monitor.domain import Text
from monitor.errors import MonitorError
from monitor.i18n import _, current, translator
from monitor.shell import Shell
from monitor.watching import UNSENT_TOO_LONG, health

ROOM_FAILS, ROOM_WARNS = 200_000_000, 2_000_000_000  # bytes free on the disk of the database
ANSWER_S = 10.0
MANY_FAIL = 0.25  # share of feeds from which on failing ones are more than usual


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what was looked at, how it is, and what to do where it is not well."""

    check: str
    verdict: Verdict
    found: str
    todo: str = ""


def examine(shell: Shell) -> Iterator[Finding]:
    """Every check in turn; one that cannot be made fails with its reason, and the others go on."""
    masked, told = mask(shell.settings), ""
    for name, check in CHECKS:
        try:
            for found in check(shell):
                yield replace(found, found=masked(found.found))
        except MonitorError as problem:
            again, told = str(problem) == told, str(problem)
            said = _("cannot be looked at for the same reason") if again else masked(told)
            yield Finding(check=name, verdict=Verdict.FAIL, found=said, todo=_("mend this first"))


def _settings(shell: Shell) -> Iterator[Finding]:
    feeds, profiles, plans = len(shell.feeds), shell.profiles, len(shell.playbooks.by_id)
    form = _("{feeds} feeds, {profiles} profiles, {plans} playbooks")
    said = form.format(feeds=feeds, profiles=len(profiles), plans=plans)
    deaf = [p.name for p in profiles if not p.recipients]
    if deaf:
        todo = _("name recipients in these profiles, or set MONITOR_MAIL_TO: {names}").format(names=", ".join(deaf))
        yield Finding(check="settings", verdict=Verdict.WARN, found=said, todo=todo)
    else:
        yield Finding(check="settings", verdict=Verdict.OK, found=said)


def _database(shell: Shell) -> Iterator[Finding]:
    store = shell.store
    if trouble := store.check():
        todo = _("restore the newest backup: `monitor db restore FILE --replace`")
        yield Finding(check="database", verdict=Verdict.FAIL, found=trouble, todo=todo)
        return
    store.check_writable()
    said = _("schema {schema}, sound, can be written").format(schema=store.schema())
    yield Finding(check="database", verdict=Verdict.OK, found=said)
    trail = store.verify_trail()
    if trail.intact:
        yield Finding(check="trail", verdict=Verdict.OK, found=_("{n} lines, intact").format(n=trail.lines))
    else:
        yield Finding(check="trail", verdict=Verdict.FAIL, found=_("broken"), todo="monitor audit verify")


def _room(shell: Shell) -> Iterator[Finding]:
    url = shell.settings.database
    file = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else shell.settings.folder
    folder = next(parent for parent in (file.absolute(), *file.absolute().parents) if parent.is_dir())
    free = disk_usage(folder).free
    said = _("{free:.1f} GB free where {folder} lies").format(free=free / 1e9, folder=folder)
    verdict = Verdict.FAIL if free < ROOM_FAILS else Verdict.WARN if free < ROOM_WARNS else Verdict.OK
    todo = _("free some room; old items are forgotten by `monitor db prune`") if verdict is not Verdict.OK else ""
    yield Finding(check="room", verdict=verdict, found=said, todo=todo)


def _clock(shell: Shell) -> Iterator[Finding]:
    now, last = shell.clock(), shell.store.last_pass()
    said = f"{now:%Y-%m-%d %H:%M} UTC"
    if last is not None and last.started > now + timedelta(minutes=5):
        todo = _("the last pass lies in the future ({when}): set the machine's clock, by NTP best")
        when = f"{last.started:%Y-%m-%d %H:%M}"
        yield Finding(check="clock", verdict=Verdict.FAIL, found=said, todo=todo.format(when=when))
    else:
        yield Finding(check="clock", verdict=Verdict.OK, found=said)


def _mail(shell: Shell) -> Iterator[Finding]:
    """Connect and EHLO only: no login is tried and no message begun."""
    from monitor.notify.email import greet, parse_smtp_url
    from monitor.sending import outbox_folder

    if not shell.settings.smtp_url:
        said = _("no mail server is set: messages are files in {folder}").format(folder=outbox_folder(shell.settings))
        yield Finding(check="mail", verdict=Verdict.WARN, found=said, todo=_("set MONITOR_SMTP_URL"))
        return
    server = parse_smtp_url(str(shell.settings.smtp_url))
    where = f"{server.host}:{server.port}"
    try:
        greet(server, timeout_s=ANSWER_S)
    except OSError as problem:
        todo = _("check MONITOR_SMTP_URL, the server and the way to it; mail waits meanwhile and is not lost")
        yield Finding(check="mail", verdict=Verdict.FAIL, found=f"{where}: {problem}"[:200], todo=todo)
        return
    yield Finding(check="mail", verdict=Verdict.OK, found=_("{where} answers").format(where=where))


def _watch(shell: Shell) -> Iterator[Finding]:
    now = shell.clock()
    found = health(shell, now=now)
    feeds, failing = found["feeds"], found["feeds_failing"]
    said = _("{failing} of {feeds} feeds fail").format(failing=failing, feeds=feeds)
    if found["last_pass"] is None:
        yield Finding(
            check="feeds", verdict=Verdict.WARN, found=_("no pass yet"), todo=_("start `monitor run` or `monitor poll`")
        )
    elif 2 * failing > feeds:
        todo = _("look at `monitor status`: is this machine online, is a proxy needed?")
        yield Finding(check="feeds", verdict=Verdict.FAIL, found=said, todo=todo)
    else:
        verdict = Verdict.WARN if failing > MANY_FAIL * feeds else Verdict.OK
        todo = _("`monitor feeds list` says why") if verdict is Verdict.WARN else ""
        yield Finding(check="feeds", verdict=verdict, found=said, todo=todo)
    oldest, parked = found["oldest_unsent"], found["parked_addresses"]
    if oldest is not None and now - oldest > UNSENT_TOO_LONG:
        said = _("something has waited to be sent since {when:%Y-%m-%d %H:%M} UTC").format(when=oldest)
        todo = _("`monitor outbox list` says why; `monitor deliver` tries now")
        yield Finding(check="unsent", verdict=Verdict.FAIL, found=said, todo=todo)
    elif parked:
        said = _("{n} addresses are refused by their servers").format(n=len(parked))
        todo = _("mend the address, then `monitor outbox release ADDRESS`")
        yield Finding(check="unsent", verdict=Verdict.WARN, found=said, todo=todo)
    else:
        yield Finding(check="unsent", verdict=Verdict.OK, found=_("nothing waits that should have left"))


def _model(shell: Shell) -> Iterator[Finding]:
    from monitor.notify.words import model_word

    [judged] = shell.tagger.judge([Text(title="Dockers begin indefinite strike, all container terminals closed")])
    model = model_word(shell.model_line, translator(current()[0]))
    if judged.labels:
        yield Finding(check="classifier", verdict=Verdict.OK, found=model)
    else:
        todo = _("`monitor model back` lets the one before judge")
        said = _("{model} does not flag a plain strike").format(model=model)
        yield Finding(check="classifier", verdict=Verdict.WARN, found=said, todo=todo)


def _page(shell: Shell) -> Iterator[Finding]:
    import http.client
    from urllib.parse import urlsplit

    url = shell.settings.page_url
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as problem:
        todo = _("start `monitor run` or `monitor web`; links in mails lead there")
        yield Finding(check="page", verdict=Verdict.WARN, found=f"{url}: {problem}"[:200], todo=todo)
    else:
        yield Finding(
            check="page", verdict=Verdict.OK, found=_("{url} answers ({status})").format(url=url, status=status)
        )
    finally:
        connection.close()


CHECKS: tuple[tuple[str, Callable[[Shell], Iterator[Finding]]], ...] = (
    ("settings", _settings),
    ("database", _database),
    ("room", _room),
    ("clock", _clock),
    ("mail", _mail),
    ("feeds", _watch),
    ("classifier", _model),
    ("page", _page),
)
