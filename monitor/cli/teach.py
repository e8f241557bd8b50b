"""Commands of the classifier: classify, train, evaluate, model."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from monitor.cli import show
from monitor.domain import FeedKind, Text, Trust
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell
from monitor.text.normalise import json_of

CHUNK = 200  # lines judged together


def classify(shell: Shell, options: argparse.Namespace) -> int:
    """JSON Lines in, JSON Lines out, in the same order; a wrong line is told and the rest goes on."""
    wrong = 0
    with opened(options.file) as file:
        for chunk in _chunks(file):
            wrong += sum(isinstance(entry, str) for entry in chunk)
            for line in _answers(shell, chunk):
                show.line(line)
            sys.stdout.flush()
    return 1 if wrong else 0


def opened(name: str) -> TextIO:
    if name == "-":
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        return sys.stdin
    try:
        return Path(name).open(encoding="utf-8", errors="replace")
    except OSError as problem:
        said = _("{file} cannot be read ({why})").format(file=name, why=problem.strerror)
        raise UsageError(said) from problem


def _chunks(file: TextIO) -> Iterator[list[dict[str, Any] | str]]:
    chunk: list[dict[str, Any] | str] = []
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        chunk.append(_entry(number, line))
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _entry(number: int, line: str) -> dict[str, Any] | str:
    """One text to judge, or what is wrong with its line."""
    try:
        entry = json_of(line)
    except (ValueError, RecursionError):
        return _("line {line}: this is not JSON").format(line=number)
    if not isinstance(entry, dict):
        return _("line {line}: write an object with id and title").format(line=number)
    for name in ("title", "summary", "language"):
        if not isinstance(entry.get(name) or "", str):
            return _("line {line}: {name} is not a text").format(line=number, name=name)
    if not (entry.get("title") or entry.get("summary")):
        entry["title"] = ""
    return entry


def _answers(shell: Shell, chunk: list[dict[str, Any] | str]) -> Iterator[dict[str, Any]]:
    from monitor.warn.severity import assess

    texts = [
        Text(title=e.get("title") or "", summary=e.get("summary") or "", language=e.get("language") or "")
        for e in chunk
        if isinstance(e, dict)
    ]
    judgements = iter(zip(texts, shell.tagger.judge(texts), strict=True))
    for entry in chunk:
        if isinstance(entry, str):
            show.say(f"monitor: {entry}", to_stderr=True)
            yield {"id": None, "error": entry}
            continue
        text, judgement = next(judgements)
        severity = assess(text, judgement, trust=Trust.OTHER, kind=FeedKind.NEWS).severity
        yield {"id": entry.get("id"), **show.judgement(judgement, text.title, text.summary), "severity": int(severity)}


def train(shell: Shell, options: argparse.Namespace) -> int:
    """Train from the seeds, with this installation's verdicts unless `--shipped`."""
    from monitor.teaching import train_candidate, train_shipped

    report = (
        train_shipped(progress=_progress)
        if options.shipped
        else train_candidate(shell, progress=_progress, without=options.without)
    )
    if options.json:
        show.line(report)
    else:
        for name, value in report.items():
            show.say(f"{name}: {value}")
    return 0


def _progress(step: str) -> None:
    show.say(_(step), to_stderr=True)


def evaluate(shell: Shell, options: argparse.Namespace) -> int:
    """Measure the classifier that judges on labelled JSON Lines."""
    from monitor.teaching import evaluate_file, learning_curve, write_card

    if options.curve and not options.card:
        raise UsageError(_("--curve goes into the model card: name it with --card FILE"))
    found = evaluate_file(shell, Path(options.file))
    if options.card:
        curve = learning_curve(Path(options.file), progress=_progress) if options.curve else ()
        write_card(shell, Path(options.card), options.named or Path(options.file).name, found, curve)
    if options.json:
        show.line(found.figures)
    elif options.errors:
        show.say(found.mistakes)
    else:
        show.say(found.words)
    return 0


def model(shell: Shell, options: argparse.Namespace) -> int:
    """Which classifier judges: list, compare, promote, back; and whether the world has moved away from it."""
    from monitor.teaching import compare, go_back, models, promote

    if options.action == "drift":
        return _drift(shell, as_json=options.json)
    if options.action == "back":
        show.say(_("from now on judges: {model}").format(model=go_back(shell, author=getpass.getuser())))
        return 0
    if options.action == "promote":
        chosen = promote(shell, options.digest, author=getpass.getuser())
        show.say(_("from now on judges: {model}").format(model=chosen["digest"][:12]))
        return 0
    if options.action == "compare":
        for row in compare(shell, options.digest):
            show.line(row)
        return 0
    rows = models(shell)
    if options.json:
        for row in rows:
            show.line(row)
    else:
        heads = (_("digest"), _("state"), _("made"), _("examples"), _("macro-F1 in cross-validation"))
        shown = []
        for row in rows:
            state = row["state"]
            shown.append((row["digest"][:12], _(state), row["created"], row["examples"], row["macro_f1"]))
        show.table(heads, shown)
    return 0


def _drift(shell: Shell, *, as_json: bool) -> int:
    """The last week beside what is usual, in words."""
    from monitor.classify.drift import ENOUGH, FEWEST
    from monitor.teaching import drift

    beside, signals = drift(shell)
    if as_json:
        for one in signals:
            name = _(one.name).format(**one.filled)
            show.line({"signal": name, "beside": beside, "value": one.value, "limit": one.limit, "moved": one.moved})
        return 0
    if not signals:
        show.say(_("too few items to compare: it takes {n} of the last week").format(n=FEWEST))
        return 0
    rows = [
        (_(one.name).format(**one.filled), f"{one.value:+.3f}", one.limit, _("moved") if one.moved else _("steady"))
        for one in signals
    ]
    show.table((_("last week beside {what}").format(what=_(beside)), _("difference"), _("limit"), ""), rows)
    many = sum(one.moved for one in signals) >= ENOUGH
    show.say(
        _("The news is not what it was: read some items, give verdicts, and train anew.")
        if many
        else _("Nothing that asks for a new training.")
    )
    return 0
