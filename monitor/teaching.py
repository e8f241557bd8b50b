"""From labelled texts and people's verdicts to the classifier that judges.

The shipped classifier is trained from the seeds alone; an installation's candidate from the
seeds and its own verdicts. A candidate judges nothing until it is promoted, and one command
goes back to the classifier before it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from monitor import resources
from monitor.classify.adapter import tuned_on
from monitor.classify.artefact import ADAPTER, load_weights, manifest_of, save
from monitor.classify.card import card_of, in_words
from monitor.classify.concepts import read as read_lexicon
from monitor.classify.drift import FEWEST, Sample, Signal, drift_from, drift_of
from monitor.classify.encoder import Encode, encoder_id
from monitor.classify.evaluate import GoldText, read_gold, scores_of
from monitor.classify.examples import LabelledText, digest_of, read_labels
from monitor.classify.features import tokens
from monitor.classify.figures import figures_of
from monitor.classify.mistakes import Mistake, in_lines, mistakes_of
from monitor.classify.predict import Classifier
from monitor.classify.taxonomy import load_sources, load_taxonomy
from monitor.classify.train import Trained, train
from monitor.classify.vectors import read, remembering, stacked, vectors_of, write
from monitor.domain import TAGS, FeedKind, Item, Judgement, Text, Trust, Verdict
from monitor.errors import GateError, UsageError
from monitor.i18n import N_, _
from monitor.shell import Shell, pack, unpack
from monitor.store import StoredModel
from monitor.store.items import ItemFilter
from monitor.warn.severity import assess

VERDICT_WEIGHT = 3.0  # a person's word on a real item counts as much as so many seed sentences
SHIPPED = "shipped"
GATED = ("macro_f1", "critical_recall")  # neither may fall
GATE = "seeds/gate.jsonl"
VECTORS = "seeds/vectors.npz"
CURVE = (0.125, 0.25, 0.5, 0.75, 1.0)  # shares of the seeds that the learning curve is measured at
FAILURES = 12  # heaps of mistakes that the model card names
DRIFT_NOW, DRIFT_PAST = timedelta(days=7), timedelta(days=28)
BEFORE, IN_TRAINING = N_("the four weeks before"), N_("unseen texts in training")  # what drift is reckoned from
MADE = datetime(2026, 1, 1, tzinfo=UTC)  # of a shipped classifier, so that the same seeds give the same bytes
Progress = Callable[[str], None]


def train_shipped(*, progress: Progress) -> dict[str, Any]:
    """Train from the seeds and replace the checkout's `models/`. Raises: ConfigError, UsageError."""
    folder = resources.path("models")
    if not (folder.parent / "pyproject.toml").is_file():
        raise UsageError(_("--shipped rebuilds the checkout's models/ and needs a checkout"))
    trained = _trained([], progress, keep=True)
    return _report(save(folder, trained.weights, trained.pipeline, dict(trained.facts), made=MADE))


