"""Lists of feeds as other readers exchange them. Source: OPML 2.0, http://opml.org/spec2.opml"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from html import escape
from xml.parsers import expat

from monitor.domain import Feed
from monitor.i18n import _
from monitor.ingest.addresses import name_of, unique, wrong_address
from monitor.text.normalise import one_line


class _RefusedError(Exception):
    """The document holds what no list of feeds needs."""


def read(text: str, problems: list[str], *, default_every: timedelta) -> list[Feed]:
    """The feeds of an OPML document, folders flattened; what is wrong is added to `problems`."""
    feeds: list[Feed] = []
    taken: set[str] = set()
    roots: list[str] = []
    parser = expat.ParserCreate("utf-8")  # the text has been decoded; its own declaration does not count

    def start(name: str, attributes: dict[str, str]) -> None:
        roots.append(name) if not roots else None
        given = {key.lower(): value for key, value in attributes.items()}
        url = given.get("xmlurl", "").strip()
        if name.lower() != "outline" or not url:
            return
        if wrong := wrong_address(url):
            title = one_line(given.get("title") or given.get("text") or "", 60) or _("an outline")
            wrong = _("{label}: {value}").format(label=title, value=wrong)
            problems.append(_("line {line}: {problem}").format(line=parser.CurrentLineNumber, problem=wrong))
            return
        wanted = one_line(given.get("title") or given.get("text") or "", 120) or name_of(url)
        feeds.append(Feed(name=unique(wanted, taken), url=url, every=default_every))

    def refuse(*_declaration: object) -> None:
        wrong = _("line {line}: it declares entities, which no list of feeds needs")
        raise _RefusedError(wrong.format(line=parser.CurrentLineNumber))

    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as problem:
        wrong = _("line {line}: not well-formed XML ({why})")
        problems.append(wrong.format(line=problem.lineno, why=expat.ErrorString(problem.code)))
    except _RefusedError as problem:
        problems.append(str(problem))
    if not problems and (not roots or roots[0].lower() != "opml"):
        wrong = _("line 1: not OPML: its root is <{root}>; was a page saved in its place?")
        problems.append(wrong.format(root=roots[0][:40] if roots else ""))
    return feeds


def write(feeds: Iterable[Feed], *, title: str = "monitor") -> str:
    """An OPML 2.0 document of `feeds`, grouped by kind, that other readers can import."""
    folders: dict[str, list[Feed]] = {}
    for feed in feeds:
        folders.setdefault(feed.kind.value, []).append(feed)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<opml version="2.0">']
    lines += [f"  <head><title>{escape(title)}</title></head>", "  <body>"]
    for kind, members in folders.items():
        lines.append(f"    <outline text={_quoted(kind)}>")
        lines += (
            f'      <outline type="rss" text={_quoted(feed.name)} title={_quoted(feed.name)} '
            f"xmlUrl={_quoted(feed.url)}/>"
            for feed in members
        )
        lines.append("    </outline>")
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'
