"""Two public services as feeds: GDELT's bulk files and the Federal Register's documents.

Both are read inside the parser's child, under its limits. Sources: GDELT Event Codebook 2.0 and
GKG Codebook 2.1; federalregister.gov/developers/documentation/api/v1
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from monitor.ingest.raw import RawEntry, RawFeed

UNPACKED = 64 * 1024 * 1024  # bytes of the file in a GDELT archive; a quarter of an hour has about 25 MB
MOST_ROWS = 1000
LONGEST_ROW = 256 * 1024
_PAGE_TITLE = re.compile(r"<PAGE_TITLE>(.*?)</PAGE_TITLE>", re.DOTALL)
# CAMEO event root codes, as a reader would say them.
_EVENTS = {
    "01": "makes a statement on", "02": "appeals to", "03": "says it will cooperate with", "04": "consults with",
    "05": "cooperates diplomatically with", "06": "cooperates materially with", "07": "gives aid to",
    "08": "yields to", "09": "investigates", "10": "makes demands on", "11": "disapproves of", "12": "rejects",
    "13": "threatens", "14": "protests against", "15": "shows force to", "16": "reduces relations with",
    "17": "coerces", "18": "assaults", "19": "fights", "20": "uses mass violence against",
}  # fmt: skip


def newest_file(listing: bytes, base: str) -> str:
    """The archive that GDELT's `lastupdate.txt` names: of the knowledge graph, else of the events; "" for none."""
    found = [part.split() for part in listing[:10_000].decode("ascii", "replace").splitlines()]
    addresses = [urljoin(base, parts[2]) for parts in found if len(parts) == 3]
    for ending in (".gkg.csv.zip", ".export.csv.zip"):
        for address in addresses:
            # Never another host's: the list is not secured, and would lead anywhere.
            if (
                urlsplit(address).path.lower().endswith(ending)
                and urlsplit(address).hostname == urlsplit(base).hostname
            ):
                return address
    return ""


def gdelt(body: bytes, *, select: str) -> RawFeed:
    """The rows of one archive, of those that hold one of the words of `select` among their themes or event."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            inside = archive.infolist()
            if len(inside) != 1:
                return RawFeed(error=f"a GDELT archive holds one file, this one {len(inside)}")
            if inside[0].file_size > UNPACKED:
                return RawFeed(error=f"its file is larger than {UNPACKED // 1_000_000} MB: refused")
            with archive.open(inside[0]) as file:
                rows = tuple(_rows(file, {word.upper() for word in select.replace(",", " ").split()}))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError) as problem:
        return RawFeed(error=f"this is not one of GDELT's archives ({str(problem)[:100] or type(problem).__name__})")
    return RawFeed(entries=rows, title="GDELT")


def _rows(file: Any, wanted: set[str]) -> Iterator[RawEntry]:
    read = given = 0
    while line := file.readline(LONGEST_ROW):
        read += len(line)
        if read > UNPACKED:
            raise ValueError(f"its file grows beyond {UNPACKED // 1_000_000} MB")
        columns = line.decode("utf-8", "replace").rstrip("\r\n").split("\t")
        entry = _of_graph(columns, wanted) if len(columns) == 27 else _of_event(columns, wanted)
        if entry is None:
            continue
        given += 1
        yield entry
        if given >= MOST_ROWS:
            return


def _of_graph(columns: list[str], wanted: set[str]) -> RawEntry | None:
    themes = set(columns[7].upper().split(";"))
    if columns[2] != "1" or not _has(wanted, themes):  # 1: a page of the web, whose address it has
        return None
    title = _PAGE_TITLE.search(columns[26])
    places = dict.fromkeys(place.split("#")[1] for place in columns[9].split(";") if place.count("#") > 1)
    said = f"{', '.join(list(places)[:5])} · {', '.join(sorted(filter(None, themes))[:12])}"
    if title is None:
        return RawEntry(refused="without a title")
    return RawEntry(guid=columns[0], link=columns[4], title=title[1], text=said, date=_moment(columns[1]))


def _of_event(columns: list[str], wanted: set[str]) -> RawEntry | None:
    if len(columns) != 61:
        return RawEntry(refused=f"a row of {len(columns)} columns, neither an event nor of the knowledge graph")
    code, root = columns[26], columns[28]
    if not _has(wanted, {code, root}):
        return None
    said = " ".join(filter(None, (columns[6].title(), _EVENTS.get(root, "acts towards"), columns[16].title())))
    where = columns[52]
    return RawEntry(
        guid=columns[0],
        link=columns[60],
        title=f"{said} ({where})" if where else said,
        text=f"CAMEO {code}, Goldstein {columns[30]}, {columns[31]} mentions",
        date=_moment(columns[59]),
    )


def _has(wanted: set[str], found: set[str]) -> bool:
    return not wanted or any(word == one or one.startswith(word + "_") for word in wanted for one in found)


def _moment(stamp: str) -> str:
    """`20261124081500` as ISO 8601, UTC."""
    if len(stamp) != 14 or not stamp.isdigit():
        return stamp
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[8:10]}:{stamp[10:12]}:{stamp[12:]}Z"


def federal_register(body: bytes) -> RawFeed:
    """The documents of one answer of the Federal Register's API."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as problem:
        return RawFeed(error=f"this is not JSON ({type(problem).__name__}): the address has to be …/documents.json?…")
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list):
        count = document.get("count") if isinstance(document, dict) else None
        return RawFeed(error="" if count == 0 else "this answer has no list of documents (results)")
    return RawFeed(
        entries=tuple(_document(one if isinstance(one, dict) else {}) for one in results),
        title="Federal Register",
        language="en",
    )


def _document(one: dict[str, Any]) -> RawEntry:
    agencies = one.get("agencies")
    names = [a.get("name") for a in agencies if isinstance(a, dict)] if isinstance(agencies, list) else []
    facts = [
        _text(one, "type"),
        ", ".join(name for name in names if isinstance(name, str)),
        f"effective on {one['effective_on']}" if _text(one, "effective_on") else "",
        f"comments close on {one['comments_close_on']}" if _text(one, "comments_close_on") else "",
    ]
    return RawEntry(
        guid=_text(one, "document_number"),
        link=_text(one, "html_url"),
        title=_text(one, "title"),
        text=" · ".join(filter(None, [*facts, _text(one, "abstract") or _text(one, "excerpts")])),
        date=_text(one, "publication_date"),
    )


def _text(one: dict[str, Any], key: str) -> str:
    value = one.get(key)
    return value if isinstance(value, str) else ""
