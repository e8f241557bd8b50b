"""From labelled texts and people's verdicts to the classifier that judges.

The shipped classifier is trained from the seeds alone; an installation's candidate from the
seeds and its own verdicts. A candidate judges nothing until it is promoted, and one command
goes back to the classifier before it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from monitor import resources
from monitor.classify.artefact import manifest_of, save
from monitor.classify.encoder import encoder_id
from monitor.classify.evaluate import in_words, read_gold, scores_of
from monitor.classify.taxonomy import load_sources, load_taxonomy
from monitor.classify.train import LabelledText, Trained, read_labels, train
from monitor.classify.vectors import read, stacked, vectors_of, write
from monitor.domain import FeedKind, Item, Text, Trust, Verdict
from monitor.errors import UsageError
from monitor.i18n import _
from monitor.shell import Shell, pack
from monitor.store import StoredModel
from monitor.warn.severity import assess

VERDICT_WEIGHT = 3.0  # a person's word on a real item counts as much as so many seed sentences
SHIPPED = "shipped"
VECTORS = "vectors.npz"  # in seeds/
MADE = datetime(2026, 1, 1, tzinfo=UTC)  # of a shipped classifier, so that the same seeds give the same bytes
Progress = Callable[[str], None]


def train_shipped(*, progress: Progress) -> dict[str, Any]:
    """Train from the seeds and replace the checkout's `models/`. Raises: ConfigError, UsageError."""
    folder = resources.path("models")
    if not (folder.parent / "pyproject.toml").is_file():
        raise UsageError(_("--shipped rebuilds the checkout's models/ and needs a checkout"))
    trained = _trained([], progress, keep=True)
    return _report(save(folder, trained.weights, trained.pipeline, dict(trained.facts), made=MADE))


def train_candidate(shell: Shell, *, progress: Progress) -> dict[str, Any]:
    """Train from the seeds and this installation's verdicts; the candidate waits in the database."""
    verdicts = shell.store.judged_by_people()
    trained = _trained([_of_verdict(verdict, item) for verdict, item in verdicts], progress)
    now = shell.clock()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        facts = {**trained.facts, "verdicts": len(verdicts)}
        manifest = save(folder, trained.weights, trained.pipeline, facts, made=now)
        files = pack(folder)
    digest = sha256(files).hexdigest()
    scores = manifest["scores"]
    shell.store.add_model(
        StoredModel(digest=digest, created=now, state="candidate", manifest=manifest, scores=scores, files=files)
    )
    return {"digest": digest, "verdicts": len(verdicts), **_report(manifest)}


def _trained(more: Sequence[LabelledText], progress: Progress, *, keep: bool = False) -> Trained:
    """Trained from the seeds and `more`; `keep` writes the seeds' vectors back into the checkout."""
    sources = load_sources(resources.path("seeds/sources.yaml"))
    topics = load_taxonomy(resources.path("seeds/taxonomy.yaml"), sources)
    examples = [*read_labels(resources.path("seeds/labels.jsonl")), *more]
    texts = [example.text for example in examples]
    file = resources.path("seeds") / VECTORS
    encoder, kept = read(file)
    if encoder != encoder_id() and encoder_id():
        kept = {}
    vectors = vectors_of(texts, kept, progress=progress)
    if vectors is None:
        return train(examples, [topic.id for topic in topics], progress=progress)
    if keep and set(vectors) != set(kept):
        write(file, encoder_id(), vectors)
        vectors = read(file)[1]  # what every later training sees
    return train(
        examples,
        [topic.id for topic in topics],
        vectors=stacked(texts, vectors),
        encoder=encoder_id() or encoder,
        progress=progress,
    )


def _of_verdict(verdict: Verdict, item: Item) -> LabelledText:
    language = item.judgement.language if item.judgement else item.feed_language
    text = Text(title=item.title, summary=item.summary, language=language)
    return LabelledText(text=text, labels=verdict.labels, language=language, weight=VERDICT_WEIGHT)


def _report(manifest: dict[str, Any]) -> dict[str, Any]:
    kept = ("version", "examples", "harmless", "languages", "scores")
    return {name: manifest[name] for name in kept}


def evaluate_file(shell: Shell, file: Path) -> tuple[dict[str, Any], str]:
    """The scores of the classifier that judges on labelled JSON Lines, and the same as a table."""
    gold = read_gold(file)
    said = shell.tagger.judge([entry.text for entry in gold])
    severities = [
        int(assess(entry.text, judgement, trust=Trust.OTHER, kind=FeedKind.NEWS).severity)
        for entry, judgement in zip(gold, said, strict=True)
    ]
    scores = {"model": manifest_of(shell.model_dir)["version"], **scores_of(gold, said, severities)}
    return scores, in_words(scores)


def models(shell: Shell) -> list[dict[str, Any]]:
    """The classifiers to choose from, newest first, the shipped one last."""
    rows = [
        {
            "digest": model.digest,
            "state": model.state,
            "created": model.created.isoformat(timespec="seconds"),
            "examples": model.manifest.get("examples", 0),
            "macro_f1": model.scores.get("exact", model.scores).get("macro_f1"),
        }
        for model in shell.store.models()
    ]
    manifest = manifest_of(resources.path("models"))
    judges = not any(row["state"] == "promoted" for row in rows)
    shipped = {
        "digest": SHIPPED,
        "state": "promoted" if judges else "former",
        "created": manifest["made"],
        "examples": manifest["examples"],
        "macro_f1": manifest["scores"]["exact"]["macro_f1"],
    }
    return [*rows, shipped]


def promote(shell: Shell, digest: str, *, back: bool) -> str:
    """Let another classifier judge: the one whose digest begins so, or the one before. Returns what judges now.

    Raises: UsageError when no classifier, or more than one, is meant.
    """
    known = shell.store.models()
    if back:
        former = [m for m in known if m.state == "former"]
        chosen = max(former, key=lambda m: m.promoted or m.created).digest if former else ""
    elif digest == SHIPPED:
        chosen = ""
    else:
        meant = [m.digest for m in known if digest and m.digest.startswith(digest)]
        if len(meant) != 1:
            said = _("{n} classifiers begin with {digest!r}: `monitor model list` names them")
            raise UsageError(said.format(n=len(meant), digest=digest))
        chosen = meant[0]
    shell.store.promote_model(chosen, at=shell.clock())
    return chosen[:12] or SHIPPED
