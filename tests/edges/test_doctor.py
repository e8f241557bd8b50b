"""What the doctor finds: a real mail server, a real page that is not there, a broken trail."""

from __future__ import annotations

import json
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from monitor.cli import main
from monitor.store import Store


def findings(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    return {entry["check"]: entry for entry in map(json.loads, capsys.readouterr().out.splitlines())}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_the_doctor_names_what_fails_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    mail, dead = free_port(), free_port()
    for name, value in {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": url,
        "WEB_ADDRESS": f"127.0.0.1:{dead}",
        "SMTP_URL": f"smtp://127.0.0.1:{mail}",
        "MAIL_TO": "officer@firm.example",
    }.items():
        monkeypatch.setenv(f"MONITOR_{name}", value)
    server = Controller(object(), hostname="127.0.0.1", port=mail)
    server.start()
    try:
        assert main(["doctor", "--json"]) == 0
        found = findings(capsys)
    finally:
        server.stop()
    verdicts = {name: entry["verdict"] for name, entry in found.items()}
    well = ("settings", "database", "trail", "clock", "mail", "unsent", "classifier")
    assert {verdicts[name] for name in well} == {"ok"}
    assert verdicts["page"] == "warn"
    assert all(entry["todo"] for entry in found.values() if entry["verdict"] != "ok")
    with closing(Store.open(url)) as store:
        store.note_change(at=datetime.now(UTC), author="a", action="note")
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as other, other:
        other.execute("UPDATE trail SET note = 'x'")
    monkeypatch.setenv("MONITOR_LANG", "zh")
    assert main(["doctor", "--json"]) == 1
    found = findings(capsys)
    assert "个样本" in found["classifier"]["found"]
    assert {name for name, entry in found.items() if entry["verdict"] == "fail"} == {"trail", "mail"}
    assert "MONITOR_SMTP_URL" in found["mail"]["todo"]


def test_a_database_that_is_away_is_told_once_and_all_else_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONITOR_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MONITOR_DATABASE_URL", f"postgresql://u:pw@127.0.0.1:{free_port()}/x")
    assert main(["doctor", "--json"]) == 1
    found = findings(capsys)
    assert "is the server up" in found["database"]["found"] and found["room"]["verdict"] == "ok"
    assert {found[name]["found"] for name in ("clock", "feeds")} == {"cannot be looked at for the same reason"}
