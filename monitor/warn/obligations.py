"""Where a policy stands and by when something has to be done, read from Chinese and English text.

Each date of a sentence goes to the nearest cue of the same sentence: comments until, applies from,
transition until. Dates "within N days of publication" are counted from the text's own date and say so.
The sentence is kept, so that a reader can check. Nothing here raises on feed text.
Source: 001#III.1 (drafts are worth hearing of while they can be commented on), 001#II.2, 000#governance
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from monitor.domain import (
    Deadline,
    DeadlineKind,
    Item,
    Stage,
    Tag,
)

READ_MOST = 4_000  # characters of a text that are read
SENTENCE_MOST = 400
SENTENCE_READ = 1_000
DATES_MOST = 12  # of one sentence: longer lists are tables
OLDEST, NEWEST = timedelta(days=400), timedelta(days=15 * 366)  # around the text's own date: others are history

_POLICY_TOPICS = frozenset(
    f"geopolitical.{topic}" for topic in ("sanctions", "export_control", "trade_conflict", "investment_security")
)

# --- sentences ---------------------------------------------------------------------------------

_ABBREVIATED = r"(?<!\b[A-Z])(?<!\bNo)(?<!\bArt)(?<!\bReg)(?<!\bInc)(?<!\bLtd)(?<!\bCo)" + "".join(
    rf"(?<!\b{month})" for month in "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec".split()
)
_END = re.compile(rf"[。！？；\n]+|{_ABBREVIATED}[.!?;](?=\s+[^a-z\s]|\s*$)")


def sentences(text: str) -> list[str]:
    """The sentences of a Chinese or English text."""
    return [part[:SENTENCE_READ] for piece in _END.split(text[:READ_MOST]) if (part := " ".join(piece.split()))]


# --- dates ---------------------------------------------------------------------------------------

_MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|october oct|"
        "november nov|december dec".split("|"),
        1,
    )
    for name in names.split()
}
_MONTH = r"(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_NUMBERS = {
    "ten": 10, "fourteen": 14, "fifteen": 15, "twenty": 20, "twentieth": 20, "thirty": 30, "thirtieth": 30,
    "forty-five": 45, "sixty": 60, "sixtieth": 60, "ninety": 90, "six": 6, "twelve": 12, "eighteen": 18,
    "twenty-four": 24, "three": 3, "two": 2, "five": 5, "seven": 7,
    "十": 10, "十五": 15, "二十": 20, "三十": 30, "四十五": 45, "六十": 60, "九十": 90, "一百八十": 180, "十二": 12,
    "十八": 18, "二十四": 24, "三": 3, "六": 6, "两": 2, "七": 7, "五": 5, "一": 1,
}  # fmt: skip
_ENGLISH_NUMBER = "|".join(sorted((word for word in _NUMBERS if word.isascii()), key=len, reverse=True))
_WRITTEN = re.compile(
    rf"\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m1>{_MONTH}),?\s*(?P<y1>\d{{4}})?\b"
    rf"|\b(?P<m2>{_MONTH})\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y2>\d{{4}}))?"
    rf"|\b(?P<m3>{_MONTH})\s+(?P<y3>\d{{4}})\b"
    r"|(?<!\d)(?P<y4>\d{4})-(?P<m4>\d{1,2})-(?P<d4>\d{1,2})(?!\d)"
    r"|(?:(?P<y5>\d{4}|今|明|后|本)年)?(?P<m5>\d{1,2})月(?:(?P<d5>\d{1,2})[日号]|(?P<end5>底|末|初)?)"
    r"|(?P<y6>\d{4}|今|明|后)年(?P<end6>底|末|初)",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    rf"\b(?:within|in|for)\s+(?P<n1>\d{{1,3}}|{_ENGLISH_NUMBER})[\s-]+(?P<u1>days?|months?)\b"
    rf"|\b(?P<n2>\d{{1,3}}|{_ENGLISH_NUMBER})[\s-](?P<u2>day|month)s?\b(?=[\s-]+(?:public\s+)?(?:comment|consultation"
    r"|transition|grace|phase|period|after|following|from))"
    rf"|\b(?:on\s+)?the\s+(?P<n3>twentieth|thirtieth|sixtieth|\d{{1,3}}th)\s+(?P<u3>day)\s+(?:following|after)"
    r"|(?P<n4>\d{1,3}|[一二两三四五六七八九十百]{1,4})(?:个)?(?:自然|工作)?(?P<u4>日|天|月)(?:内|后|期|之内|之后|以内"
    r"|的?过渡期|的?宽限期|的?公示)"
    r"|(?:为期|期限为?|过渡期为?|宽限期为?)(?P<n5>\d{1,3}|[一二两三四五六七八九十百]{1,4})(?:个)?(?P<u5>日|天|月)"
    r"|(?P<now>自(?:公布|发布|印发|即)(?:之)?日起(?:施行|实施|生效|执行))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A date in a sentence; `last` is the day it ends with where only a month or year is written."""

    first: date
    last: date
    start: int
    end: int
    reckoned: bool = False


