"""Arrows, types and style of the code, checked by the tools that know them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ("lint-imports", "--no-cache"),
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--check", "--no-cache", "."),
        ("mypy",),
    ],
    ids=["arrows", "style", "format", "types"],
)
def test_code(command: tuple[str, ...]) -> None:
    tool = shutil.which(command[0], path=str(BIN))
    assert tool is not None, f"{command[0]} is missing: ./dev installs it"
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
