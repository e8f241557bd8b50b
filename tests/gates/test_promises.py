"""The page of promises names tests and commands that exist."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

TOP = Path(__file__).parents[2]
PAGES = [TOP / "docs" / name for name in ("promises.md", "capacity.md")]


def test_every_test_and_command_a_page_names_exists() -> None:
    text = "".join(page.read_text() for page in PAGES)
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 50
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(rf"^(?:def |class )?{name}\b", (TOP / file).read_text(), re.M)
    ]
    assert missing == []
    commands = re.findall(r"python -m (tests\.[\w.]+)", text)
    assert len(set(commands)) >= 4
    assert [name for name in commands if find_spec(name) is None] == []