def train_candidate(shell: Shell, *, progress: Progress, without: str = "") -> dict[str, Any]:
    """Train from the seeds and this installation's verdicts, but for those of the gate and of the author `without`.

    The candidate waits in the database until it is promoted.
    """
    given = shell.store.judged_by_people()
    verdicts = [(verdict, item) for verdict, item in given if verdict.author != without and not for_gate(item)]
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
    """Trained from the seeds and `more`; `keep` writes the vectors of seeds and gate back into the checkout."""
    material = _material(more, progress, keep=keep)
    return train(material.examples, **material.rest, vectors=material.vectors, progress=progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """What a classifier is trained from: examples, their vectors if this machine has some, and the rest."""

    examples: Sequence[LabelledText]
    vectors: Any
    rest: Mapping[str, Any]


def _material(more: Sequence[LabelledText], progress: Progress, *, keep: bool = False) -> _Material:
    sources = load_sources(resources.path("seeds/sources.yaml"))
    topics = load_taxonomy(resources.path("seeds/taxonomy.yaml"), sources)
    rest: dict[str, Any] = {
        "topics": [topic.id for topic in topics],
        "lexicon": read_lexicon(resources.path("seeds/lexicon.yaml")),
    }
    examples = [*read_labels(resources.path("seeds/labels.jsonl")), *more]
    adapter = (resources.path("models") / ADAPTER).read_bytes()
    known = tuned_on(adapter)  # whose titles are enough: probabilities are fitted on the others' texts
    texts = [replace(e.text, summary="") if e.group in known and e.text.title else e.text for e in examples]
    here = encoder_id(sha256(adapter).hexdigest())
    file = resources.path(VECTORS)
    encoder, kept = read(file)
    if here and encoder != here:
        kept = {}
    gate = [entry.text for entry in read_gold(resources.path(GATE))] if keep else []  # so that promoting is quick
    vectors = vectors_of([*texts, *gate], kept, adapter=adapter, progress=progress)
    if vectors is None:
        return _Material(examples=examples, vectors=None, rest=rest)
    if keep and set(vectors) != set(kept):
        write(file, here, vectors)
        vectors = read(file)[1]  # what every later training sees
    rest |= {"encoder": here or encoder, "adapter": adapter}
    return _Material(examples=examples, vectors=stacked(texts, vectors), rest=rest)


def learning_curve(file: Path, *, progress: Progress) -> list[dict[str, float]]:
    """What ever more of our own examples bring on the labelled JSON Lines of `file`: macro-F1, average precision.

    Each step trains anew on a part of the seeds, chosen by digest. Raises: ConfigError.
    """
    material, gold, encode = _material([], progress), read_gold(file), remembering(resources.path(VECTORS))
    order = sorted(range(len(material.examples)), key=lambda n: digest_of(material.examples[n]))
    rows = []
    for share in CURVE:
        part = order[: round(share * len(order))]
        vectors = None if material.vectors is None else material.vectors[part]
        progress(f"{len(part)} examples")
        trained = train([material.examples[n] for n in part], **material.rest, vectors=vectors, progress=progress)
        said = Classifier(trained.weights, encode=encode).judge([entry.text for entry in gold])
        found = scores_of(gold, said, [0] * len(gold))
        rows.append({"examples": len(part), **{name: found[name] for name in ("macro_f1", "average_precision")}})
    return rows


def _of_verdict(verdict: Verdict, item: Item) -> LabelledText:
    language = item.judgement.language if item.judgement else item.feed_language
    text = Text(title=item.title, summary=item.summary, language=language)
    return LabelledText(text=text, labels=verdict.labels, language=language, weight=VERDICT_WEIGHT)


def _report(manifest: dict[str, Any]) -> dict[str, Any]:
    kept = ("version", "examples", "harmless", "languages", "scores")
    return {name: manifest[name] for name in kept}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What was measured on one file: figures, and heaps of mistakes."""

    figures: dict[str, Any]
    heaps: list[tuple[str, list[Mistake]]]

    @property
    def words(self) -> str:
        """The figures as tables."""
        return in_words(self.figures)

    @property
    def mistakes(self) -> str:
        """The mistakes, heap by heap."""
        return "\n".join(in_lines(self.heaps))


def evaluate_file(shell: Shell, file: Path) -> Evaluation:
    """The classifier that judges, measured on labelled JSON Lines. Raises: ConfigError, ArtefactError."""
    gold = read_gold(file)
    said = shell.tagger.judge([entry.text for entry in gold])
    right = [
        replace(judgement, labels=tuple(tag for tag in TAGS if tag in entry.labels))
        for entry, judgement in zip(gold, said, strict=True)
    ]
    figures = figures_of(gold, said, _severities(gold, said), _severities(gold, right))
    version = manifest_of(shell.model_dir)["version"]
    return Evaluation(figures={"model": version, **figures}, heaps=mistakes_of(gold, said))


def _severities(gold: Sequence[GoldText], said: Sequence[Judgement]) -> list[int]:
    return [
        int(assess(entry.text, judgement, trust=Trust.OTHER, kind=FeedKind.NEWS).severity)
        for entry, judgement in zip(gold, said, strict=True)
    ]


def write_card(
    shell: Shell, card: Path, name: str, measured: Evaluation, curve: Sequence[Mapping[str, float]] = ()
) -> None:
    """The model card of the classifier that judges, by its manifest, the gate set, and what was just measured."""
    gate = evaluate_file(shell, resources.path(GATE))
    heaps = [(name, len(heap)) for name, heap in measured.heaps[:FAILURES]]
    both = {"the gate set (`seeds/gate.jsonl`, invented by other hands)": gate.figures, name: measured.figures}
    card.write_text(card_of(manifest_of(shell.model_dir), both, heaps, curve), encoding="utf-8")


def drift(shell: Shell) -> tuple[str, list[Signal]]:
    """The last week's items beside those of the four weeks before, as the classifier that judges saw them.

    Where those are too few, beside what it said of unseen texts in training. What was compared with, and the signals;
    no signals where the last week has too few items. Raises: ArtefactError.
    """
    now = shell.clock()
    items = shell.store.items(ItemFilter(since=now - DRIFT_PAST - DRIFT_NOW))
    verdicts = {verdict.item_id: verdict for verdict, _item in shell.store.judged_by_people()}
    known = {word for word in load_weights(shell.model_dir).vocabulary if " " not in word}
    recent = [item for item in items if item.judgement and item.fetched >= now - DRIFT_NOW]
    former = [item for item in items if item.judgement and item.fetched < now - DRIFT_NOW]
    now_seen = _sample(recent, verdicts, known)
    if len(former) >= FEWEST:
        return BEFORE, drift_of(_sample(former, verdicts, known), now_seen)
    return IN_TRAINING, drift_from(manifest_of(shell.model_dir).get("reference", {}), now_seen)


def _sample(items: Sequence[Item], verdicts: Mapping[int, Verdict], known: set[str]) -> Sample:
    words = [word for item in items for word in tokens(f"{item.title} {item.summary}")]
    given = [(verdicts[item.id or 0], item.judgement) for item in items if item.id in verdicts]
    return Sample(
        judgements=[item.judgement for item in items if item.judgement],
        unknown=sum(word not in known for word in words) / max(len(words), 1),
        reviewed=len(given),
        overridden=sum(set(verdict.labels) != set(judgement.labels) for verdict, judgement in given if judgement),
    )


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


def go_back(shell: Shell, *, author: str) -> str:
    """Let the classifier before this one judge again; returns which it is."""
    former = [model for model in shell.store.models() if model.state == "former"]
    chosen = max(former, key=lambda m: m.promoted or m.created).digest if former else ""
    shell.store.promote_model(chosen, at=shell.clock(), author=author)
    return chosen[:12] or SHIPPED


def promote(shell: Shell, digest: str, *, author: str) -> dict[str, Any]:
    """Let the classifier whose digest begins so judge from now on, if it passes the gate; returns its scores.

    Raises: UsageError when no classifier, or more than one, is meant; GateError when the gate's scores fall.
    """
    before, after = compare(shell, digest)
    if fallen := [name for name in GATED if after[name] < before[name]]:
        said = _("not promoted: on the gate set {names} would fall ({before} to {after})")
        figures = [", ".join(f"{side[name]:.3f}" for name in fallen) for side in (before, after)]
        raise GateError(said.format(names=", ".join(fallen), before=figures[0], after=figures[1]))
    chosen = "" if after["digest"] == SHIPPED else after["digest"]
    shell.store.promote_model(chosen, at=shell.clock(), author=author)
    return after


def compare(shell: Shell, digest: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The gate's scores of the classifier that judges and of another one. Raises: UsageError.

    Macro-F1, and the share of critical texts that are flagged at all.
    """
    gold, encode = gate_set(shell), remembering(resources.path(VECTORS))
    severe = [number for number, entry in enumerate(gold) if entry.severity == 3]

    def scores(one: str) -> dict[str, Any]:
        said = _said(shell, one, gold, encode)
        return {
            "digest": one,
            "macro_f1": scores_of(gold, said, [0] * len(gold))["macro_f1"],
            "critical_recall": round(sum(said[n].flagged for n in severe) / max(len(severe), 1), 4),
        }

    return scores(shell.store.promoted_digest() or SHIPPED), scores(_meant(shell, digest))


def _said(shell: Shell, digest: str, gold: Sequence[GoldText], encode: Encode) -> list[Judgement]:
    """What a classifier says of the gate set."""
    texts = [entry.text for entry in gold]
    if digest == SHIPPED:
        return Classifier.load(resources.path("models"), encode=encode).judge(texts)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "model"
        unpack(shell.store.model_files(digest), folder)
        return Classifier.load(folder, encode=encode).judge(texts)


def _meant(shell: Shell, digest: str) -> str:
    if digest == SHIPPED:
        return SHIPPED
    meant = [model.digest for model in shell.store.models() if digest and model.digest.startswith(digest)]
    if len(meant) != 1:
        said = _("{n} classifiers begin with {digest!r}: `monitor model list` names them")
        raise UsageError(said.format(n=len(meant), digest=digest))
    return meant[0]


def for_gate(item: Item) -> bool:
    """Whether a verdict on this item is kept for the gate and never trained on: every fifth, by its digest."""
    return blake2b(item.ref, digest_size=4).digest()[0] % 5 == 0


def gate_set(shell: Shell) -> list[GoldText]:
    """What every classifier is measured on before it may judge: the shipped gate and every fifth verdict."""
    kept = [(verdict, item) for verdict, item in shell.store.judged_by_people() if for_gate(item)]
    given = [
        GoldText(text=Text(title=item.title, summary=item.summary), labels=frozenset(verdict.labels))
        for verdict, item in kept
    ]
    return [*read_gold(resources.path(GATE)), *given]
