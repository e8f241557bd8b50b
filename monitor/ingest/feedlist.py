"""feeds.yaml: read with the line of every mistake, and written. Source: docs/files.md#feedsyaml

The file is composed into nodes once; the values are taken from the nodes, so that each
still knows its line and whether YAML made something else of it (`NO` becomes false).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor.domain import Feed, FeedFormat, FeedKind, Trust
from monitor.i18n import _
from monitor.ingest.addresses import same_address, wrong_address
from monitor.text.durations import duration
from monitor.text.normalise import one_line

# ISO 3166-1 alpha-2, with EU and the user-assigned XK that everybody uses for Kosovo
_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW "
    "BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET EU "
    "FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM "
    "IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD "
    "ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE "
    "PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST "
    "SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS "
    "XK YE YT ZA ZM ZW "
)
COUNTRIES = frozenset(_CODES.split())
_LANGUAGE = re.compile(r"(?:[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)?")
_SHORTEST = timedelta(milliseconds=1)
_BOOLEAN, _NULL, _TEXT = (f"tag:yaml.org,2002:{kind}" for kind in ("bool", "null", "str"))
_EXAMPLE = "feeds: [{name: Example, url: https://example.org/feed.xml}]"


_FORMATS = {f.value: f for f in FeedFormat if f not in (FeedFormat.ARTICLE, FeedFormat.LINKS)}
_IMPLIED = (FeedFormat.FEED, FeedFormat.PAGE)  # said by the other keys


class _WrongError(ValueError):
    """A value that cannot be meant; the text says what to write."""


def read(text: str, problems: list[str], *, default_every: timedelta) -> list[Feed]:
    """The feeds of a feeds.yaml; what is wrong is added to `problems`, each with its line."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        why = getattr(problem, "problem", None) or _("unreadable characters")
        problems.append(_("line {line}: not YAML ({why})").format(line=mark.line + 1 if mark else 1, why=why))
        return []
    listed = _list_of_feeds(root, problems, yaml)
    feeds, names, urls = [], dict[str, int](), dict[str, int]()
    for node in listed:
        if not isinstance(node, yaml.MappingNode):
            problems.append(
                _at(node, _("a feed is written as name and url, such as {example}").format(example=_EXAMPLE))
            )
            continue
        feed = _feed(node, problems, default_every, yaml)
        if feed is not None and _is_new(feed, node, names, urls, problems):
            feeds.append(feed)
    return feeds


def write(feeds: Iterable[Feed]) -> str:
    """A feeds.yaml of `feeds` that `read` gives back unchanged; every text quoted, so that no value changes kind."""
    import json

    lines = ["feeds:"]
    for feed in feeds:
        values: dict[str, str | int] = {"name": feed.name, "url": feed.url, "publisher": feed.publisher}
        values |= {"kind": feed.kind.value, "language": feed.language, "country": feed.country}
        values |= {"every": f"{feed.every.total_seconds():g}s", "trust": int(feed.trust), "timezone": feed.timezone}
        values |= {"longest": f"{feed.longest.total_seconds():g}s" if feed.longest else "", "watch": feed.watch}
        values |= {"format": "" if feed.format in _IMPLIED else feed.format.value, "select": feed.select}
        values |= {"paused": feed.paused}
        given = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value != ""]
        lines.append("  - " + "\n    ".join(given))
    return "\n".join(lines) + "\n"


def end_of_list(text: str) -> int:
    """Where, in a feeds.yaml, another entry of its list is to be written; -1 where the list is not a block."""
    import yaml

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "feeds" and isinstance(value, yaml.SequenceNode) and value.value and not value.flow_style:
            leaf = value.value[-1]  # a block's own end mark lies after the comments that follow it
            while isinstance(leaf, yaml.MappingNode) and leaf.value and not leaf.flow_style:
                leaf = leaf.value[-1][1]
            last = leaf.end_mark.index
            written = text[:last].rstrip()
            line_end = text.find("\n", len(written))
            return len(text) if line_end < 0 else line_end + 1
    return -1


