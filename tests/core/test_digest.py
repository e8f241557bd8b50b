"""What a digest and a notice say, in which order, in whose language, and that nothing hostile survives in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any, cast

import pytest

from monitor.domain import (
    Alert,
    AlertState,
    Certainty,
    Coverage,
    Item,
    Level,
    Profile,
    Reason,
    Recipient,
    Severity,
    Tag,
    Urgency,
)
from monitor.i18n import translator
from monitor.notify import digest, notice, render, words
from monitor.notify.chart import of_alerts
from monitor.notify.digest import DigestFacts
from monitor.notify.notice import NoticeFacts
from monitor.notify.view import DueDate, Entry, EntryView, Links, MailView
from monitor.warn.playbooks import Both

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
SEEN = Coverage(
    since=NOW - timedelta(days=1),
    until=NOW,
    feeds_due=40,
    feeds_reached=38,
    feeds_stale=("Quay Times", "tax-office"),
    countries_live=("DE", "CN"),
    items_read=1200,
    items_baseline=300,
    items_flagged=17,
)
HOSTILE = (
    "Tariff\r\nBcc: victim@example.org",
    "Tariff\u2028Subject: other",
    "Tariff \ud800 broken",
    "\u202egnp.exe\u202c Tariff",
    "<script>alert(1)</script> Tariff",
    "<img src=x onerror=alert(1)> Tariff",
    '"><a href="javascript:alert(1)">Tariff</a>',
    "Tariff ]]> <!-- --> <mj-raw><b>x</b></mj-raw>",
    "{{ 7*7 }} {% raw %} Tariff",
    "Tariff \x00\x07\x1b[31m",
    "to: <boss@example.org>, other@example.org Tariff",
    "Tariff " + "x" * 10_000,
    "\ufdd0\uffff Tariff",
    "&lt;script&gt;alert(1)&lt;/script&gt; Tariff &amp; &#60;b&#62;",
    "%s %(name)s {n} Tariff",
)
BAD_LINKS = (
    "javascript:alert(1)",
    "data:text/html,x",
    "https://user:secret@example.org/",
    "http://",
    "//example.org",
    "https://example.org/a b",
    "https://example.org/\r\nX: y",
    "java\nscript:alert(1)",
    "http://[::1",
    "ftp://example.org/",
    "https://example.org\\@other.example/",
)


def alert(number: int, **changes: Any) -> Alert:
    known: dict[str, Any] = {
        "id": f"a{number}",
        "profile": "pumps",
        "story": f"s{number}",
        "level": Level.YELLOW,
        "state": AlertState.OPEN,
        "title": f"Headline {number}",
        "url": f"https://news.example/{number}?a=1&b=2",
        "labels": (Tag.SUPPLY_CHAIN,),
        "topics": ("supply_chain.strike",),
        "countries": ("DE",),
        "severity": Severity.WARNING,
        "urgency": Urgency.EXPECTED,
        "certainty": Certainty.REPORTED,
        "points": 50,
        "reasons": ("country: DE",),
        "opened": NOW,
        "updated": NOW,
    }
    return Alert(**{**known, **changes})


def item(number: int, **changes: Any) -> Item:
    known: dict[str, Any] = {
        "id": number,
        "feed": "Quay Times",
        "key": b"k" * 16,
        "title": f"Report {number}",
        "summary": "",
        "url": f"https://news.example/report/{number}",
        "published": NOW,
        "fetched": NOW,
    }
    return Item(**{**known, **changes})


def facts(*entries: Entry, language: str = "en", zone: str = "UTC", **changes: Any) -> DigestFacts:
    known: dict[str, Any] = {
        "profile": Profile(name="pumps", title="Pump works"),
        "recipient": Recipient(address="desk@example.com", language=language, timezone=zone),
        "since": SEEN.since,
        "until": SEEN.until,
        "coverage": SEEN,
        "entries": entries,
        "page_url": "https://watch.example/",
    }
    return DigestFacts(**{**known, **changes})


def mail(view: MailView, **changes: Any) -> bytes:
    known: dict[str, Any] = {
        "sender": "Watch <watch@example.com>",
        "recipient": "desk@example.com",
        "message_id": "<0123456789abcdef0123456789abcdef@example.com>",
        "date": NOW,
    }
    return render.email_message(view, **{**known, **changes})


def read(body: bytes) -> EmailMessage:
    return message_from_bytes(body, policy=policy.default)


def listed(view: MailView) -> list[EntryView]:
    return [entry for section in view.sections for entry in section.entries]


class Page(HTMLParser):
    """The elements and links of an HTML part, and the text that is not in the head."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "background", "action")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


# --- order and counts ----------------------------------------------------------------------------


