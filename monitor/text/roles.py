"""Who imposes and who is hit, as far as headline and summary say it in so many words.

A shallow reading: the first word of an act (a tariff, a ban, an attack, an expulsion) parts the sentence. States named
before it act, states named behind it are hit; a passive turns that round. What is not said so plainly is left open.
Source: docs/codebook.md#countries
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.text.gazetteer import Found, gazetteer, simplified

LEAD = 240  # characters of the summary that are read where the headline names no act between states
NEAR = 60  # characters before an act within which its author stands

_ACTS = (
    r"impos\w+|slap\w*|sanction\w*|blacklist\w*|designat\w+|bans?\b|banned|banning|bar(?:s|red)\b|block(?:s|ed)\b"
    r"|halt(?:s|ed)\b|suspend(?:s|ed)\b|restrict\w*|curb\w*|tariffs?|dut(?:y|ies)|lev(?:y|ies)|embargo\w*"
    r"|export controls?|retaliat\w+|countermeasures?|expel\w*|summon\w*|recall(?:s|ed) (?:its )?(?:ambassador|envoy)"
    r"|warn\w*|threat\w*|attack\w*|strikes?\b|struck|bomb\w*|shell(?:s|ed)\b|invad\w+|fires? (?:at|on)|seiz\w+"
    r"|freez\w+|froze|fin(?:es?|ed)\b|prob(?:es?|ed)\b|investigat\w+|sue[sd]?\b"
)
_ACT = re.compile(rf"\b(?:{_ACTS})", re.IGNORECASE)
_BY = re.compile(r"[^,.;]{0,12}\bby\b")  # "banned by", "sanctioned last week by"
_PASSIVE = re.compile(
    r"\b(?:hit (?:by|with)|faces?|facing|braces? for|under|targeted by|subject to"
    r"|(?:is|are|was|were|been|be) \w+(?:ed|en) by"
    r"|responds? to|protests?|condemns?|denounces?|challenges?|criticises?|criticizes?)\b",
    re.IGNORECASE,
)
_ACT_HAN = re.compile(
    "加征|征收|制裁|列入|禁止|禁令|限制|管制|暂停|中止|反制|报复|驱逐|召见|威胁|警告|袭击|空袭|打击|轰炸|入侵|扣押|冻结|罚款|处罚|调查|起诉|封锁|关税|断供"
)
_TOWARDS_HAN = re.compile("对|向|将|把")
_PASSIVE_HAN = re.compile("被|遭|遭到|受到|面临")


@dataclass(frozen=True, slots=True)
class Roles:
    """ISO 3166-1 alpha-2 codes of who acts and of who is acted upon; either may be empty."""

    imposes: tuple[str, ...] = ()
    hit: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Something was found."""
        return bool(self.imposes or self.hit)


def roles(title: str, summary: str, language: str) -> Roles:
    """Who imposes and who is hit. Reads English and Chinese; other languages say nothing here."""
    if language not in ("en", "zh"):
        return Roles()
    found = _read(simplified(title) if language == "zh" else title, language)
    if found.imposes and found.hit:
        return found
    more = _read(simplified(summary[:LEAD]) if language == "zh" else summary[:LEAD], language)
    return more if more.imposes and more.hit and not (found and _differ(found, more)) else found


def _differ(one: Roles, other: Roles) -> bool:
    return bool(set(one.imposes) - set(other.imposes) or set(one.hit) - set(other.hit))


def _read(text: str, language: str) -> Roles:
    named = [found for found in gazetteer(language).find(text) if found.kind not in ("hint", "water", "either")]
    act = (_ACT_HAN if language == "zh" else _ACT).search(text)
    if act is None or not named:
        return Roles()
    return _of_chinese(text, named, act) if language == "zh" else _of_english(text, named, act)


def _of_english(text: str, named: Sequence[Found], act: re.Match[str]) -> Roles:
    before = [found for found in named if found.end <= act.start() and act.start() - found.end <= NEAR]
    behind = [found for found in named if found.start >= act.end()]
    if _BY.match(text, act.end()):
        return _roles(behind[:1], before)
    turned = _PASSIVE.search(text)
    if turned and turned.start() <= act.end() and before:
        victims = [found for found in before if found.end <= turned.start()]
        authors = [found for found in named if found.start >= turned.start()]
        return _roles(authors[:1], victims)
    return _roles(before[-1:], behind)


def _of_chinese(text: str, named: Sequence[Found], act: re.Match[str]) -> Roles:
    before = [found for found in named if found.end <= act.start()]
    behind = [found for found in named if found.start >= act.end()]
    turned = _PASSIVE_HAN.search(text, 0, act.end())
    if turned:
        victims = [found for found in before if found.end <= turned.start()]
        return _roles([found for found in named if found.start >= turned.end()][:1], victims)
    towards = next((m for m in _TOWARDS_HAN.finditer(text, 0, act.start())), None)
    if towards:
        return _roles(
            [found for found in before if found.end <= towards.start()][-1:],
            [found for found in named if found.start >= towards.start()],
        )
    return _roles(before[-1:], behind)


def _roles(authors: Sequence[Found], victims: Sequence[Found]) -> Roles:
    imposes = tuple(dict.fromkeys(code for found in authors for code in found.countries))
    hit = tuple(dict.fromkeys(code for found in victims for code in found.countries if code not in imposes))
    return Roles(imposes, hit)
