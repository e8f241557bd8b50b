"""Commands about what to do and by when: deadlines, exposure."""

from __future__ import annotations

import argparse

from monitor.cli import show
from monitor.i18n import _, current
from monitor.shell import Shell


def deadlines(shell: Shell, options: argparse.Namespace) -> int:
    """Dates that bind, and how long before them somebody knew."""
    from monitor.notify.words import deadline_word

    if options.profile:
        shell.profile(options.profile)
    today = shell.clock().date()
    ledger = [line for line in shell.store.lead_times(profile=options.profile) if options.past or line.on >= today]
    if options.json:
        for line in ledger:
            show.line(
                {
                    "alert": line.alert,
                    "profile": line.profile,
                    "kind": line.kind.value,
                    "on": line.on.isoformat(),
                    "days_left": (line.on - today).days,
                    "first_seen": line.first_seen,
                    "alerted": line.alerted,
                    "told": line.told,
                    "acknowledged": line.acknowledged,
                    "lead_days": line.days,
                    "title": line.title,
                }
            )
        return 0
    _language, say = current()
    rows = [
        (
            line.on,
            (line.on - today).days,
            deadline_word(line.kind, say),
            line.alert,
            _lead(line.days) if line.told else _("nobody was told yet"),
            show.time(line.acknowledged),
            line.title,
        )
        for line in ledger
    ]
    show.table((_("date"), _("days left"), _("what"), _("alert"), _("lead"), _("acknowledged"), _("title")), rows)
    return 0


def _lead(days: int) -> str:
    if days < 0:
        return _("told {n} days too late").format(n=-days)
    return _("you were told {n} days before").format(n=days)


def exposure(shell: Shell, options: argparse.Namespace) -> int:
    """How concentrated each business is, and whether all stand in the same place."""
    from monitor.notify.words import country_word
    from monitor.warn.cover import concentration, herd

    language, _say = current()
    found = [found for profile in shell.profiles if (found := concentration(profile))]
    together = herd(shell.profiles)
    if options.json:
        for one in found:
            show.line(
                {"profile": one.profile, "hhi": one.hhi, "word": one.word, "country": one.country, "share": one.share}
            )
        if together:
            crowded = [{"country": c, "profiles": n, "mean_share": s} for c, n, s in together.crowded]
            show.line({"herd": together.overlap, "herding": together.herding, "crowded": crowded})
        return 0
    if not found:
        show.say(
            _("no profile says where its business lies: write `exposure: {example}` into it").format(example="{DE: 40}")
        )
        return 0
    words = {"spread": _("spread"), "moderate": _("moderately concentrated"), "concentrated": _("concentrated")}
    rows = [
        (one.profile, f"{one.hhi:.2f}", words[one.word], f"{country_word(one.country, language)} {one.share:g}%")
        for one in found
    ]
    show.table((_("profile"), "HHI", _("in words"), _("largest share")), rows)
    if together:
        said = (
            _("everybody stands in the same places")
            if together.herding
            else _("the profiles stand in different places")
        )
        show.say(_("Herd gauge {overlap:.2f}: {said}").format(overlap=together.overlap, said=said))
        crowd = [(country_word(c, language), n, f"{share:g}%") for c, n, share in together.crowded]
        show.table((_("country"), _("profiles there"), _("mean share")), crowd)
    return 0
