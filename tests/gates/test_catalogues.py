"""Every sentence of the sources has its translation, and what is committed is what was compiled."""

from __future__ import annotations

import ast
import io
import re
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from monitor.domain import AlertState, Level
from monitor.i18n import LANGUAGES
from monitor.ingest import trouble
from monitor.notify import words
from monitor.warn import explain

ROOT = Path(__file__).resolve().parents[2]
TRANSLATED = [language for language in LANGUAGES if language != "en"]
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None, "_setting": None}
HOLES = re.compile(r"\{[^{}]*\}|%(?:\([^)]*\))?[sdif%]")


@pytest.fixture(scope="module")
def sources() -> Catalog:
    """All sentences of code and templates, extracted in memory."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = Catalog()
    for file_name, line, message, comments, context in extract_from_dir(str(ROOT), methods, options, KEYWORDS):
        found.add(message, locations=[(file_name, line)], auto_comments=comments, context=context)
    return found


def catalogue(language: str) -> Catalog:
    with (ROOT / f"monitor/locale/{language}/LC_MESSAGES/monitor.po").open("rb") as file:
        return read_po(file, locale=language)


def sentences(of: Catalog) -> list[Message]:
    return [message for message in of if message.id]


def forms(text: Any) -> list[str]:
    return list(text) if isinstance(text, (tuple, list)) else [text]


def test_extraction_finds_code_and_templates(sources: Catalog) -> None:
    places = {Path(name).suffix for message in sentences(sources) for name, _ in message.locations}
    assert {".py", ".mjml"} <= places


def test_no_sentence_is_looked_up_inside_an_f_string() -> None:
    """Extraction reads f-strings on some versions of Python only."""
    hidden = []
    for file in sorted((ROOT / "monitor").rglob("*.py")):
        code = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        texts = [node for node in code if isinstance(node, ast.JoinedStr)]
        hidden += [f"{file.relative_to(ROOT)}:{text.lineno}" for text in texts if any(map(looks_up, ast.walk(text)))]
    assert not hidden, "look the sentence up first, then put it in:\n" + "\n".join(hidden)


def looks_up(node: ast.AST) -> bool:
    """A call of gettext by one of its names, with the sentence written out."""
    if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in KEYWORDS


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated_and_certain(sources: Catalog, language: str) -> None:
    known = catalogue(language)
    wanting = []
    for message in sentences(sources):
        found = known.get(message.id, message.context)
        if found is None or found.fuzzy or not all(forms(found.string)):
            name, line = message.locations[0]
            wanting.append(f"{name}:{line} {forms(message.id)[0]!r}")
    assert not wanting, "run the commands of docs/translating.md and translate:\n" + "\n".join(wanting)


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_looked_up_by_value_is_in_the_catalogue(language: str) -> None:
    """Answers, levels, states and reasons are stored in English and looked up where they are shown."""
    answers = [text for name, text in vars(explain).items() if name.isupper() and isinstance(text, str)]
    codes = [level.word for level in Level] + [state.value for state in AlertState]
    topics = list(words.TOPICS.values())
    troubles = [*trouble.STATUS_WORDS.values(), *trouble.NETWORK_WORDS.values()]
    missing = [text for text in (*answers, *codes, *topics, *troubles) if catalogue(language).get(text) is None]
    assert not missing, "add them to monitor/notify/words.py"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_outlives_its_sentence(sources: Catalog, language: str) -> None:
    obsolete = [m.id for m in sentences(catalogue(language)) if sources.get(m.id, m.context) is None]
    assert not obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_same_holes_as_its_sentence(language: str) -> None:
    for message in sentences(catalogue(language)):
        allowed = [sorted(HOLES.findall(form)) for form in forms(message.id)]
        for form in filter(None, forms(message.string)):
            assert sorted(HOLES.findall(form)) in allowed, message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_the_one_people_edit(language: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    with (ROOT / f"monitor/locale/{language}/LC_MESSAGES/monitor.mo").open("rb") as file:
        committed = entries(GNUTranslations(file))
    assert committed == entries(GNUTranslations(compiled)), "run `pybabel compile -D monitor -d monitor/locale -l zh`"


def entries(translations: GNUTranslations) -> dict[Any, str]:
    """All of a compiled catalogue but its header, which holds dates."""
    return {key: text for key, text in vars(translations)["_catalog"].items() if key}
