"""What shakes a country, whatever it means for a firm: many dead at once, or power changing hands by force.

Severity is the risk of an exposed company and counts no victims; a country's level asks whether the country is what
it was. From ten dead an event is a disaster (EM-DAT's criterion, Centre for Research on the Epidemiology of Disasters).
"""

from __future__ import annotations

import re

from monitor.domain import Text
from monitor.warn.severity import SUMMARY_MOST

_MANY = (
    r"(?<![\w.,-])(?:[1-9]\d{1,2}|[1-9]\d{0,2}(?:,\d{3})+|dozens|scores|hundreds|thousands|ten|eleven|twelve|thirteen"
    r"|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
    r"|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\w+)?)(?![\w%-]|[.,]\d)"
)  # ten and more; no age, no year, no COVID-19
_DEAD = r"(?:dead|deaths?|die[sd]?|kill(?:s|ed|ing)?|fatalit(?:y|ies))"
_BETWEEN = r"(?:\s+(?!(?:years?|percent|days?|months?|cases?|others?|arrest\w*|injur\w*|wound\w*)\b)[\w'’-]+)"
_MANY_DEAD = re.compile(
    rf"{_MANY}{_BETWEEN}{{0,5}}?\s+{_DEAD}\b"
    rf"|\b{_DEAD}{_BETWEEN}{{0,4}}?\s+{_MANY}(?!\s+(?:percent|per|year|million|billion))"
    r"|(?<!\d)(?:[1-9]\d{1,2}|[1-9]\d{3,}(?!年)|数?[十百千]|[一二两三四五六七八九上][十百千]|十[一二三四五六七八九]?)"
    r"余?多?[名人位]?[^，。,；\d]{0,6}(?:死亡|丧生|遇难|身亡|罹难)"
    r"|(?:死亡|丧生|遇难|身亡|罹难)(?:人数)?[^，。,；\d]{0,6}(?<!\d)[1-9]\d{1,3}余?多?人"
    r"|致(?:至少|逾|超)?(?:[1-9]\d{1,3}|数?[十百千])余?多?[名人]?死",
    re.IGNORECASE,
)
_POWER = re.compile(
    r"\bcoup\b|\boverthr[eo]w(?:s|n)?\b|\b(?:president|prime minister)\b.{0,40}\bassassinated\b|\bmartial law\b"
    r"|\b(?:hands? over|seize[sd]?|takes?|took) power\b"
    r"|政变|夺取政权|(?:总统|总理|首相)[^，。]{0,8}(?:遇刺身亡|被刺杀|遭刺杀)|戒严",
    re.IGNORECASE,
)


def is_upheaval(text: Text) -> bool:
    """Whether title or the beginning of the summary tells of ten dead or more, or of power taken by force."""
    said = f"{text.title} . {text.summary[:SUMMARY_MOST]}"
    return _POWER.search(said) is not None or _MANY_DEAD.search(said) is not None
