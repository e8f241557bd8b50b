"""The files under docs/deploy name real commands and real settings, and their own programs can read them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor import config
from monitor.cli import _parser

TOP = Path(__file__).parents[2]
DEPLOY = TOP / "docs" / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))


def directives(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def compose() -> dict[str, Any]:
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert isinstance(found, dict)
    return found


def test_every_setting_that_is_named_exists() -> None:
    known = {config.PREFIX + field.name.upper() for field in fields(config.Settings)}
    known |= {
        f"{config.PREFIX}{field.name.upper()}_FILE" for field in fields(config.Settings) if field.metadata["secret"]
    }
    named = {name for file in DEPLOY.iterdir() for name in re.findall(r"MONITOR_[A-Z_]+", file.read_text())}
    assert len(named) > 10
    assert named - known == set()


def test_every_command_that_is_started_exists() -> None:
    started = [shlex.split(directives(unit)["ExecStart"][0])[1:] for unit in UNITS]
    started += [service["command"] for service in compose()["services"].values() if "command" in service]
    entry = re.search(r"^CMD (\[.*\])$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    assert entry is not None
    started.append(json.loads(entry[1]))
    told = [command for file in DEPLOY.iterdir() for command in re.findall(r"`monitor ([^`]+)`", file.read_text())]
    assert len(started) == 5 and told
    for arguments in started + [shlex.split(command) for command in told]:
        assert _parser(arguments).parse_args(arguments).call


def test_the_units_are_watched_hardened_and_never_give_up() -> None:
    for unit in UNITS:
        found = directives(unit)
        assert found["Type"] == ["notify"] and int(found["WatchdogSec"][0]) <= 60
        assert found["Restart"] == ["always"] and found["StartLimitIntervalSec"] == ["0"]
        assert {"NoNewPrivileges", "ProtectSystem", "CapabilityBoundingSet", "SystemCallFilter"} <= set(found)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_can_read_the_units_and_calls_them_safe(tmp_path: Path) -> None:
    for unit in UNITS:
        copy = tmp_path / unit.name
        copy.write_text(unit.read_text().replace("/opt/monitor/bin/monitor", shutil.which("true") or "/bin/true"))
        verified = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, timeout=120)
        ours = [line for line in verified.stderr.splitlines() if unit.name in line]
        assert ours == []
        command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", copy]
        rated = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert rated.returncode == 0, rated.stdout[-300:]  # at most 2.0 of 10


def test_the_compose_file_shares_only_what_it_defines() -> None:
    found = compose()
    services = found["services"]
    for service in services.values():
        assert set(service.get("secrets", [])) <= set(found["secrets"])
        assert set(service.get("depends_on", {})) <= set(services)
        named = {volume.partition(":")[0] for volume in service.get("volumes", []) if not volume.startswith("/")}
        assert named <= set(found["volumes"])
    for name in ("page", "worker"):
        settings = config.load(
            {key: str(value) for key, value in services[name]["environment"].items() if "_FILE" not in key}
        )
        assert settings.region == "cn-shanghai"
    assert all(
        "FILE" in name
        for name in compose()["x-settings"]
        if "PASSWORD" in name or ("URL" in name and name != "MONITOR_WEB_URL")
    )


def test_the_image_holds_what_the_package_is_built_from() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    copied = {name for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE) for name in line.split()[:-1]}
    assert all((TOP / name).exists() for name in copied)
    assert {"pyproject.toml", "constraints.txt", "README.md", "feeds.yaml", "models", "seeds", "monitor"} <= copied
    assert "USER monitor" in text
