"""No secret and no word of a profile where it does not belong."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import STRIKE, Monitor, Site

SECRETS = {
    "MONITOR_DATABASE_URL": "postgresql://watch:dAtabase%24ecret@127.0.0.1:1/x",
    "MONITOR_SMTP_URL": "smtp://watch:mAil%24ecret@127.0.0.1:1",
    "MONITOR_WEB_PASSWORD": "wEb$ecret-of-the-page",
    "MONITOR_DKIM_KEY": "-----BEGIN PRIVATE KEY-----kEy$ecret",
}
WORDS = ("dAtabase", "mAil%24", "mAil$", "wEb$ecret", "kEy$ecret", "fEed$ecret")


def held(text: str) -> list[str]:
    return [word for word in WORDS if word in text]


def test_no_secret_is_told_whatever_fails(monitor: Monitor, site: Site) -> None:
    keyed = site.rss("/keyed.xml", [STRIKE]).replace("//", "//reader:fEed$ecret@") + "?key=fEed$ecret"
    monitor.feeds(keyed, site.address("/gone.xml") + "?token=fEed$ecret")
    away = {name: value for name, value in SECRETS.items() if name != "MONITOR_DKIM_KEY"}
    said = ""
    for arguments in (("status",), ("doctor",), ("run", "--no-web"), ("worker",), ("db", "check"), ("config",)):
        done = monitor(*arguments, "--verbose", code=1 if arguments != ("config",) else 0, **away)
        said += done.stdout + done.stderr
    assert "127.0.0.1" in said and "***" in said  # they did speak of what is wrong, and of the settings
    here = {name: value for name, value in SECRETS.items() if name not in ("MONITOR_DATABASE_URL", "MONITOR_DKIM_KEY")}
    for form in ("text", "json"):
        for arguments in (("poll", "--all"), ("status",), ("status", "--json"), ("feeds", "list"), ("outbox", "list")):
            done = monitor(*arguments, "--verbose", MONITOR_LOG_FORMAT=form, **here)
            said += done.stdout + done.stderr
    said += monitor("doctor", "--json", code=1, **here).stdout
    assert held(said) == []
    for file in (monitor.folder / "data").rglob("*"):
        if file.is_file():
            stored = file.read_bytes().decode("latin-1")
            assert held(stored) == [], file


def test_json_logs_are_one_object_a_line_with_time_in_utc(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    lines = monitor("poll", "--all", "--verbose", MONITOR_LOG_FORMAT="json").stderr.splitlines()
    told = [json.loads(line) for line in lines]
    assert {"time", "level", "logger", "event"} <= set(told[0]) and told[0]["time"].endswith("Z")
    assert {"feeds": 1, "new": 1}.items() <= next(line for line in told if line["event"] == "pass ended").items()


def test_status_names_the_region_and_nothing_of_a_profile_leaves_in_logs_or_bundles(
    monitor: Monitor, site: Site, tmp_path: Path
) -> None:
    profile = {
        "name": "zhongyuan-zipper", "countries": ["DE"], "suppliers": ["Kupferstern Presswerk"],
        "recipients": ["geheim.desk@zipper.example"], "contacts": {},
    }  # fmt: skip
    profile.pop("contacts")
    (tmp_path / "profiles.yaml").write_text(json.dumps({"profiles": [profile]}))
    title = "Dockers in Hamburg, Germany begin indefinite strike, all container terminals closed"
    monitor.feeds(site.rss("/a.xml", [title]))
    env = {"MONITOR_PROFILES": str(tmp_path / "profiles.yaml"), "MONITOR_REGION": "eu-frankfurt", "MONITOR_MAIL_TO": ""}
    log = monitor("poll", "--all", "--verbose", **env).stderr
    assert monitor.json("status", **env)["region"] == "eu-frankfurt"
    assert "eu-frankfurt" in monitor("status", **env).stdout
    assert monitor.lines("alerts", **env)
    bundle = monitor("export", "--bundle", **env).stdout
    assert "Hamburg" in bundle or "strike" in bundle
    for text in (log, bundle):
        for word in ("zhongyuan", "Kupferstern", "geheim", "zipper"):
            assert word not in text
