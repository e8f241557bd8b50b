"""Who is concerned, and why or why not.

Hard gates first (countries, tags, keywords), then points; every answer carries its reasons.
Source: 004#mechanisms (policy information that matches each enterprise)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.domain import Item, Level, Match, Profile, Recipient, Story, Tag
from monitor.errors import ConfigError
from monitor.i18n import _
from monitor.text.dates import duration

DEFAULT = "default"


def match(profile: Profile, story: Story, items: Iterable[Item] = ()) -> Match:
    """Whether `story` concerns `profile`: points from 0 to 100 and the reasons, for and against."""
    against: list[str] = []
    reasons: list[str] = []
    points = 20 * int(story.severity)
    if profile.tags:
        shared = [tag.value for tag in story.labels if tag in profile.tags]
        (reasons if shared else against).append(
            f"tag: {', '.join(shared)}" if shared else f"none of its tags ({_list(profile.tags)}) is among yours"
        )
        points += 10 * bool(shared)
    if profile.countries:
        shared = [country for country in story.countries if country in profile.countries]
        if shared:
            reasons.append(f"country: {', '.join(shared)}")
            points += 20
        else:
            where = ", ".join(story.countries) or "no country"
            against.append(f"it lies in {where}, outside your countries ({', '.join(profile.countries)})")
    if profile.keywords:
        found = keywords_in(profile.keywords, _text(story, items))
        if found:
            reasons.append(f"keyword: {', '.join(found)}")
            points += 10
        else:
            against.append(f"none of your keywords ({', '.join(profile.keywords)}) stands in it")
    if not (profile.tags or profile.countries or profile.keywords):
        reasons.append("this profile hears of everything that is flagged")
    points += 5 * min(len(story.feeds) - 1, 2)
    concerned = not against
    return Match(
        profile=profile.name,
        concerned=concerned,
        points=min(points, 100) if concerned else 0,
        reasons=tuple(reasons if concerned else against + reasons),
    )


def keywords_in(keywords: Sequence[str], text: str) -> list[str]:
    """The keywords that stand in `text`: whole words where the script has spaces, anywhere in Chinese and Japanese."""
    low = text.lower()
    return [word for word in keywords if _pattern(word.lower()).search(low)]


def _pattern(word: str) -> re.Pattern[str]:
    spaced = not re.search(r"[\u2e80-\u9fff]", word)
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)" if spaced else re.escape(word))


def _text(story: Story, items: Iterable[Item]) -> str:
    return " ".join([story.title, *(f"{item.title} {item.summary}" for item in items)])


def _list(tags: Iterable[Tag]) -> str:
    return ", ".join(tag.value for tag in tags)


# --- profiles as people write them ------------------------------------------------------------


def default_profile(recipients: Iterable[Recipient], *, digest_every: timedelta) -> Profile:
    """The profile that hears of everything flagged, used while nobody has written one."""
    return Profile(name=DEFAULT, title="Everything flagged", recipients=tuple(recipients), digest_every=digest_every)


def parse(document: Any, *, file: str, language: str, digest_every: timedelta) -> tuple[Profile, ...]:
    """Profiles of a YAML document `{profiles: [...]}`.

    Raises: ConfigError that lists every problem with the profile it is in.
    """
    entries = document.get("profiles") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise ConfigError(_("{file}: write `profiles:` with a list of profiles under it").format(file=file))
    problems: list[str] = []
    profiles: list[Profile] = []
    for number, entry in enumerate(entries, 1):
        called = entry.get("name", number) if isinstance(entry, dict) else number
        try:
            profiles.append(_profile(entry, language=language, digest_every=digest_every))
        except ValueError as problem:
            problems.append(_("profile {name!r}: {problem}").format(name=called, problem=problem))
    names = [profile.name for profile in profiles]
    twice = _("profile {name!r}: the name is used twice")
    problems += [twice.format(name=name) for name in sorted({n for n in names if names.count(n) > 1})]
    if problems:
        raise ConfigError(f"{file}: " + "; ".join(problems))
    return tuple(profiles)


def _profile(entry: Any, *, language: str, digest_every: timedelta) -> Profile:
    if not isinstance(entry, Mapping):
        raise ValueError(_("has to be a mapping with at least `name`"))
    unknown = sorted(set(map(str, entry)) - set(_FIELDS))
    if unknown:
        said = _("unknown {names}; known are {known}")
        raise ValueError(said.format(names=", ".join(unknown), known=", ".join(_FIELDS)))
    if not isinstance(entry.get("name"), str) or not entry["name"].strip():
        raise ValueError(_("`name` is missing"))
    values: dict[str, Any] = {"digest_every": digest_every}
    for name, read in _FIELDS.items():
        if entry.get(name) is not None:
            try:
                values[name] = read(entry[name])
            except (ValueError, TypeError, KeyError, AttributeError) as problem:
                raise ValueError(f"`{name}`: {problem}") from problem
    values["recipients"] = tuple(_recipient(r, language) for r in values.get("recipients", ()))
    profile = Profile(**values)
    if profile.immediate < profile.least:
        raise ValueError(_("`immediate` is milder than `least`: alerts below `least` are never raised"))
    return profile


def _words(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if any(isinstance(v, bool) or not isinstance(v, str | int) for v in values):
        raise ValueError(_("has to be a list of words (quote NO, ON and OFF: YAML reads them as true or false)"))
    return tuple(str(v).strip() for v in values if str(v).strip())


def _countries(value: Any) -> tuple[str, ...]:
    codes = tuple(code.upper() for code in _words(value))
    for code in codes:
        if not re.fullmatch(r"[A-Z]{2}", code) or code not in known_countries():
            said = _("{code!r} is not an ISO 3166 country code of two letters (nor EU or XK)")
            raise ValueError(said.format(code=code))
    return codes


def known_countries() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes, with EU and XK."""
    from monitor.text.places import COUNTRIES

    return COUNTRIES


