"""The frozen message: the same bytes for the same facts, its headers, its signature, and nothing hostile in it."""

from __future__ import annotations

import base64
import time
from typing import cast

import pytest

from monitor.domain import Level
from monitor.errors import ConfigError, DeliveryError
from monitor.notify import digest, render
from monitor.notify.dkim import signer
from monitor.notify.plain import one_line, safe_link
from monitor.notify.view import Entry, Links

from .test_digest import BAD_LINKS, HOSTILE, LINKS, NOW, Page, alert, facts, item, listed, mail, read


def test_the_same_facts_give_the_same_bytes() -> None:
    view = digest.build(facts(Entry(alert=alert(1))), NOW)
    assert mail(view) == mail(view)


def test_the_headers_are_those_of_an_automatic_message() -> None:
    links = Links(unsubscribe="https://watch.example/u/token")
    message = read(mail(digest.build(facts(links=links), NOW)))
    assert message["Message-ID"] == "<0123456789abcdef0123456789abcdef@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    assert message["Date"].datetime == NOW
    assert str(message["From"]) == "Watch <watch@example.com>"
    assert message["List-Unsubscribe"] == "<https://watch.example/u/token>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert all(message.keys().count(name) == 1 for name in message)


def test_a_long_message_id_is_not_torn_apart() -> None:
    name = "<0123456789abcdef0123456789abcdef@mail.department-of-early-warning.enterprise.example.com>"
    assert name.encode() in mail(digest.build(facts(), NOW), message_id=name)


def test_a_chinese_subject_comes_back_whole() -> None:
    title = "某国宣布对半导体制造设备实施新的出口许可要求并扩大清单范围" * 3
    view = digest.build(facts(Entry(alert=alert(1, title=title)), language="zh"), NOW)
    assert str(read(mail(view))["Subject"]) == view.subject


def test_text_only_keeps_the_identity_and_drops_the_html() -> None:
    body = mail(digest.build(facts(Entry(alert=alert(1, title="港口罢工"))), NOW))
    lean = render.text_only(body)
    whole, left = read(body), read(lean)
    plain = whole.get_body(("plain",))
    assert plain is not None and left.get_content() == plain.get_content()
    assert set(left.keys()) == {*whole.keys(), "Content-Transfer-Encoding"}
    assert left["Message-ID"] == whole["Message-ID"] and left["Subject"] == whole["Subject"]
    assert left.get_content_type() == "text/plain" and render.text_only(lean) == lean


@pytest.mark.parametrize("sender", ["", "watch", "a@b\r\nBcc: x@y.example", "<>", "@example.com"])
def test_a_sender_that_is_no_address_is_a_wrong_setting(sender: str) -> None:
    with pytest.raises(ConfigError, match="MONITOR_MAIL_FROM"):
        mail(digest.build(facts(), NOW), sender=sender)


@pytest.mark.parametrize("recipient", ["", "desk", "desk@example.com\r\nBcc: x@y.example", "a@b, c@d", "desk@"])
def test_a_recipient_that_is_no_address_is_parked(recipient: str) -> None:
    with pytest.raises(DeliveryError) as refused:
        mail(digest.build(facts(), NOW), recipient=recipient)
    assert refused.value.permanent and "\n" not in str(refused.value)


def test_no_part_of_the_mail_is_fetched_from_elsewhere() -> None:
    page = Page(cast(str, render.render_html(digest.build(facts(Entry(alert=alert(1))), NOW))))
    assert not {"img", "link", "script", "iframe"} & set(page.elements)


def test_the_cost_of_a_digest_grows_with_its_stories_and_no_faster() -> None:
    def cost(stories: int) -> float:
        entries = [Entry(alert=alert(n)) for n in range(stories)]
        items = {f"a{n}": tuple(item(100 * n + k) for k in range(10)) for n in range(stories)}
        started = time.process_time()
        mail(digest.build(facts(*entries, items=items), NOW))
        return time.process_time() - started

    cost(1)  # loads the templates
    assert min(cost(50), cost(50)) < 12 * max(cost(10), cost(10))


