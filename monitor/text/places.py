"""Where the risk lies that a text reports.

The gazetteer says which names stand in the text; here it is decided which of them are the place
of the event, the authority that imposes or the state that is targeted. The headline speaks first,
the beginning of the summary fills what it leaves open. Names that only say who reports, who
comments or whose alignment is meant count when nothing else is left.
Source: docs/codebook.md#countries
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.errors import UsageError
from monitor.i18n import _
from monitor.text.gazetteer import Found, gazetteer, simplified

ENOUGH = 2  # codes in the headline from which the summary is not asked
MOST = 6  # codes an item may have
LEAD = 600  # characters of the summary that are read when the headline names no place
BEGINNING = 200  # ... and when it names one
BEGINNING_HAN = 80  # ... in languages that say as much in fewer letters

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


def country_of(text: str) -> str:
    """The country code that somebody typed, in capitals. Raises: UsageError for what is none."""
    code = text.strip().upper()
    if code not in COUNTRIES:
        said = _("{code!r} is not an ISO 3166 country code of two letters (nor EU or XK)")
        raise UsageError(said.format(code=text))
    return code


# Where a text that names no place is at home, for languages that one country's press writes.
_HOME = {"zh": "CN", "ja": "JP", "ko": "KR", "vi": "VN", "th": "TH", "id": "ID", "tr": "TR", "hi": "IN", "pl": "PL"}

# "ANKARA, March 11 (Reuters) -", "Luxemburg – Die", "新华社华盛顿5月1日电"
_DATELINE = re.compile(
    r"\s*(?:[^()（）.。!?]{0,60}?\((?:Reuters|AP|AFP|Xinhua|UPI|dpa|ANI|PTI|Bloomberg|IANS|Yonhap|Kyodo|CNN)\)\s*[-–—:]*"
    r"|[A-ZÄÖÜ][\w.]+(?: [A-Z]\w+)?(?:/\w+)?\s[–—]\s"
    r"|[^，。]{0,6}(?:社|网|报)[^，。]{0,16}\d日(?:电|讯))"
)
# A newspaper's name behind the headline: " - The Hindu", " | Reuters"
_TAIL = re.compile(r"\s(?:[-–—](?:\s(?:[A-Z][\w'’.]*|of|the|and)){1,4}|\|\s[^|]{2,40})$")
# Who said it, at the end of the headline: ", says Polish PM", ", Kremlin says", " - U.S. envoy"
_SAID = r"(?:says?|said|reports?|reported|according to|tells?|told|shows?|claims?|hints|suggests|dit|selon|sagt|laut)"
_ATTRIBUTION = re.compile(
    rf"(?:[,;–—]|\s-)\s*(?:{_SAID}\b[^,;:]*|[^,;:]{{2,60}}\b{_SAID})$"
    r"|(?:\s-|[–—])\s?[^-–—,]{2,30}\b(?:envoy|minister|ministry|officials?|sources?|PM|media|spokes\w+|agency)$",
    re.IGNORECASE,
)
FRONT = 20  # characters a headline has before any of these
# A state that only speaks, or fetches its people home
_ONLY_TALKS = re.compile(
    r"(?: plans)?(?: to)? (?:urges?|calls? (?:on|for)|welcomes?|flags?|hails?|voices?|expresses|looks to|offers?"
    r"|evacuates?|repatriates?)\b"
)
_ONLY_SIDE = re.compile(
    r"-(?:aligned|leaning|friendly|born|style|listed|educated|made|inspired|bound|owned|based|headquartered|registered"
    r"|held|occupied|controlled|annexed|installed|appointed)\b",
    re.IGNORECASE,
)
_ABROAD = re.compile(
    r" ?(?:citizens?|nationals?|tourists?|sailors|seafarers|expats?|holidaymakers)\b|公民|侨民|游客|留学生|侨胞",
    re.IGNORECASE,
)
_BESIDE = (_ONLY_TALKS, _ONLY_SIDE, _ABROAD)  # behind a name: the country itself is not meant
_CONDOLES = re.compile("慰问电|唁电")  # the summary then names those who condole
_STRAIT = re.compile(r"\b[Ss]traits?\b(?! of [A-GI-Z])|海峡")  # the one that needs no name beside Iran's
_WORLDWIDE = re.compile(
    r"全球|国际|世界|联合国|多国|各国|海外|中东|欧洲|非洲|亚洲|拉美|美洲|外媒|toàn cầu|thế giới|dunia|世界|グローバル"
)
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
    home = _HOME.get(language, "")
    if language == "zh":
        given, title, summary = title, simplified(title), simplified(summary[:LEAD])
        home = home if title == given else ""  # traditional letters are at home in more than one place
    lead = _lead(summary)
    told = _mentions(title, language, reporters=_reporters(title))
    told += _mentions(_what_title_leaves_open(told, title, lead, language), language)
    chosen = _codes(_settled([m for m in told if not m.weak] or told))
    if "IR" in chosen and "OM" not in chosen and _STRAIT.search(title):
        chosen += ("OM",)
    return Places((chosen or _hinted(title, lead, language, home))[:MOST])


def _lead(summary: str) -> str:
    text = summary[:LEAD]
    dateline = _DATELINE.match(text)
    return text[dateline.end() :] if dateline else text


def _what_title_leaves_open(told: Sequence[_Mention], title: str, lead: str, language: str) -> str:
    """As much of the summary as is read beside the headline."""
    plain = [mention for mention in told if not mention.weak]
    if not plain:
        return lead
    settled = all(mention.kind != "either" for mention in plain)
    if (settled and len(_codes(m.countries for m in plain)) >= ENOUGH) or _CONDOLES.search(title):
        return ""
    return lead[: BEGINNING_HAN if language in ("zh", "ja", "ko") else BEGINNING]


def _reporters(title: str) -> list[tuple[int, int]]:
    """The parts of a headline that say who reports or says it."""
    return [found.span() for shape in (_TAIL, _ATTRIBUTION) if (found := shape.search(title, FRONT))]


def _mentions(text: str, language: str, *, reporters: Sequence[tuple[int, int]] = ()) -> list[_Mention]:
    mentions: list[_Mention] = []
    before: Found | None = None
    for found in gazetteer(language).find(text):
        if found.kind == "hint" or (before is not None and _belongs(text, before, found)):
            continue
        weak = found.kind in _SPEAKERS and (
            any(start <= found.start and found.end <= end for start, end in reporters)
            or any(shape.match(text, found.end) is not None for shape in _BESIDE)
        )
        mentions.append(_Mention(found.countries, found.kind, weak))
        before = found
    return mentions


def _belongs(text: str, owner: Found, body: Found) -> bool:
    """Whether a body known from one country is another's here: 美国商务部, India's Supreme Court."""
    return (
        body.kind == "body"
        and owner.kind in ("name", "people", "letter")
        and not text[body.start : body.end].isupper()
        and _OF.fullmatch(text, owner.end, body.start) is not None
    )


def _settled(mentions: Sequence[_Mention]) -> Iterator[tuple[str, ...]]:
    """The countries of each, an ambiguous name read as the one that is also named without doubt, else the likeliest."""
    sure = {code for mention in mentions if mention.kind != "either" for code in mention.countries}
    for mention in mentions:
        if mention.kind == "either":
            yield tuple(code for code in mention.countries if code in sure)[:1] or mention.countries[:1]
        else:
            yield mention.countries


def _hinted(title: str, lead: str, language: str, home: str) -> tuple[str, ...]:
    """What money, carriers and regions say of a text that names no place, else where its language is at home."""
    for text in (title, lead):
        for found in gazetteer(language).find(text):
            if found.kind == "hint":
                return found.countries
    return (home,) if home and not _WORLDWIDE.search(title) else ()


def _codes(named: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for codes in named for code in codes))
