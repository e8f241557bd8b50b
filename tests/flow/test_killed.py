"""SIGKILL at a few seeded moments; the long run is `python -m tests.harness.kill --moments 200`."""

from __future__ import annotations

from pathlib import Path

from tests.harness.kill import run


def test_killed_at_any_moment_it_loses_nothing_and_every_repeat_has_the_same_name(tmp_path: Path) -> None:
    found = run(4, seed=7, folder=tmp_path)
    log = (tmp_path / "commands.log").read_text()
    assert found["items_lost"] == found["alerts_untold"] == found["unsent"] == found["told_twice"] == 0, log
    assert found["other_bytes"] == 0 and found["sound"] is True
    assert found["repeats"] <= found["killed"] + 1  # one message in flight a kill; once the server itself hangs up
    assert found["alerts"] > 0 and found["mails"] >= found["alerts"]
