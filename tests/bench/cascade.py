"""What the cascade costs and keeps: macro-F1 against items a second, for ever more texts that skip the encoder.

    python -m tests.bench cascade GOLD.jsonl [--pool TEXTS.jsonl] [--sample 400]

GOLD holds labelled texts, which give the F1; TEXTS, labelled or not, give the speed (default: GOLD itself).
One core; each text is read as it comes, with the first 300 characters of its summary.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from monitor import resources
from monitor.classify.evaluate import read_gold
from monitor.classify.predict import EXACT, FAST, Classifier
from monitor.domain import TAGS, Text

SUMMARY = 300  # characters
CUTS = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
CHUNK = 20  # texts whose cost is taken together


def main(arguments: Sequence[str]) -> int:
    """Print the curve; the shipped choice is marked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path)
    parser.add_argument("--pool", type=Path)
    parser.add_argument("--sample", type=int, default=400, help="texts of the pool that are timed")
    parser.add_argument("--model", type=Path, default=resources.path("models"))
    options = parser.parse_args(arguments)
    console, classifier = Console(width=100), Classifier.load(options.model)
    gold = read_gold(options.gold)
    truth = np.array([[tag in entry.labels for tag in TAGS] for entry in gold], dtype=bool)
    texts = [_short(entry.text) for entry in gold]
    fast, exact = classifier.probabilities(texts, FAST), classifier.probabilities(texts, EXACT)
    pool = texts if options.pool is None else _read(options.pool)
    pool = random.Random(1).sample(pool, min(options.sample, len(pool)))
    classifier.judge(pool, fast=True)  # what is loaded and learnt on first sight is no text's cost
    began = time.process_time()
    classifier.judge(pool, fast=True)
    base = (time.process_time() - began) / len(pool)
    likely = classifier.probabilities(pool, FAST).max(axis=1)
    costs = _costs(classifier, pool)
    table = Table("asked from", "texts that reach the encoder", "items/s", "macro-F1", title="cascade")
    thresholds, shipped = classifier.weights.thresholds, classifier.weights.ask_from
    for cut in sorted({*CUTS, round(shipped, 3)}):
        asked = fast.max(axis=1) >= cut
        said = np.where(asked[:, None], exact >= thresholds[EXACT], fast >= thresholds[FAST])
        reach = likely >= cut
        speed = 1 / (base + float((costs * reach).mean()))
        mark = " (shipped)" if abs(cut - shipped) < 1e-6 else ""
        table.add_row(f"{cut:.2f}{mark}", f"{reach.mean():.0%}", f"{speed:.0f}", f"{_macro_f1(truth, said):.3f}")
    said = fast >= thresholds[FAST]
    table.add_row("never", "0%", f"{1 / base:.0f}", f"{_macro_f1(truth, said):.3f}")
    console.print(table)
    console.print(
        f"{len(gold)} labelled texts, {len(pool)} timed, CPU of one core; fast tier {base * 1e6:.0f} us a text"
    )
    return 0


def _costs(classifier: Classifier, texts: Sequence[Text]) -> np.ndarray:
    """CPU seconds that each text costs beyond the fast tier when it reaches the encoder: the mean of its chunk."""
    found = []
    for start in range(0, len(texts), CHUNK):
        part = texts[start : start + CHUNK]
        began = time.process_time()
        classifier.probabilities(part, EXACT)
        found += [(time.process_time() - began) / len(part)] * len(part)
    return np.array(found)


def _read(file: Path) -> list[Text]:
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [_short(Text(title=line.get("title") or "", summary=line.get("summary") or "")) for line in lines]


def _short(text: Text) -> Text:
    return replace(text, summary=text.summary[:SUMMARY])


def _macro_f1(truth: np.ndarray, said: np.ndarray) -> float:
    hits, wrong = (truth & said).sum(axis=0), (truth ^ said).sum(axis=0)
    return float(np.mean(2 * hits / np.maximum(1, 2 * hits + wrong)))
