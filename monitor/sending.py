"""From the outbox to the recipients: mail over one or several connections, other channels beside it.

At least once, and a repeat can be recognised: what leaves is frozen, each answer is written
down before the next message is handed over, so a crash repeats at most what was in flight,
one message a connection.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any
from zlib import crc32

from monitor.config import Settings
from monitor.domain import SELF, Message, MessageState, Stop, StopKind
from monitor.errors import ConflictError, DeliveryError, StoreError
from monitor.notify.retry import LONGEST_WAIT, after_failure
from monitor.shell import Shell, signer_of
from monitor.store.outbox import MAIL

log = logging.getLogger(__name__)

CLAIM = 20  # messages taken at a time by each connection
NOTE_AFTER_S = (0.5, 1, 2, 4, 8, 15, 30, 60, 60, 60, 60)  # five minutes; a lease is twice as long
RENEW_AFTER_S = 60.0  # a batch older than this begins its leases anew before it goes on


def deliver(
    shell: Shell,
    *,
    clock: Callable[[], datetime],
    for_s: float = float("inf"),
    stop: Callable[[], bool] = lambda: False,
) -> Counter[str]:
    """Hand over what is due in the outbox until nothing is, `for_s` is over or `stop` says so.

    Returns how many were `sent`, put off (`retry`) or `parked`. A slow mail server does not hold up
    the other channels, nor the other way round.
    """
    end, server_gone = time.monotonic() + for_s, Event()

    def over() -> bool:
        return time.monotonic() >= end or stop()

    def mail() -> Counter[str]:
        return _line(
            shell, lambda: _mail_sender(shell, for_s), mail=True, over=lambda: over() or server_gone.is_set(), **on
        )

    def channels() -> Counter[str]:
        return _line(shell, lambda: _channel_sender(shell), mail=False, over=over, **on)

    on: dict[str, Any] = {"clock": clock, "gone": server_gone, "step": shell.progress.stepper()}
    lines = [mail] * (shell.settings.mail_connections if shell.settings.smtp_url else 1)
    if any(recipient.channel != MAIL for profile in shell.profiles for recipient in profile.everybody):
        lines.append(channels)
    if len(lines) == 1:
        return mail()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(lines), thread_name_prefix="send") as pool:
        return sum((future.result() for future in [pool.submit(line) for line in lines]), Counter[str]())


def _line(
    shell: Shell,
    sender: Callable[[], Any],
    *,
    mail: bool,
    clock: Callable[[], datetime],
    over: Callable[[], bool],
    gone: Event,
    step: Callable[[], None],
) -> Counter[str]:
    """One connection's work: claim, send, write down, until nothing is due; `sender` opens for the first message."""
    outcome = Counter[str]()
    longest = shell.settings.retry_base * LONGEST_WAIT
    send: Callable[[Message], None] | None = None
    with ExitStack() as opened:
        while not over():
            claimed = shell.store.claim_messages(now=clock(), limit=CLAIM, mail=mail, longest=longest)
            if not claimed:
                break
            send = send or opened.enter_context(sender())
            fresh = time.monotonic()
            for position, message in enumerate(claimed):
                if time.monotonic() - fresh > RENEW_AFTER_S:
                    claimed[position:] = [m for m in claimed[position:] if shell.store.renew(m, now=clock())]
                    fresh = time.monotonic()
                    if position >= len(claimed) or claimed[position] is not message:
                        break  # somebody else took it: claim anew
                result = "" if over() else _send(shell, send, message, clock=clock)
                step()
                if result in ("sent", "retry", "parked"):
                    outcome[result] += 1
                    continue
                outcome["retry"] += result == UNREACHABLE
                for untried in claimed[position + bool(result) :]:
                    shell.store.settle(untried, state=MessageState.READY, at=clock(), uncount=True)
                if result == UNREACHABLE:
                    gone.set()
                return outcome
    return outcome


UNREACHABLE = "unreachable"


def _send(shell: Shell, send: Callable[[Message], None], message: Message, *, clock: Callable[[], datetime]) -> str:
    """Hand over one message and write down what became of it: sent, retry, parked or unreachable."""
    from monitor.notify.email import ServerUnreachable

    try:
        send(message)
    except DeliveryError as problem:
        state = _put_off(shell, message, problem, now=clock())
        log.warning("message not sent", extra={"outbox": message.id, "state": state.value, "why": problem.reason})
        if isinstance(problem, ServerUnreachable):
            return UNREACHABLE
        return "parked" if state is MessageState.PARKED else "retry"
    _note_sent(shell, message, clock=clock)
    log.info("message sent", extra={"outbox": message.id, "kind": message.kind.value, "attempts": message.attempts})
    return "sent"


