"""The plan of an alert on its page, escaped and in the reader's language."""

from __future__ import annotations

from datetime import date

from monitor.domain import Cover, Deadline, DeadlineKind, Item, Level, Named, NameKind, Stakeholder, Tag
from monitor.notify.words import DEADLINES
from monitor.planning import Sheet
from monitor.warn.playbooks import panel, plan, shipped
from monitor.web.templating import environment
from tests.core.test_obligations import WRITTEN, an_alert


def drawn(language: str) -> str:
    alert = an_alert(labels=(Tag.COMPLIANCE,), topics=("compliance.data",), level=Level.RED)
    item = Item(
        id=1,
        feed="f",
        key=b"k" * 16,
        title="<b>Court</b> fines app",
        summary="",
        url="",
        published=WRITTEN,
        fetched=WRITTEN,
    )
    found = Sheet(
        alert=alert,
        stage=None,
        deadlines=(
            Deadline(
                story="s1",
                kind=DeadlineKind.IN_FORCE,
                on=date(2027, 1, 1),
                found=WRITTEN,
                sentence="<script>alert(1)</script>",
                reckoned=True,
            ),
        ),
        plan=plan(shipped(), alert),
        steps={"data.map": {"state": "done"}},
        lenses=panel(shipped(), [item]),
        covers=(Cover(insurer="Insurer <i>", policy="P-1"),),
        sites=(Named(kind=NameKind.SITE, name="Works", stakeholders=(Stakeholder(name="Council", role="permits"),)),),
    )
    template = environment(language).get_template("plan.html")
    return template.render(sheet=found, roles=shipped().roles, deadline_words=DEADLINES, language=language)


def test_the_plan_is_drawn_in_both_languages_and_nothing_in_it_is_live() -> None:
    english, chinese = drawn("en"), drawn("zh")
    for page in (english, chinese):
        assert "<script>" not in page and "&lt;script&gt;" in page and "<b>Court" not in page and "<i>" not in page
        assert "2027-01-01" in page and "P-1" in page and "Council · permits" in page
    assert "in force from" in english and "Draw which personal" in english
    assert "生效日期" in chinese and "画出个人信息" in chinese and "<b>" in chinese