def _list_of_feeds(root: Any, problems: list[str], yaml: Any) -> list[Any]:
    if root is None:
        return []
    if isinstance(root, yaml.SequenceNode):
        wrong = _("the list has to stand under the key feeds, such as {example}").format(example=_EXAMPLE)
        problems.append(_at(root, wrong))
        return []
    if not isinstance(root, yaml.MappingNode):
        problems.append(_at(root, _("neither YAML with the key feeds, nor OPML, nor a list of http(s) addresses")))
        return []
    found: list[Any] = []
    for key, value in root.value:
        if key.value != "feeds":
            wrong = _("{key} is not known here; the only key is feeds").format(key=_shown(key.value))
            problems.append(_at(key, wrong))
        elif isinstance(value, yaml.SequenceNode):
            found += value.value
        elif getattr(value, "tag", "") != _NULL:
            problems.append(_at(value, _("feeds has to be a list, each entry beginning with a dash")))
    if not any(key.value == "feeds" for key, _value in root.value):
        problems.append(_at(root, _("the key feeds is missing, such as {example}").format(example=_EXAMPLE)))
    return found


def _feed(node: Any, problems: list[str], default_every: timedelta, yaml: Any) -> Feed | None:
    """The feed of one entry; None when something in it is wrong."""
    named = (value.value for key, value in node.value if key.value == "name" and _is_scalar(value, yaml))
    called = one_line(next(named, ""), 60) or _("a feed without a name")
    values: dict[str, Any] = {"every": default_every}
    seen: set[str] = set()
    before = len(problems)
    for key, value in node.value:
        try:
            name = _key(key, seen)
            values[name] = _FIELDS[name](_scalar(name, value, yaml))
        except _WrongError as problem:
            problems.append(_at(key, str(problem), feed=called))
    for name in ("name", "url"):
        if name not in seen or (len(problems) == before and not values.get(name)):
            problems.append(_at(node, _("{name} is missing").format(name=name), feed=called))
    if len(problems) == before and (wrong := _disagreeing(values)):
        problems.append(_at(node, wrong, feed=called))
    return Feed(**values) if len(problems) == before else None


def _disagreeing(values: dict[str, Any]) -> str:
    """What is wrong between the keys of one feed; a page is recognised by its `watch`."""
    form = values.get("format")
    if values.get("watch"):
        if form not in (None, FeedFormat.PAGE):
            return _("watch is for pages: leave format out")
        values["format"] = FeedFormat.PAGE
    elif form is FeedFormat.PAGE:
        return _("a page needs watch, the CSS selector of the region to watch, such as main or #notices")
    if values.get("select") and form is not FeedFormat.GDELT:
        return _("select is for format: gdelt only")
    longest = values.get("longest")
    if longest is not None and longest < values["every"]:
        return _("longest has to be at least as long as every")
    return ""


def _key(node: Any, seen: set[str]) -> str:
    name = str(node.value)
    if name not in _FIELDS:
        raise _WrongError(_("{key} is not a key of a feed").format(key=_shown(name)) + _nearest(name, _FIELDS))
    if name in seen:
        raise _WrongError(_("{name} is given twice").format(name=name))
    seen.add(name)
    return name


def _is_scalar(node: Any, yaml: Any) -> bool:
    return isinstance(node, yaml.ScalarNode)


def _scalar(name: str, node: Any, yaml: Any) -> str:
    if not _is_scalar(node, yaml):
        raise _WrongError(_("{name} has to be one value, not a list or mapping").format(name=name))
    if node.tag == _NULL:
        return ""
    if node.tag == _BOOLEAN:
        wrong = _('YAML reads {name}: {value} as true or false; quote it: {name}: "{value}"')
        raise _WrongError(wrong.format(name=name, value=node.value))
    return str(node.value).strip()


