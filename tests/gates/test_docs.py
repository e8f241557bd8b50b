"""The documents are true where a program can tell: the reference is the code's own, links lead somewhere."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from monitor.cli import reference
from monitor.cli.reference_commands import NOTES, commands_with
from monitor.domain import Recipient
from monitor.notify import trial
from monitor.notify.push import push_message

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), ROOT / "models/README.md"]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
SOURCE = re.compile(r"Source: [^\n\"]*?(docs/[\w/.-]+\.md)(?:#([\w.-]+))?")


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_a_reference_page_says_what_the_code_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == reference.page(name, DOCS), (
        "run ./dev python -m monitor.cli.reference"
    )


def test_notes_by_hand_survive_when_the_reference_is_written_anew() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    kept = text.replace(f"## poll\n{text.split('## poll' + chr(10))[1].split(NOTES)[0]}", "## poll\n", 1)
    assert commands_with(kept).rstrip("\n") + "\n" == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


def test_every_page_of_docs_is_reached_from_its_index() -> None:
    reached, todo = set[Path](), [DOCS / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
        found = ((page.parent / target.partition("#")[0]).resolve() for target in targets if ":" not in target)
        todo += [file / "README.md" if file.is_dir() else file for file in found if file.exists()]
    assert not {str(page.relative_to(ROOT)) for page in set(DOCS.rglob("*.md")) - reached}


def test_a_document_that_code_names_as_its_source_is_there() -> None:
    broken = []
    for file in sorted((ROOT / "monitor").rglob("*.py")):
        for name, anchor in SOURCE.findall(file.read_text(encoding="utf-8")):
            page = ROOT / name
            if not page.is_file() or (anchor and anchor.rstrip(".") not in anchors(page)):
                broken.append(f"{file.relative_to(ROOT)}: {name}#{anchor}")
    assert not broken


CONSTANTS = re.findall(
    r"^\| `(\w+)` \| `([^`]+)` \| `([\w.]+)` \|$", (DOCS / "method.md").read_text("utf-8"), re.MULTILINE
)


@pytest.mark.parametrize(("name", "value", "module"), CONSTANTS)
def test_a_constant_of_the_method_is_the_one_that_is_used(name: str, value: str, module: str) -> None:
    assert str(getattr(import_module(module), name)) == value


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_keyword_named_for_chats_stands_in_every_message(language: str) -> None:
    keywords = re.findall(r"`([^`]+)` in (?:Chinese|English)", (DOCS / "mail.md").read_text("utf-8"))
    view = trial.build(
        Recipient(address="duty room", channel="dingtalk", language=language),
        profile="pumps",
        page_url="http://127.0.0.1:8787",
        now=datetime(2026, 11, 24, tzinfo=UTC),
    )
    said = json.loads(push_message(view, message_id="<abcdefgh@example>"))["body"]
    assert len(keywords) == 2 and any(keyword in said for keyword in keywords)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`((?:monitor|seeds|tests|docs|models)/[\w./-]+)`", page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("page", ["README{}.md", "docs/quickstart{}.md"])
def test_a_page_and_its_chinese_mirror_have_one_structure_and_lead_to_each_other(page: str) -> None:
    """As many headings of each depth in the same order, tables of as many rows, the same commands and pictures."""
    english, chinese = ((ROOT / page.format(code)).read_text(encoding="utf-8") for code in ("", ".zh"))
    assert shape(english) == shape(chinese)
    names = [Path(page.format(code)).name for code in (".zh", "")]
    assert all(f"]({name})" in text for name, text in zip(names, (english, chinese), strict=True))


def shape(text: str) -> list[str]:
    """What of a page does not depend on its language."""
    kept = re.findall(
        r"^#+(?= )|^\|(?= )|^```\w*|^(?!.*MONITOR_LANG)(?:\./dev|monitor) [^#\n]*|!\[", text, re.MULTILINE
    )
    return [part.strip() for part in kept]


@cache
def anchors(page: Path) -> frozenset[str]:
    """The headings of a page as the addresses that GitHub and most others make of them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return frozenset(map(slug, re.findall(r"^#+ (.+)$", text, re.MULTILINE)))


def slug(heading: str) -> str:
    kept = (c for c in heading.strip().lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
    return "".join(kept).replace(" ", "-")
