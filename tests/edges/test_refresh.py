"""Feeds, profiles and the classifier are taken up while the service runs."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from monitor import resources, workers
from monitor.config import load
from monitor.shell import Shell, pack, system_clock
from monitor.store.review import StoredModel


@pytest.fixture
def shell(tmp_path: Path, database_url: str) -> Iterator[Shell]:
    write(tmp_path, "First")
    env = {
        "MONITOR_DATA_DIR": str(tmp_path),
        "MONITOR_FEEDS": str(tmp_path / "feeds.yaml"),
        "MONITOR_DATABASE_URL": database_url,
    }
    found = Shell(settings=load(env), clock=system_clock)
    found.store.sync_feeds(found.feeds)
    found.refresh()
    yield found
    found.close()


def write(folder: Path, *names: str) -> None:
    entries = [{"name": name, "url": f"https://{name.lower()}.example/rss"} for name in names]
    (folder / "feeds.yaml").write_text(json.dumps({"feeds": entries}))


def test_a_changed_list_of_feeds_is_taken_up(shell: Shell, tmp_path: Path) -> None:
    write(tmp_path, "First", "Second")
    shell.refresh()
    assert [feed.name for feed in shell.feeds] == ["First", "Second"]
    assert {state.feed.name for state in shell.store.feed_states(shell.feeds)} == {"First", "Second"}


def test_a_list_that_became_wrong_is_told_and_the_former_stays(
    shell: Shell, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "feeds.yaml").write_text("feeds: [{nme: x}]")
    with caplog.at_level(logging.ERROR):
        shell.refresh()
        shell.refresh()
    assert [feed.name for feed in shell.feeds] == ["First"]
    assert [record.message for record in caplog.records] == ["a changed file is not taken up"]
    write(tmp_path, "Third")
    shell.refresh()
    assert [feed.name for feed in shell.feeds] == ["Third"]


def promote(shell: Shell) -> None:
    manifest = json.loads((resources.path("models") / "manifest.json").read_text())
    stored = StoredModel(
        digest="d" * 64,
        created=shell.clock(),
        state="candidate",
        manifest=manifest,
        scores={},
        files=pack(resources.path("models")),
    )
    shell.store.add_model(stored)
    shell.store.promote_model("d" * 64, author="li", at=shell.clock())


def test_a_promoted_classifier_judges_from_the_next_job_on(shell: Shell) -> None:
    assert shell.model_dir == resources.path("models")
    promote(shell)
    assert shell.model_dir == resources.path("models")
    shell.refresh()
    assert shell.model_dir.name == "d" * 16


def test_every_job_of_a_worker_begins_with_the_promoted_classifier(shell: Shell, tmp_path: Path) -> None:
    """Whichever job it takes next, and one of them comes every second: within a minute all have it."""
    others = [
        Shell(settings=replace(shell.settings, data_dir=tmp_path / f"machine{n}"), clock=system_clock) for n in range(2)
    ]
    stopping = Event()
    stopping.set()  # a pass ends after its first batch
    for other in others:
        assert other.model_dir == resources.path("models")
        other.refresh()
    promote(shell)
    workers.tell(others[0], stopping)
    workers.beside(others[1], stopping)
    for number, other in enumerate(others):
        assert other.model_dir == tmp_path / f"machine{number}" / "models" / ("d" * 16)
        other.close()
