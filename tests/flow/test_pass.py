"""One pass, from feeds to the inbox, as the command line runs it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from .conftest import FINE, HARMLESS, SANCTIONS, STRIKE, Monitor, Post, Site


def test_from_a_feed_to_the_inbox(monitor: Monitor, site: Site, post: Post) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE, HARMLESS]), site.rss("/b.xml", [SANCTIONS]))
    outcome = monitor.json("poll", "--all", MONITOR_SMTP_URL=post.url)
    assert (outcome["feeds"], outcome["reached"], outcome["failed"]) == (2, 2, 0)
    assert outcome["entries_seen"] == outcome["items_new"] + outcome["duplicates"] + outcome["rejected"] == 3
    assert outcome["alerts_new"] == 2
    items = {item["title"]: item for item in monitor.lines("items")}
    assert "supply_chain" in items[STRIKE]["labels"]
    assert "geopolitical" in items[SANCTIONS]["labels"]
    assert items[HARMLESS]["labels"] == []
    monitor("digest", "--send", MONITOR_SMTP_URL=post.url)
    told = "\n".join(message.get_body(("plain",)).get_content() for message in post.box.messages)
    assert STRIKE in told
    assert SANCTIONS in told
    assert all(message.get_body(("html",)) for message in post.box.messages)


def test_a_second_pass_stores_and_sends_nothing(monitor: Monitor, site: Site, post: Post) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE, FINE, HARMLESS]))
    monitor("poll", "--all", MONITOR_SMTP_URL=post.url)
    sent = len(post.box.raw)
    again = monitor.json("poll", "--all", MONITOR_SMTP_URL=post.url)
    assert (again["unchanged"], again["items_new"], again["sent"]) == (1, 0, 0)
    site.bodies["/a.xml"] += b"<!-- other bytes, the same entries -->"
    third = monitor.json("poll", "--all", MONITOR_SMTP_URL=post.url)
    assert (third["entries_seen"], third["items_new"], third["duplicates"]) == (3, 0, 3)
    assert len(post.box.raw) == sent


def test_an_alert_is_told_once_at_once_or_in_the_digest(monitor: Monitor, site: Site, post: Post) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE, SANCTIONS, FINE]))
    monitor("poll", "--all", MONITOR_SMTP_URL=post.url)
    for _ in range(2):
        monitor("digest", "--send", MONITOR_SMTP_URL=post.url)
    parts = [message.get_body(("plain",)).get_content() for message in post.box.messages]
    for title in (STRIKE, SANCTIONS, FINE):
        assert sum(title in part for part in parts) == 1
    assert len({message["Message-ID"] for message in post.box.messages}) == len(parts)


def test_without_a_mail_server_messages_are_files(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    monitor("poll", "--all")
    monitor("digest", "--send")
    files = list((monitor.folder / "data" / "outbox").glob("*.eml"))
    assert files
    assert any(STRIKE.encode() in file.read_bytes() or b"Dockers" in file.read_bytes() for file in files)


def test_old_news_of_a_first_pass_raises_nothing_and_is_counted(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/old.xml", [STRIKE, SANCTIONS], hours=72))
    outcome = monitor.json("poll", "--all")
    assert (outcome["items_new"], outcome["alerts_new"]) == (2, 0)
    assert monitor.lines("alerts") == []
    proof = monitor("digest").stdout
    assert "2" in proof
    why = monitor("why", monitor.lines("items")[0]["url"]).stdout
    assert "before the watch began" in why


def test_fetch_only_leaves_judging_to_the_next_pass(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    first = monitor.json("poll", "--all", "--fetch-only")
    assert (first["items_new"], first["items_flagged"], first["alerts_new"]) == (1, 0, 0)
    second = monitor.json("poll", "--all")
    assert (second["items_new"], second["items_flagged"], second["alerts_new"]) == (0, 1, 1)


def test_as_of_takes_that_moment_as_now(monitor: Monitor, site: Site) -> None:
    site.bodies["/a.xml"] = (
        f"<rss version='2.0'><channel><item><title>{STRIKE}</title><guid>1</guid>"
        "<pubDate>Tue, 03 Mar 2020 08:00:00 GMT</pubDate></item></channel></rss>"
    ).encode()
    monitor.feeds(site.address("/a.xml"))
    outcome = monitor.json("poll", "--all", "--as-of", "2020-03-04")
    assert outcome["alerts_new"] == 1
    assert monitor.lines("alerts")[0]["opened"].startswith("2020-03-04")


def test_why_answers_both_ways(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE, HARMLESS]))
    profiles = monitor.folder / "profiles.yaml"
    profiles.write_text("profiles:\n- {name: north, countries: [FI], recipients: [a@example.com]}\n- {name: all}\n")
    monitor("poll", "--all", MONITOR_PROFILES=str(profiles))
    ids = {item["title"]: str(item["id"]) for item in monitor.lines("items")}
    said = monitor("why", ids[STRIKE], MONITOR_PROFILES=str(profiles)).stdout
    assert "outside your countries (FI)" in said
    assert "hears of everything that is flagged" in said
    assert (
        "no tag reached its threshold"
        in monitor("why", ids[HARMLESS], "--profile", "north", MONITOR_PROFILES=str(profiles)).stdout
    )


def test_a_profile_hears_of_what_concerns_it(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [SANCTIONS, STRIKE, FINE]))
    profiles = monitor.folder / "profiles.yaml"
    profiles.write_text(
        "profiles:\n- {name: ports, tags: [supply_chain], keywords: [container], recipients: [p@example.com]}\n"
        "- {name: america, countries: [US], recipients: [{address: a@example.com, language: zh}]}\n"
    )
    monitor("poll", "--all", "--no-send", MONITOR_PROFILES=str(profiles))
    by_profile = {alert["profile"]: alert["title"] for alert in monitor.lines("alerts", MONITOR_PROFILES=str(profiles))}
    assert by_profile == {"ports": STRIKE, "america": SANCTIONS}


@pytest.mark.parametrize(
    "body", [b"<html><body>Not here any more</body></html>", b"", b"\x00\x01\x02", b"<rss><channel>"]
)
def test_a_bad_feed_hurts_only_itself(monitor: Monitor, site: Site, body: bytes) -> None:
    site.bodies["/bad.xml"] = body
    monitor.feeds(site.address("/bad.xml"), site.rss("/good.xml", [STRIKE]), site.address("/gone.xml"))
    outcome = monitor.json("poll", "--all")
    assert outcome["alerts_new"] == 1
    assert outcome["failed"] >= 1
    told = monitor("poll", "--all").stdout + monitor("status").stdout
    assert "404" in told


def test_the_first_pass_ends_with_a_table_of_silent_feeds(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/good.xml", [HARMLESS]), site.address("/gone.xml"))
    first = monitor("poll", "--all")
    assert "did not answer on this first pass" in first.stderr
    assert "feed 2" in first.stderr
    assert "first pass" not in monitor("poll", "--all").stderr


def test_a_feed_that_left_the_list_is_kept_and_not_polled(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]), site.rss("/b.xml", [HARMLESS]))
    monitor("poll", "--all")
    monitor.feeds(site.address("/a.xml"))
    site.asked.clear()
    assert monitor.json("poll", "--all")["feeds"] == 1
    assert site.asked == ["/a.xml"]
    assert len(monitor.lines("items")) == 2


def test_an_outside_reader_finds_the_tables(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    monitor("poll", "--all", "--no-send")
    with sqlite3.connect(monitor.folder / "data" / "monitor.db") as database:
        counts = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("items", "alerts")]
        assert counts == [1, 1]
        assert database.execute("SELECT count(*) FROM outbox").fetchone()[0] >= 0
    database.close()


def test_backup_is_a_database_that_works(monitor: Monitor, site: Site, tmp_path: Path) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    monitor("poll", "--all")
    monitor("db", "backup", str(tmp_path / "copy.db"))
    assert monitor.lines("items", "--database-url", f"sqlite:///{tmp_path / 'copy.db'}")[0]["title"] == STRIKE


def test_what_worsens_before_the_digest_is_told_once(monitor: Monitor, site: Site, post: Post) -> None:
    """A mild alert waits for the digest; when it worsens it goes at once, as new, and not into the digest again."""
    mild = "Dockers at Santos consider strike next month, union says"
    worse = "Dockers at Santos on strike: port shut nationwide, all container terminals closed, exports halted"
    monitor.feeds(site.rss("/a.xml", [mild]))
    monitor("poll", "--all", MONITOR_SMTP_URL=post.url)
    assert post.box.raw == []
    site.rss("/a.xml", [worse, mild], hours=1)
    monitor("poll", "--all", MONITOR_SMTP_URL=post.url)
    alert = monitor.lines("alerts")
    assert [a["level"] for a in alert] in (["orange"], ["red"])
    assert len(post.box.raw) == 1
    monitor("digest", "--send", MONITOR_SMTP_URL=post.url)
    texts = [message.get_body(("plain",)).get_content() for message in post.box.messages]
    assert sum(mild in text for text in texts) == 1
    assert "Worsened" not in texts[0]


def test_a_blind_watch_is_not_called_healthy(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.address("/gone.xml"), site.address("/lost.xml"), site.rss("/a.xml", [HARMLESS]))
    monitor("poll", "--all")
    assert monitor.json("status")["healthy"] is False
    assert "1 of 3" in monitor("digest").stdout.splitlines()[0]
    site.rss("/gone.xml", [HARMLESS])
    monitor("poll", "--all")
    assert monitor.json("status")["healthy"] is True


def test_a_feed_that_renames_its_entries_fails_or_comes_cut_raises_nothing_anew(monitor: Monitor, site: Site) -> None:
    titles = [f"{STRIKE} in port {number} of {number * number}" for number in range(6)]
    paths = ("/renames.xml", "/fails.xml", "/empty.xml", "/cut.xml")
    shares = {path: [f"{title}, {path[1:-4]}" for title in titles] for path in paths}
    monitor.feeds(*(site.rss(path, shares[path]) for path in paths))
    first = monitor.json("poll", "--all", "--no-send")
    assert first["items_new"] == 24 and first["alerts_new"] > 0
    whole = dict(site.bodies)
    broken = {
        "/fails.xml": b"",
        "/empty.xml": b'<rss version="2.0"><channel><title>empty</title></channel></rss>',
        "/cut.xml": whole["/cut.xml"][: len(whole["/cut.xml"]) // 2],
    }
    for number, others in enumerate((broken, whole)):
        site.bodies.update(others)
        renamed = f"<link>https://news.example/renamed-{number}-".encode()
        site.bodies["/renames.xml"] = whole["/renames.xml"].replace(b"<link>https://news.example/", renamed)
        again = monitor.json("poll", "--all", "--no-send")
        assert (again["items_new"], again["alerts_new"], again["failed"]) == (0, 0, 1 - number)


def test_nearly_the_same_report_of_a_second_source_is_kept_and_recognised(monitor: Monitor, site: Site) -> None:
    wire = "Dockers begin an indefinite strike over pay and all container terminals of the north coast are closed"
    monitor.feeds(site.rss("/agency.xml", [wire]), site.rss("/paper.xml", [f"{wire} today", HARMLESS]))
    outcome = monitor.json("poll", "--all", "--no-send")
    assert (outcome["items_new"], outcome["duplicates"], outcome["alerts_new"]) == (3, 0, 1)
    items = {item["id"]: item for item in monitor.lines("items")}
    [repeated] = [item for item in items.values() if item["duplicate_of"]]
    assert repeated["feed"] != items[repeated["duplicate_of"]]["feed"]
    [alert] = monitor.lines("alerts")
    assert len({item["feed"] for item in alert["items"]}) == 2
    site.rss("/third.xml", [f"{wire} again"])
    monitor.feeds(site.address("/agency.xml"), site.address("/paper.xml"), site.address("/third.xml"))
    monitor("poll", "--all", "--no-send")
    last = monitor.lines("items")[0]
    assert (last["title"], last["duplicate_of"]) == (f"{wire} again", items[repeated["duplicate_of"]]["id"])
