from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.ingest import entries, xmlfeed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FEEDS = Path(__file__).parents[1] / "data" / "feeds"
CHINESE = "关于对若干物项实施出口管制的公告，自公布之日起正式实施。"


def read(body, **more):
    body = body.encode() if isinstance(body, str) else body
    return entries.parse(body, url="https://harbour.example/feed/rss.xml", now=NOW, **more)


def rss(*items, channel="<title>Desk</title>", head=""):
    inner = "".join(f"<item>{item}</item>" for item in items)
    return f'{head}<rss version="2.0"><channel>{channel}{inner}</channel></rss>'


def titles(parsed):
    return [item.title for item in parsed.entries]


def test_an_rss_feed_is_read_and_cleaned():
    parsed = read((FEEDS / "ports.rss.xml").read_bytes())
    strike, pilots = parsed.entries
    assert (parsed.title, parsed.language, parsed.ttl, parsed.error) == (
        "Harbour Desk",
        "en-GB",
        timedelta(minutes=20),
        "",
    )
    assert strike.title == "Dockers at Port Alder vote to strike from Monday & close two berths"
    assert strike.summary == "The union said two berths would close. Talks go on."
    assert strike.url == "https://harbour.example/notices/14?id=14"
    assert (strike.published, strike.date_doubt) == (datetime(2026, 11, 22, 6, 30, tzinfo=UTC), "")
    assert pilots.title == pilots.summary[:119] + "…"
    assert (pilots.url, pilots.published) == ("", NOW)
    assert "future" in pilots.date_doubt
    assert [r.reason for r in parsed.rejected] == ["neither title nor text nor link"]


def test_a_chinese_atom_feed_keeps_its_own_clock_and_its_page_not_its_interface():
    (item,) = read((FEEDS / "ministry.atom.xml").read_bytes()).entries
    assert item.title == "关于对若干物项实施出口许可管理的公告"
    assert item.summary == "自公布之日起执行。"
    assert item.url == "https://ministry.example/news/7.html"
    assert item.published == datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
    assert item.date_doubt == "no time zone given, read as Asia/Shanghai"


def test_a_json_feed_is_read():
    parsed = read((FEEDS / "notes.feed.json").read_bytes())
    duty, note = parsed.entries
    assert (duty.title, duty.summary, duty.url) == (
        "New duty on steel wire",
        "From 1 December.",
        "https://notes.example/31",
    )
    assert duty.published == datetime(2026, 11, 20, 7, tzinfo=UTC)
    assert (note.title, note.url) == ("A note without a title", "https://elsewhere.example/a")
    assert len(parsed.rejected) == 1


def test_a_cap_warning_is_read_in_the_language_of_the_feed():
    body = (FEEDS / "flood.cap.xml").read_bytes()
    (english,), (chinese,) = read(body).entries, read(body, language="zh").entries
    assert (english.title, english.summary) == (
        "Red flood warning for the River Alder",
        "Water still rises. Lower Alder",
    )
    assert chinese.title == "阿尔德河发布洪水红色预警"
    assert english.key == chinese.key
    assert english.url == "https://weather.example/wx/5"


@pytest.mark.parametrize("status", ["Test", "Exercise", "Draft"])
def test_a_cap_exercise_never_becomes_a_warning(status):
    body = (FEEDS / "flood.cap.xml").read_text(encoding="utf-8").replace("Actual", status)
    parsed = read(body)
    assert parsed.entries == ()
    assert "not a real warning" in parsed.rejected[0].reason


def test_a_withdrawn_cap_warning_says_so():
    body = (FEEDS / "flood.cap.xml").read_text(encoding="utf-8").replace(">Alert<", ">Cancel<")
    assert titles(read(body)) == ["Cancelled: Red flood warning for the River Alder"]


def test_an_entry_keeps_its_key_when_its_title_or_its_tracking_changes():
    one = read(rss("<guid> g-1 </guid><title>Old</title>")).entries[0]
    assert read(rss("<guid>g-1</guid><title>New</title>")).entries[0].key == one.key
    assert read(rss("<guid>G-1</guid><title>Old</title>")).entries[0].key != one.key
    first = read(rss("<title>A</title><link>https://a.example/1?utm_source=x</link>")).entries[0]
    assert read(rss("<title>A</title><link>https://a.example/1?utm_source=y</link>")).entries[0].key == first.key


def test_entries_without_guid_and_link_are_known_by_their_words():
    body = rss("<title>A</title><description>x</description>", "<title>A</title><description>y</description>")
    assert len({item.key for item in read(body).entries}) == 2
    assert read(body) == read(body)


