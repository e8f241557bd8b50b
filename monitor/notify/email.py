"""The way out: SMTP, or a folder of .eml files where there is no server.  [I/O]

At least once, and a repeat can be recognised: what comes here is frozen, and the only
case in which a taken message is sent again is a reply lost after the final dot.
Source: RFC 5321 sections 4.2 (replies), 4.5.2 (dots), 4.5.3.2 (time limits)
"""

from __future__ import annotations

import logging
import os
import re
import smtplib
import ssl
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

from monitor.domain import Message
from monitor.errors import ConfigError, DeliveryError
from monitor.i18n import _
from monitor.notify.plain import one_line
from monitor.notify.render import on_the_wire, sender_address

log = logging.getLogger(__name__)

TIMEOUT_S = 30.0
FRESH_S = 0.2  # a connection used so lately is not asked whether it still stands: a question a message saved
DOT_TIMEOUT_S = 600.0  # RFC 5321 section 4.5.3.2.6: a server may take ten minutes to accept
CHUNK = 65536

_SETTING = "MONITOR_SMTP_URL: "
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587, "smtp+plain": 25}
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail leaves. `security`: `offered` (STARTTLS when offered), `starttls`, `tls`, `plain`."""

    host: str
    port: int
    security: str = "offered"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def local(self) -> bool:
        """On this machine: nobody listens in between."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


def greet(server: SmtpServer, *, timeout_s: float) -> None:
    """Connect and say EHLO, nothing more. Raises: OSError, of which smtplib's errors are."""
    if server.security == "tls":
        context = ssl.create_default_context()
        opened: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout_s, context=context)
    else:
        opened = smtplib.SMTP(server.host, server.port, timeout=timeout_s)
    with opened as connection:
        code, said = connection.ehlo()
        if code != 250:
            raise smtplib.SMTPHeloError(code, said)


class ServerUnreachable(DeliveryError):  # noqa: N818  (a state of the server, as the reader of a log knows it)
    """The server, not this message: the rest of the pass would fail alike. Always temporary."""

    def __init__(self, recipient: str, reason: str) -> None:
        super().__init__(recipient, reason, permanent=False)


def parse_smtp_url(url: str) -> SmtpServer:
    """`smtp://user:password@host:port`; `smtps://` for TLS from the start, `smtp+starttls://` to insist on it,
    `smtp+plain://` to allow a password without TLS. User and password may be percent-encoded.

    Raises: ConfigError that never shows the password.
    """
    problem = _SETTING + _("use smtp://user:password@host:port, with special characters as %40 and the like")
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        user, password = unquote(parts.username or "", errors="strict"), unquote(parts.password or "", errors="strict")
    except ValueError as trouble:
        raise ConfigError(problem) from (trouble if isinstance(trouble, UnicodeError) else None)
    if parts.scheme not in _PORTS:
        raise ConfigError(problem + _("; schemes are {schemes}").format(schemes=", ".join(sorted(_PORTS))))
    if not host or parts.path.strip("/") or parts.query or parts.fragment or port == 0:
        raise ConfigError(problem)
    if password and not user:
        raise ConfigError(_SETTING + _("a password without a user; use smtp://user:password@host:port"))
    security = {"smtp": "offered", "smtps": "tls", "smtp+starttls": "starttls", "smtp+plain": "plain"}[parts.scheme]
    return SmtpServer(host=host, port=port or _PORTS[parts.scheme], security=security, user=user, password=password)


