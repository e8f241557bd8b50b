"""Profiles by the page: made from a form, tried on the last month, and written where MONITOR_PROFILES points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.domain import Level, Match, Profile, Story
from monitor.errors import ConfigError
from monitor.i18n import _
from monitor.shell import Shell
from monitor.warn.levels import level_of
from monitor.warn.profile_file import parse
from monitor.warn.profiles import match

MOST_STORIES = 3000  # that a trial looks at, the newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One story that a profile would have heard of."""

    story: Story
    level: Level
    match: Match
    at_once: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a profile would have heard in a period, the gravest first; beyond its daily budget it is held back."""

    told: tuple[Told, ...]
    stories: int  # looked at
    days: int
    busiest: int  # most on one day
    held: int

    @property
    def at_once(self) -> int:
        """Told immediately, not in the digest."""
        return sum(one.at_once for one in self.told)


def try_out(shell: Shell, profile: Profile, *, now: datetime, days: int = 30) -> Trial:
    """Match a profile with the stories of the last days; nothing is written."""
    stories = shell.store.recent_stories(now - timedelta(days=days), limit=MOST_STORIES)
    told = []
    for story in stories:
        if not story.labels:
            continue
        found = match(profile, story)
        level = level_of(story)[0]
        if found.concerned and level >= profile.least:
            told.append(Told(story=story, level=level, match=found, at_once=level >= profile.immediate))
    told.sort(key=lambda one: (one.level, one.story.last_seen), reverse=True)
    by_day = Counter(one.story.first_seen.date() for one in told)
    return Trial(
        told=tuple(told),
        stories=len(stories),
        days=days,
        busiest=max(by_day.values(), default=0),
        held=sum(max(count - profile.budget, 0) for count in by_day.values()),
    )


def entry_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """A profile as it stands in YAML, from the words of a form; what is empty is left out."""
    lists = {name: _words(form.get(name, "")) for name in ("countries", "keywords")}
    addresses = _words(form.get("recipients", ""))
    person = {name: form[name] for name in ("language", "timezone") if form.get(name)}
    entry = {
        "name": form.get("name", "").strip(),
        "title": form.get("title", "").strip(),
        **lists,
        "tags": list(form.get("tags", ())),
        "least": form.get("least", ""),
        "immediate": form.get("immediate", ""),
        "budget": int(form["budget"]) if str(form.get("budget", "")).isdigit() else "",
        "recipients": [{"address": address, **person} for address in addresses],
    }
    return {name: value for name, value in entry.items() if value not in ("", [])}


def profile_of(shell: Shell, entry: Mapping[str, Any]) -> Profile:
    """The profile that an entry describes. Raises: ConfigError that says what is wrong with it."""
    return parse(
        {"profiles": [dict(entry)]},
        file=_("this profile"),
        language=shell.settings.lang,
        digest_every=shell.settings.digest_interval,
    )[0]


def as_yaml(entries: Sequence[Mapping[str, Any]]) -> str:
    """Profiles as the file holds them."""
    import yaml

    return yaml.safe_dump({"profiles": [dict(e) for e in entries]}, allow_unicode=True, sort_keys=False, width=110)


def keep_profile(shell: Shell, entry: Mapping[str, Any], *, author: str) -> Path:
    """Write a profile into the file, in place of one of the same name; the former file is kept beside it.

    Raises: ConfigError where no file is named, it cannot be read or written, or the whole would not be valid.
    """
    import yaml

    file = shell.settings.profiles
    if file is None:
        raise ConfigError(_("set MONITOR_PROFILES to the file that shall hold the profiles, then start again"))
    profile_of(shell, entry)
    try:
        former = file.read_text(encoding="utf-8") if file.exists() else ""
        document = yaml.safe_load(former) or {}
        others = [e for e in document.get("profiles") or [] if e.get("name") != entry["name"]]
        text = as_yaml([*others, entry])
        parse(yaml.safe_load(text), file=str(file), language="en", digest_every=shell.settings.digest_interval)
        if former:
            file.with_name(f"{file.name}.former").write_text(former, encoding="utf-8")
        draft = file.with_name(f".{file.name}.draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    except (OSError, yaml.YAMLError, AttributeError) as problem:
        raise ConfigError(_("{file} cannot be changed: {why}").format(file=file, why=problem)) from problem
    shell.store.note_change(at=shell.clock(), author=author, action="profile", subject=str(entry["name"]))
    shell.__dict__.pop("profiles", None)  # read anew by whoever asks next
    return file


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.replace("，", ",").replace("\n", ",").split(",")) if word]