def test_one_guid_on_different_entries_loses_none():
    body = rss(*(f"<guid>same</guid><title>T{n}</title><link>https://a.example/{n}</link>" for n in range(5)))
    parsed = read(body)
    assert titles(parsed) == ["T0", "T1", "T2", "T3", "T4"]
    assert len({item.key for item in parsed.entries}) == 5


def test_an_exact_repeat_is_counted_and_left_out():
    parsed = read(rss(*["<guid>g</guid><title>T</title>"] * 4))
    assert titles(parsed) == ["T"]
    assert [r.reason for r in parsed.rejected] == ["repeated in the same document"] * 3


def test_only_the_first_thousand_entries_are_kept_and_the_rest_counted():
    parsed = read(rss(*(f"<guid>{n}</guid><title>T{n}</title>" for n in range(1500))))
    assert (len(parsed.entries), len(parsed.rejected)) == (1000, 500)
    assert parsed.rejected[0].reason == "over 1,000 entries"
    assert titles(parsed)[-1] == "T999"
    assert parsed.title == "Desk"


def test_a_feed_that_breaks_off_keeps_what_came():
    whole = rss(*(f"<guid>{n}</guid><title>Notice {n}</title>" for n in range(5)))
    parsed = read(whole[: whole.index("Notice 3")])
    assert titles(parsed)[:3] == ["Notice 0", "Notice 1", "Notice 2"]
    assert parsed.error == ""


def test_an_empty_feed_is_no_error():
    parsed = read(rss())
    assert (parsed.entries, parsed.error) == ((), "")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", "the answer is empty"),
        (b" \r\n ", "the answer is empty"),
        (b"<!DOCTYPE html><html><head><title>Home</title></head></html>", "an HTML page, not a feed"),
        (b'<?xml version="1.0"?><urlset><url/></urlset>', "XML, but not a feed (its root is 'urlset')"),
        (b'{"error": "gone"}', "JSON, but not a JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items"', "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": 3}', "no list of items"),
        (b"\x1f\x8b\x08\x00abc", "packed or binary"),
        (bytes(range(256)) * 20, "not a feed"),
        (b"Service unavailable", "not a feed"),
        (b'<rss version="2.0"><channel><title>x', "cut off or malformed"),
    ],
)
def test_what_is_no_feed_is_refused_in_words(body, wanted):
    parsed = read(body)
    assert wanted in parsed.error
    assert parsed.entries == ()