class Mailer:
    """Sends frozen messages over one connection, one recipient a transaction.

    Use as a context manager. The connection opens with the first message, is opened again
    when the server has dropped it in between, and is never shared by threads.
    """

    def __init__(
        self, server: SmtpServer, *, sender: str, timeout_s: float = TIMEOUT_S, dot_timeout_s: float = DOT_TIMEOUT_S
    ) -> None:
        self._server = server
        self._sender = sender_address(sender).addr_spec
        self._timeout_s = timeout_s
        self._dot_timeout_s = dot_timeout_s
        self._smtp: smtplib.SMTP | None = None
        self._used = 0.0

    def __enter__(self) -> Mailer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (smtplib.SMTPException, OSError):
                log.debug("mail server did not say goodbye")
        self._drop()

    def send(self, message: Message) -> None:
        """Hand one message over; returns when the server has taken it.

        Raises: ServerUnreachable when no message can be handed over now; DeliveryError otherwise:
        temporary, permanent (address), or permanent and content (the text, not the address).
        """
        smtp = self._ready(message)
        try:
            self._address(smtp, message)
            self._hand_over(smtp, message)
            self._used = time.monotonic()
        except DeliveryError:
            self._reset()
            raise
        except ValueError as trouble:
            self._reset()
            raise DeliveryError(message.recipient, f"this is no mail address ({trouble})", permanent=True) from trouble
        except (smtplib.SMTPException, OSError) as trouble:
            self._drop()
            raise ServerUnreachable(
                message.recipient, f"connection lost before the end ({_said(trouble)})"
            ) from trouble

    def _ready(self, message: Message) -> smtplib.SMTP:
        """A live connection: the one at hand if it still answers, else a new one."""
        if self._smtp is not None:
            try:
                if time.monotonic() - self._used < FRESH_S or self._smtp.noop()[0] == 250:
                    return self._smtp
            except (smtplib.SMTPException, OSError):
                log.debug("mail server dropped the idle connection")
            self._drop()
        try:
            self._smtp = self._connect()
        except smtplib.SMTPAuthenticationError as trouble:
            raise ServerUnreachable(
                message.recipient, f"user or password refused, correct MONITOR_SMTP_URL ({_said(trouble)})"
            ) from trouble
        except ssl.SSLError as trouble:
            raise ServerUnreachable(message.recipient, f"no secure connection ({_said(trouble)})") from trouble
        except (smtplib.SMTPException, OSError, UnicodeError) as trouble:
            raise ServerUnreachable(message.recipient, f"mail server cannot be reached ({_said(trouble)})") from trouble
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        hello = self._sender.rpartition("@")[2]  # no look-up of our own name: it may hang
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, hello, timeout=self._timeout_s, context=_tls(verify=not server.local)
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, hello, timeout=self._timeout_s)
        try:
            self._greet(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _greet(self, smtp: smtplib.SMTP) -> None:
        server = self._server
        smtp.ehlo_or_helo_if_needed()
        if server.security == "starttls" or (server.security == "offered" and smtp.has_extn("starttls")):
            # Nobody to prove himself to when nothing secret is sent: any encryption is better than none.
            verify = not server.local and (server.security == "starttls" or bool(server.password))
            smtp.starttls(context=_tls(verify=verify))
            smtp.ehlo_or_helo_if_needed()
        elif server.password and not server.local and server.security == "offered":
            raise smtplib.SMTPNotSupportedError(
                "the server offers no TLS for the password; smtp+plain:// in MONITOR_SMTP_URL allows it without"
            )
        if server.user:
            smtp.login(server.user, server.password)

    def _address(self, smtp: smtplib.SMTP, message: Message) -> None:
        """MAIL and RCPT: before them nothing is at stake."""
        to = on_the_wire(message.recipient)
        options = []
        if not (to.isascii() and self._sender.isascii() and message.body.isascii()):
            if not smtp.has_extn("smtputf8"):
                raise DeliveryError(to, "the server cannot deliver to addresses beyond ASCII", permanent=True)
            smtp.command_encoding = "utf-8"
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        if smtp.has_extn("size"):
            options.insert(0, f"SIZE={len(message.body)}")
        code, reply = smtp.mail(self._sender, options)
        if code == 421:
            self._leave(to, code, reply)
        if code == 552:  # too big by the SIZE we announced
            raise DeliveryError(to, _refusal("message refused", code, reply), permanent=True, content=True)
        if code != 250:
            # Our sender or our standing is refused, whoever the recipient is: not the recipient's fault.
            raise DeliveryError(to, _refusal("sender refused, see MONITOR_MAIL_FROM", code, reply), permanent=False)
        code, reply = smtp.rcpt(to)
        if code == 421:
            self._leave(to, code, reply)
        if code not in (250, 251):
            what = "address refused" if code >= 500 else "deferred"
            raise DeliveryError(to, _refusal(what, code, reply), permanent=code >= 500)

    def _hand_over(self, smtp: smtplib.SMTP, message: Message) -> None:
        """DATA, the text, the dot, and the one reply that counts."""
        to = message.recipient
        code, reply = smtp.docmd("DATA")
        if code != 354:
            self._judge(to, code, reply)
        stuffed = _dotted(message.body)
        for start in range(0, len(stuffed), CHUNK):
            smtp.send(stuffed[start : start + CHUNK])
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(self._dot_timeout_s)
            code, reply = smtp.getreply()
            if smtp.sock is not None:
                smtp.sock.settimeout(self._timeout_s)
        except (smtplib.SMTPException, OSError) as trouble:
            self._drop()
            reason = f"no reply after the message was handed over: it may have arrived ({_said(trouble)})"
            raise DeliveryError(to, reason, permanent=False) from trouble
        if code != 250:
            self._judge(to, code, reply)

    def _judge(self, to: str, code: int, reply: bytes) -> None:
        if code == 421:
            self._leave(to, code, reply)
        if code < 500:
            raise DeliveryError(to, _refusal("deferred", code, reply), permanent=False)
        raise DeliveryError(to, _refusal("content refused", code, reply), permanent=True, content=True)

    def _leave(self, to: str, code: int, reply: bytes) -> None:
        """421: the server closes; nothing more goes out over it now."""
        self._drop()
        raise ServerUnreachable(to, _refusal("server closes", code, reply))

    def _reset(self) -> None:
        if self._smtp is None:
            return
        try:
            self._smtp.rset()
            self._smtp.command_encoding = "ascii"
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def write_eml(message: Message, folder: Path) -> Path:
    """Put the message into `folder` as `<hex of its Message-ID>.eml`: whole or not at all, a repeat on top of itself.

    Raises: DeliveryError (temporary) when the folder cannot be written.
    """
    name = re.sub(r"[^0-9A-Za-z._-]", "", message.message_id.strip("<>").partition("@")[0]) + ".eml"
    target = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=".draft-", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(message.body)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as trouble:
        reason = f"{folder} cannot be written ({trouble.strerror}): make room or name another MONITOR_DATA_DIR"
        raise DeliveryError(message.recipient, reason, permanent=False) from trouble
    return target


def _dotted(body: bytes) -> bytes:
    """Lines ended by CRLF, leading dots doubled, the final dot."""
    lines = _LINE_END.sub(b"\r\n", body)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return _LEADING_DOT.sub(b"..", lines) + b".\r\n"


def _tls(*, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _refusal(what: str, code: int, reply: bytes) -> str:
    return f"{what}: {code} {one_line(reply.decode('utf-8', 'replace'), 200)}".strip()


def _said(trouble: BaseException) -> str:
    """What a server or the system said, in one line; never what we sent."""
    if isinstance(trouble, smtplib.SMTPResponseException):
        error = trouble.smtp_error
        text = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
        return one_line(f"{trouble.smtp_code} {text}", 200)
    return one_line(str(trouble), 200) or type(trouble).__name__
