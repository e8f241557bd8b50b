"""The figures of a classifier in words: a table for the terminal, and the model card, which nobody writes by hand.

The card follows Mitchell et al. (2019): data, method, figures by group with intervals, known failures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Figures = Mapping[str, Any]

_TITLE = """# Model card

This page is written by `monitor evaluate FILE --card models/README.md`; what it says is measured, not remembered.
"""
_USE = """
Use: to say where a person should look. Do not use the tags as a verdict about a company or a country. Evidence, places,
dates and severity come with every answer and are no surer than it is; what is told as *unsure* is left to people.
"""


def in_words(figures: Figures) -> str:
    """Every figure as tables of plain text."""
    lines = [f"{'':<14}{'items':>6}{'precision':>11}{'recall':>8}{'F1':>7}  {'90 % interval':<14}{'AP':>7}{'ECE':>7}"]
    for tag, of in figures["tags"].items():
        shown = f"{of['items']:>6}{of['precision']:>11.3f}{of['recall']:>8.3f}{of['f1']:>7.3f}"
        lines.append(
            f"{tag:<14}{shown}  {_span(of['f1_interval']):<14}{of['average_precision']:>7.3f}{of['ece']:>7.3f}"
        )
    lines += [f"{name}: {value}" for name, value in figures.items() if isinstance(value, int | float)]
    any_risk, zh = figures["any_risk"], figures["zh_minus_en"]
    lines.append(f"macro_f1 interval: {_span(figures['intervals']['macro_f1'])}")
    lines.append(
        f"any risk: F1 {any_risk['f1']:.3f}, precision at recall 0.8: {any_risk['precision_at_recall_0.8']:.3f}"
        f" ({_span(any_risk['interval'])})"
    )
    if zh:
        lines.append(f"macro-F1 of Chinese less that of English: {zh['difference']:+.3f} ({_span(zh['interval'])})")
    lines.append("tier that judged: " + ", ".join(f"{name} {count}" for name, count in figures["tiers"].items()))
    lines += ["", f"{'':<26}{'items':>6}{'risks':>6}  {'macro-F1':<21}{'any-risk F1':<21}"]
    for kind in ("languages", "sources"):
        lines += [f"{_named(name)[:25]:<26}{_row(of, '  ')}" for name, of in figures[kind].items()]
    lines += ["", "chance told / came true / judgements"]
    lines += [f"{row['told']:.2f} / {row['found']:.2f} / {row['count']}" for row in figures["reliability"]]
    for name, of in figures["severity"].items():
        if of:
            lines += ["", f"severity {name.replace('_', ' ')}: {_severity(of)}"]
            lines += [f"  true {step}: {row}" for step, row in enumerate(of["table"], 1)]
    return "\n".join(lines)


def card_of(
    manifest: Mapping[str, Any],
    measured: Mapping[str, Figures],
    heaps: Sequence[tuple[str, int]],
    curve: Sequence[Mapping[str, float]] = (),
) -> str:
    """The model card in Markdown: of a manifest, figures by the name of what they were measured on, and error heaps.

    `curve`: `examples`, `macro_f1` and `average_precision` on the last set, by how many examples were learnt from.
    """
    parts = [_TITLE, _about(manifest)]
    for name, figures in measured.items():
        parts.append(_measured(name, figures))
    if curve:
        parts.append(_curve(curve, list(measured)[-1]))
    parts.append(
        "## Known failures\n\nThe largest heaps of errors on the last set, by topic told in vain or tag missed:\n"
    )
    parts.append("\n".join(f"- {name}: {count}" for name, count in heaps))
    parts.append(_USE)
    return "\n".join(parts)


def _about(manifest: Mapping[str, Any]) -> str:
    examples = manifest["examples"]
    languages = sorted(manifest["languages"].items(), key=lambda pair: -pair[1])
    spread = ", ".join(f"{language} {count}" for language, count in languages)
    tiers = "; ".join(f"{tier} {of['macro_f1']:.2f}" for tier, of in manifest["scores"].items())
    learnt = (
        f"{examples:,} texts of our own writing, `seeds/labels.jsonl`, by the rules of `docs/codebook.md`; "
        f"{manifest['harmless'] / examples:.0%} harmless; {spread}. An installation adds its reviewers' verdicts"
    )
    asked = (
        f"where the fast tier gives every tag less than {manifest['ask_from']}, nothing is flagged; "
        "everything else, so every alert, is read by the exact tier"
    )
    rows = (
        ("classifier", f"{manifest['version']}, encoder {manifest['encoder'] or 'none'}"),
        ("judges", "public news and policy items: geopolitical, compliance, supply_chain (or none), with topics"),
        ("learnt from", learnt),
        (
            "fast tier",
            "words, word pairs and the spelling of words (TF-IDF), and the concepts of `seeds/lexicon.yaml`, "
            "each with a logistic regression a tag",
        ),
        ("exact tier", "the same, and a small network over a multilingual sentence encoder's vectors and the concepts"),
        (
            "probabilities",
            "the parts' log-odds added up, scaled by Platt's sigmoid on scores of unseen folds, harmless texts weighed "
            "as in news; a tag is told from half of the F1 that these folds reach",
        ),
        ("cascade", asked),
        ("macro-F1 in cross-validation, whole writers left out", tiers),
    )
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows) + "\n"


def _measured(name: str, figures: Figures) -> str:
    lines = [f"## Measured on {name}", ""]
    lines.append(
        f"{figures['items']} items, {figures['risks']} of them risks; judged by "
        + ", ".join(f"the {tier} tier {count}" for tier, count in figures["tiers"].items())
        + "; none was trained on. At the shipped thresholds, 90 % bootstrap intervals in brackets."
    )
    lines += [
        "",
        "| tag | items | precision | recall | F1 | average precision | calibration error |",
        "|---|---|---|---|---|---|---|",
    ]
    for tag, of in figures["tags"].items():
        lines.append(
            f"| {tag} | {of['items']} | {of['precision']:.2f} | {of['recall']:.2f} | {of['f1']:.2f}"
            f" ({_span(of['f1_interval'], 2)}) | {of['average_precision']:.2f} | {of['ece']:.3f} |"
        )
    any_risk, zh = figures["any_risk"], figures["zh_minus_en"]
    lines += ["", "| figure | value |", "|---|---|"]
    rows = [
        ("macro-F1", f"{figures['macro_f1']:.3f} ({_span(figures['intervals']['macro_f1'])})"),
        ("mean average precision", f"{figures['average_precision']:.3f}"),
        ("expected calibration error", f"{figures['ece']:.3f}"),
        ("any-risk F1", f"{any_risk['f1']:.3f}"),
        (
            "any-risk precision at recall 0.8",
            f"{any_risk['precision_at_recall_0.8']:.3f} ({_span(any_risk['interval'])})",
        ),
        ("harmless items flagged, risks missed", f"{figures['harmless_flagged']:.1%}, {figures['risks_missed']:.1%}"),
        ("left unsure; macro-F1 of the rest", f"{figures['unsure']:.1%}; {figures['macro_f1_when_sure']:.3f}"),
        ("countries, micro-F1", "-" if figures["countries_f1"] is None else f"{figures['countries_f1']:.3f}"),
    ]
    rows += [(f"severity {kind.replace('_', ' ')}", _severity(of)) for kind, of in figures["severity"].items() if of]
    if zh:
        rows.append(("macro-F1, Chinese less English", f"{zh['difference']:+.3f} ({_span(zh['interval'])})"))
    lines += [f"| {label} | {value} |" for label, value in rows]
    lines += ["", "| language or source | items | risks | macro-F1 | any-risk F1 |", "|---|---|---|---|---|"]
    for kind in ("languages", "sources"):
        lines += [f"| {_named(group)} | {_row(of, ' | ', 2)} |" for group, of in figures[kind].items()]
    lines += ["", "| chance told | came true | judgements |", "|---|---|---|"]
    lines += [f"| {row['told']:.2f} | {row['found']:.2f} | {row['count']} |" for row in figures["reliability"]]
    for kind, of in figures["severity"].items():
        if of:
            lines += ["", f"| severity {kind.replace('_', ' ')} | told 1 | told 2 | told 3 |", "|---|---|---|---|"]
            lines += [f"| true {step} | {' | '.join(map(str, row))} |" for step, row in enumerate(of["table"], 1)]
    return "\n".join(lines) + "\n"


def _curve(rows: Sequence[Mapping[str, float]], name: str) -> str:
    """The learning curve as a table: figures, and what each further thousand of examples brought."""
    lines = [
        f"## Learning curve, measured on {name}",
        "",
        "| own examples | macro-F1 | average precision | macro-F1 a further thousand |",
        "|---|---|---|---|",
    ]
    for number, row in enumerate(rows):
        before = rows[number - 1] if number else None
        more = row["examples"] - (before["examples"] if before else 0)
        gain = f"{1000 * (row['macro_f1'] - before['macro_f1']) / more:+.3f}" if before else ""
        lines.append(f"| {row['examples']:,} | {row['macro_f1']:.3f} | {row['average_precision']:.3f} | {gain} |")
    return "\n".join(lines) + "\n"


def _named(group: str) -> str:
    return {"": "other sources", "other": "other languages"}.get(group, group)


def _row(of: Mapping[str, Any], between: str, digits: int = 3) -> str:
    counts = (f"{of['items']:>5}", f"{of['risks']:>4}") if digits > 2 else (str(of["items"]), str(of["risks"]))
    risk = f"{of['any_risk_f1']:.{digits}f} ({_span(of['any_risk_f1_interval'], digits)})"
    return between.join((*counts, f"{of['macro_f1']:.{digits}f} ({_span(of['macro_f1_interval'], digits)})", risk))


def _severity(of: Mapping[str, Any]) -> str:
    return (
        f"mean recall {of['mean_recall']:.2f}, quadratic kappa {of['kappa']:.2f}, exact {of['exact']:.2f}"
        f" on {of['items']} items"
    )


def _span(sides: Sequence[float], digits: int = 3) -> str:
    return f"{sides[0]:.{digits}f} to {sides[1]:.{digits}f}" if sides else "-"
