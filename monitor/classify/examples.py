"""Labelled texts: what a classifier is trained on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from monitor.domain import Tag, Text
from monitor.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledText:
    """A text with what is right of it; `weight` counts a person's verdict for more."""

    text: Text
    labels: tuple[Tag, ...]
    topics: tuple[str, ...] = ()
    language: str = ""
    weight: float = 1.0
    group: str = ""  # who wrote it: folds are made of whole groups, so that scores are of another hand's texts


def read_labels(file: Path) -> list[LabelledText]:
    """The labelled texts of a JSON Lines file. Raises: ConfigError that names file and line."""
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = json.loads(line)
            found.append(
                LabelledText(
                    text=Text(title=entry["title"], summary=entry.get("summary", ""), language=entry["lang"]),
                    labels=tuple(Tag(tag) for tag in entry["labels"]),
                    topics=tuple(entry.get("topics", ())),
                    language=entry["lang"],
                    group=entry["id"].rpartition("-")[0],
                )
            )
        except (ValueError, KeyError, TypeError) as problem:
            raise ConfigError(f"{file}, line {number}: {problem!r}") from problem
    return found


def digest_of(example: LabelledText) -> str:
    said = [example.text.title, example.text.summary, *sorted(example.labels), *sorted(example.topics)]
    return blake2b(json.dumps(said, ensure_ascii=False).encode(), digest_size=16).hexdigest()
