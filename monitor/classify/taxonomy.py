"""The tags, their topics, and the documents they derive from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.domain import TAGS, Tag
from monitor.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of risk under a tag; `id` is `tag.topic`."""

    id: str
    tag: Tag
    definition: str
    border: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """What seeds/sources.yaml lists: a title for every reference such as `001#II.1` or `public:icn`."""

    titles: Mapping[str, str]

    def resolve(self, reference: str) -> str:
        """The title a reference stands for. Raises: ConfigError when nothing is listed under it."""
        try:
            return self.titles[reference]
        except KeyError:
            raise ConfigError(f"source {reference!r} is not listed in seeds/sources.yaml") from None


def load_sources(file: Path) -> Sources:
    """The seed documents with their headings, and the public taxonomies. Raises: ConfigError."""
    listed = _yaml(file)
    titles: dict[str, str] = {}
    try:
        for document in listed["documents"]:
            for heading in document["headings"]:
                _add(titles, f"{document['id']}#{heading['id']}", f"{document['title']}: {heading['title']}", file)
        for public in listed["public"]:
            _add(titles, f"public:{public['id']}", f"{public['publisher']}: {public['title']} ({public['year']})", file)
    except (KeyError, TypeError) as problem:
        raise ConfigError(f"{file}: an entry lacks {problem}") from problem
    return Sources(titles)


def _add(titles: dict[str, str], reference: str, title: str, file: Path) -> None:
    if reference in titles:
        raise ConfigError(f"{file}: {reference} is listed twice")
    titles[reference] = title


def load_taxonomy(file: Path, sources: Sources) -> tuple[Topic, ...]:
    """The topics in the order of the file, every source resolved. Raises: ConfigError."""
    listed = _yaml(file)
    topics = []
    try:
        if set(listed["tags"]) != set(TAGS):
            raise ConfigError(f"{file}: the tags have to be {', '.join(TAGS)}")
        for tag in listed["tags"].values():
            _resolved(tag, sources)
        for name, topic in listed["topics"].items():
            tag = Tag(name.partition(".")[0])
            topics.append(Topic(name, tag, topic["definition"], topic["border"], _resolved(topic, sources)))
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise ConfigError(f"{file}: {problem!r}") from problem
    return tuple(topics)


def _resolved(entry: Mapping[str, Any], sources: Sources) -> tuple[str, ...]:
    for reference in entry["source"]:
        sources.resolve(reference)
    return tuple(entry["source"])


def _yaml(file: Path) -> Any:
    import yaml

    try:
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a safe one in C, ten times as fast
        return yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise ConfigError(f"{file} cannot be read: {problem}") from problem