def _tags(value: Any) -> tuple[Tag, ...]:
    words = _words(value)
    for word in words:
        if word not in tuple(Tag):
            said = _("{word!r} is not a valid Tag; use {known}")
            raise ValueError(said.format(word=word, known=", ".join(Tag)))
    return tuple(map(Tag, words))


def _level(value: Any) -> Level:
    try:
        return Level.of(str(value))
    except ValueError as problem:
        said = _("unknown level {word!r}: use blue, yellow, orange or red").format(word=value)
        raise ValueError(said) from problem


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(_("has to be a whole number from 1"))
    return value


def _recipients(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _recipient(value: Any, language: str) -> Recipient:
    entry = {"address": value} if isinstance(value, str) else value
    if not isinstance(entry, Mapping) or not set(entry) <= {"address", "channel", "language", "timezone"}:
        raise ValueError(_("a recipient is an address, or a mapping of address, language and timezone"))
    address = str(entry.get("address", ""))
    if address.count("@") != 1 or any(c.isspace() or c in ",;<>" or ord(c) < 32 for c in address):
        raise ValueError(_("{address!r} is not a mail address").format(address=address))
    zone = str(entry.get("timezone", "UTC"))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        said = _("{zone!r} is not a time zone such as Asia/Shanghai").format(zone=zone)
        raise ValueError(said) from problem
    chosen = str(entry.get("language", language))
    if chosen not in ("en", "zh"):
        raise ValueError(_("language {code!r}: use en or zh").format(code=chosen))
    return Recipient(address=address, language=chosen, timezone=zone)


_FIELDS: dict[str, Callable[[Any], Any]] = {
    "name": lambda value: str(value).strip(),
    "title": str,
    "countries": _countries,
    "tags": _tags,
    "keywords": _words,
    "recipients": _recipients,
    "least": _level,
    "immediate": _level,
    "budget": _number,
    "digest_every": lambda value: duration(str(value)),
}
