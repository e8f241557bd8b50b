"""Everything there is to do about one alert, gathered for page, terminal and export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.domain import Alert, Cover, Deadline, Item, Named, Stage
from monitor.duedates import dates_of
from monitor.shell import Shell
from monitor.warn.cover import covers_of, sites_of
from monitor.warn.playbooks import LensView, Plan, panel, plan

_ORDER = tuple(Stage)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One alert's plan: what, by whom, by when, whom to call, what the three lenses see."""

    alert: Alert
    stage: Stage | None  # the furthest that its texts tell
    deadlines: tuple[Deadline, ...]
    plan: Plan
    steps: Mapping[str, Mapping[str, Any]]  # how far each step is, by its id
    lenses: tuple[LensView, ...]
    covers: tuple[Cover, ...]
    sites: tuple[Named, ...]  # with their stakeholders


def sheet(shell: Shell, alert: Alert, items: Sequence[Item] | None = None) -> Sheet:
    """The sheet of one alert; `items` are its story's, read when not given."""
    known = shell.store.story_items(alert.story) if items is None else items
    profile = next((profile for profile in shell.profiles if profile.name == alert.profile), None)
    dates = dates_of(shell.store, [alert], shell.profiles)[alert.id]
    return Sheet(
        alert=alert,
        stage=stage_of(known, dates),
        deadlines=dates,
        plan=plan(shell.playbooks, alert),
        steps=shell.store.steps_of(alert.id),
        lenses=panel(shell.playbooks, known),
        covers=covers_of(profile, alert) if profile else (),
        sites=sites_of(profile, alert) if profile else (),
    )


def stage_of(items: Sequence[Item], dates: Sequence[Deadline]) -> Stage | None:
    """The furthest stage that a story's texts and dates tell."""
    told = [item.assessment.stage for item in items if item.assessment and item.assessment.stage]
    told += [deadline.stage for deadline in dates if deadline.stage]
    return max(told, key=_ORDER.index, default=None)