def test_a_signed_mail_verifies_also_when_it_was_made_plain_and_names_what_it_covers() -> None:
    import dkim
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    sign = signer(pem, "s1", "example.com")
    body = mail(digest.build(facts(Entry(alert=alert(1, title="港口罢工")), links=LINKS), NOW), sign=sign)
    lean = render.text_only(body, sign)
    for signed in (body, lean):
        asked: list[bytes] = []

        def dns(name: bytes, timeout: int = 5, asked: list[bytes] = asked) -> bytes:
            asked.append(name)
            return record

        assert dkim.verify(signed, dnsfunc=dns) and asked == [b"s1._domainkey.example.com."]
        assert read(signed).keys().count("DKIM-Signature") == 1
        header = " ".join(str(read(signed)["DKIM-Signature"]).split()).lower().replace(" ", "")
        assert "list-unsubscribe:list-unsubscribe-post" in header
    assert not dkim.verify(body.replace(b"Subject", b"subject: x\r\nSubject"), dnsfunc=lambda *_, **__: b"v=DKIM1; p=")


@pytest.mark.parametrize(
    "key", ["", "nonsense", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"]
)
def test_a_wrong_key_is_a_wrong_setting(key: str) -> None:
    if not key:
        assert signer(key, "s1", "example.com")(b"as it is") == b"as it is"
        return
    with pytest.raises(ConfigError, match="MONITOR_DKIM_KEY"):
        signer(key, "s1", "example.com")


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_is_only_text(title: str) -> None:
    hostile = Entry(alert=alert(1, level=Level.RED, title=title))
    items = {"a1": (item(1, title=title, feed=title), item(2, title=title + "!"))}
    view = digest.build(facts(hostile, Entry(alert=alert(2)), items=items), NOW)
    body = mail(view)
    message = read(body)
    assert message.keys().count("Subject") == 1 and "Bcc" not in message and "X" not in message
    assert str(message["To"]) == "desk@example.com"
    subject = str(message["Subject"])
    assert len(subject) <= 150 and "Tariff" in subject and subject == one_line(subject, 150)
    assert max(map(len, body.split(b"\r\n"))) <= 998 and b"\n" not in body.replace(b"\r\n", b"")
    html_part, text_part = message.get_body(("html",)), message.get_body(("plain",))
    assert html_part is not None and text_part is not None
    page = Page(html_part.get_content())
    assert not {"script", "img", "iframe", "form", "object", "mj-raw"} & set(page.elements) and not page.handlers
    assert all(link.startswith(("https://news.example/", "https://watch.example")) for link in page.links if link)
    assert "Headline 2" in " ".join(page.words) and "Headline 2" in text_part.get_content()


@pytest.mark.parametrize("link", BAD_LINKS)
def test_a_link_that_does_more_than_open_a_page_is_left_out(link: str) -> None:
    assert safe_link(link) == ""
    view = digest.build(facts(Entry(alert=alert(1, url=link)), items={"a1": (item(1, url=link),)}), NOW)
    assert listed(view)[0].link == "https://watch.example/alerts/a1"
    drawn = cast(str, render.render_html(view))
    assert all(found.startswith("https://watch.example") for found in Page(drawn).links)


def test_a_good_link_stays_as_it_is() -> None:
    link = "https://news.example/a%20b/?q=1&r=%E4%B8%AD#part"
    assert safe_link(link) == link
    assert safe_link("https://news.example/新闻") == "https://news.example/%E6%96%B0%E9%97%BB"


def test_unseen_characters_go_and_joiners_of_real_scripts_stay() -> None:
    assert one_line("a\u00adb\u200bc\u2066d\ufeff") == "abcd"
    assert one_line("می\u200cخواهم") == "می\u200cخواهم"
    assert one_line("one\r\n two\x85three") == "one two three"


def test_when_the_html_cannot_be_drawn_the_text_still_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    import mjml

    def refuse(*_: object, **__: object) -> str:
        raise ValueError("unable to parse")

    monkeypatch.setattr(mjml, "mjml2html", refuse)
    message = read(mail(digest.build(facts(Entry(alert=alert(1))), NOW)))
    assert message.get_content_type() == "text/plain" and "Headline 1" in message.get_content()