def _note_sent(shell: Shell, message: Message, *, clock: Callable[[], datetime]) -> None:
    """Write down that it left. Where the database is away just then, wait for it as long as the message is ours
    alone: else it would be told twice. Raises: StoreError when it stays away.
    """
    for wait_s in NOTE_AFTER_S:
        try:
            shell.store.settle(message, state=MessageState.SENT, at=clock())
        except ConflictError:
            raise
        except StoreError as problem:
            log.warning("sent, but not noted yet", extra={"outbox": message.id, "why": str(problem)})
            time.sleep(wait_s)
        else:
            return
    shell.store.settle(message, state=MessageState.SENT, at=clock())


def _put_off(shell: Shell, message: Message, problem: DeliveryError, *, now: datetime) -> MessageState:
    """When it is tried again; a refused address that used up its tries is parked, with all that is for it."""
    from monitor.notify.render import text_only

    again = after_failure(
        message.attempts,
        permanent=problem.permanent,
        content=problem.content,
        created=message.created,
        base=shell.settings.retry_base,
        now=now,
        jitter=crc32(f"{message.message_id} {message.attempts}".encode()) / 2**32,
    )
    state = MessageState.PARKED if again is None else MessageState.READY
    refused = problem.content and message.channel == MAIL
    body = text_only(message.body, signer_of(shell.settings)) if refused else None
    shell.store.settle(message, state=state, at=now, error=problem.reason, next_try=again, body=body)
    if again is None and problem.permanent and not problem.content:
        parked = Stop(
            recipient=message.recipient,
            channel=message.channel,
            kind=StopKind.PARKED,
            at=now,
            author=SELF,
            why=problem.reason,
        )
        shell.store.stop(parked)
    return state


class _Folder:
    """Where there is no mail server, messages are files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Callable[[Message], None]:
        from monitor.notify.email import write_eml

        def write(message: Message) -> None:
            write_eml(message, self._folder)

        return write

    def __exit__(self, *_: object) -> None:
        pass


class _Mail:
    """One SMTP connection."""

    def __init__(self, settings: Settings, *, dot_timeout_s: float) -> None:
        from monitor.notify.email import Mailer, parse_smtp_url

        server = parse_smtp_url(str(settings.smtp_url))
        self._mailer = Mailer(server, sender=settings.mail_from, dot_timeout_s=dot_timeout_s)

    def __enter__(self) -> Callable[[Message], None]:
        return self._mailer.__enter__().send

    def __exit__(self, *error: Any) -> None:
        self._mailer.__exit__(*error)


def _mail_sender(shell: Shell, for_s: float) -> Any:
    """`for_s` limits the wait for the reply to the dot too: a command that promised to end in a minute does."""
    from monitor.notify.email import DOT_TIMEOUT_S, TIMEOUT_S

    if not shell.settings.smtp_url:
        return _Folder(outbox_folder(shell.settings))
    return _Mail(shell.settings, dot_timeout_s=max(TIMEOUT_S, min(DOT_TIMEOUT_S, for_s)))


def _channel_sender(shell: Shell) -> Any:
    from monitor.notify.channels import Channels

    urls = {recipient.key: recipient.url for profile in shell.profiles for recipient in profile.everybody}
    return Channels(lambda name, channel: urls.get((name, channel), ""))


def send_test(shell: Shell, message: Message) -> None:
    """Hand one test message over at once. Raises: DeliveryError when it is not taken."""
    with _mail_sender(shell, 60.0) if message.channel == MAIL else _channel_sender(shell) as send:
        send(message)


def outbox_folder(settings: Settings) -> Path:
    """Where messages are put as .eml files while no mail server is set."""
    return settings.folder / "outbox"


def release(shell: Shell, address: str, *, author: str, now: datetime) -> tuple[int, int]:
    """Write to a parked address again: stops lifted, messages due again."""
    return shell.store.resume(address, kind=StopKind.PARKED, at=now, author=author)
