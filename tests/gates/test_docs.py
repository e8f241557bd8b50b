"""The documents are true where a program can tell: the reference is the code's own, links lead somewhere."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

import pytest

from monitor.cli import reference

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), ROOT / "models/README.md"]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
SOURCE = re.compile(r"Source: [^\n\"]*?(docs/[\w/.-]+\.md)(?:#([\w.-]+))?")


@pytest.mark.parametrize("name", sorted(reference.pages(DOCS)))
def test_a_reference_page_says_what_the_code_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == reference.pages(DOCS)[name], (
        "run ./dev python -m monitor.cli.reference"
    )


def test_notes_by_hand_survive_when_the_reference_is_written_anew() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    kept = text.replace(f"## poll\n{text.split('## poll' + chr(10))[1].split(reference.NOTES)[0]}", "## poll\n", 1)
    assert reference.commands(kept).rstrip("\n") + "\n" == text


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


@cache
def anchors(page: Path) -> frozenset[str]:
    """The headings of a page as the addresses that GitHub and most others make of them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return frozenset(map(slug, re.findall(r"^#+ (.+)$", text, re.MULTILINE)))


def slug(heading: str) -> str:
    kept = (c for c in heading.strip().lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
    return "".join(kept).replace(" ", "-")
