"""How right the classifier is on labelled texts it was not trained on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.domain import TAGS, Judgement, Tag, Text
from monitor.errors import ConfigError
from monitor.i18n import _
from monitor.text.normalise import json_of


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldText:
    """A text with what people found right of it; None where they did not say."""

    text: Text
    labels: frozenset[Tag]
    severity: int | None = None
    countries: frozenset[str] | None = None
    source: str = ""


def read_gold(file: Path) -> list[GoldText]:
    """Labelled JSON Lines: title, labels, and if known summary, severity, countries.

    Raises: ConfigError that names file and line.
    """
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or _("not UTF-8 text")
        raise ConfigError(_("{file} cannot be read ({why})").format(file=file, why=why)) from problem
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_gold_text(json_of(line)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            said = _("{file}, line {line}: {what}").format(file=file, line=number, what=_told(problem))
            raise ConfigError(said) from problem
    if not found:
        raise ConfigError(_("{file} holds no labelled text").format(file=file))
    return found


def _gold_text(entry: Any) -> GoldText:
    for name, kind in (("title", str), ("labels", list), ("summary", str | None), ("countries", list | None)):
        if not isinstance(entry[name] if name in ("title", "labels") else entry.get(name), kind):
            raise ValueError(_("{name} is of the wrong kind").format(name=name))
    severity = entry.get("severity")
    if severity is not None and severity not in range(4):
        raise ValueError(_("{name} is of the wrong kind").format(name="severity"))
    countries = entry.get("countries")
    return GoldText(
        text=Text(title=entry["title"], summary=entry.get("summary") or "", language=str(entry.get("lang") or "")),
        labels=frozenset(Tag(label) for label in entry["labels"]),
        severity=severity,
        countries=None if countries is None else frozenset(str(code) for code in countries),
        source=str(entry.get("source") or ""),
    )


def _told(problem: Exception) -> str:
    if isinstance(problem, json.JSONDecodeError | RecursionError):
        return _("this is not JSON")
    if isinstance(problem, KeyError):
        return _("{name} is missing").format(name=problem.args[0])
    if isinstance(problem, ValueError):
        return str(problem)
    return _("write an object with title and labels")


def scores_of(gold: Sequence[GoldText], said: Sequence[Judgement], severities: Sequence[int]) -> dict[str, Any]:
    """Every figure we judge a classifier by, of parallel sequences.

    `macro_f1` at the shipped thresholds, `average_precision` without any, `ece` the expected
    calibration error in ten bins, `unsure` the share left to people, with the macro-F1 of the
    rest; severity as quadratically weighted kappa (Cohen 1968) on items both sides flag,
    countries as micro-F1 over the labels' items.
    """
    truth = np.array([[tag in entry.labels for tag in TAGS] for entry in gold], dtype=bool)
    labels = np.array([[tag in judgement.labels for tag in TAGS] for judgement in said], dtype=bool)
    chances = np.array([[judgement.probabilities[tag] for tag in TAGS] for judgement in said])
    sure = np.array([not judgement.unsure for judgement in said])
    tags = {tag.value: _of_tag(truth[:, n], labels[:, n], chances[:, n]) for n, tag in enumerate(TAGS)}
    flagged, right = labels.max(axis=1), truth.max(axis=1)
    return {
        "items": len(gold),
        "macro_f1": _mean(t["f1"] for t in tags.values()),
        "average_precision": _mean(t["average_precision"] for t in tags.values()),
        "ece": _mean(t["ece"] for t in tags.values()),
        "harmless_flagged": _share(flagged & ~right, ~right),
        "risks_missed": _share(~flagged & right, right),
        "unsure": round(float((~sure).mean()), 4),
        "macro_f1_when_sure": _mean(_f1(truth[sure, n], labels[sure, n]) for n in range(len(TAGS))),
        "severity_kappa": _severity(gold, severities, flagged & right),
        "countries_f1": _countries(gold, said),
        "tags": tags,
    }


def _of_tag(truth: npt.NDArray[np.bool_], said: npt.NDArray[np.bool_], chance: npt.NDArray[Any]) -> dict[str, Any]:
    from sklearn.metrics import average_precision_score

    return {
        "items": int(truth.sum()),
        "precision": _share(truth & said, said),
        "recall": _share(truth & said, truth),
        "f1": round(_f1(truth, said), 4),
        "average_precision": round(float(average_precision_score(truth, chance)), 4) if truth.any() else 0.0,
        "ece": round(calibration_error(truth, chance), 4),
    }


def calibration_error(truth: npt.NDArray[np.bool_], chance: npt.NDArray[Any], bins: int = 10) -> float:
    """Expected calibration error: how far told chances lie from found shares (Naeini et al. 2015)."""
    place = np.minimum((chance * bins).astype(int), bins - 1)
    parts = [(place == b) for b in range(bins)]
    return float(sum(abs(truth[p].mean() - chance[p].mean()) * p.mean() for p in parts if p.any()))


def _f1(truth: npt.NDArray[np.bool_], said: npt.NDArray[np.bool_]) -> float:
    return 2 * float((truth & said).sum()) / max(float(truth.sum() + said.sum()), 1.0)


def _share(part: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]) -> float:
    return round(float(part.sum()) / max(float(whole.sum()), 1.0), 4)


def _mean(values: Any) -> float:
    return round(float(np.mean(list(values))), 4)


def _severity(gold: Sequence[GoldText], said: Sequence[int], counted: npt.NDArray[np.bool_]) -> float | None:
    from sklearn.metrics import cohen_kappa_score

    pairs = [
        (int(entry.severity), level)
        for entry, level, counts in zip(gold, said, counted, strict=True)
        if counts and entry.severity is not None
    ]
    if not pairs:
        return None
    right, found = zip(*pairs, strict=True)
    return round(float(cohen_kappa_score(right, found, labels=range(4), weights="quadratic")), 4)


def _countries(gold: Sequence[GoldText], said: Sequence[Judgement]) -> float | None:
    hit = total = 0
    for entry, judgement in zip(gold, said, strict=True):
        if entry.countries is not None and entry.labels and judgement.labels:
            hit += len(entry.countries & set(judgement.countries))
            total += len(entry.countries) + len(judgement.countries)
    return round(2 * hit / total, 4) if total else None
