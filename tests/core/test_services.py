"""GDELT's archives and the Federal Register's answers, with files of our own making."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime

import pytest

from monitor.ingest import services
from monitor.ingest.entries import parse

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIST = "http://data.example/gdeltv2/lastupdate.txt"


def graph_row(title: str, themes: str, *, link: str = "https://news.example/1", number: int = 1) -> str:
    columns = [""] * 27
    columns[0], columns[1], columns[2], columns[4] = f"20261124081500-{number}", "20261124081500", "1", link
    columns[7], columns[9] = themes, "1#Kenya#KE#KE#1#38#KE"
    columns[26] = f"<PAGE_TITLE>{title}</PAGE_TITLE>" if title else ""
    return "\t".join(columns)


def event_row() -> str:
    columns = [""] * 61
    columns[0], columns[6], columns[16] = "99", "UNITED STATES", "CHINA"
    columns[26], columns[28], columns[30], columns[31] = "163", "16", "-8.0", "5"
    columns[52], columns[59], columns[60] = "Washington, United States", "20261124080000", "https://news.example/e"
    return "\t".join(columns)


def packed(*rows: str, names: tuple[str, ...] = ("x.csv",)) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "\n".join(rows))
    return buffer.getvalue()


def read(body: bytes, *, form: str = "gdelt", select: str = ""):
    return parse(body, url=LIST, now=NOW, form=form, select=select)


def test_the_knowledge_graph_gives_titles_links_places_and_dates() -> None:
    [item] = read(packed(graph_row("Port &amp; rail strike", "STRIKE;ECON_TRADE_DISPUTE"))).entries
    assert (item.title, item.url) == ("Port & rail strike", "https://news.example/1")
    assert item.published == datetime(2026, 11, 24, 8, 15, tzinfo=UTC)
    assert "Kenya" in item.summary and "STRIKE" in item.summary


def test_only_rows_with_a_wanted_theme_are_taken() -> None:
    body = packed(
        graph_row("A", "SANCTIONS_EU", number=1), graph_row("B", "SPORT", link="https://n.example/2", number=2)
    )
    assert [item.title for item in read(body, select="sanctions, strike").entries] == ["A"]


def test_an_event_is_said_in_words() -> None:
    [item] = read(packed(event_row())).entries
    assert item.title == "United States reduces relations with China (Washington, United States)"
    assert item.url == "https://news.example/e"


def test_the_list_names_its_archive_and_never_another_hosts() -> None:
    lines = [f"10 abc http://data.example/x.{kind}.csv.zip" for kind in ("export", "mentions", "gkg")]
    assert services.newest_file("\n".join(lines).encode(), LIST) == "http://data.example/x.gkg.csv.zip"
    assert services.newest_file(lines[0].encode(), LIST) == "http://data.example/x.export.csv.zip"
    assert services.newest_file(b"10 abc http://10.0.0.1/x.gkg.csv.zip", LIST) == ""
    assert services.newest_file(b"\xff\xfe nonsense", LIST) == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"PK\x03\x04 cut off",
        packed("x", names=("a.csv", "b.csv")),
        packed("\0" * 80_000_000),
        packed(graph_row("A", "X"))[:-30],
    ],
    ids=["empty", "cut", "two files", "bomb", "no directory"],
)
def test_archives_that_are_none_or_bombs_are_an_error(body: bytes) -> None:
    found = read(body)
    assert found.error
    assert found.entries == ()


def test_an_archive_that_lies_about_its_size_is_stopped() -> None:
    body = bytearray(packed("\0" * 80_000_000))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = bytes(body).index(mark) + (22 if mark == b"PK\x03\x04" else 24)
        body[at : at + 4] = (1000).to_bytes(4, "little")
    assert read(bytes(body)).error


def test_a_row_of_another_shape_is_rejected_and_the_others_stay() -> None:
    found = read(packed("three\tcolumns\tonly", graph_row("A", "X")))
    assert ([item.title for item in found.entries], len(found.rejected)) == (["A"], 1)


def a_rule(**changed: object) -> dict[str, object]:
    return {
        "title": "Export Controls: Additions to the Entity List",
        "type": "Rule",
        "abstract": "The Bureau adds 12 entities.",
        "document_number": "2026-12345",
        "html_url": "https://www.federalregister.example/d/2026-12345",
        "publication_date": "2026-11-24",
        "agencies": [{"name": "Bureau of Industry and Security"}],
        "effective_on": "2026-12-01",
        "comments_close_on": None,
    } | changed


def test_the_federal_register_gives_documents_with_agency_and_dates() -> None:
    found = read(json.dumps({"count": 1, "results": [a_rule()]}).encode(), form="federal_register")
    [item] = found.entries
    assert item.title == "Export Controls: Additions to the Entity List"
    assert item.summary.startswith("Rule · Bureau of Industry and Security · effective on 2026-12-01 · The Bureau adds")
    assert item.published is not None and item.published.date().isoformat() == "2026-11-24"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"errors": 1}', b"<html>", b"[" * 100_000])
def test_other_answers_are_an_error(body: bytes) -> None:
    assert read(body, form="federal_register").error


def test_documents_of_any_shape_end_no_pass() -> None:
    odd = [a_rule(agencies="x", title=None), 7, None, a_rule(abstract={"a": 1}, document_number=[])]
    found = read(json.dumps({"results": odd}).encode(), form="federal_register")
    assert not found.error and len(found.entries) + len(found.rejected) == 4
