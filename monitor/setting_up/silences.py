"""Silences: what is told to nobody for a while, with its reason; each of them ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.domain import AlertSilence, Tag
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell
from monitor.text.durations import duration
from monitor.text.places import COUNTRIES

LONGEST = timedelta(days=366)


def begin(
    shell: Shell,
    profile: str,
    *,
    until: str,
    reason: str,
    author: str,
    country: str = "",
    tag: Tag | None = None,
    topic: str = "",
) -> AlertSilence:
    """Silence a profile's alerts, or those of a country, tag or topic, until a moment or for a span.

    Raises: UsageError that says what is missing or not understood.
    """
    said, now, code = " ".join(reason.split()), shell.clock(), country.strip().upper()
    if not said:
        raise UsageError(_("say why: a silence has a reason"))
    ends = _moment(until.strip(), now)
    if not now < ends <= now + LONGEST:
        raise UsageError(_("the end has to lie ahead, and not more than a year: a silence ends"))
    if code and code not in COUNTRIES:
        told = _("{code!r} is not an ISO 3166 country code of two letters (nor EU or XK)")
        raise UsageError(told.format(code=country))
    silence = AlertSilence(
        profile=shell.profile(profile).name,
        begun=now,
        until=ends,
        reason=said[:2000],
        author=author,
        country=code,
        tag=tag,
        topic=topic[:60],
    )
    return shell.store.add_silence(silence)


def _moment(text: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        span: timedelta = duration(text)
        return now + span
    except (ValueError, OverflowError) as problem:
        said = _("{text!r} is neither a date such as 2026-11-24 nor a span such as 2d")
        raise UsageError(said.format(text=text)) from problem
