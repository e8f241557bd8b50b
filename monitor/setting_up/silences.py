"""Silences: what is told to nobody for a while, with its reason; each of them ends."""

from __future__ import annotations

from datetime import timedelta

from monitor.domain import AlertSilence, Tag
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell
from monitor.text.durations import moment_of
from monitor.text.places import country_of

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
    said, now = " ".join(reason.split()), shell.clock()
    if not said:
        raise UsageError(_("say why: a silence has a reason"))
    ends = moment_of(until.strip(), now, ahead=True)
    if not now < ends <= now + LONGEST:
        raise UsageError(_("the end has to lie ahead, and not more than a year: a silence ends"))
    silence = AlertSilence(
        profile=shell.profile(profile).name,
        begun=now,
        until=ends,
        reason=said[:2000],
        author=author,
        country=country_of(country) if country.strip() else "",
        tag=tag,
        topic=topic[:60],
    )
    return shell.store.add_silence(silence)