def dates_in(sentence: str, *, written: date) -> list[Found]:
    """The dates of a sentence of a text that was written on `written`; impossible ones are left out."""
    found = [
        Found(*span, match.start(), match.end())
        for match in _WRITTEN.finditer(sentence)
        if (span := _written(match, written)) is not None
    ]
    found += [
        Found(on, on, match.start(), match.end(), reckoned=True)
        for match in _COUNTED.finditer(sentence)
        if (on := _counted(match, written)) is not None
    ]
    low, high = written - OLDEST, written + NEWEST
    return [f for f in found if low <= f.first <= high][:DATES_MOST]


def _written(match: re.Match[str], written: date) -> tuple[date, date] | None:
    part = match.groupdict()
    year = next((part[f"y{n}"] for n in range(1, 7) if part[f"y{n}"]), "")
    month = next((part[f"m{n}"] for n in range(1, 6) if part[f"m{n}"]), "")
    day = next((part[f"d{n}"] for n in (1, 2, 4, 5) if part[f"d{n}"]), "")
    edge = part["end5"] or part["end6"] or ""
    if (
        month
        and month[0].isupper() is False
        and month.isalpha()
        and month.lower().rstrip(".") in ("may", "mar", "sept")
    ):
        return None  # "may 10 firms", "mar"
    number = _MONTHS.get(month.lower().rstrip("."), 0) or (int(month) if month.isdigit() else 0)
    try:
        if not year and not day:
            return None  # a month alone may be any year's
        if not year:
            return _nearest_year(number, int(day), written)
        chosen = {"今": written.year, "本": written.year, "明": written.year + 1, "后": written.year + 2}.get(year)
        y = chosen or int(year)
        if day:
            return (date(y, number, int(day)),) * 2
        first, last = (date(y, 1, 1), date(y, 12, 31)) if not number else (date(y, number, 1), _month_end(y, number))
        return (last, last) if edge in ("底", "末") else (first, first) if edge == "初" else (first, last)
    except ValueError:
        return None


def _nearest_year(month: int, day: int, written: date) -> tuple[date, date]:
    """A day without a year: the one nearest to when the text was written, rather ahead than behind."""
    around = [date(written.year + n, month, day) for n in (-1, 0, 1)]
    best = min(around, key=lambda on: abs((on - written).days - 90))
    return best, best


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _counted(match: re.Match[str], written: date) -> date | None:
    part = match.groupdict()
    if part["now"]:
        return written
    word = next(part[f"n{n}"] for n in range(1, 6) if part[f"n{n}"]).lower()
    unit = next(part[f"u{n}"] for n in range(1, 6) if part[f"u{n}"]).lower()
    digits = re.match(r"\d+", word)
    number = int(digits[0]) if digits else _NUMBERS.get(word, 0)
    if not 0 < number <= 400:
        return None
    if unit.startswith("month") or unit == "月":
        months = written.year * 12 + written.month - 1 + number
        year, month = divmod(months, 12)
        return date(year, month + 1, min(written.day, _month_end(year, month + 1).day))
    return written + timedelta(days=number)


# --- what a date means ---------------------------------------------------------------------------

