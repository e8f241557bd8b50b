"""Mail over a real SMTP server that accepts, defers, refuses, stalls and drops; and into a folder."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from monitor.domain import Message, MessageKind
from monitor.errors import DeliveryError
from monitor.notify.email import Mailer, ServerUnreachable, SmtpServer, write_eml

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
SENDER = "Watch <watch@example.com>"


def message(recipient: str = "desk@example.com", text: str = "港口罢工 Tariff", number: int = 1) -> Message:
    """A frozen message as the product makes it, with dots where SMTP stumbles over them."""
    from monitor.domain import Coverage, Profile, Recipient
    from monitor.notify import digest, render

    name = f"<{number:032x}@example.com>"
    facts = digest.DigestFacts(
        profile=Profile(name="pumps", title=text),
        recipient=Recipient(address=recipient, language="zh", timezone="Asia/Shanghai"),
        since=NOW,
        until=NOW,
        coverage=Coverage(since=NOW, until=NOW, feeds_due=2, feeds_reached=2),
    )
    view = replace(digest.build(facts, NOW), subject=text)
    body = render.email_message(view, sender=SENDER, recipient=recipient, message_id=name, date=NOW)
    return Message(
        message_id=name,
        kind=MessageKind.DIGEST,
        recipient=recipient,
        channel="email",
        profile="pumps",
        subject=text,
        body=body,
        created=NOW,
    )


class Office:
    """What the server does: answers by recipient, and keeps what it took."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.sessions: set[int] = set()
        self.at_data: Callable[[SMTP], str] = lambda _: "250 taken"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answers = {"later": "451 4.3.0 try again later", "nobody": "550 5.1.1 no such user"}
        answer = answers.get(address.partition("@")[0])
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.sessions.add(id(session))
        answer = self.at_data(server)
        if answer.startswith("250"):
            self.taken.append(
                (str(envelope.mail_from), list(envelope.rcpt_tos), cast(bytes, envelope.original_content))
            )
        return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(office: Office, **options: Any) -> Iterator[SmtpServer]:
    controller = Controller(office, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield SmtpServer(host="127.0.0.1", port=controller.port)
    finally:
        controller.stop()


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def server(office: Office) -> Iterator[SmtpServer]:
    with serving(office) as running:
        yield running


def mailer(server: SmtpServer, **limits: float) -> Mailer:
    return Mailer(server, sender=SENDER, **{"timeout_s": 5.0, "dot_timeout_s": 5.0, **limits})


def refusal(server: SmtpServer, what: Message, **limits: float) -> DeliveryError:
    with mailer(server, **limits) as out, pytest.raises(DeliveryError) as refused:
        out.send(what)
    return refused.value


# --- what is taken -----------------------------------------------------------------------------------


def test_the_bytes_arrive_as_they_were_frozen(office: Office, server: SmtpServer) -> None:
    sent = message()
    with mailer(server) as out:
        out.send(sent)
    [(sender, recipients, received)] = office.taken
    assert received == sent.body and sent.message_id.encode() in received
    assert sender == "watch@example.com" and recipients == ["desk@example.com"]
    assert str(message_from_bytes(received, policy=policy.default)["Subject"]) == "港口罢工 Tariff"


def test_lines_that_begin_with_dots_arrive_with_their_dots(office: Office, server: SmtpServer) -> None:
    body = b"Subject: dots\r\nMessage-ID: <d@example.com>\r\n\r\n.\r\n..two\r\n.one\r\nend\r\n"
    with mailer(server) as out:
        out.send(replace(message(), body=body))
    assert office.taken[0][2] == body


def test_bare_line_ends_cannot_smuggle_a_second_message(office: Office, server: SmtpServer) -> None:
    body = b"Subject: x\r\n\r\none\n.\nMAIL FROM:<a@b>\r.\rtwo"
    with mailer(server) as out:
        out.send(replace(message(), body=body))
    assert [taken[2] for taken in office.taken] == [b"Subject: x\r\n\r\none\r\n.\r\nMAIL FROM:<a@b>\r\n.\r\ntwo\r\n"]


def test_many_messages_share_one_connection_and_each_has_one_recipient(office: Office, server: SmtpServer) -> None:
    with mailer(server) as out:
        for number in range(5):
            out.send(message(f"desk{number}@example.com", number=number))
    assert len(office.sessions) == 1
    assert [recipients for _, recipients, _ in office.taken] == [[f"desk{n}@example.com"] for n in range(5)]


def test_a_message_of_a_megabyte_arrives_whole(office: Office, server: SmtpServer) -> None:
    body = b"Subject: big\r\n\r\n" + b".line of text\r\n" * 80_000
    with mailer(server) as out:
        out.send(replace(message(), body=body))
    assert office.taken[0][2] == body


@pytest.mark.parametrize(
    "title",
    [
        "Tariff\r\nBcc: victim@example.org",
        "Tariff\u2028To: victim@example.org",
        "Tariff \ud800",
        "\u202etxt.exe\u202c",
        "<script>alert(1)</script>",
        "x" * 10_000,
        "boss@example.org, other@example.org",
        ".\r\n.\r\nMAIL FROM:<evil@example.org>",
    ],
)
def test_a_hostile_title_adds_no_header_and_no_recipient(office: Office, server: SmtpServer, title: str) -> None:
    with mailer(server) as out:
        out.send(message(text=title))
    [(_, recipients, received)] = office.taken
    read = message_from_bytes(received, policy=policy.default)
    assert recipients == ["desk@example.com"] and str(read["To"]) == "desk@example.com"
    assert "Bcc" not in read and all(read.keys().count(name) == 1 for name in read)
    assert len(str(read["Subject"])) <= 150 and max(map(len, received.split(b"\r\n"))) <= 998
    page = read.get_body(("html",))
    assert page is not None and "<script" not in page.get_content()


# --- what is deferred or refused -----------------------------------------------------------------------


def test_a_deferred_recipient_is_temporary(server: SmtpServer) -> None:
    error = refusal(server, message("later@example.com"))
    assert not error.permanent and not error.content and "451" in error.reason and "try again later" in error.reason
    assert not isinstance(error, ServerUnreachable)


def test_a_refused_address_is_permanent_and_not_the_contents_fault(server: SmtpServer) -> None:
    error = refusal(server, message("nobody@example.com"))
    assert error.permanent and not error.content and "address refused: 550" in error.reason


def test_refused_content_is_permanent_and_says_so(office: Office, server: SmtpServer) -> None:
    office.at_data = lambda _: "554 5.7.1 looks like spam"
    error = refusal(server, message())
    assert error.permanent and error.content and "content refused: 554" in error.reason


def test_content_deferred_at_the_dot_is_temporary(office: Office, server: SmtpServer) -> None:
    office.at_data = lambda _: "452 4.3.1 disk full"
    error = refusal(server, message())
    assert not error.permanent and not error.content and "452" in error.reason


def test_one_bad_recipient_holds_up_nobody(office: Office, server: SmtpServer) -> None:
    with mailer(server) as out:
        out.send(message("first@example.com", number=1))
        for bad in ("nobody@example.com", "later@example.com"):
            with pytest.raises(DeliveryError):
                out.send(message(bad, number=2))
        out.send(message("last@example.com", number=3))
    assert [recipients for _, recipients, _ in office.taken] == [["first@example.com"], ["last@example.com"]]
    assert len(office.sessions) == 1


def test_a_connection_dropped_while_idle_is_opened_again(office: Office) -> None:
    class Impatient(Controller):
        def factory(self) -> SMTP:
            return SMTP(self.handler, timeout=0.3)

    controller = Impatient(office, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        with mailer(SmtpServer(host="127.0.0.1", port=controller.port)) as out:
            out.send(message(number=1))
            time.sleep(0.8)
            out.send(message(number=2))
    finally:
        controller.stop()
    assert len(office.taken) == 2 and len(office.sessions) == 2


def test_an_address_beyond_ascii_needs_a_server_that_knows_it(office: Office) -> None:
    with serving(office, enable_SMTPUTF8=True) as running, mailer(running) as out:
        out.send(message("总部@example.com"))
    assert office.taken[0][1] == ["总部@example.com"]
    with serving(office, enable_SMTPUTF8=False) as running:
        assert refusal(running, message("总部@example.com")).permanent


def test_a_host_beyond_ascii_is_written_as_dns_knows_it(office: Office, server: SmtpServer) -> None:
    with mailer(server) as out:
        out.send(message("desk@häfen.example"))
    assert office.taken[0][1] == ["desk@xn--hfen-loa.example"]


# --- stalls and cuts -----------------------------------------------------------------------------------


@contextmanager
def scripted(*replies: bytes | float | None) -> Iterator[SmtpServer]:
    """A server that gives these replies in turn, one a line (the text counts as one).

    A number: waits so many seconds, or until the client has left. None: cuts.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as lines:
                play(connection, lines)
        except OSError:
            pass  # the client left first, or the test is over

    def play(connection: socket.socket, lines: Any) -> None:
        for number, reply in enumerate(replies):
            if number and replies[number - 1] == b"354 go\r\n" and reply is not None:
                while lines.readline() not in (b".\r\n", b""):
                    pass
            elif number and reply is not None and not isinstance(replies[number - 1], float):
                lines.readline()
            if reply is None:
                return
            if isinstance(reply, float):
                connection.settimeout(reply)
                with suppress(TimeoutError):
                    connection.recv(1)
                    return
                connection.settimeout(None)
            else:
                connection.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield SmtpServer(host="127.0.0.1", port=listener.getsockname()[1])
    finally:
        listener.close()
        thread.join(5)


HELLO = (b"220 hi\r\n", b"250 me\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")


def test_a_stalled_server_is_left_after_the_time_limit() -> None:
    with scripted(b"220 hi\r\n", 60.0) as running:
        error = refusal(running, message(), timeout_s=0.3)
    assert isinstance(error, ServerUnreachable) and "timed out" in error.reason


def test_a_cut_before_the_final_dot_is_temporary_and_nothing_arrived() -> None:
    with scripted(*HELLO, None) as running:
        error = refusal(running, replace(message(), body=b"Subject: x\r\n\r\n" + b"text\r\n" * 2_000_000))
    assert isinstance(error, ServerUnreachable) and not error.permanent and "connection lost" in error.reason


def test_a_cut_after_the_final_dot_is_unknown_and_tried_again(office: Office, server: SmtpServer) -> None:
    def cut(smtp: SMTP) -> str:
        assert isinstance(smtp.transport, asyncio.Transport)
        smtp.transport.abort()
        return "250 taken"

    office.at_data = cut
    sent = message()
    error = refusal(server, sent)
    assert not error.permanent and not error.content and "may have arrived" in error.reason
    office.at_data = lambda _: "250 taken"
    with mailer(server) as out:
        out.send(sent)
    assert {received for _, _, received in office.taken} == {sent.body} and len(office.taken) == 2


def test_the_reply_to_the_dot_has_its_own_longer_limit() -> None:
    slower = (*HELLO, 1.0, b"250 ok\r\n", b"221 bye\r\n")
    with scripted(*slower) as running, mailer(running, timeout_s=0.5, dot_timeout_s=30.0) as out:
        out.send(message())
    with scripted(*HELLO, 60.0) as running:
        error = refusal(running, message(), timeout_s=0.2, dot_timeout_s=0.4)
    assert "may have arrived" in error.reason and "timed out" in error.reason


def test_a_server_that_closes_says_so_and_the_pass_can_stop() -> None:
    with scripted(*HELLO[:2], b"421 4.3.2 shutting down\r\n", None) as running:
        error = refusal(running, message())
    assert isinstance(error, ServerUnreachable) and "421 4.3.2 shutting down" in error.reason


def test_a_server_that_is_not_there_is_temporary() -> None:
    error = refusal(SmtpServer(host="127.0.0.1", port=free_port()), message())
    assert isinstance(error, ServerUnreachable) and "cannot be reached" in error.reason


def test_a_server_that_speaks_something_else_is_temporary() -> None:
    with scripted(b"HTTP/1.1 400 Bad Request\r\n\r\n", None) as running:
        assert isinstance(refusal(running, message()), ServerUnreachable)


def test_a_refused_sender_is_nobodys_address_problem() -> None:
    with scripted(*HELLO[:2], b"550 5.7.1 not you\r\n", b"250 reset\r\n", b"221 bye\r\n") as running:
        error = refusal(running, message())
    assert not error.permanent and "MONITOR_MAIL_FROM" in error.reason


def test_a_message_too_big_for_the_server_is_told_before_it_is_sent(office: Office) -> None:
    with serving(office, data_size_limit=500) as running:
        error = refusal(running, message())
    assert error.permanent and error.content and "552" in error.reason


# --- without a server --------------------------------------------------------------------------------------


def test_without_a_server_a_message_becomes_a_file_and_a_repeat_the_same_file(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "outbox"
    first = write_eml(message(), folder)
    assert write_eml(message(), folder) == first and first.name == f"{1:032x}.eml"
    assert [file.name for file in folder.iterdir()] == [first.name] and first.read_bytes() == message().body


def test_a_message_id_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    file = write_eml(replace(message(), message_id="<../../etc/x@example.com>"), tmp_path / "outbox")
    assert file.parent == tmp_path / "outbox" and file.exists()


def test_a_folder_that_cannot_be_written_is_temporary_and_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file stands here")
    with pytest.raises(DeliveryError, match="MONITOR_DATA_DIR") as refused:
        write_eml(message(), tmp_path / "outbox")
    assert not refused.value.permanent and len(list(tmp_path.iterdir())) == 1
