"""YAML as people write it, with the line of every entry, so that what is wrong can be named with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError
from monitor.i18n import _

Place = tuple[str | int, ...]  # keys and positions from the top, such as ("profiles", 0, "countries")


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document: its value, and the lines that its keys and list entries begin in."""

    value: Any
    lines: Mapping[Place, int] = field(default_factory=dict)

    def line(self, *place: str | int) -> int:
        """The line of a place, else of the nearest one around it; 0 when lines are not known."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return 0


def read_file(file: Path) -> Document:
    """The document in `file`. Raises: ConfigError that names the file, the line and what is wrong."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as problem:
        said = _("{file} cannot be read ({why})").format(file=file, why=problem.strerror)
        raise ConfigError(said) from problem
    except UnicodeDecodeError as problem:
        raise ConfigError(_("{file} is not text in UTF-8").format(file=file)) from problem
    return read_text(text, file=str(file))


def read_text(text: str, *, file: str) -> Document:
    """The document that `text` holds. Raises: ConfigError for broken YAML and for a key that is given twice."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        reader = loader(text)
        node = reader.get_single_node()
        value = None if node is None else reader.construct_document(node)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        said = _("{file}, line {line}: this is not YAML") if mark else _("{file}: this is not YAML")
        raise ConfigError(said.format(file=file, line=mark.line + 1 if mark else 0)) from problem
    except (ValueError, RecursionError, TypeError) as problem:  # 2026-13-45, a list within itself
        raise ConfigError(_("{file}: this is not YAML").format(file=file)) from problem
    lines: dict[Place, int] = {}
    twice: list[str] = []
    _walk(node, (), lines, twice, set())
    if twice:
        raise ConfigError(f"{file}, " + "; ".join(twice))
    return Document(value, lines)


def _walk(node: Any, place: Place, lines: dict[Place, int], twice: list[str], seen: set[int]) -> None:
    if node is None or id(node) in seen:  # an alias: walked where its anchor stands
        return
    seen.add(id(node))
    lines.setdefault(place, node.start_mark.line + 1)
    if node.id == "mapping":
        keys: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in keys:
                twice.append(_("line {line}: {name} is given twice").format(line=key.start_mark.line + 1, name=name))
            keys.add(name)
            lines[(*place, name)] = key.start_mark.line + 1
            _walk(value, (*place, name), lines, twice, seen)
    elif node.id == "sequence":
        for number, entry in enumerate(node.value):
            _walk(entry, (*place, number), lines, twice, seen)
