"""YAML that people keep, changed in one place: comments, order and form of everything else stay. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

from monitor.errors import ConfigError
from monitor.i18n import _

_UNFOLDED = 2**16  # characters of a line, so that none is broken
_LIST = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*( *)- ", re.MULTILINE)


def changed(text: str, change: Callable[[Any], None]) -> str:
    """`text` after `change` was done to its document, a mapping.

    `change` is called twice, on the document with its comments and on plain values: both have to come out
    alike, so that what is written is what was meant. Raises: ConfigError where they do not.
    """
    import yaml
    from ruamel.yaml import YAML

    margin = _margin(text)
    writer = YAML()
    writer.preserve_quotes = True
    writer.width = _UNFOLDED
    writer.indent(mapping=2, sequence=margin + 2, offset=margin)
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document, plain = writer.load(text), yaml.load(text, Loader=loader)  # noqa: S506  (a safe one)
    change(document)
    change(plain)
    written = StringIO()
    writer.dump(document, written)
    if yaml.load(written.getvalue(), Loader=loader) != plain:  # noqa: S506
        raise ConfigError(_("this cannot be written into the file without changing something else: edit it by hand"))
    return written.getvalue()


def quoted(value: Any) -> Any:
    """`value` for such a document, its texts quoted, so that NO stays Norway."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, str):
        return DoubleQuotedScalarString(value)
    if isinstance(value, dict):
        return {key: quoted(one) for key, one in value.items()}
    return [quoted(one) for one in value] if isinstance(value, list | tuple) else value


def set_key(entry: Any, key: str, value: Any) -> None:
    """Set one key of such a document's mapping; a new one goes before the last, since comments that follow the
    mapping belong to its last key.
    """
    if key in entry or not entry or not hasattr(entry, "insert"):
        entry[key] = value
    else:
        entry.insert(len(entry) - 1, key, value)


def _margin(text: str) -> int:
    """How far a list's dashes stand to the right of the key that it belongs to."""
    found = _LIST.search(text)
    return max(len(found[2]) - len(found[1]), 0) if found else 2
