"""A message that only shows that the way to a recipient is open."""

from __future__ import annotations

from datetime import datetime

from monitor.domain import MessageKind, Recipient
from monitor.notify.bilingual import BOTH, paired
from monitor.notify.plain import one_line
from monitor.notify.view import MailView, Reader, subject_line


def build(recipient: Recipient, *, profile: str, page_url: str, now: datetime) -> MailView:
    """The test message in the recipient's language and time."""
    if recipient.language == BOTH:
        from dataclasses import replace

        one, other = (
            build(replace(recipient, language=code), profile=profile, page_url=page_url, now=now)
            for code in ("zh", "en")
        )
        return paired(one, other)  # type: ignore[no-any-return]
    reader = Reader.of(recipient, page_url)
    say = reader.say
    return MailView(
        kind=MessageKind.TEST,
        language=reader.language,
        subject=subject_line(say.gettext("Test message: the way to you is open")),
        headline=say.gettext("Test message: the way to you is open"),
        intro=f"{one_line(profile, 100)} · {reader.time(now)} ({reader.zone_name()})",
        notes=(say.gettext("Nothing has happened. Warnings for this profile will come this way."),),
        page_url=reader.page_url,
    )