def test_the_most_pressing_stands_first_level_then_points_then_severity_then_newest() -> None:
    entries = [
        Entry(alert=alert(1, level=Level.BLUE, points=99)),
        Entry(alert=alert(2, level=Level.RED, points=10)),
        Entry(alert=alert(3, level=Level.RED, points=40, severity=Severity.WATCH)),
        Entry(alert=alert(4, level=Level.RED, points=40, updated=NOW - timedelta(hours=1))),
        Entry(alert=alert(5, level=Level.RED, points=40)),
    ]
    view = digest.build(facts(*entries), NOW)
    assert [entry.title[-1] for entry in listed(view)] == ["5", "4", "3", "2", "1"]


def test_new_and_changed_stand_apart_and_the_change_is_named() -> None:
    view = digest.build(
        facts(Entry(alert=alert(1)), Entry(alert=alert(2, level=Level.RED), reason=Reason.WORSENED, was=Level.YELLOW)),
        NOW,
    )
    assert [(section.title, len(section.entries)) for section in view.sections] == [
        ("New", 1),
        ("Changed since the last digest", 1),
    ]
    assert view.sections[1].entries[0].reason == "Worsened, was yellow"
    assert view.headline == "1 new alert, 1 changed"


def test_at_most_fifty_are_listed_and_the_rest_is_counted_exactly() -> None:
    entries = [Entry(alert=alert(n)) for n in range(5000)]
    view = digest.build(facts(*entries), NOW)
    assert len(listed(view)) == 50
    assert view.more == "+4,950 more, on the page"
    assert view.subject.startswith("5000 yellow · ")
    assert digest.build(facts(*entries[:50]), NOW).more == ""


def test_every_item_of_an_alert_is_listed_up_to_fifty_then_counted() -> None:
    items = {"a1": tuple(item(n) for n in range(73))}
    entry = listed(digest.build(facts(Entry(alert=alert(1)), items=items), NOW))[0]
    assert [i.id for i in entry.items] == [f"#{n}" for n in range(50)]
    assert entry.items[7].title == "Report 7" and entry.items[7].link == "https://news.example/report/7"
    assert entry.more_items == "+23 more reports"


def test_the_subject_says_the_thing() -> None:
    reds = [Entry(alert=alert(n, level=Level.RED, title=f"Port {n} closed", points=90 - n)) for n in range(2)]
    oranges = [Entry(alert=alert(n, level=Level.ORANGE)) for n in range(10, 15)]
    gone = Entry(alert=alert(99, level=Level.RED), reason=Reason.WITHDRAWN)
    view = digest.build(facts(*oranges, *reds, gone), NOW)
    assert view.subject == "2 red, 5 orange, 1 corrected or withdrawn · Port 0 closed"


def test_what_was_held_back_and_what_is_still_open_is_told() -> None:
    text = render.render_text(digest.build(facts(Entry(alert=alert(1)), held=1, still_open=12), NOW))
    assert "1 alert was held back by your alert budget" in text
    assert "12 alerts you know are still open" in text


def test_dates_come_with_a_countdown_in_the_readers_days() -> None:
    due = (
        DueDate(on=date(2026, 3, 9), what="Comments close"),
        DueDate(on=date(2026, 3, 2), what="Duty applies"),
        DueDate(on=date(2026, 3, 1), what="Registration"),
    )
    view = digest.build(facts(due_soon=due), NOW)
    assert [fact.label for fact in view.due] == ["2026-03-01 (past)", "2026-03-02 (today)", "2026-03-09 (in 7 days)"]
    far_east = digest.build(facts(due_soon=due[:1], zone="Pacific/Kiritimati"), NOW + timedelta(hours=10))
    assert far_east.due[0].label == "2026-03-09 (in 6 days)"


# --- the reader ----------------------------------------------------------------------------------


def test_language_and_zone_belong_to_the_recipient() -> None:
    original = "Zölle auf Pumpen erhöht"
    entry = Entry(alert=alert(1, level=Level.RED, title=original))
    view = digest.build(facts(entry, language="zh-CN", zone="Asia/Shanghai"), NOW)
    text = render.render_text(view)
    assert view.subject == f"红色 1 条 · {original}"
    assert "▲▲▲▲ 红色" in text and "2026-03-02 14:00" in text and "供应链：罢工 · 德国" in text
    assert "您关注的国家或地区：德国" in text and original in text
    assert 'lang="zh"' in cast(str, render.render_html(view))


def test_an_unknown_zone_is_utc() -> None:
    assert "2026-03-02 06:00" in render.render_text(digest.build(facts(zone="Moon/Far_Side"), NOW))


def test_levels_read_without_colour() -> None:
    marks = {words.mark(level) for level in Level}
    assert len(marks) == 4 and words.mark(Level.RED) == "▲▲▲▲"
    for draw in (render.render_text, render.render_html):
        assert "▲▲△△" in cast(str, draw(digest.build(facts(Entry(alert=alert(1))), NOW)))


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("tag: supply_chain, compliance", "您关注的风险类别：供应链、合规"),
        ("keyword: pump, 泵", "您的关键词：pump、泵"),
        ("3 feeds report it", "3 个信息源报道"),
        ("severity 2", "严重程度 2（最高 3）"),
        ("one step lower: it is over", "下调一级：事件已结束"),
        ("a reason of tomorrow", "a reason of tomorrow"),
        ("tag: unheard_of", "您关注的风险类别：unheard_of"),
    ],
)
def test_stored_reasons_are_shown_in_the_readers_language(reason: str, shown: str) -> None:
    assert words.why(reason, translator("zh"), "zh") == shown


