"""Commands about what to do and by when: deadlines, playbook, exposure."""

from __future__ import annotations

import argparse
import getpass
from dataclasses import asdict
from gettext import NullTranslations
from typing import TYPE_CHECKING, Any

from monitor.cli import show
from monitor.errors import UsageError
from monitor.i18n import _, current
from monitor.shell import Shell

if TYPE_CHECKING:
    from monitor.planning import Sheet


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


def playbook(shell: Shell, options: argparse.Namespace) -> int:
    """The response plan of one alert, or how far one of its steps is."""
    from monitor.planning import sheet

    alert = shell.store.alert(options.id)
    if alert is None:
        raise UsageError(_("there is no alert {id!r}: `monitor alerts` lists them").format(id=options.id))
    found = sheet(shell, alert)
    if options.done or options.skip:
        step = options.done or options.skip
        if step not in {planned.step.id for planned in found.plan.steps}:
            known = ", ".join(planned.step.id for planned in found.plan.steps)
            raise UsageError(_("the plan has no step {step!r}; it has {known}").format(step=step, known=known))
        state = "done" if options.done else "skipped"
        author = options.author or getpass.getuser()
        shell.store.set_step(alert.id, step, state=state, author=author, at=shell.clock(), note=options.note)
        show.say(_("noted"))
        return 0
    language, say = current()
    if options.json:
        show.line(_plan_json(shell, found, language))
        return 0
    for head, lines in _plan_lines(shell, found, language, say):
        if lines:
            show.say(head)
            for line in lines:
                show.say(f"  {line}")
    return 0


def _plan_json(shell: Shell, found: Sheet, language: str) -> dict[str, Any]:
    roles = shell.playbooks.roles
    return {
        "alert": found.alert.id,
        "playbook": found.plan.playbook,
        "owner": roles[found.plan.owner].said(language),
        "stage": found.stage.value if found.stage else None,
        "deadlines": [show.deadline(d) for d in found.deadlines],
        "steps": [
            {
                "id": p.step.id,
                "text": p.step.text.said(language),
                "owner": roles[p.step.owner].said(language),
                "due": p.due,
                "state": found.steps.get(p.step.id, {}).get("state", "open"),
                "source": list(p.step.source),
            }
            for p in found.plan.steps
        ],
        "call": [
            {"id": c.id, "mechanism": c.mechanism, "text": c.text.said(language), "source": list(c.source)}
            for c in found.plan.call
        ],
        "lenses": [
            {
                "lens": view.lens.id,
                "leads": view.lens.id == found.plan.lens,
                "evidence": [{"word": word, "title": title} for word, title in view.evidence],
                "questions": [question.said(language) for question in view.lens.questions],
            }
            for view in found.lenses
        ],
        "cover": [{**asdict(cover), "notice": f"{cover.notice.days}d"} for cover in found.covers],
        "stakeholders": {site.name: [asdict(s) for s in site.stakeholders] for site in found.sites},
    }


def _plan_lines(shell: Shell, found: Sheet, language: str, say: NullTranslations) -> list[tuple[str, list[str]]]:
    from monitor.notify.words import deadline_word, stage_word

    roles = shell.playbooks.roles
    marks = {"done": "[x]", "skipped": "[-]"}
    stage = stage_word(found.stage, say)
    parts = [
        (found.alert.title, [_("owner: {role}").format(role=roles[found.plan.owner].said(language)), stage]),
        (
            _("Dates"),
            [f"{d.on} · {deadline_word(d.kind, say)} · {d.sentence}" for d in found.deadlines],
        ),
        (
            _("Steps"),
            [
                f"{marks.get(found.steps.get(p.step.id, {}).get('state', ''), '[ ]')} {show.time(p.due)} · "
                f"{roles[p.step.owner].said(language)} · {p.step.text.said(language)} "
                f"({p.step.id}; {', '.join(p.step.source)})"
                for p in found.plan.steps
            ],
        ),
        (_("Whom to call"), [c.text.said(language) for c in found.plan.call]),
    ]
    for view in found.lenses:
        evidence = ", ".join(word for word, _title in view.evidence) or _("no word of it in the texts")
        questions = [question.said(language) for question in view.lens.questions]
        parts.append((_("Lens: {name}").format(name=view.lens.title.said(language)), [evidence, *questions]))
    form = _("{insurer}, policy {policy}, {amount}; to be told within {days} days · {contact}")
    covers = [
        form.format(insurer=c.insurer, policy=c.policy, amount=c.amount, days=c.notice.days, contact=c.contact).rstrip(
            " ·"
        )
        for c in found.covers
    ]
    parts.append((_("Cover card"), covers))
    for site in found.sites:
        people = [" · ".join(part for part in (s.name, s.role, s.contact) if part) for s in site.stakeholders]
        parts.append((_("Stakeholders of {site}").format(site=site.name), people))
    return [(head, [line for line in lines if line]) for head, lines in parts]