def test_a_path_or_an_address_as_body_is_not_opened(tmp_path):
    secret = tmp_path / "secret.xml"
    secret.write_text(rss("<title>inside</title>"))
    assert read(str(secret)).error
    assert read(f"file://{secret}").error
    external = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file://{secret}">]>'
    assert "inside" not in str(read(rss("<title>a&x;b</title>", head=external)))


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>' + rss("<title>&b;</title>"),
        f'<!DOCTYPE r [<!ENTITY a "{"x" * 50_000}">]>' + rss("<title>" + "&a;" * 5000 + "</title>"),
        rss("<title " + " ".join(f'a{n}="1"' for n in range(40_000)) + ">x</title>"),
        rss("".join(f'<n{n}:x xmlns:n{n}="urn:{n}"/>' for n in range(20_000))),
    ],
    ids=["nested entities", "long entity", "attributes", "namespaces"],
)
def test_documents_made_to_blow_up_are_refused_at_once(body):
    def cost(document: str) -> float:
        costs = []
        for _ in range(3):
            began = time.process_time()
            read(document)
            costs.append(time.process_time() - began)
        return min(costs)

    assert "refused" in read(body).error
    plain = rss("".join(f"<title>Notice {n}</title>" for n in range(max(len(body), 20_000) // 25)))
    assert cost(body) < 10 * cost(plain)


def test_entities_that_name_characters_are_no_bomb():
    assert titles(read(rss("<title>Caf&eacute;</title>", head='<!DOCTYPE rss [<!ENTITY eacute "&#233;">]>'))) == [
        "Café"
    ]


@pytest.mark.parametrize(
    ("declared", "sent", "header"),
    [
        ("gbk", "gbk", ""),
        ("gb2312", "gb18030", ""),
        ("utf-8", "gbk", ""),
        ("", "gbk", ""),
        ("", "gbk", "text/xml; charset=gb2312"),
        ("iso-8859-1", "gbk", ""),
        ("gb2312", "utf-8", ""),
        ("utf-8", "utf-8", "text/xml; charset=iso-8859-1"),
        ("", "utf-8", "text/xml"),
        ("no-such-charset", "utf-8", ""),
        ("utf-8", "utf-8-sig", ""),
        ("gbk", "utf-8-sig", ""),
        ("utf-16", "utf-16", ""),
        ("", "utf-16-le", ""),
        ("", "utf-32", ""),
    ],
)
def test_chinese_is_read_whatever_is_declared(declared, sent, header):
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = rss(f"<title>{CHINESE}</title>", head=head).encode(sent)
    assert titles(read(body, content_type=header)) == [CHINESE]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("windows-1251", "Порт закрыт из-за шторма"),
        ("iso-8859-1", "Grève générale à Marseille"),
        ("shift_jis", "輸出規制を強化"),
        ("euc-kr", "수출 통제 강화"),
        ("big5", "出口管制公告"),
        ("tis-620", "ภาษีนำเข้า"),
    ],
)
def test_other_declared_encodings_are_honoured(encoding, text):
    body = rss(f"<title>{text}</title>", head=f'<?xml version="1.0" encoding="{encoding}"?>').encode(encoding)
    assert titles(read(body)) == [text]


def test_undeclared_latin_text_is_not_taken_for_chinese():
    assert titles(read(rss("<title>Grève générale à Orléans</title>").encode("latin-1"))) == [
        "Grève générale à Orléans"
    ]


def test_a_few_broken_bytes_do_not_spoil_the_rest():
    body = rss(f"<title>{CHINESE}</title>", "<title>zz</title>").encode().replace(b"zz", b"\xff\xe5z")
    assert titles(read(body))[0] == CHINESE


def test_dangerous_charsets_are_not_honoured():
    for name in ("utf-7", "punycode", "undefined", "idna", "zlib", "rot13"):
        parsed = read(rss("<title>+ADw-script+AD4-</title>", head=f'<?xml version="1.0" encoding="{name}"?>'))
        assert titles(parsed) == ["+ADw-script+AD4-"]


def test_controls_and_surrogates_do_not_cost_the_feed():
    body = rss("<title>a&#xD800;b&#0;c\x1bd</title>", "<title>next</title>")
    assert titles(read(body)) == ["a b cd", "next"]


def test_a_test_message_in_an_atom_feed_is_marked():
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2"><title>W</title>'
        "<entry><id>1</id><title>Typhoon</title><cap:status>Test</cap:status></entry></feed>"
    )
    assert titles(read(body)) == ["[Test] Typhoon"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "gb18030"])
@pytest.mark.parametrize("end", ["</rss>", "</channel>\n</rss>\n<!-- 港口 -->\n", "</RSS >"])
def test_a_document_without_its_end_is_known_to_be_cut_off(encoding, end):
    start = "<?xml version='1.0'?><rss><channel><item><title>港口罢工</title></item>"
    assert not xmlfeed.is_cut_off((start + end).encode(encoding))
    assert xmlfeed.is_cut_off(start.encode(encoding))


@pytest.mark.parametrize("other", [b"", b"{}", b'{"version":"https://jsonfeed.org/version/1"}', b"<html>", b"\x1f\x8b"])
def test_what_is_no_xml_feed_is_never_cut_off(other):
    assert not xmlfeed.is_cut_off(other)


def test_a_bare_ampersand_in_a_broken_document_is_an_ampersand():
    body = (
        b"<rss><channel><item><title>R&D at AT&T, S&P 500 &eacute; <b></title>"
        b"<link>https://news.example/?a=1&b=2</link>"
        b"<description><![CDATA[<a href='?x=1&y=2'>Duties & quotas</a>]]></description></item></channel></rss>"
    )
    (item,) = read(body).entries
    assert item.title == "R&D at AT&T, S&P 500 é"
    assert item.url == "https://news.example/?a=1&b=2"
    assert item.summary == "Duties & quotas"


def test_elements_nested_without_end_are_refused_and_ordinary_depth_is_read():
    deep = b"<rss><channel><item><title>x</title>" + b"<x a='1/'> " * 100_000 + b"</item></channel></rss>"
    assert "nested" in read(deep).error
    wide = b"<rss><channel><item><title>x</title>" + b"<x a='1'/><y></y>" * 20_000 + b"</item></channel></rss>"
    assert [item.title for item in read(wide).entries] == ["x"]


def test_the_content_digest_follows_the_words_only():
    one = read(rss("<guid>1</guid><title>T</title><description>d</description>")).entries[0]
    two = read(rss("<guid>2</guid><title> T </title><description>&lt;p&gt;d&lt;/p&gt;</description>")).entries[0]
    assert one.content_digest == two.content_digest
    assert one.key != two.key
