"""The trail as a chain, on SQLite and on PostgreSQL; what it says of meddling, and its signed export."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from monitor.auditing import check_file, export
from monitor.cli import main
from monitor.config import Settings
from monitor.errors import BundleError, StoreError
from monitor.shell import Shell
from monitor.store import Store
from monitor.store.engine import open_engine, writing
from monitor.store.migrate import configuration

from .test_store import NOW


def write(store: Store, count: int = 4) -> None:
    for number in range(count):
        store.note_change(at=NOW, author="王敏", action="closed", subject=f"alert a{number}", note="done\0\ud800")


def meddle(store: Store, statement: str) -> None:
    with writing(store._engine) as connection:
        connection.execute(text(statement))


def shell_of(tmp_path: Path) -> Shell:
    return Shell(
        settings=Settings(database_url=f"sqlite:///{tmp_path / 'monitor.db'}", data_dir=tmp_path), clock=lambda: NOW
    )


def test_an_untouched_trail_is_intact(store: Store) -> None:
    assert store.verify_trail().intact
    write(store)
    found = store.verify_trail()
    assert (found.intact, found.lines, found.head) == (True, 4, store.trail()[0].digest)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE trail SET note = 'x' WHERE id = 2", 2),
        ("UPDATE trail SET author = 'x' WHERE id = 1", 1),
        ("DELETE FROM trail WHERE id = 2", 3),
        ("INSERT INTO trail (id, at, author, action) SELECT 0, at, 'x', 'closed' FROM trail WHERE id = 1", 0),
    ],
)
def test_a_line_that_was_changed_taken_out_or_put_in_is_named(store: Store, statement: str, broken: int) -> None:
    write(store)
    meddle(store, statement)
    found = store.verify_trail()
    assert found.broken is not None
    assert found.broken.id == broken


def test_lines_cut_off_the_end_are_missed(store: Store) -> None:
    write(store)
    meddle(store, "DELETE FROM trail WHERE id > 2")
    found = store.verify_trail()
    assert (found.intact, found.broken, found.missing) == (False, None, 2)


def test_writers_at_the_same_time_stand_one_behind_the_other(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: write(store, 5), range(4)))
    found = store.verify_trail()
    assert (found.intact, found.lines) == (True, 20)


def test_lines_from_before_the_chain_are_chained_by_the_migration(database_url: str) -> None:
    engine = open_engine(database_url)
    config = configuration(engine)
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
        line = "INSERT INTO trail (at, author, action) VALUES ('2026-11-24 08:00:00.000000', 'a', :action)"
        for action in ("login", "closed", "merge"):
            connection.execute(text(line), {"action": action})
    engine.dispose()
    with closing(Store.open(database_url)) as store:
        write(store, 1)
        found = store.verify_trail()
        assert (found.intact, found.lines) == (True, 4)


def test_an_export_is_believed_only_as_it_was_signed(tmp_path: Path) -> None:
    with closing(shell_of(tmp_path)) as shell:
        write(shell.store)
        file = tmp_path / "trail.jsonl"
        made = export(shell, file)
        assert (check_file(shell, file).lines, made["lines"]) == (4, 4)
        write(shell.store, 1)
        assert check_file(shell, file).intact, "what came later does not spoil it"
        lines = file.read_text().splitlines()
        first = json.loads(lines[0])
        for changed in (
            [json.dumps(first | {"note": "other"}), *lines[1:]],
            [*lines[:1], *lines[2:]],
            [*lines[:3], lines[-1]],
        ):
            file.write_text("\n".join(changed))
            assert not check_file(shell, file).intact
        file.write_text("\n".join([*lines[:-1], json.dumps(json.loads(lines[-1]) | {"lines": 3})]))
        with pytest.raises(BundleError):
            check_file(shell, file)
        for rubbish in ("", "[]", "{}", "\n".join(lines[:-1])):
            file.write_text(rubbish)
            with pytest.raises(BundleError):
                check_file(shell, file)


def test_a_trail_that_was_rewritten_whole_is_found_by_an_older_export(tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    with closing(shell_of(tmp_path)) as shell:
        write(shell.store)
        export(shell, file)
        first = shell.store.trail()[-1]
        meddle(shell.store, "DELETE FROM trail")
        forged = replace(first, note="nothing to see")
        meddle(
            shell.store,
            "INSERT INTO trail (id, at, author, action, subject, note, former, digest) VALUES (1, "
            f"'{NOW:%Y-%m-%d %H:%M:%S.%f}', '{forged.author}', '{forged.action}', '{forged.subject}', "
            f"'{forged.note}', '{forged.former}', '{forged.right_digest}')",
        )
        meddle(shell.store, f"UPDATE meta SET value = '1 {forged.right_digest}' WHERE name = 'trail_head'")
        assert shell.store.verify_trail().intact, "the chain alone cannot know"
        assert not check_file(shell, file).intact


def test_a_broken_trail_is_not_exported_and_ends_the_command_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONITOR_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MONITOR_DATABASE_URL", f"sqlite:///{tmp_path / 'monitor.db'}")
    with closing(shell_of(tmp_path)) as shell:
        write(shell.store)
    assert main(["audit", "verify", "--json"]) == 0
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as other, other:
        other.execute("UPDATE trail SET author = 'mallory' WHERE id = 3")
    capsys.readouterr()
    assert main(["audit", "verify", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["broken"]["id"] == 3
    with closing(shell_of(tmp_path)) as shell, pytest.raises(StoreError):
        export(shell, tmp_path / "trail.jsonl")
    assert not (tmp_path / "trail.jsonl").exists()
