"""Verdicts become training texts; a candidate judges only after the gate; one command goes back."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import pytest

from monitor import config, resources, teaching
from monitor.classify.adapter import tuned_on
from monitor.classify.artefact import ADAPTER
from monitor.classify.encoder import encode, encoder_id, whole_of, words_of
from monitor.classify.examples import read_labels
from monitor.classify.vectors import digest_of, read
from monitor.domain import Tag, Verdict, VerdictKind
from monitor.shell import Shell, system_clock
from monitor.store import Store
from monitor.store.items import ItemFilter
from monitor.teaching import GATED, for_gate

from .conftest import HARMLESS, STRIKE, Monitor, Site


def test_verdicts_a_candidate_the_gate_and_back(monitor: Monitor, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One reviewer is right once, and what learns from that judges unless it falls at the gate; another calls two
    hundred risks harmless, and what learns from those, of few seeds beside, does fall."""
    seeds = read_labels(resources.path("seeds/labels.jsonl"))
    titles = list(dict.fromkeys(seed.text.title for seed in seeds if seed.language == "en" and seed.labels))[:280]
    monitor.feeds(site.rss("/a.xml", [STRIKE, HARMLESS]), site.rss("/b.xml", titles))
    monitor("poll", "--all", "--fetch-only")
    store = Store.open(f"sqlite:///{monitor.folder / 'data' / 'monitor.db'}")
    items = [item for item in store.items(ItemFilter()) if not for_gate(item) and item.title not in (STRIKE, HARMLESS)]
    wrong = {"kind": VerdictKind.RELABEL, "labels": (), "author": "mallory", "at": datetime.now(UTC)}
    store.add_verdicts([Verdict(item_id=item.id or 0, **wrong) for item in items[:200]])
    right = {"kind": VerdictKind.RELABEL, "labels": (Tag.SUPPLY_CHAIN,), "author": "ana", "at": datetime.now(UTC)}
    store.add_verdicts([Verdict(item_id=items[200].id or 0, **right)])
    store.close()

    candidate = monitor.json("train", "--without", "mallory")
    assert candidate["verdicts"] == 1
    assert states(monitor) == {candidate["digest"]: "candidate", "shipped": "promoted"}
    before, after = map(json.loads, monitor("model", "compare", candidate["digest"][:12]).stdout.splitlines())
    passes = all(after[name] >= before[name] for name in GATED)
    monitor("model", "promote", candidate["digest"][:12], code=0 if passes else 3)
    assert (states(monitor)[candidate["digest"]] == "promoted") == passes
    if passes:
        monitor("model", "back")
    assert states(monitor)["shipped"] == "promoted"

    monkeypatch.setattr(teaching, "read_labels", lambda file: read_labels(file)[::12])
    settings = config.load({"MONITOR_DATA_DIR": str(monitor.folder / "data")}, env_file=monitor.folder / "none")
    shell = Shell(settings=settings, clock=system_clock)
    hostile = teaching.train_candidate(shell, progress=lambda _: None)
    shell.close()
    assert hostile["verdicts"] == 201
    said = monitor("model", "promote", hostile["digest"][:12], code=3).stderr
    assert "macro_f1" in said
    assert states(monitor)["shipped"] == "promoted"


def states(monitor: Monitor) -> dict[str, str]:
    return {row["digest"]: row["state"] for row in monitor.lines("model", "list")}


@pytest.mark.skipif(not encoder_id(), reason="no sentence encoder has a wheel for this machine")
def test_the_kept_vectors_are_the_encoders() -> None:
    encoder, kept = read(resources.path("seeds/vectors.npz"))
    examples = read_labels(resources.path("seeds/labels.jsonl"))
    adapter = (resources.path("models") / ADAPTER).read_bytes()
    assert encoder == encoder_id(sha256(adapter).hexdigest())
    said = [words_of(one.text) for one in examples]
    known = tuned_on(adapter)
    said += [whole for one in examples if one.group not in known and (whole := whole_of(one.text))]
    held = [words for words in said if digest_of(words) in kept]
    assert len(held) >= 0.75 * len(said)  # new seeds are encoded when trained on, and kept at the next --shipped
    sample = held[:: len(held) // 25]
    stored = np.stack([kept[digest_of(words)] for words in sample])
    assert (np.einsum("nd,nd->n", stored, encode(sample, adapter)) > 0.99).all()


def test_without_the_encoder_the_fast_tier_judges_and_says_so(monitor: Monitor) -> None:
    code = (
        "import monitor.classify.encoder as e\n"
        "e.encoder_id = lambda digest='': ''\n"
        "import monitor.classify.predict as p, monitor.classify.artefact as a\n"
        "p.encoder_id = a.encoder_id = e.encoder_id\n"
        "from monitor import resources\n"
        "from monitor.domain import Text\n"
        f"said = p.Classifier.load(resources.path('models')).judge([Text(title={STRIKE!r})])[0]\n"
        "print(said.model, [str(l) for l in said.labels], a.describe(resources.path('models')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=monitor.env)
    assert "/fast" in done.stdout
    assert "fast tier" in done.stdout
    assert "supply_chain" in done.stdout