_CUES: tuple[tuple[DeadlineKind | None, re.Pattern[str]], ...] = (
    (  # the day on which somebody decided or said something binds nobody
        None,
        re.compile(
            r"\b(?:adopted|published|issued|announced|signed|released|unveiled|proposed|said|voted) (?:on|in)\b"
            r"|(?<!自)(?:发布|公布|印发|通过|签署|宣布|发表|消息)",
            re.IGNORECASE,
        ),
    ),
    (
        DeadlineKind.COMMENTS,
        re.compile(
            r"\b(?:public )?(?:comments?|consultation|feedback|submissions?|views|responses)\b"
            r"|征求意见|意见征集|公开征集|反馈意见|意见反馈|提交意见|提出意见|意见稿",
            re.IGNORECASE,
        ),
    ),
    (
        DeadlineKind.TRANSITION,
        re.compile(
            r"\btransition(?:al)?(?: period| phase)?\b|\bgrace period\b|\bphase(?:d)?[- ](?:in|out)\b"
            r"|\b(?:must|have to|required to) (?:comply|register|report|apply)\b[^.]{0,40}?\bby\b"
            r"|\bcompl(?:y|iance)(?: deadline)?(?: with [^.]{0,40})? by\b|\bcompliance (?:deadline|date)\b"
            r"|\b(?:expires?|until the end of)\b|过渡期|宽限期|缓冲期|整改期限?|合规期限|延期至|到期|有效期至",
            re.IGNORECASE,
        ),
    ),
    (
        DeadlineKind.IN_FORCE,
        re.compile(
            r"\b(?:take|takes|took|taking) effect\b|\b(?:enter|enters|entered|come|comes|came|coming|entry) into "
            r"(?:force|effect|application)\b|\beffective\b|\bin force\b|\b(?:apply|applies|be applied)\b"
            rf"|(?<!week )\b(?:starting|beginning|begins?|starts?|as of|kicks? in)\b(?=\s(?:on |from )?(?:\d|{_MONTH}))"
            r"|\bwill be (?:required|charged|banned|imposed|levied)\b|\bapplicable\b"
            r"|起?施行|起?实施(?!空袭|袭击|打击|抓捕|救援)|生效|起?执行|起征|适用|起对|起加征|正式落地",
            re.IGNORECASE,
        ),
    ),
)
_BY = re.compile(
    r"\b(?:until|by|before|till|through|no later than|closes?|ends?|due|deadline)\b|截止|之?前|截至|以前|为止"
)
_CLAUSE = re.compile(r"[，,;:：（(]")
_CLAUSE_COSTS = 12  # characters that a comma between cue and date counts for
_FARTHEST = 90

