"""Alerts as a STIX 2.1 bundle of reports, with places and a TLP marking. Needs the extra `stix`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from monitor.errors import ConfigError
from monitor.i18n import _
from monitor.notify.plain import one_line, safe_link
from monitor.notify.standards.facts import Told

OURS = UUID("6f8e3c52-63a5-4f39-9d1f-2f7ce5a1a0b4")  # the namespace of our ids: the same alert has the same id
MARKINGS = {"clear": "TLP_WHITE", "green": "TLP_GREEN", "amber": "TLP_AMBER", "red": "TLP_RED"}


def stix_bundle(alerts: Sequence[Told], *, domain: str, tlp: str, now: datetime) -> str:
    """The bundle as JSON. Raises: ConfigError without the library."""
    try:
        import stix2
    except ImportError as problem:
        said = _("STIX needs the extra `stix`: install monitor[stix]")
        raise ConfigError(said) from problem
    marking = getattr(stix2, MARKINGS.get(tlp.partition("+")[0], "TLP_RED"))
    who = stix2.Identity(
        id=_id("identity", domain), created=now, modified=now, name=f"monitor {domain}", identity_class="system"
    )
    objects: dict[str, Any] = {who.id: who, marking.id: marking}
    for told in alerts:
        alert = told.alert
        refs = []
        for code in alert.countries:
            place = stix2.Location(
                id=_id("location", code), created=alert.opened, modified=alert.opened, country=code, name=code
            )
            objects.setdefault(place.id, place)
            refs.append(place.id)
        link = safe_link(alert.url)
        report = stix2.Report(
            id=_id("report", f"{domain} {alert.id}"),
            created_by_ref=who.id,
            created=alert.opened,
            modified=max(alert.updated, alert.opened),
            name=one_line(alert.title),
            published=alert.opened,
            report_types=["threat-report"],
            labels=[alert.level.word, *(tag.value for tag in alert.labels), *alert.topics],
            object_refs=refs or [who.id],
            object_marking_refs=[marking.id],
            external_references=[{"source_name": one_line((alert.feeds or ("monitor",))[0]), "url": link}]
            if link
            else [],
            revoked=told.cancelled,
        )
        objects[report.id] = report
    return str(stix2.Bundle(objects=list(objects.values()), id=_id("bundle", domain)).serialize(pretty=True))


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid5(OURS, f'{kind} {name}')}"
