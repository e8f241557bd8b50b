"""Templates that speak one language, and the words and figures they are filled with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from gettext import NullTranslations
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, select_autoescape

from monitor import reviewing
from monitor.domain import Level, Tag
from monitor.i18n import translator
from monitor.ingest.addresses import shown
from monitor.notify import words
from monitor.resources import in_package
from monitor.watching import MOST_COUNTED
from monitor.web.words import FEED_KINDS, LENSES, doubted, noted, spoken, subject

PARTS_OF = {  # where in the navigation a page belongs, by the beginning of its address
    "/": ("/none",),
    "/queue": ("/queue", "/items/"),
    "/alerts": ("/alerts",),
    "/explore": ("/explore", "/feeds", "/scorecard", "/trail"),
    "/setup": ("/setup", "/models"),
    "/status": ("/status",),
}


@cache
def environment(language: str) -> Environment:
    """Templates that speak one language; everything put into them is escaped."""
    found = Environment(
        loader=FileSystemLoader(in_package("web/templates")),
        autoescape=select_autoescape(default=True, default_for_string=True),
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    say = translator(language)
    found.install_gettext_translations(say, newstyle=True)  # type: ignore[attr-defined]
    found.filters |= {
        "when": lambda moment: moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else "–",
        "day": lambda moment: moment.astimezone().strftime("%Y-%m-%d") if moment else "–",
        "iso": lambda moment: moment.isoformat(timespec="seconds") if moment else "",
        "ago": lambda moment, now: ago(moment, now, say),
        "link": safe_link,
        "shown": shown,
        "headline": lambda title: words.headline(title, say),
        "told": lambda reason: words.why(reason, say, language),
        "model": lambda line: words.model_word(line, say),
        "level": say.gettext,
        "word": say.gettext,
        "noted": lambda note, action="": noted(action, note, say),
        "doubted": lambda doubt: doubted(doubt, say),
        "spoken": lambda code: spoken(str(code), say),
        "subject": lambda text: subject(text, say),
        "feedkind": lambda kind: say.gettext(FEED_KINDS.get(str(kind), str(kind))),
        "lens": lambda lens: say.gettext(LENSES.get(lens, lens or "–")),
        "playbook": lambda book: playbook_word(book, say),
        "span": lambda hours: "-".join(f"{at:%H:%M}" for at in hours),
        "silence": lambda silence: words.silence_words(silence, say),
        "tag": lambda tag: words.tag_word(Tag(tag), say),
        "name": lambda one: words.name_word(one.kind.value, one.name, language),
        "sector": lambda code: words.name_word("sector", code, language),
        "joined": lambda parts: words.joined(list(parts), say),
        "within": lambda span: within(span, say),
        "topic": lambda topic: words.topic_word(topic, say),
        "topics": lambda topics: words.joined([words.topic_word(topic, say) for topic in topics], say),
        "country": lambda code: words.country_word(code, language),
        "countries": lambda codes: words.joined([words.country_word(c, language) for c in codes], say),
        "said": lambda both: both.said(language),
        "stage": lambda stage: words.stage_word(stage, say),
        "atmost": lambda count: f"{MOST_COUNTED}+" if count >= MOST_COUNTED else count,
        "deadline": lambda deadline: words.deadline_word(deadline.kind, say),
        "verdict_why": lambda why: reviewing.why_in_words(why, say),
        "percent": lambda share: "–" if share is None else f"{100 * share:.0f} %",
    }
    found.globals |= {
        "static": static,
        "levels": tuple(reversed(Level)),
        "all_tags": tuple(Tag),
        "parts_of": PARTS_OF,
        "dismissals": reviewing.DISMISSALS,
    }
    return found


def playbook_word(book: str, say: NullTranslations) -> str:
    """A playbook by its topic, its tag, or as the one that every alert has."""
    if book == "base":
        return say.gettext("Every alert")
    return words.tag_word(Tag(book), say) if book in tuple(Tag) else words.topic_word(book, say)


@cache
def static(name: str) -> str:
    """The address of a static file, with a mark that changes when the file does, so that it may be kept for long."""
    content = in_package(f"web/static/{name}").read_bytes()
    return f"/static/{name}?v={sha256(content).hexdigest()[:10]}"


def ago(moment: datetime | None, now: datetime, say: NullTranslations) -> str:
    """How long ago, or in how long, in the largest unit that fits."""
    if moment is None:
        return say.gettext("never")
    seconds = (now - moment.astimezone(UTC)).total_seconds()
    if abs(seconds) < 60:
        return say.gettext("just now")
    minutes = int(abs(seconds) // 60)
    if minutes < 120:
        span = say.ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
    elif minutes < 48 * 60:
        span = say.ngettext("{n} hour", "{n} hours", minutes // 60).format(n=minutes // 60)
    else:
        span = say.ngettext("{n} day", "{n} days", minutes // 1440).format(n=minutes // 1440)
    return (say.gettext("{span} ago") if seconds > 0 else say.gettext("in {span}")).format(span=span)


def within(span: timedelta, say: NullTranslations) -> str:
    """A span of whole hours, or of whole days from two on."""
    hours = round(span.total_seconds() / 3600)
    if hours >= 48 and hours % 24 == 0:
        return say.ngettext("{n} day", "{n} days", hours // 24).format(n=hours // 24)
    return say.ngettext("{n} hour", "{n} hours", hours).format(n=hours)


def safe_link(url: str) -> str:
    """`url` where it is http(s), else nothing: feed text is hostile text."""
    clean = url if url.isprintable() else ""
    try:
        return clean if urlsplit(clean).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def number(text: str) -> int | None:
    """A whole number of a query; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def pages(found: list[Any], size: int) -> tuple[list[Any], Any]:
    """The rows of one page, and the last of them where more follow."""
    return found[:size], found[size - 1] if len(found) > size else None


def day(text: str, *, days: int = 0) -> datetime | None:
    """Midnight in UTC that begins a day, so many days later; None for no day or one that does not exist."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(days=days) if text else None
    except ValueError:
        return None
