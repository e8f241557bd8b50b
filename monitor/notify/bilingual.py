"""Two languages side by side: the same view made in each, then laid over one another.

What is the same in both (titles as published, names of feeds, links, figures) stands once.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from gettext import NullTranslations
from itertools import takewhile
from typing import Any

from monitor.i18n import translator

BOTH = "both"
_APART = " · "


class Both(NullTranslations):
    """The words around a view, in Chinese and English; a form to be filled in stays as it is."""

    def gettext(self, message: str) -> str:
        return message if "{" in message else beside(translator("zh").gettext(message), message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return singular if n == 1 else plural


def catalogue(language: str) -> NullTranslations:
    """The catalogue of a view's language, `both` included."""
    return Both() if language == BOTH else translator(language)


def beside(first: str, second: str) -> str:
    """`红色 / Red`; parts set apart by a middle dot are paired one by one."""
    if not second or first.replace("、", ", ") == second:  # a list of names is the same in both
        return first
    if not first:
        return second
    parts, others = first.split(_APART), second.split(_APART)
    if len(parts) == len(others) > 1:
        return _APART.join(beside(one, other) for one, other in zip(parts, others, strict=True))
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
    start = first.rfind(" ", 0, start) + 1  # signs that lead both stand once; words and figures belong to a sentence
    return f"{first} / {second}" if any(map(str.isalnum, first[:start])) else f"{first} / {second[start:]}"


def paired(first: Any, second: Any) -> Any:
    """Two views of the same facts as one. Raises: ValueError when their shapes differ."""
    if is_dataclass(first) and not isinstance(first, type):
        values = {f.name: paired(getattr(first, f.name), getattr(second, f.name)) for f in fields(first)}
        if "language" in values:
            values["language"] = BOTH
        return replace(first, **values)
    if isinstance(first, tuple):
        return tuple(paired(one, other) for one, other in zip(first, second, strict=True))
    if type(first) is str and type(second) is str:
        return beside(first, second)
    return first
