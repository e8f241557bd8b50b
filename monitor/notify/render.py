"""A view drawn as HTML and as text, and both frozen into one RFC 5322 message."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from monitor.domain import MessageKind
from monitor.errors import ConfigError, DeliveryError
from monitor.i18n import _
from monitor.notify import words
from monitor.notify.bilingual import BOTH, catalogue
from monitor.notify.plain import one_line
from monitor.notify.view import MailView, subject_line
from monitor.resources import in_package

if TYPE_CHECKING:
    from jinja2 import Environment

log = logging.getLogger(__name__)

_SAFE = policy.SMTP.clone(cte_type="7bit")
_SAFE_UTF8 = policy.SMTPUTF8.clone(cte_type="7bit")
PICTURE = "levels@monitor"  # the Content-ID of the chart
_BARE_LINE_END = re.compile(rb"\r\n|\r|\n")


def render_text(view: MailView) -> str:
    """The whole message as plain text, as good as the HTML."""
    say = catalogue(view.language)
    return (
        _environment(view.language)
        .get_template("mail.txt")
        .render(view=view, rule=_rule, labelled=lambda label, value: words.labelled(label, str(value), say))
    )


def render_html(view: MailView, *, picture: str = f"cid:{PICTURE}") -> str | None:
    """The message as one HTML page without remote parts; None when it cannot be drawn.

    Some title in it is then beyond what the renderer takes: the text alone still goes out.
    `picture` is where the chart lies: a part of the same mail, or the picture itself.
    """
    from mjml import mjml2html

    try:
        source = (
            _environment(view.language)
            .get_template("mail.mjml")
            .render(
                view=view, kind=_kind(view), picture=picture, language="zh" if view.language == BOTH else view.language
            )
        )
        return str(mjml2html(_encodable(source), disable_comments=True, fonts={}))  # no web fonts: nothing is fetched
    except ValueError as problem:
        log.warning("mail drawn as text only", extra={"kind": str(view.kind), "problem": str(problem)[:200]})
        return None


def render_page(view: MailView) -> str:
    """The message as a page of its own, the picture within it: for looking at it in a browser."""
    import base64

    within = f"data:image/png;base64,{base64.b64encode(view.chart.png).decode()}" if view.chart else ""
    return render_html(view, picture=within) or f"<pre>{escape(render_text(view))}</pre>"


def render_report(language: str, **facts: Any) -> str:
    """A country's briefing as a page of its own."""
    return _environment(language).get_template("report.html").render(language=language, **facts)