_STAGES: tuple[tuple[Stage, re.Pattern[str]], ...] = (
    (
        Stage.CONSULTATION,
        re.compile(
            r"\b(?:public consultation|consultation (?:on|paper|opens|period)|comment period|request for comments?|"
            r"(?:seeks?|requests?|invites?) (?:public )?(?:comments?|feedback|views)|open(?:s|ed)? for comments?|"
            r"call for evidence|notice of proposed rule ?making)\b|征求意见|公开征集|意见征集|意见稿",
            re.IGNORECASE,
        ),
    ),
    (
        Stage.PROPOSAL,
        re.compile(
            r"\b(?:propos(?:e|es|ed|al|als)|draft(?:s|ed)?|bill|white paper|plans? to|considers?|mulls?|weighs?|"
            r"would (?:require|ban|impose))\b|草案|拟(?!合|人)|提议|酝酿|计划对|考虑对",
            re.IGNORECASE,
        ),
    ),
    (
        Stage.PUBLISHED,
        re.compile(
            r"\b(?:published in (?:the )?(?:official journal|federal register|gazette)|official journal|gazetted|"
            r"promulgat\w+)\b|公布|公告|发布|印发|刊发",
            re.IGNORECASE,
        ),
    ),
    (
        Stage.ADOPTED,
        re.compile(
            r"\b(?:adopt(?:s|ed|ion)|approv(?:es|ed|al)|pass(?:es|ed)|signed into law|signs|final rule|enact(?:s|ed)|"
            r"agreed|impos(?:es|ed)|finali[sz](?:es|ed))\b|通过|批准|审议通过|出台|决定对|签署",
            re.IGNORECASE,
        ),
    ),
    (
        Stage.IN_FORCE,
        re.compile(
            r"\b(?:took effect|has taken effect|now in force|entered into force|came into (?:force|effect)|"
            r"takes effect today|in effect since|already in force)\b|已生效|正式生效|已施行|今日起施行|"
            r"今起(?:施行|实施|执行)|即日起(?:施行|执行|生效)",
            re.IGNORECASE,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text says: the stage with the sentence that tells it, and its dates."""

    stage: Stage | None
    stage_sentence: str
    deadlines: tuple[Deadline, ...]


def read(title: str, summary: str, *, written: datetime, story: str = "", url: str = "") -> Reading:
    """Stage and dates of a text that was written at `written`."""
    day = written.date()
    said = sentences(title) + sentences(summary)
    found: dict[tuple[DeadlineKind, date], Deadline] = {}
    stage, where = _stage(said)
    for sentence in said:
        for kind, on, reckoned in _meanings(sentence, day):
            found.setdefault(
                (kind, on),
                Deadline(
                    story=story,
                    kind=kind,
                    on=on,
                    found=written,
                    sentence=sentence[:SENTENCE_MOST],
                    stage=stage,
                    url=url,
                    reckoned=reckoned,
                ),
            )
    dates = sorted(found.values(), key=lambda d: (d.on, d.kind))
    if stage in (Stage.ADOPTED, Stage.PUBLISHED, None) and any(
        d.kind is DeadlineKind.IN_FORCE and d.on <= day for d in dates
    ):
        stage = Stage.IN_FORCE
    return Reading(stage, where, tuple(dates))


def _stage(said: Sequence[str]) -> tuple[Stage | None, str]:
    """The first sentence that tells a stage decides; in it what is open counts before what is decided."""
    for sentence in said:
        for stage, pattern in (_STAGES[0], _STAGES[4], *_STAGES[1:4]):
            if pattern.search(sentence):
                return stage, sentence[:SENTENCE_MOST]
    return None, ""


def _meanings(sentence: str, written: date) -> Iterator[tuple[DeadlineKind, date, bool]]:
    cues = [(kind, hit) for kind, pattern in _CUES for hit in pattern.finditer(sentence)]
    if not cues:
        return
    for found in dates_in(sentence, written=written):
        kind, distance = min(((kind, _distance(sentence, hit, found)) for kind, hit in cues), key=lambda pair: pair[1])
        if kind is None or distance > _FARTHEST:
            continue
        if kind is DeadlineKind.COMMENTS and not (found.reckoned or _until(sentence, found)):
            continue  # "comments published on 3 May"
        until = kind in (DeadlineKind.COMMENTS, DeadlineKind.TRANSITION)
        yield kind, found.last if until else found.first, found.reckoned


def _until(sentence: str, found: Found) -> bool:
    return bool(_BY.search(sentence, max(0, found.start - 40), min(len(sentence), found.end + 12)))


def _distance(sentence: str, cue: re.Match[str], found: Found) -> int:
    start, end = (cue.end(), found.start) if cue.end() <= found.start else (found.end, cue.start())
    between = sentence[start:end] if start < end else ""
    width = 2 if re.search(r"[\u3400-\u9fff]", between) else 1  # a character says as much as some letters
    return len(between) * width + _CLAUSE_COSTS * len(_CLAUSE.findall(between))


def is_policy(item: Item) -> bool:
    """Whether an item may set duties: compliance, or what states do to trade. A strike's dates bind nobody."""
    found = item.judgement
    return found is not None and (Tag.COMPLIANCE in found.labels or bool(_POLICY_TOPICS.intersection(found.topics)))


def deadlines_of(items: Iterable[Item], story_of: dict[bytes, str], *, now: datetime) -> tuple[Deadline, ...]:
    """The dates that newly judged items set for their stories, each once, found `now`."""
    found: dict[tuple[str, DeadlineKind, date], Deadline] = {}
    for item in items:
        story = story_of.get(item.ref, "")
        if story and is_policy(item):
            for deadline in read(item.title, item.summary, written=item.moment, story=story, url=item.url).deadlines:
                found.setdefault((story, deadline.kind, deadline.on), replace(deadline, found=now))
    return tuple(found.values())