def _is_new(feed: Feed, node: Any, names: dict[str, int], urls: dict[str, int], problems: list[str]) -> bool:
    line, address = node.start_mark.line + 1, same_address(feed.url)
    if feed.name in names:
        wrong = _("the name is already used in line {line}").format(line=names[feed.name])
        problems.append(_at(node, wrong, feed=feed.name))
    elif address in urls:
        wrong = _("the same address as in line {line}").format(line=urls[address])
        problems.append(_at(node, wrong, feed=feed.name))
    else:
        names[feed.name], urls[address] = line, line
        return True
    return False


def _name(text: str) -> str:
    if text != one_line(text, 120):
        raise _WrongError(_("a name is one line of at most 120 plain characters"))
    return text


def _url(text: str) -> str:
    if text and (wrong := wrong_address(text)):
        raise _WrongError(wrong)
    return text


def _kind(text: str) -> FeedKind:
    try:
        return FeedKind(text)
    except ValueError:
        wrong = _("kind {kind} is not known: use {known}")
        raise _WrongError(wrong.format(kind=_shown(text), known=", ".join(FeedKind))) from None


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        wrong = _("language {language} is not a language tag such as en, zh or pt-BR")
        raise _WrongError(wrong.format(language=_shown(text)))
    return text


def _country(text: str) -> str:
    if text and text not in COUNTRIES:
        hint = "GB" if text.upper() == "UK" else text.upper() if text.upper() in COUNTRIES else ""
        wrong = _("country {code} is not a two-letter code, EU or empty")
        if hint:
            wrong = _("country {code} is not a two-letter code: write {hint}")
        raise _WrongError(wrong.format(code=_shown(text), hint=hint))
    return text


def _every(text: str) -> timedelta:
    try:
        every = duration(text)
    except ValueError as problem:
        raise _WrongError(f"every: {problem}") from None
    if every < _SHORTEST:
        raise _WrongError(_("every has to be longer than nothing"))
    return every


def _longest(text: str) -> timedelta | None:
    try:
        return duration(text) if text else None
    except ValueError as problem:
        raise _WrongError(f"longest: {problem}") from None


def _format(text: str) -> FeedFormat:
    try:
        return _FORMATS[text or "feed"]
    except KeyError:
        wrong = _("format {format} is not known: use {known}")
        raise _WrongError(wrong.format(format=_shown(text), known=", ".join(_FORMATS))) from None


def _watch(text: str) -> str:
    if text:
        import cssselect

        try:
            cssselect.HTMLTranslator().css_to_xpath(text)
        except cssselect.SelectorError as problem:
            wrong = _("watch {selector} is not a CSS selector ({why}): write one such as main or #notices")
            raise _WrongError(wrong.format(selector=_shown(text), why=problem)) from None
    return text


def _trust(text: str) -> Trust:
    if text not in ("1", "2", "3"):
        wrong = _("trust {trust}: use 1 (an authority), 2 (an established desk) or 3 (other)")
        raise _WrongError(wrong.format(trust=_shown(text)))
    return Trust(int(text))


def _timezone(text: str) -> str:
    try:
        if text:
            ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        wrong = _("timezone {zone} is not a zone such as Asia/Shanghai").format(zone=_shown(text))
        raise _WrongError(wrong) from None
    return text


_FIELDS: dict[str, Callable[[str], Any]] = {
    "name": _name,
    "url": _url,
    "publisher": lambda text: one_line(text, 120),
    "kind": _kind,
    "language": _language,
    "country": _country,
    "every": _every,
    "trust": _trust,
    "timezone": _timezone,
    "longest": _longest,
    "format": _format,
    "watch": _watch,
    "select": lambda text: one_line(text, 500),
    "paused": lambda text: one_line(text, 200),
}


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    if close:
        return _(" (did you mean {name}?)").format(name=close[0])
    return _("; known are {known}").format(known=", ".join(known))


def _at(node: Any, problem: str, *, feed: str = "") -> str:
    said = _("line {line}, {feed}: {problem}") if feed else _("line {line}: {problem}")
    return said.format(line=node.start_mark.line + 1, feed=feed, problem=problem)


def _shown(value: object) -> str:
    return repr(one_line(str(value), 40))
