"""When an entry was published, and how far that can be believed; durations of settings.

Feeds lie about dates: `CST` is China in one feed and Chicago in the next, a date without
a zone means the publisher's own clock, years run from -1 to 10000. The answer is always a
usable moment or none, with the doubt in words. Nothing here raises on feed text.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

FUTURE_ALLOWED = timedelta(days=1)  # clocks and zones differ by less
OLDEST_YEAR = 1990  # 0001, 1900 and 1970 are placeholders of publishing systems
GUESSED = "guessed"  # how the doubt begins where the slow last resort was asked
LONGEST_GUESS = 64  # characters; dateparser took 2 s on longer nonsense
CHINESE_ZONES = frozenset(
    f"Asia/{city}" for city in ("Shanghai", "Chongqing", "Harbin", "Urumqi", "Hong_Kong", "Macau", "Taipei")
)
_LANGUAGES = ["en", "zh", "es", "pt", "fr", "de", "it", "ru", "ja", "ko", "vi", "id", "tr", "ar"]

_HAN = re.compile(r"[\u3400-\u9fff]")
_LABEL = re.compile(r"^\D{0,24}?[:：]\s*(?=\d)")  # "发布时间：", "Published: "
_WEEKDAY = re.compile(r"[(（]?(?:星期|周|週|礼拜)[一二三四五六日天][)）]?")
_CLOCK = r"(?P<hour>\d{1,2})[:：时時点](?P<minute>\d{1,2})(?:[:：分](?P<second>\d{1,2})?秒?(?:[.,]\d{1,9})?)?分?"
_YEAR_FIRST = re.compile(
    r"(?P<year>[-+]?\d{4,6})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})日?"
    rf"(?:(?:[Tt,]|\s|&nbsp;)*(?P<half>上午|下午|早上|晚上|中午|凌晨)?\s*{_CLOCK})?\s*(?P<zone>\S.*)?"
)
_DAY_FIRST = re.compile(
    r"(?:[^\W\d]{2,9}\.?,?\s+)?(?P<day>\d{1,2})[\s-]+(?P<name>[A-Za-z]{3,9})\.?,?[\s-]+(?P<year>-?\d{2,6})"
    rf"(?:[,\s]+(?:at\s+)?{_CLOCK}\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?\s*(?P<zone>\S.*)?"
)
_MONTH_FIRST = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(?P<name>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4,6})"
    rf"(?:(?:\s*[-–|,]\s*|\s+)(?:at\s+)?{_CLOCK}\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?\s*(?P<zone>\S.*)?"
)
_DOTTED = re.compile(  # with dots the day comes first, in every language that writes so
    r"(?:[^\W\d]{2,10}\.?,?\s+)?(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})"
    rf"(?:[,\s]+(?:um\s+)?{_CLOCK}(?:\s*Uhr)?)?\s*(?P<zone>\S.*)?"
)
_ASCTIME = re.compile(
    rf"[A-Za-z]{{3}}\s+(?P<name>[A-Za-z]{{3}})\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s+(?P<zone>[A-Za-z]{{1,5}}\s+)?(?P<year>\d{{4}})"
)
_MONTH_DAY = re.compile(rf"(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})日?(?:\s*(?P<half>上午|下午)?\s*{_CLOCK})?")
_SHAPES = (_YEAR_FIRST, _DAY_FIRST, _MONTH_FIRST, _DOTTED, _ASCTIME)
_AT = r"([01]\d:[0-5]\d:[0-5]\d|2[0-3]:[0-5]\d:[0-5]\d)"
_ZONE = r"([+-](?:[01]\d|2[0-3]):?[0-5]\d)"
_RFC_822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) "
    rf"{_AT} (?:GMT|UTC|UT|Z|{_ZONE})",
    re.ASCII,
)
_RFC_3339 = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)T{_AT}(?:\.\d{{1,9}})?(?:Z|{_ZONE})", re.ASCII)
_DIGITS = re.compile(r"\d{8}|\d{10}|\d{13}|\d{14}")
_OFFSET = re.compile(r"(?:GMT|UTC|UT|Z)?\s*([+-])(\d{1,2}):?(\d{2})?(?:\s*\(.*\))?", re.IGNORECASE)
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10,
    "nov": 11, "dec": 12,
}  # fmt: skip
_ZONES = {  # hours from UTC, as mail and feeds use the letters
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "met": 1, "cest": 2, "mest": 2,
    "eet": 2, "sast": 2, "eest": 3, "msk": 3, "trt": 3, "ist": 5.5, "pkt": 5, "wib": 7, "ict": 7, "sgt": 8, "hkt": 8,
    "myt": 8, "pht": 8, "awst": 8, "jst": 9, "kst": 9, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "brt": -3,
    "art": -3, "ast": -4, "adt": -3, "est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip
_IANA = re.compile(r"[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)?")


def published(
    raw: str,
    *,
    now: datetime,
    default_zone: str,
    library: Callable[[str], time.struct_time | None] | None = None,
    guess: bool = True,
) -> tuple[datetime | None, str]:
    """The moment that `raw` names, in UTC, and what is doubtful about it ("" when nothing is).

    `default_zone` (IANA) is what a date without a zone means, and settles `CST`. `library` is the
    feed library's own reading, asked only where ours has none and the text holds no Han characters:
    it reads `2026年11月22日` as the 1st. Without `guess` the slow last resort is left out.
    A moment more than a day after `now` becomes `now`.
    """
    if (plain := _plain(raw)) is not None:
        return _bounded(plain, "", now)
    text = " ".join(_LABEL.sub("", raw[:200].strip(), count=1).split())
    if not text:
        return None, "no date given"
    try:
        moment, doubt = (
            _read(text, now, default_zone)
            or _borrowed(text, library)
            or _guessed(text, now, default_zone, allowed=guess)
        )
        return _bounded(moment, doubt, now)
    except (ValueError, OverflowError):
        return None, f"not a possible date: {text[:40]}"


def _plain(text: str) -> datetime | None:
    """The two shapes that nearly every feed writes, with their zone; the other ways would say the same, slower."""
    if found := _RFC_822.fullmatch(text):
        day, month, year, clock, zone = found.groups()
    elif found := _RFC_3339.fullmatch(text):
        year, month, day, clock, zone = found.groups()
    else:
        return None
    try:
        number = _MONTHS.get(month.lower()) or int(month)
        moment = datetime(int(year), number, int(day), int(clock[:2]), int(clock[3:5]), int(clock[6:]), tzinfo=UTC)
        if zone is None:
            return moment
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        return moment - offset if zone[0] == "+" else moment + offset
    except (ValueError, OverflowError):  # a leap second, hour 24, 31 June: for the patient way
        return None


def _read(text: str, now: datetime, default_zone: str) -> tuple[datetime, str] | None:
    """The common shapes, without any library. Raises: ValueError when the shape fits and the date cannot be."""
    if _DIGITS.fullmatch(text):
        return _from_digits(text, default_zone)
    text = _WEEKDAY.sub(" ", text).strip()
    for shape in _SHAPES:
        if found := shape.fullmatch(text):
            part = found.groupdict()
            if "name" in part and part["name"][:3].lower() not in _MONTHS:
                continue
            return _placed(_wall(part), (part["zone"] or "").strip(), default_zone, han=bool(_HAN.search(text)))
    if found := _MONTH_DAY.fullmatch(text):
        return _this_year(found.groupdict(), now, default_zone)
    return None


def _this_year(part: dict[str, str | None], now: datetime, default_zone: str) -> tuple[datetime, str]:
    """A month and a day: the last such day before tomorrow."""
    moment, _ = _placed(_wall({**part, "year": str(now.year)}), "", default_zone)
    if moment > now + FUTURE_ALLOWED:
        moment, _ = _placed(_wall({**part, "year": str(now.year - 1)}), "", default_zone)
    return moment, f"no year given, read as {moment.year}"


def _wall(part: dict[str, str | None]) -> datetime:
    """The naive wall-clock moment. Raises: ValueError when there is no such day or hour."""
    year, day = int(part["year"] or 0), int(part["day"] or 0)
    month = int(part["month"] or 0) if "month" in part else _MONTHS[(part["name"] or "")[:3].lower()]
    if 0 <= year < 100 and len(part["year"] or "") == 2:
        year += 2000 if year < 69 else 1900
    hour, minute, second = (int(part[unit] or 0) for unit in ("hour", "minute", "second"))
    half = (part.get("half") or "").lower().replace(".", "")
    if half in ("pm", "下午", "晚上") and hour < 12:
        hour += 12
    elif half in ("am", "上午", "凌晨") and hour == 12:
        hour = 0
    day_after = hour == 24
    moment = datetime(year, month, day, 0 if day_after else hour, minute, min(second, 59))  # noqa: DTZ001  a wall clock, placed below
    return moment + timedelta(days=1) if day_after else moment


def _offset(zone: str, default_zone: str, *, han: bool) -> timedelta | None:
    """What the text says of the zone; None when it says nothing that we know."""
    name = zone.strip("()[]").lower()
    if name in ("cst", "北京时间", "北京時間"):
        return timedelta(hours=8 if han or default_zone in CHINESE_ZONES else -6)
    if name in _ZONES:
        return timedelta(hours=_ZONES[name])
    if found := _OFFSET.fullmatch(zone):
        sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return (offset if sign == "+" else -offset) if offset < timedelta(hours=24) else None
    return None


def _placed(wall: datetime, written: str, default_zone: str, *, han: bool = False) -> tuple[datetime, str]:
    """The wall-clock moment in UTC; `written` is what the text says of the zone, perhaps nothing or nonsense."""
    offset = _offset(written, default_zone, han=han)
    if offset is not None:
        return wall.replace(tzinfo=timezone(offset)).astimezone(UTC), ""
    named = _IANA.search(written)
    if named and (zone := _zone(named[0]))[1] == named[0]:
        return wall.replace(tzinfo=zone[0]).astimezone(UTC), ""
    place, name = _zone(default_zone)
    said = f"time zone {written[:20]!r} is unknown" if written else "no time zone given"
    return wall.replace(tzinfo=place).astimezone(UTC), f"{said}, read as {name}"


@lru_cache(maxsize=128)
def _zone(name: str) -> tuple[ZoneInfo | timezone, str]:
    try:
        return ZoneInfo(name or "UTC"), name or "UTC"
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return UTC, "UTC"


def _from_digits(text: str, default_zone: str) -> tuple[datetime, str]:
    if len(text) in (10, 13):  # seconds or milliseconds since 1970
        return datetime.fromtimestamp(int(text) / (1 if len(text) == 10 else 1000), UTC), ""
    shape = "%Y%m%d" if len(text) == 8 else "%Y%m%d%H%M%S"
    return _placed(datetime.strptime(text, shape), "", default_zone)  # noqa: DTZ007  placed by its zone there


def _borrowed(text: str, library: Callable[[str], time.struct_time | None] | None) -> tuple[datetime, str] | None:
    if library is None or _HAN.search(text) or (parsed := library(text)) is None:
        return None
    return datetime(*parsed[:6], tzinfo=UTC), ""


def _guessed(text: str, now: datetime, default_zone: str, *, allowed: bool) -> tuple[datetime | None, str]:
    """The last resort, slow: any language, any shape, and said to be a guess."""
    unreadable = f"not a date that can be read: {text[:40]}"
    if not allowed or len(text) > LONGEST_GUESS or text[0] in "-+" or not any(c.isdigit() for c in text):
        return None, unreadable
    import dateparser  # type: ignore[import-untyped]

    zone, name = _zone(default_zone)
    wishes = {
        "TIMEZONE": name,
        "RETURN_AS_TIMEZONE_AWARE": True,
        "RELATIVE_BASE": now.astimezone(zone).replace(tzinfo=None),
        "REQUIRE_PARTS": ["day"],
    }
    try:
        moment = dateparser.parse(text, languages=_LANGUAGES, settings=wishes)
    except Exception:  # it raises many kinds on hostile text; none may stop a feed
        moment = None
    if moment is None:
        return None, f"{GUESSED} at in vain: {text[:40]}"
    return moment.astimezone(UTC), f"{GUESSED} from {text[:40]!r}"


def _bounded(moment: datetime | None, doubt: str, now: datetime) -> tuple[datetime | None, str]:
    if moment is None:
        return None, doubt
    if moment.year < OLDEST_YEAR:
        return None, f"a placeholder, not a date: {_day(moment)}"
    if moment > now + FUTURE_ALLOWED:
        return now.astimezone(UTC), f"dated in the future ({_day(moment)}), read as now"
    return moment, doubt


def _day(moment: datetime) -> str:
    return date(moment.year, moment.month, moment.day).isoformat()
