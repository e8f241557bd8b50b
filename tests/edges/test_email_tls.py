"""Mail servers named by their URL; passwords and encryption over a real SMTP session."""

# ruff: noqa: F811  (fixtures of another file)
from __future__ import annotations

import logging
import ssl
import subprocess
from dataclasses import replace
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from monitor.errors import ConfigError
from monitor.notify.email import ServerUnreachable, SmtpServer, parse_smtp_url

from .test_email import Office, mailer, message, office, refusal, server, serving  # noqa: F401  fixtures among them


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server's own warning: on loopback it may
def test_a_password_is_sent_and_a_wrong_one_is_told_without_showing_it(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"s3cret:p@ss", handled=False)

    options: dict[str, Any] = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    with serving(office, **options) as running:
        url = f"smtp://watch:s3cret%3Ap%40ss@127.0.0.1:{running.port}"
        with mailer(parse_smtp_url(url)) as out:
            out.send(message())
        error = refusal(parse_smtp_url(url.replace("s3cret", "wr0ng")), message())
    assert len(office.taken) == 1
    assert isinstance(error, ServerUnreachable) and "MONITOR_SMTP_URL" in error.reason
    assert "wr0ng" not in str(error) + caplog.text and "s3cret" not in caplog.text


def test_a_password_never_travels_in_the_clear_to_another_machine(
    office: Office, server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SmtpServer, "local", property(lambda _: False))
    error = refusal(replace(server, user="watch", password="s3cret"), message())
    assert isinstance(error, ServerUnreachable) and "smtp+plain://" in error.reason and not office.taken


def test_insisting_on_tls_with_a_server_without_it_sends_nothing(office: Office, server: SmtpServer) -> None:
    assert isinstance(refusal(replace(server, security="starttls"), message()), ServerUnreachable)
    assert not office.taken


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate of its own making."""
    folder = tmp_path_factory.mktemp("tls")
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-subj", "/CN=localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *made]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_encryption_is_used_when_it_is_offered(office: Office, certificate: ssl.SSLContext) -> None:
    with serving(office, tls_context=certificate, require_starttls=True) as running, mailer(running) as out:
        out.send(message())
    assert office.taken[0][2] == message().body


def test_encryption_from_the_first_byte(office: Office, certificate: ssl.SSLContext) -> None:
    with serving(office, ssl_context=certificate) as running:
        with mailer(replace(running, security="tls")) as out:
            out.send(message())
        assert isinstance(refusal(running, message(), timeout_s=0.5), ServerUnreachable)
    assert len(office.taken) == 1


@pytest.mark.parametrize("security", ["offered", "starttls"])
def test_a_password_is_not_shown_to_a_server_that_cannot_prove_itself(
    office: Office, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setattr(SmtpServer, "local", property(lambda _: False))
    with serving(office, tls_context=certificate) as running:
        error = refusal(replace(running, user="watch", password="s3cret", security=security), message())
    assert isinstance(error, ServerUnreachable)
    assert "no secure connection" in error.reason
    assert not office.taken


@pytest.mark.parametrize(
    ("url", "host", "port", "security", "user", "password"),
    [
        ("smtp://mail.example.com", "mail.example.com", 25, "offered", "", ""),
        ("smtp://u:p@mail.example.com:2525/", "mail.example.com", 2525, "offered", "u", "p"),
        (
            "smtps://u%40example.com:a%3Ab%2F%40%25@mail.example.com",
            "mail.example.com",
            465,
            "tls",
            "u@example.com",
            "a:b/@%",
        ),
        ("smtp+starttls://[::1]", "::1", 587, "starttls", "", ""),
        ("smtp+plain://u:p@10.0.0.5", "10.0.0.5", 25, "plain", "u", "p"),
    ],
)
def test_a_server_is_named_by_a_url(url: str, host: str, port: int, security: str, user: str, password: str) -> None:
    assert parse_smtp_url(url) == SmtpServer(host=host, port=port, security=security, user=user, password=password)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com:25",
        "http://u:s3cret@mail.example.com",
        "smtp://",
        "smtp://u:s3cret@mail.example.com:port",
        "smtp://u:s3cret@mail.example.com:99999",
        "smtp://u:s3cret@mail.example.com/path",
        "smtp://u:s3cret%ff@mail.example.com",
        "smtp://:s3cret@mail.example.com",
        "smtp://[::1",
    ],
)
def test_a_wrong_url_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(ConfigError, match="MONITOR_SMTP_URL") as refused:
        parse_smtp_url(url)
    assert "s3cret" not in str(refused.value) and "smtp://user:password@host:port" in str(refused.value)


def test_the_password_is_in_no_repr() -> None:
    assert "s3cret" not in repr(parse_smtp_url("smtp://u:s3cret@mail.example.com"))
