"""Sources and manners, as the command line runs them."""

from __future__ import annotations

from pathlib import Path

from .conftest import FINE, HARMLESS, SANCTIONS, STRIKE, Monitor, Site


def test_a_feed_that_moves_to_another_host_is_held_until_somebody_accepts_it(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    monitor.json("poll", "--all", "--no-send")
    site.rss("/new.xml", [HARMLESS, STRIKE])
    site.moved["/a.xml"] = f"http://localhost:{site.port}/new.xml"
    held = monitor.json("poll", "--all", "--no-send")
    assert (held["failed"], held["items_new"], held["alerts_new"], held["entries_seen"]) == (1, 0, 0, 0)
    [feed] = monitor.lines("feeds", "list")
    assert feed["held_from"] == f"http://localhost:{site.port}/new.xml"
    assert "monitor feeds accept NAME" in " ".join(monitor("feeds").stdout.split())
    assert [stale["name"] for stale in monitor.json("status")["stale"]] == ["feed 1"]
    assert "held are: feed 1" in monitor("feeds", "accept", "another", code=2).stderr
    monitor("feeds", "accept", "feed 1")
    taken = monitor.json("poll", "--no-send")  # due at once
    assert (taken["failed"], taken["items_new"], taken["duplicates"]) == (0, 1, 1)
    [feed] = monitor.lines("feeds", "list")
    assert (feed["held_from"], feed["failures"]) == ("", 0)
    assert monitor.json("poll", "--all", "--no-send")["failed"] == 0


def test_a_feed_that_comes_home_is_held_no_longer(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    monitor.json("poll", "--all", "--no-send")
    site.moved["/a.xml"] = f"http://localhost:{site.port}/new.xml"
    site.rss("/new.xml", [SANCTIONS])
    monitor.json("poll", "--all", "--no-send")
    site.moved.clear()
    site.rss("/a.xml", [HARMLESS, FINE])
    assert monitor.json("poll", "--all", "--no-send")["items_new"] == 1
    [feed] = monitor.lines("feeds", "list")
    assert feed["held_from"] == ""


SHIPPED = Path(__file__).parents[2]


def test_a_list_of_feeds_is_added_to_exchanged_and_checked(monitor: Monitor, site: Site) -> None:
    file = monitor.folder / "feeds.yaml"
    file.write_text(
        f"# ours\nfeeds:\n- name: First  # the oldest\n  url: {site.rss('/a.xml', [HARMLESS])}\n\n# the end\n"
    )
    site.rss("/feed.xml", [STRIKE])
    site.bodies["/"] = b"<html><head><title>Port</title></head></html>"
    told = monitor("feeds", "add", site.address("/"), "--name", "Port").stdout
    assert "/feed.xml (1 entries)" in told
    text = file.read_text()
    assert text.startswith("# ours\nfeeds:\n- name: First  # the oldest\n") and text.endswith("# the end\n")
    assert [feed["name"] for feed in monitor.lines("feeds")] == ["First", "Port"]
    assert "lists it already" in monitor("feeds", "add", site.address("/feed.xml")).stdout
    monitor("feeds", "export", "out.opml")
    (monitor.folder / "more.txt").write_text(site.rss("/more.xml", [FINE]) + "\n" + site.address("/lost.xml") + "\n")
    assert "2 feeds would be added" in monitor("feeds", "import", "more.txt", "--dry-run").stdout
    assert "2 feeds added" in monitor("feeds", "import", "more.txt").stdout
    assert "0 feeds added" in monitor("feeds", "import", "out.opml").stdout
    checked = {one["name"]: one for one in monitor_lines_of_check(monitor)}
    assert len(checked) == 4
    assert [name for name, one in checked.items() if one["status"] == 404] == ["127.0.0.1/lost.xml"]
    assert checked["Port"]["problem"] == ""
    assert "/feed.xml (1 entries)" in monitor("feeds", "add", site.address("/"), MONITOR_FEEDS="").stdout
    own = (monitor.folder / "data" / "feeds.yaml").read_text()  # the shipped list and one more, in use from now on
    assert own.startswith((SHIPPED / "feeds.yaml").read_text()[:200]) and site.address("/feed.xml") in own
    assert [feed["listed"] for feed in monitor.lines("feeds", MONITOR_FEEDS="") if feed["name"] == "/feed.xml"] == [
        True
    ]


def monitor_lines_of_check(monitor: Monitor) -> list[dict]:
    import json

    return [json.loads(line) for line in monitor("feeds", "check", "--json", code=1).stdout.splitlines()]


def test_thin_items_are_read_in_full_judged_again_and_found_by_their_words(monitor: Monitor, site: Site) -> None:
    words = "Dockers of the port of Mombasa began an indefinite strike; all container terminals are closed. "
    page = f"<html><body><article><h1>{STRIKE}</h1><p>{words * 6}</p></article></body></html>"
    site.bodies["/story.html"] = page.encode()
    body = site.rss("/a.xml", [STRIKE, HARMLESS])
    feed = site.bodies["/a.xml"].decode()
    link = feed.partition("<link>")[2].partition("</link>")[0]
    site.bodies["/a.xml"] = feed.replace(link, site.address("/story.html"), 1).encode()
    monitor.feeds(body)
    monitor.json("poll", "--all", "--no-send")
    [before] = [item for item in monitor.lines("items") if item["title"] == STRIKE]
    alerts = monitor.lines("alerts")
    assert monitor.lines("items", "--search", "Mombasa indefinite") == []
    read = monitor.inside("from monitor.tending import read_thin; print(read_thin(shell, now=shell.clock()))")
    assert read == "1"
    [after] = monitor.lines("items", "--search", "Mombasa indefinite")
    assert (after["id"], after["summary"], after["story"]) == (before["id"], before["summary"], before["story"])
    assert after["probabilities"] != before["probabilities"]
    assert "KE" in after["countries"]
    assert [(a["id"], len(a["items"])) for a in monitor.lines("alerts")] == [(a["id"], len(a["items"])) for a in alerts]
    assert monitor.inside("from monitor.tending import read_thin; print(read_thin(shell, now=shell.clock()))") == "0"
    assert "items would be dropped" in monitor("db", "prune", "--keep", "400d", "--dry-run").stdout
    assert "say how much to keep" in monitor("db", "prune", code=2).stderr
