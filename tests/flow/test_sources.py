"""Sources and manners, as the command line runs them."""

from __future__ import annotations

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
