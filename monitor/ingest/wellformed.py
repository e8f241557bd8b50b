"""Well-formed RSS, RDF and Atom as plain publishers write it, at a thirtieth of the feed library's cost.

Every rule here is the feed library's own, for the part of its input where its answer is simple;
the rest is `Unusual` and left to that library. So there is one meaning of a feed and two ways to
read it, and a test compares both on every real feed at hand. expat 2.4 and later refuse
documents that grow; `xmlfeed` has refused floods before this is asked.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser

from monitor.ingest.raw import RawEntry


class Unusual(Exception):  # noqa: N818  (no error: the other way has to be taken)
    """This document is for the feed library."""


# What an element means to the feed library, as far as it can touch a field that we keep. Plain numbers:
# a member of an enumeration costs as much to name as a child element costs to read.
(
    _NOTHING,
    _TITLE,
    _LINK,
    _GUID,
    _SUMMARY,
    _CONTENT,
    _PUBLISHED,
    _UPDATED,
    _CREATED,
    _ORIGIN,
    _ENTRY,
    _PERSON,
    _MEDIA,
    _MEDIA_TITLE,
    _IMAGE,
    _SOURCE,
    _LANGUAGE,
    _CHANNEL,
    _PERIOD,
    _OTHER,
) = range(20)  # the last may change what we keep in ways not worth telling


_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_PREFIXES = {  # the feed library's names; a namespace it does not know counts by the prefix that the document chose
    "": "",
    "http://backend.userland.com/rss": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://purl.org/atom/ns#": "",
    "http://www.w3.org/2005/atom": "",
    _RDF: "rdf",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://purl.org/rss/1.0/modules/slash/": "slash",
    "http://purl.org/syndication/thread/1.0": "thr_",
    "http://search.yahoo.com/mrss": "media",
    "http://search.yahoo.com/mrss/": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://wellformedweb.org/commentapi/": "wfw",
    "http://www.georss.org/georss": "georss",
    "http://www.w3.org/2003/01/geo/wgs84_pos#": "geo",
    "http://backend.userland.com/creativecommonsrssmodule": "creativecommons",
    "http://madskills.com/public/xml/rss/module/trackback/": "trackback",
    "http://prismstandard.org/namespaces/1.2/basic/": "prism",
}
_MEANINGS = {
    ("", "title"): _TITLE,
    ("", "link"): _LINK,
    ("", "guid"): _GUID,
    ("", "id"): _GUID,
    ("", "description"): _SUMMARY,
    ("", "summary"): _SUMMARY,
    ("", "content"): _CONTENT,
    ("content", "encoded"): _CONTENT,
    **{("", name): _PUBLISHED for name in ("published", "issued", "pubdate")},
    **{("", name): _UPDATED for name in ("updated", "modified", "lastbuilddate")},
    ("", "created"): _CREATED,
    ("dc", "date"): _UPDATED,
    ("dcterms", "issued"): _PUBLISHED,
    ("dcterms", "modified"): _UPDATED,
    ("dcterms", "created"): _CREATED,
    ("feedburner", "origlink"): _ORIGIN,
    ("", "item"): _ENTRY,
    ("", "entry"): _ENTRY,
    **{("", name): _PERSON for name in ("author", "contributor", "managingeditor")},
    ("itunes", "owner"): _PERSON,
    ("media", "title"): _MEDIA_TITLE,
    ("", "image"): _IMAGE,
    ("", "textinput"): _IMAGE,
    ("", "source"): _SOURCE,
    ("", "language"): _LANGUAGE,
    ("dc", "language"): _LANGUAGE,
    ("", "channel"): _CHANNEL,
    ("", "ttl"): _PERIOD,
    ("sy", "updateperiod"): _PERIOD,
    ("sy", "updatefrequency"): _PERIOD,
}
_TOUCHING = frozenset({  # with any prefix that the library takes for its own, these could mean something
    "title", "link", "guid", "id", "description", "summary", "content", "encoded", "published", "issued", "pubdate",
    "updated", "modified", "lastbuilddate", "created", "date", "origlink", "item", "entry", "abstract", "body",
    "fullitem", "source", "image", "textinput", "channel", "feed", "rss", "status", "feedburner_origlink", "cap_status",
    "browserfriendly", "svg", "math", "valid",
})  # fmt: skip
_BY_PREFIX = {  # the same for a known prefix: what has a handler of its own there
    "": frozenset({"abstract", "body", "fullitem", "feed", "rss", "feedburner_origlink", "cap_status", "svg", "math"}),
    "dc": frozenset({"title", "description"}),
    "dcterms": frozenset({"valid"}),
    "media": frozenset({"description"}),
    "itunes": frozenset({"summary"}),
    "feedburner": frozenset({"browserfriendly"}),
}
_PERSONS = frozenset({"name", "uri", "url", "email", "homepage"})
_TEXT_TYPES = frozenset({"text", "plain", "html", "text/plain", "text/html"})
_HTML_TYPES = frozenset({"html", "xhtml", "text/html", "application/xhtml+xml"})
_LINK_ATTRIBUTES = frozenset({"href", "rel", "type", "title", "hreflang", "length"})
_IN_IMAGE = frozenset({"title", "link", "url", "href", "width", "height", "description", "name"})
_SECOND = frozenset({("media", "description"), ("itunes", "summary"), ("dc", "description")})  # descriptions besides
_C1 = re.compile("[\x80-\x9f]")
_WINDOWS = {c: bytes((c,)).decode("cp1252") for c in range(0x80, 0xA0) if c not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_BASE = re.compile(rb"[\s:]base\s*=")
_SLASHES = re.compile(r"[A-Za-z][A-Za-z0-9+-.]*:///")
_MOST_TAGS = 5000


class _Tags(dict[str, tuple[int, str, str]]):
    """Qualified name -> meaning, prefix, local name in lower case; kept for the next document."""

    def __missing__(self, tag: str) -> tuple[int, str, str]:
        if len(self) >= _MOST_TAGS:
            self.clear()
        found = self[tag] = _meaning(tag)
        return found


def _meaning(tag: str) -> tuple[int, str, str]:
    space, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    space, local = space.lower(), local.lower()
    prefix = "" if "backend.userland.com/rss" in space else _PREFIXES.get(space)
    if prefix is None:
        return (_OTHER if local in _TOUCHING else _NOTHING), "?", local
    meaning = _MEANINGS.get((prefix, local))
    if meaning is None:
        meaning = _OTHER if local in _BY_PREFIX.get(prefix, ()) else _NOTHING
        if meaning == _NOTHING and prefix == "media":
            meaning = _MEDIA
    return meaning, prefix, local


_tags = _Tags()


def read(body: bytes) -> tuple[tuple[RawEntry, ...], dict[str, str]]:
    """The entries of a UTF-8 document, and what its head says by the feed library's names.

    Raises: Unusual when the feed library has to read it.
    """
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or (b"base" in body and _BASE.search(body)):
        raise Unusual
    parser = XMLParser(encoding="utf-8")  # noqa: S314  no DTD, size and floods refused before
    try:
        parser.feed(body)
        root = parser.close()
    except (ParseError, ValueError) as problem:
        raise Unusual from problem
    entries: list[RawEntry] = []
    head: dict[str, str] = {}
    for place in _places(root, head):
        for child in place:
            meaning = _tags[child.tag][0]
            if meaning == _ENTRY:
                entries.append(_entry(child))
            elif meaning != _CHANNEL or place is not root:
                _take_head(head, child, meaning)
    if not entries:
        raise Unusual
    return tuple(entries), head


def _places(root: Element, head: dict[str, str]) -> Iterator[Element]:
    """Where entries and the words about the whole feed stand: the root and its one channel."""
    _, prefix, local = _tags[root.tag]
    if (prefix, local) not in (("", "rss"), ("", "feed"), ("rdf", "rdf")):
        raise Unusual
    if prefix == "" and (language := root.get(_LANG) or root.get("lang")):
        head["language"] = language.replace("_", "-")
    channels = [child for child in root if _tags[child.tag][0] == _CHANNEL]
    if len(channels) != (local != "feed"):
        raise Unusual
    for channel in channels:
        _plain_attributes(channel)
        yield channel
    yield root


def _take_head(head: dict[str, str], child: Element, meaning: int) -> None:
    local = _tags[child.tag][2]
    if meaning == _TITLE:
        text = _text(child)
        if head.get("title"):
            raise Unusual
        head["title"] = text
    elif meaning == _LANGUAGE:
        head["language"] = _simple(child)
    elif meaning == _PERIOD:
        name = local if local == "ttl" else f"sy_{local}"
        head[name] = "" if child.keys() else _simple(child)
    elif meaning == _OTHER:
        if len(child) or _tags[child.tag][1:] not in _SECOND:
            raise Unusual
    elif len(child):
        _harmless(child, meaning, local)


def _harmless(child: Element, meaning: int, local: str) -> None:
    """Looks below an element that has elements. Raises: Unusual when they may reach what we keep."""
    below = [_tags[element.tag] for element in child.iter()][1:]
    if meaning == _PERSON:
        fine = all(name in _PERSONS for _, _, name in below)
    elif meaning in (_MEDIA, _MEDIA_TITLE):
        fine = all(is_ in (_MEDIA, _MEDIA_TITLE) for is_, _, _ in below)
    elif meaning == _IMAGE:
        fine = all(prefix == "" and name in _IN_IMAGE for _, prefix, name in below)
    elif local == "items":
        fine = all(prefix == "rdf" for _, prefix, _ in below)
    else:
        fine = local in ("skiphours", "skipdays") and all(name in ("hour", "day") for _, _, name in below)
    if not fine:
        raise Unusual


def _entry(item: Element) -> RawEntry:
    _plain_attributes(item)
    guid = link = origin = title = ""
    has_link = has_guid = has_title = has_summary = has_content = stirred = False
    summary = contents = ""
    dates = {_PUBLISHED: "", _UPDATED: "", _CREATED: ""}
    if item.attrib:
        guid = item.get(f"{{{_RDF}}}about") or ""
    for child in item:
        meaning, _, local = _tags[child.tag]
        if meaning == _NOTHING:
            if len(child):
                raise Unusual
        elif meaning == _TITLE:
            if has_title:
                raise Unusual
            title, has_title = _text(child), True
        elif meaning == _LINK:
            if (target := _link(child)) is not None:
                link, has_link = target, True
        elif meaning == _GUID:
            if has_guid:
                raise Unusual
            guid, has_guid = _simple(child), True
            if _is_permalink(child):
                guid = _resolved(guid)
                if not has_link:
                    link, has_link = guid, True
        elif meaning == _SUMMARY:
            if has_summary:
                raise Unusual
            summary, has_summary = _text(child), True
        elif meaning == _CONTENT:
            contents, has_content = contents or _text(child), True
        elif meaning in dates:
            dates[meaning] = _simple(child)
        elif meaning == _ORIGIN:
            origin = "" if child.keys() else _simple(child)
        elif meaning in (_MEDIA_TITLE, _IMAGE, _SOURCE):
            if len(child) and meaning != _MEDIA_TITLE:
                raise Unusual
            stirred = True
        elif meaning in (_PERSON, _MEDIA):
            if len(child):
                _harmless(child, meaning, local)
                stirred = stirred or meaning == _MEDIA
        elif meaning != _LANGUAGE:
            if has_content or not has_summary or _tags[child.tag][1:] not in _SECOND:
                raise Unusual
            contents, has_content = _text(child), True  # the second description of an entry counts as its content
    if stirred and not title:
        raise Unusual  # another title may have stepped in
    date = dates[_PUBLISHED] or dates[_UPDATED] or dates[_CREATED]
    return RawEntry(guid=guid, link=origin or link, title=title, text=summary or contents, date=date)


def _plain_attributes(element: Element) -> None:
    for name in element.attrib:
        if name.lower() in ("href", "lastmod", "base"):
            raise Unusual


def _text(element: Element) -> str:
    """Text that may be HTML. Raises: Unusual for real markup in it, and for types that are decoded."""
    for name in element.attrib:
        if name == "type":
            if element.get(name, "").lower() not in _TEXT_TYPES:
                raise Unusual
        elif name.lower() in ("type", "mode"):
            raise Unusual
    return _simple(element)


def _simple(element: Element) -> str:
    """The text of an element that holds nothing else, with the library's repair of what was encoded twice."""
    if len(element):
        raise Unusual
    text = (element.text or "").strip()
    if text.isascii():
        return text
    with contextlib.suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    return text.translate(_WINDOWS) if _C1.search(text) else text


def _link(element: Element) -> str | None:
    """The address, "" for an empty link; None for a link to something else than a page."""
    attributes: dict[str, Any] = element.attrib
    if "href" not in attributes:
        if attributes and not attributes.keys() <= _LINK_ATTRIBUTES:
            raise Unusual
        text = _resolved(_simple(element))
        if "&" in text:
            text = re.sub("&([A-Za-z0-9_]+);", r"&\g<1>", text.replace("&amp;", "&"))
        return text
    if len(element) or not attributes["href"] or not attributes.keys() <= _LINK_ATTRIBUTES:
        raise Unusual
    if attributes.get("rel", "alternate").lower() != "alternate":
        return None
    return _resolved(attributes["href"]) if attributes.get("type", "text/html").lower() in _HTML_TYPES else None


def _resolved(address: str) -> str:
    if address and _SLASHES.match(address):
        raise Unusual
    return address


def _is_permalink(element: Element) -> bool:
    for name in element.attrib:
        if name.lower() == "ispermalink":
            return element.get(name) == "true"
    return True