# --- notices -------------------------------------------------------------------------------------


def test_a_notice_of_one_alert_leads_with_level_reason_and_headline() -> None:
    entry = Entry(alert=alert(1, level=Level.RED), reason=Reason.WORSENED, was=Level.ORANGE)
    view = notice.build(NoticeFacts(recipient=Recipient(address="desk@example.com"), entries=(entry,)), NOW)
    assert view.subject == "▲▲▲▲ Red · Worsened · Headline 1"
    assert listed(view)[0].reason == "Worsened, was orange"


def test_a_notice_of_several_counts_them() -> None:
    entries = tuple(Entry(alert=alert(n, level=Level.RED)) for n in range(60))
    view = notice.build(NoticeFacts(recipient=Recipient(address="desk@example.com"), entries=entries), NOW)
    assert view.subject.startswith("60 red · ") and view.more == "+10 more, on the page"


def test_a_notice_of_nothing_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one"):
        NoticeFacts(recipient=Recipient(address="desk@example.com"), entries=())


# --- what a reader acts on -------------------------------------------------------------------------


LINKS = Links(alert=lambda name: f"https://watch.example/a/{name}.x", unsubscribe="https://watch.example/u/t.x")


def test_due_dates_first_step_and_what_changed_stand_with_the_alert() -> None:
    entry = Entry(
        alert=alert(1),
        reason=Reason.WORSENED,
        was=Level.BLUE,
        more_reports=3,
        due=(DueDate(on=date(2026, 3, 9), what="Comments close"),),
        step=Both(en="Call the forwarder", zh="致电货代"),
    )
    text = render.render_text(digest.build(facts(entry, links=LINKS), NOW))
    for told in (
        "Worsened, was blue",
        "3 further reports since you were told",
        "Due: Comments close 2026-03-09 (in 7 days)",
        "First step: Call the forwarder",
        "Acknowledge https://watch.example/a/a1.x\n",
        "Not relevant https://watch.example/a/a1.x?do=dismiss",
        "Unsubscribe https://watch.example/u/t.x",
    ):
        assert told in text
    drawn = cast(str, render.render_html(digest.build(facts(entry, links=LINKS), NOW)))
    assert "Call the forwarder" in drawn and "https://watch.example/a/a1.x?do=dismiss" in drawn


def test_absent_facts_leave_no_trace() -> None:
    text = render.render_text(digest.build(facts(Entry(alert=alert(1))), NOW))
    assert not any(word in text for word in ("First step", "Due:", "further report", "Acknowledge", "Unsubscribe"))


def test_what_was_held_back_is_named() -> None:
    text = render.render_text(digest.build(facts(held=9, held_top=(alert(4), alert(5))), NOW))
    assert "9 alerts were held back" in text and "▲▲△△ Headline 4" in text


def test_two_languages_stand_side_by_side_and_titles_once() -> None:
    original = "Zölle auf Pumpen erhöht"
    entry = Entry(alert=alert(1, level=Level.RED, title=original))
    view = digest.build(facts(entry, language="both"), NOW)
    assert view.subject == f"红色 1 条 / 1 red · {original}"
    text = render.render_text(view)
    assert "▲▲▲▲ 红色 / Red · 新增 / New" in text and text.count(original) == 1
    assert "德国 / Germany" in text and "打开预警 / Open the alert" in text
    message = read(mail(view))
    assert message["Content-Language"] == "zh, en"


def test_the_levels_are_a_picture_within_the_mail_that_words_say_too() -> None:
    levels = of_alerts([(Level.RED, ("DE",), NOW.date()), (Level.BLUE, (), NOW.date())], until=NOW.date())
    view = digest.build(facts(levels=levels), NOW)
    assert view.chart is not None and view.chart.png.startswith(b"\x89PNG") and len(view.chart.png) < 10_000
    message = read(mail(view))
    [picture] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    html = message.get_body(("html",))
    assert html is not None and f'src="cid:{picture["Content-ID"].strip("<>")}"' in html.get_content()
    assert 'alt="Germany: highest Red, on 1 of 14 days; no country: highest Blue' in html.get_content()
    assert "Germany: highest Red, on 1 of 14 days" in render.render_text(view)
    assert mail(view) == mail(view)
    lean = read(render.text_only(mail(view)))
    assert lean.get_content_type() == "text/plain"


def test_days_out_of_the_window_are_not_drawn() -> None:
    old = NOW.date() - timedelta(days=14)
    assert of_alerts([(Level.RED, ("DE",), old)], until=NOW.date()) is None
