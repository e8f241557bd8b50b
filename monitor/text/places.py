"""Where the risk lies that a text reports.

The gazetteer says which names stand in the text; here it is decided which of them are the place
of the event, the authority that imposes or the state that is targeted. The headline speaks first,
the beginning of the summary fills what it leaves open. Names that only say who reports, who
comments or whose alignment is meant count when nothing else is left.
Source: docs/codebook.md#countries
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from monitor.text.gazetteer import Found, gazetteer, simplified

ENOUGH = 2  # codes in the headline from which the summary is not asked
MOST = 6  # codes an item may have
LEAD = 600  # characters of the summary that are read

# ISO 3166-1 alpha-2, with the European Union and Kosovo.
COUNTRIES = frozenset(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ"
    " CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR"
    " GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO"
    " JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR"
    " MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO"
    " RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV"
    " TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW EU XK".split()
)
# Where a text that names no place is at home, for languages that one country's press writes.
_HOME = {"zh": "CN", "ja": "JP", "ko": "KR", "vi": "VN", "th": "TH", "id": "ID", "tr": "TR", "hi": "IN", "pl": "PL"}

# "ANKARA, March 11 (Reuters) -", "Luxemburg – ", "(Reuters) -", "新华社华盛顿5月1日电"
_DATELINE = re.compile(
    r"\s*(?:[^()（）.。!?]{0,60}?\((?:Reuters|AP|AFP|Xinhua|UPI|dpa|ANI|PTI|Bloomberg|IANS|Yonhap|Kyodo|CNN)\)\s*[-–—:]*"
    r"|\W?[A-ZÄÖÜ][\w.]+(?: [A-Z]\w+)?(?:/\w+)?\s+[–—]\s"
    r"|[^，。]{0,6}(?:社|网|报)[^，。]{0,16}[日电讯](?:电|讯|消息)?[，。：\s（(]?)"
)
# A newspaper's name behind the headline: " - The Hindu", " | Reuters"
_TAIL = re.compile(r"\s+[-–—|]\s+[^-–—|,]{2,40}$")
_SENTENCE_END = re.compile(r"(?<=[a-z0-9)”\"'’]{2})[.!?…](?=\s|$)|[。！？]|(?<=\S) (?=---)")
# Who said it, at the end of the headline: ", says Polish PM", ", Kremlin says", " - U.S. envoy"
_SAID = r"(?:says?|said|reports?|reported|according to|tells?|told|warns?|shows?|claims?|hints|suggests|dit|selon|sagt|laut)"
_ATTRIBUTION = re.compile(
    rf"(?:[,;–—]| -)\s*(?:{_SAID}\b[^,;:]*|[^,;:]{{2,60}}\b{_SAID})$|-\s?[^-,]{{2,30}}$", re.IGNORECASE
)
_ONLY_TALKS = re.compile(
    r"\s(?:urges?|calls? (?:on|for)|welcomes?|flags?|hails?|voices?|expresses|looks to|offers?"
    r"|annonce|appelle|fordert)\b"
)
_ALIGNED = re.compile(
    r"-(?:aligned|leaning|friendly|born|style|listed|educated|made|inspired|bound|owned)\b", re.IGNORECASE
)
_ABROAD = re.compile(
    r"\s?(?:citizens?|nationals?|tourists?|sailors|seafarers|expats?|holidaymakers)\b|公民|侨民|游客|留学生|侨胞",
    re.IGNORECASE,
)
_STRAIT = re.compile(r"\b[Ss]traits?\b(?! of [A-GI-Z])|海峡")  # the one that needs no name beside Iran's
_WORLDWIDE = re.compile(r"全球|国际|世界|联合国|多国|各国|海外|中东|欧洲|非洲|亚洲|拉美|美洲|外媒")
_SPEAKERS = frozenset(["name", "people", "capital", "letter"])
_OF = re.compile(r"(?:['’]s)? ?")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the risk lies: at most 6 codes of COUNTRIES, the most important first; empty for the world."""

    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Mention:
    countries: tuple[str, ...]
    kind: str
    weak: bool  # counts only when nothing else is left


def places(title: str, summary: str, language: str) -> Places:
    """Where the risk lies that the item reports.

    `language` is the BCP 47 base code of the text; names of any other than English are known
    only in that language. For items without labels the answer means nothing.
    """
    if language == "zh":
        title, summary = simplified(title), simplified(summary[:LEAD])
    lead = _lead(summary)
    told = _mentions(title, language, weak=_reporters(title))
    more = _mentions(lead, language, weak=())
    plain = [m for m in told if not m.weak]
    if len(_codes(plain)) < ENOUGH:
        plain += [m for m in more if not m.weak]
    chosen = _codes(_settled(plain or [*told, *more]))
    if "IR" in chosen and "OM" not in chosen and _STRAIT.search(title):
        chosen += ("OM",)
    return Places((chosen or _hinted(title, lead, language))[:MOST])


def _settled(mentions: Sequence[_Mention]) -> list[_Mention]:
    """The mentions, an ambiguous name read as the country that is also named without doubt, else as the likeliest."""
    sure = {code for m in mentions if m.kind != "either" for code in m.countries}
    return [
        m
        if m.kind != "either"
        else replace(m, countries=tuple(c for c in m.countries if c in sure)[:1] or m.countries[:1])
        for m in mentions
    ]


def _lead(summary: str) -> str:
    text = summary[:LEAD]
    dateline = _DATELINE.match(text)
    return text[dateline.end() :] if dateline else text


def _reporters(title: str) -> tuple[tuple[int, int], ...]:
    """The parts of a headline that say who reports or says it."""
    return tuple(
        found.span() for shape in (_TAIL, _ATTRIBUTION) if (found := shape.search(title)) and found.start() > 20
    )


def _mentions(text: str, language: str, *, weak: Sequence[tuple[int, int]]) -> list[_Mention]:
    mentions: list[_Mention] = []
    before: Found | None = None
    for found in gazetteer(language).find(text):
        if found.kind == "hint":
            continue
        if found.kind == "body" and before is not None and _belongs(text, before, found):
            continue
        reports = found.kind in _SPEAKERS and any(start <= found.start and found.end <= end for start, end in weak)
        mentions.append(_Mention(found.countries, found.kind, reports or _beside(text, found)))
        before = found
    return mentions


def _belongs(text: str, owner: Found, body: Found) -> bool:
    """Whether a body known from one country is another's here: 美国商务部, India's Supreme Court."""
    return (
        not text[body.start : body.end].isupper()
        and owner.kind in ("name", "people", "letter")
        and _OF.fullmatch(text, owner.end, body.start) is not None
    )


def _beside(text: str, found: Found) -> bool:
    """Whether what follows the name says that the country itself is not meant."""
    if found.kind not in _SPEAKERS:
        return False
    return any(shape.match(text, found.end) for shape in (_ONLY_TALKS, _ALIGNED, _ABROAD))


def _hinted(title: str, lead: str, language: str) -> tuple[str, ...]:
    """What money, units and carriers say of a text that names no place, else where its language is at home."""
    for text in (title, lead):
        hints = [found for found in gazetteer(language).find(text) if found.kind == "hint"]
        if hints:
            return hints[0].countries
    home = _HOME.get(language, "")
    return (home,) if home and not _WORLDWIDE.search(title) else ()


def _codes(mentions: Iterable[_Mention]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for mention in mentions for code in mention.countries))
