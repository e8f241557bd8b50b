"""What every reference page shares: who wrote it, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable

MADE = "<!-- Written by `python -m monitor.cli.reference`{but}: change the code, then run it. -->"


def as_table(heads: tuple[str, ...], rows: Iterable[list[str]]) -> list[str]:
    """A Markdown table; a bar inside a cell would end it."""
    safe: Callable[[str], str] = lambda cell: cell.replace("|", "\\|").replace("\n", " ")  # noqa: E731
    lines = [" | ".join(heads), "|".join("---" for _ in heads)]
    return [f"| {lines[0]} |", f"|{lines[1]}|", *(f"| {' | '.join(map(safe, row))} |" for row in rows)]


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
