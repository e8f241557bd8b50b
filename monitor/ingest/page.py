"""Policy pages without a feed: one region of a page is watched, and what is new in it becomes an item.

`read` runs inside the parser's child and takes the region's lines from the page; `changes` is
pure and compares them with those seen before. Lines that hold nothing but a date, a clock or a
counter, and the order of lines, never count.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from html import escape
from typing import Any

from monitor.domain import FeedState, ItemSeen, ParsedFeed
from monitor.i18n import N_
from monitor.ingest.addresses import public
from monitor.text.normalise import canonical_url, digest, one_line, plain

LONGEST_ARTICLE = 20_000  # characters
MOST_LINES = 5000
LONGEST_LINE = 2000
SUMMARY = 3900  # characters, under the limit of an item's summary
_FEED_TYPE = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json|text/xml", re.IGNORECASE)
_REMOVED = "− "
_BLOCKS = frozenset(
    "address article aside blockquote br caption dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol option p pre section table tbody td tfoot th thead tr ul".split()
)
_UNREAD = frozenset(("script", "style", "noscript", "template", "svg", "iframe", "textarea", "select"))
_CLOCK = re.compile(
    r"\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?:\.\d+)?(?:\s*[ap]\.?m\.?)?(?:\s*(?:utc|gmt|z)\b)?", re.IGNORECASE
)
_AGO = re.compile(r"\d+\s*(?:seconds?|minutes?|hours?|days?|秒|分钟|小时|天)\s*(?:ago|前)", re.IGNORECASE)
_VOLATILE = re.compile(
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
    r"|更新|最后|最近|发布|时间|日期|当前|现在|今天|今日|是|浏览|访问|阅读|点击|次数?|量|人数?|在线"
    r"|星期[一二三四五六日天]|周[一二三四五六日]|[年月日时分秒点]|st\b|nd\b|rd\b|th\b|[ap]\.?m\b|utc|gmt|cet|bst|cst"
    r"|last|updated?|modified|reviewed|generated|printed|retrieved|accessed|current|today(?:'s)?|now|time|date|page"
    r"|views?|visits?|visitors?|hits?|reads?|online|on|at|is|as|of|the|by|this",
    re.IGNORECASE,
)


def read(body: bytes, *, form: str, selector: str, url: str) -> ParsedFeed:
    """What is wanted of a UTF-8 page, in `region`: by `form` the watched lines, the article or addresses of feeds."""
    from lxml import etree, html

    if form == "article":
        return _article(body, url)
    try:
        root = html.document_fromstring(body, parser=html.HTMLParser(encoding="utf-8", remove_comments=True))
        return _feeds_named(root, url) if form == "links" else _watched(root, selector, url)
    except (etree.LxmlError, ValueError) as problem:
        return ParsedFeed(error=f"the page cannot be read ({type(problem).__name__})")


def _article(body: bytes, url: str) -> ParsedFeed:
    """The text of an article without what stands around it."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each thread would claim its share of our address space
    from trafilatura import extract

    said = extract(body.decode("utf-8", "replace"), url=url, include_comments=False, include_tables=False)
    text = plain(escape(said or ""), LONGEST_ARTICLE)
    return ParsedFeed(region=text) if text else ParsedFeed(error="no article was found on the page")


def _feeds_named(root: Any, url: str) -> ParsedFeed:
    """The feeds that a page names in its head, one address a line."""
    base = next((canonical_url(b.get("href") or "", url) for b in root.iter("base")), "") or url
    found = [
        canonical_url(link.get("href") or "", base)
        for link in root.iter("link")
        if "alternate" in (link.get("rel") or "").lower().split() and _FEED_TYPE.search(link.get("type") or "")
    ]
    title = one_line(root.findtext(".//title") or "", 120)
    return ParsedFeed(title=title, region="\n".join(dict.fromkeys(filter(None, found[:20]))))


