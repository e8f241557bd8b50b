"""Two hundred wrong verdicts of one reviewer: what does a classifier trained on them do, and may it judge?

    python -m tests.harness.poison --verdicts 200

An installation of sixty days with the verdicts of others; then one reviewer calls so many flagged items harmless.
A candidate is trained on all of it and asked for as anybody would: the gate decides. Measured beside is the shipped
gate alone, which no verdict changes. Then that reviewer is left out, and the former classifier is called back.
Prints one JSON object; ends with 1 where a candidate judges that lost on the shipped gate.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from monitor import resources, teaching
from monitor.classify.evaluate import read_gold, scores_of
from monitor.domain import Verdict, VerdictKind
from monitor.errors import GateError
from monitor.shell import Shell
from monitor.store.items import ItemFilter
from tests.edges.test_web import settings_in
from tests.richbase import fill, until_now

LOST = 0.01  # macro-F1 on the shipped gate


def poison(shell: Shell, count: int) -> int:
    """So many flagged items are called harmless by one reviewer, whatever others said; returns how many there were."""
    flagged = [item for item in shell.store.items(ItemFilter()) if item.judgement and item.judgement.labels]
    wrong = {"kind": VerdictKind.RELABEL, "labels": (), "author": "mallory", "at": shell.clock()}
    shell.store.add_verdicts([Verdict(item_id=item.id or 0, **wrong) for item in flagged[:count]])
    return len(flagged[:count])


def frozen(shell: Shell, digest: str) -> dict[str, float]:
    """Scores on the shipped gate alone."""
    gold = read_gold(resources.path(teaching.GATE))
    said = teaching._said(shell, digest, gold, teaching.remembering(resources.path(teaching.VECTORS)))
    grave = [one.flagged for one, entry in zip(said, gold, strict=True) if entry.severity == 3]
    return {
        "macro_f1": round(scores_of(gold, said, [0] * len(gold))["macro_f1"], 4),
        "grave_flagged": round(sum(grave) / len(grave), 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verdicts", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-poison-") as folder:
        clock = until_now()
        with closing(Shell(settings=settings_in(Path(folder)), clock=clock)) as shell:
            fill(shell, clock)
            found: dict[str, Any] = {"wrong": poison(shell, options.verdicts)}
            found["before"] = frozen(shell, teaching.SHIPPED)
            for name, without in (("poisoned", ""), ("without_the_reviewer", "mallory")):
                candidate = teaching.train_candidate(shell, progress=lambda *_: None, without=without)
                found[name] = {"verdicts": candidate["verdicts"], **frozen(shell, candidate["digest"])}
                try:
                    teaching.promote(shell, candidate["digest"], author="ana")
                    found[name]["judges"] = True
                    found[name]["back"] = teaching.go_back(shell, author="ana")
                except GateError as refused:
                    found[name] |= {"judges": False, "why": str(refused)}
    print(json.dumps(found))
    fell = found["before"]["macro_f1"] - found["poisoned"]["macro_f1"] > LOST
    missed = found["poisoned"]["grave_flagged"] < found["before"]["grave_flagged"]
    return int(found["poisoned"]["judges"] and (fell or missed))


if __name__ == "__main__":
    raise SystemExit(main())
