"""The briefing of one country, from a real database: cited, printable, harmless."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.config import Settings
from monitor.domain import Cover, Deadline, DeadlineKind, Decision, Profile
from monitor.reporting import report
from monitor.shell import Shell

from .test_store import NOW, a_story, an_alert, an_item, put

HOSTILE = "Port closed <script>alert(1)</script>"
COVER = Cover(insurer="Mutual of Trade", policy="P-17", countries=("KE",), amount="20,000,000 USD")
PROFILE = Profile(name="default", title="Pumps", covers=(COVER,))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    found = Shell(settings=Settings(database_url=url, data_dir=tmp_path), clock=lambda: NOW)
    items = [an_item(1, title=HOSTILE, url="https://harbour.example/1"), an_item(2, title="Quarrel at the border")]
    due = Deadline(
        story="s1", kind=DeadlineKind.COMMENTS, on=date(2027, 1, 15), found=NOW, sentence="until 15 January 2027"
    )
    decision = Decision(
        story_of={items[0].ref: "s1"},
        stories=(a_story(title=HOSTILE),),
        alerts=(an_alert(title=HOSTILE, url="javascript:alert(2)"),),
        deadlines=(due,),
    )
    put(found.store, *items, decision=decision)
    return found


@pytest.mark.parametrize(("language", "words"), [("en", ("Kenya", "comments until")), ("zh", ("肯尼亚", "首要步骤"))])
def test_every_line_leads_to_its_source_and_nothing_runs(shell: Shell, language: str, words: tuple[str, ...]) -> None:
    page = report(shell, "KE", PROFILE, days=30, language=language, now=NOW)
    for word in (
        *words,
        "until 15 January 2027",
        "2027-01-15",
        "Mutual of Trade",
        "2026-12-24",
        "Quarrel at the border",
    ):
        assert word in page
    assert 'href="https://harbour.example/1"' in page
    assert "@media print" in page
    assert "<script" not in page
    assert "javascript:" not in page
    assert not re.findall(r"""(?:src|srcset|action)\s*=|@import|url\(""", page)


def test_a_country_of_which_nothing_is_known_says_so(shell: Shell) -> None:
    page = report(shell, "PL", PROFILE, days=30, language="en", now=NOW)
    assert "No alert of this profile is open for this country." in page
    assert "The profile names no policy for this country." in page
    assert "Quarrel" not in page


def test_a_wrong_country_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_DATA_DIR", str(tmp_path))
    assert main(["report", "Kenya"]) == 2
    assert main(["report", "KE", "--days", "0"]) == 2
    assert main(["report", "ke", "--out", str(tmp_path / "ke.html")]) == 0
    assert "Kenya" in (tmp_path / "ke.html").read_text(encoding="utf-8")