def email_message(
    view: MailView,
    *,
    sender: str,
    recipient: str,
    message_id: str,
    date: datetime,
    plain_only: bool = False,
    sign: Callable[[bytes], bytes] = bytes,
) -> bytes:
    """The frozen message: the same arguments give the same bytes, on every attempt.

    `sender` is `name@host` or `Name <name@host>`. `sign` puts a signature in front of the whole.
    Raises: ConfigError for a sender, DeliveryError (permanent) for a recipient that is no address.
    """
    origin = sender_address(sender)
    target = _recipient(recipient)
    ascii_only = target.addr_spec.isascii() and origin.addr_spec.isascii()
    message = EmailMessage(policy=_SAFE if ascii_only else _SAFE_UTF8)
    message["From"] = origin
    message["To"] = target
    message["Subject"] = subject_line(view.subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies
    if view.unsubscribe:
        message["List-Unsubscribe"] = f"<{view.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058: by POST, never when opened
    text, html = _encodable(render_text(view)), None if plain_only else render_html(view)
    message.set_content(text, charset="utf-8", cte=_transfer(text))
    if html is not None:
        page = _encodable(html)
        message.add_alternative(page, subtype="html", charset="utf-8", cte=_transfer(page))
        message.set_boundary(_boundary(message_id, "alternatives"))
        if view.chart is not None:
            _with_picture(message, view.chart.png, message_id)
    # Last, since setting content clears all headers of its kind.
    message["Content-Language"] = "zh, en" if view.language == BOTH else view.language
    return sign(_BARE_LINE_END.sub(b"\r\n", message.as_bytes()))


def _with_picture(message: EmailMessage, png: bytes, message_id: str) -> None:
    """The chart as a part beside the HTML that shows it."""
    page = message.get_body(("html",))
    if isinstance(page, EmailMessage):
        page.add_related(png, "image", "png", cid=f"<{PICTURE}>", disposition="inline", filename="levels.png")
        page.set_boundary(_boundary(message_id, "page"))


def _boundary(message_id: str, what: str) -> str:
    return "=_" + hashlib.sha256(f"{message_id} {what}".encode()).hexdigest()[:32]


def text_only(body: bytes, sign: Callable[[bytes], bytes] = bytes) -> bytes:
    """A frozen message without its HTML part: same headers, same Message-ID, signed anew.

    For a server that refused the content: it has not taken the message, so the identity is free.
    A message that is text only already comes back as it is.
    """
    from email import message_from_bytes

    whole = message_from_bytes(body, policy=_SAFE)
    plain = whole.get_body(preferencelist=("plain",))
    if plain is None or not whole.is_multipart():
        return body
    lean = EmailMessage(policy=_SAFE if _ascii_headers(body) else _SAFE_UTF8)
    text = str(plain.get_content()).replace("\r\n", "\n")
    lean.set_content(text, charset="utf-8", cte=_transfer(text))
    for name, value in whole.items():
        if name.lower() not in ("content-type", "content-transfer-encoding", "mime-version", "dkim-signature"):
            lean[name] = value
    return sign(_BARE_LINE_END.sub(b"\r\n", lean.as_bytes()))


def sender_address(sender: str) -> Address:
    """The `From` of our mail. Raises: ConfigError when it is no address."""
    name, spec = parseaddr(sender)
    try:
        if one_line(sender, len(sender) + 1) != sender.strip():
            raise ValueError(_("it holds unseen characters"))
        return _address(spec, one_line(name, 60))
    except (ValueError, IndexError) as problem:
        said = _("MONITOR_MAIL_FROM: {sender!r} is not a mail address ({why})").format(sender=sender, why=problem)
        raise ConfigError(said) from problem


def _recipient(address: str) -> Address:
    try:
        return _address(address)
    except (ValueError, IndexError) as problem:
        reason = "this is not a mail address: correct it in the profile"
        raise DeliveryError(one_line(address, 100), reason, permanent=True) from problem


def _address(spec: str, name: str = "") -> Address:
    local, _at, host = on_the_wire(spec).rpartition("@")
    if local.isascii():
        return Address(display_name=name, addr_spec=f"{local}@{host}")
    return Address(display_name=name, username=local, domain=host)  # only this form takes letters beyond ASCII


def on_the_wire(address: str) -> str:
    """`address` with its host in the form that DNS and servers know. Raises: ValueError when it is none."""
    local, at, host = address.rpartition("@")
    if not at or not local or not host or one_line(address) != address or " " in address:
        raise ValueError(_("it needs the form name@host"))
    return f"{local}@{host if host.isascii() else host.encode('idna').decode('ascii')}"


def _ascii_headers(body: bytes) -> bool:
    return body.partition(b"\r\n\r\n")[0].isascii()


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _transfer(text: str) -> str:
    """Readable in transit where it is mostly ASCII, short where it is not; both keep lines below 998."""
    foreign = sum(not character.isascii() for character in text)
    return "base64" if foreign * 6 > len(text) else "quoted-printable"


def _kind(view: MailView) -> str:
    say = catalogue(view.language)
    return {
        MessageKind.BRIEF: say.gettext("Early warning · policy brief"),
        MessageKind.NOTICE: say.gettext("Early warning"),
        MessageKind.DIGEST: say.gettext("Early warning · digest"),
        MessageKind.TEST: say.gettext("Early warning · test message"),
    }[view.kind]


def _rule(title: str) -> str:
    """A line as wide as the title, in columns: Chinese characters take two."""
    return "-" * sum(2 if east_asian_width(character) in "WF" else 1 for character in title)


@cache
def _environment(language: str) -> Environment:
    """Templates in one language; loaded once."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(in_package("notify/templates")),
        autoescape=select_autoescape(enabled_extensions=("mjml", "html"), default_for_string=True),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    spoken: Any = catalogue(language)
    environment.install_gettext_translations(spoken, newstyle=True)  # type: ignore[attr-defined]
    return environment
