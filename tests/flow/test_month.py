"""Two simulated days; the month is `python -m tests.harness.month --passes 4320`."""

from __future__ import annotations

from pathlib import Path

from tests.harness.month import run


def test_memory_files_and_threads_stay_flat_while_days_pass(tmp_path: Path) -> None:
    found = run(tmp_path, 150)
    first, most = found["first"], found["most"]
    assert most["files"] <= first["files"] + 8 and most["files"] <= 400
    assert most["threads"] <= first["threads"] + 2
    assert most["process_mb"] - first["process_mb"] <= 60
    assert found["got_on"] is True and found["items"] > 300 and sum(found["messages"].values()) >= 1