def _watched(root: Any, selector: str, url: str) -> ParsedFeed:
    """The lines of the region that `selector` finds, each with the first link in it."""
    from cssselect import HTMLTranslator

    found = root.xpath(HTMLTranslator().css_to_xpath(selector))
    if not found:
        return ParsedFeed(error=MISSING)
    lines = [line for one in found for line in _lines(one, url)][:MOST_LINES]
    if not lines:
        return ParsedFeed(error=EMPTY)
    headings = (one_line(head.text_content(), 200) for path in ("//h1", "//title") for head in root.xpath(path))
    heading = next(filter(None, headings), "")
    return ParsedFeed(title=heading, region="\n".join(lines))


MISSING = N_("the watched region is not on the page any more: look at the page and mend its `watch`")
EMPTY = N_("the watched region is empty: the page may fill it by a program, which is not run here")


def _lines(region: Any, url: str) -> list[str]:
    """The text of a region, a line for each block of it; a line's first link follows it after a tab."""
    lines: list[str] = []
    words: list[str] = []
    link = ""

    def end_line() -> None:
        nonlocal link
        if text := one_line("".join(words).replace("<", "‹"), LONGEST_LINE):
            lines.append(f"{text}\t{link}" if link else text)
        words.clear()
        link = ""

    stack = [(region, False)]
    while stack:  # not by recursion: pages may be nested deeper than Python allows
        node, left = stack.pop()
        if isinstance(node, str):
            words.append(node)
            continue
        tag = node.tag if isinstance(node.tag, str) else "script"
        if tag in _BLOCKS:
            end_line()
        if left or tag in _UNREAD:
            continue
        link = link or (canonical_url(node.get("href") or "", url) if tag == "a" else "")
        stack.append((node, True))
        inside = [node.text or ""]
        for child in node:
            inside += [child, child.tail or ""]
        stack += [(part, False) for part in reversed(inside) if part is not None and part != ""]
    end_line()
    return lines


def changes(state: FeedState, parsed: ParsedFeed, *, before: tuple[str, str] | None) -> ParsedFeed:
    """The page's answer with what is new in its region as its only entry; without one on first sight.

    `before`: the selector and text last seen, None when the page was never read. Another selector
    begins anew. The same difference has the same key, so a page that goes back and forth tells once.
    """
    if parsed.error or before is None or before[0] != state.feed.watch:
        return parsed
    old, new = _counted(before[1]), _counted(parsed.region)
    added = [line for line in dict.fromkeys(parsed.region.split("\n")) if (k := _compared(line)) and new[k] > old[k]]
    gone = [line for line in dict.fromkeys(before[1].split("\n")) if (k := _compared(line)) and old[k] > new[k]]
    if not added and not gone:
        return parsed
    texts = [line.partition("\t")[0] for line in added]
    lost = [_REMOVED + line.partition("\t")[0] for line in gone]
    title = one_line(texts[0] if texts else lost[0], 300)
    where = parsed.title or state.feed.name
    summary = one_line(" · ".join([where, *texts, *lost]), SUMMARY)
    link = next((address for line in added if (address := line.partition("\t")[2])), "") or public(state.feed.url)
    what = ("\n".join(sorted(map(_compared, added))), "\n".join(sorted(map(_compared, gone))))
    entry = ItemSeen(
        key=digest("page", state.feed.watch, *what),
        title=title,
        summary=summary,
        url=canonical_url(link),
        content_digest=digest(title, summary),
    )
    return replace(parsed, entries=(entry,))


def _counted(region: str) -> Counter[str]:
    return Counter(filter(None, map(_compared, region.split("\n"))))


def _compared(line: str) -> str:
    """What of a line counts: no clock times; nothing at all when it is a date, a clock or a counter with its label."""
    text = _AGO.sub(" ", _CLOCK.sub(" ", line.partition("\t")[0]))
    if not any(c.isalpha() for c in _VOLATILE.sub(" ", text)):
        return ""
    return " ".join(text.split())
