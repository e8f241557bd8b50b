"""The language people are spoken to in: one look-up for the process, one for each recipient.

English sentences are the keys; `monitor/locale/` holds the translations, committed in
compiled form, so that reading them needs the standard library alone.
docs/translating.md says how a sentence becomes translatable.
"""

from __future__ import annotations

import gettext as _gettext
from functools import cache

from monitor.resources import in_package

LANGUAGES = ("en", "zh")

_current: list[tuple[str, _gettext.NullTranslations]] = [("en", _gettext.NullTranslations())]


@cache
def translator(language: str) -> _gettext.NullTranslations:
    """The catalogue of a BCP 47 language such as `zh-CN`; English for any we do not speak.

    The first call of a language reads its file, later ones none.
    """
    base = base_language(language)
    catalogue = in_package(f"locale/{base}/LC_MESSAGES/monitor.mo")
    if base == "en" or not catalogue.is_file():
        return _gettext.NullTranslations()
    with catalogue.open("rb") as file:
        return _gettext.GNUTranslations(file)


def base_language(language: str) -> str:
    """`zh` for `zh_CN`, `zh-Hans` and the like; `en` for every language without a catalogue."""
    base = language.replace("_", "-").split("-")[0].lower()
    return base if base in LANGUAGES else "en"


def use(language: str) -> None:
    """Speak `language` wherever nothing is known of the reader: the command line and its errors."""
    _current[0] = base_language(language), translator(language)


def current() -> tuple[str, _gettext.NullTranslations]:
    """The process's language and its catalogue, for what is worded for a reader we know nothing of."""
    return _current[0]


def _(message: str) -> str:
    """`message` in the process's language, looked up when called; the empty text stays empty."""
    return _current[0][1].gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    """The form for `n` in the process's language; the caller puts the figure in."""
    return _current[0][1].ngettext(singular, plural, n)


def N_(message: str) -> str:  # noqa: N802  (the name that extraction looks for)
    """Marks a sentence for the catalogue and leaves it as it is: it is looked up where it is shown."""
    return message
