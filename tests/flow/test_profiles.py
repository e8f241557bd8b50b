"""A profile from eight answers to an alert with dates, plan and cover card, through the real pipeline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .conftest import Monitor, Site

FAR = (datetime.now(UTC) + timedelta(days=400)).date()
LAW = (
    "Data protection authority fines marketplace 210 million euros over transfers abroad; "
    f"new rules on data transfers apply from {FAR:%d %B %Y}"
)
SHRIMP = "Dockers begin indefinite strike, all container terminals closed at Felixstowe"


def test_from_answers_to_a_plan(monitor: Monitor, site: Site) -> None:
    profiles = monitor.folder / "profiles.yaml"
    monitor(
        *("profiles", "new", "--file", str(profiles), "--set", "name=shop", "--set", "like=cross-border-ecommerce"),
        *("--set", "countries=CL 50", "--set", "laws=gdpr", "--set", "routes=felixstowe"),
        *("--set", "tell=risk@shop.example zh Asia/Shanghai"),
    )
    with profiles.open("a") as file:
        file.write(
            "  - name: trial\n    state: sandbox\n    recipients: [trial@shop.example]\n"
            "    covers: [{insurer: Insurer, policy: P-1, notice: 20d}]\n"
        )
    env = {"MONITOR_PROFILES": str(profiles)}
    monitor.feeds(site.rss("/a.xml", [LAW, SHRIMP]))
    monitor("poll", "--all", **env)

    alerts = {(alert["profile"], alert["title"]): alert for alert in monitor.lines("alerts", **env)}
    named = alerts["shop", SHRIMP]
    assert "route: felixstowe +20" in named["reasons"]  # outside its countries, but on its route
    law = alerts["trial", LAW]
    dates = {(d["kind"], d["on"]): d for d in law["deadlines"]}
    assert "rules on data transfers" in dates["in_force", FAR.isoformat()]["sentence"]
    cover = (datetime.fromisoformat(law["opened"]) + timedelta(days=20)).date()
    assert ("cover_notice", cover.isoformat()) in dates

    files = "".join(f.read_text(errors="replace") for f in (monitor.folder / "data" / "outbox").glob("*.eml"))
    assert "trial@shop.example" not in files

    plan = monitor.json("playbook", law["id"], **env)
    assert plan["playbook"].startswith("compliance") and plan["steps"] and len(plan["lenses"]) == 3
    assert plan["cover"][0]["policy"] == "P-1"
    step = plan["steps"][0]["id"]
    monitor("playbook", law["id"], "--done", step, "--author", "mei", **env)
    assert "[x]" in monitor("playbook", law["id"], **env).stdout
    assert "没有步骤" in monitor("playbook", law["id"], "--done", "none", code=2, MONITOR_LANG="zh", **env).stderr

    [line, *_] = [entry for entry in monitor.lines("deadlines", **env) if entry["profile"] == "trial"]
    assert (line["kind"], line["on"]) == ("in_force", FAR.isoformat())
    days = monitor.lines("profiles", "preview", "trial", "--days", "3", **env)
    assert days[0]["items"] == 2 and days[0]["at_once"] + days[0]["in_digest"] == 2


def test_an_import_is_all_or_nothing(monitor: Monitor) -> None:
    profiles, more = monitor.folder / "profiles.yaml", monitor.folder / "more.yaml"
    profiles.write_text("# ours\nprofiles:\n  - name: a\n    countries: [DE]\n")
    env = {"MONITOR_PROFILES": str(profiles)}
    more.write_text("profiles:\n  - name: b\n  - name: c\n    countries: [Atlantis]\n")
    before = profiles.read_text()
    told = monitor("profiles", "import", str(more), code=2, **env).stderr
    assert "more.yaml" in told and "line 4" in told and profiles.read_text() == before
    more.write_text("profiles:\n  - name: a\n")
    assert "is here already" in monitor("profiles", "import", str(more), code=2, **env).stderr
    more.write_text("profiles:\n  - name: b\n    exposure: {'NO': 60, VN: 40}\n")
    monitor("profiles", "import", str(more), **env)
    assert profiles.read_text().startswith("# ours")
    assert [p["name"] for p in monitor.lines("profiles", "list", **env)] == ["a", "b"]
    assert monitor.lines("exposure", **env)[0]["hhi"] == 0.52
    out = monitor("profiles", "export", "b", **env).stdout
    (monitor.folder / "copy.yaml").write_text(out)
    assert monitor("profiles", "export", "--file", str(monitor.folder / "copy.yaml")).stdout == out
