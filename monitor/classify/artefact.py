"""The trained classifier as files: weights for scoring, a scikit-learn pipeline, and their manifest. [I/O]

Nothing is loaded before its digest is checked, and nothing that is loaded can run code:
weights are plain arrays and JSON, the pipeline is a skops file of known types.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.classify.concepts import Lexicon
from monitor.classify.encoder import encoder_id
from monitor.domain import TAGS
from monitor.errors import ArtefactError
from monitor.i18n import _

FORMAT = 5  # of the files below; a manifest with another number is refused
WEIGHTS = "weights.npz"
PIPELINE = "pipeline.skops"
MANIFEST = "manifest.json"
ADAPTER = "adapter.npz"  # our tuning of the sentence encoder; lacking where it is used as its makers left it
FILES = (WEIGHTS, PIPELINE, ADAPTER)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One hidden layer of H rectified units over D inputs: an encoder's vector, then which concepts are touched."""

    hidden: npt.NDArray[np.float32]  # (D, H)
    hidden_bias: Floats  # (H,)
    out: npt.NDArray[np.float32]  # (H, 3)
    out_bias: Floats  # (3,)

    def scores(self, vectors: npt.NDArray[Any]) -> Floats:
        """Log-odds of each tag: (len(vectors), 3)."""
        found: Floats = np.maximum(vectors @ self.hidden + self.hidden_bias, 0) @ self.out + self.out_bias
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Linear models over words and over concepts, a network over an encoder's vectors, and what makes probabilities.

    The fast tier reads words and concepts, the exact tier the encoder's vectors as well. Probability of a tier =
    1 / (1 + exp(-(sum over the three parts of their score * mix[tier, part] + shift[tier]))).
    Shapes: V words and pairs, P pieces of words, C concepts and pairs, 3 tags in the order of `domain.TAGS`, T topics,
    2 tiers.
    """

    vocabulary: tuple[str, ...]  # V
    idf: Floats  # (V,)
    pieces: tuple[str, ...]  # P
    pieces_idf: Floats  # (P,)
    tag_weights: npt.NDArray[np.float32]  # (V + P, 3)
    tag_bias: Floats  # (3,)
    lexicon: Lexicon
    concepts: tuple[str, ...]  # C, names of features
    concept_weights: npt.NDArray[np.float32]  # (C, 3)
    concept_bias: Floats  # (3,)
    mix: Floats  # (2, 3, 3): tier; words, concepts, vectors; tag
    shift: Floats  # (2, 3)
    thresholds: Floats  # (2, 3)
    ask_from: float  # with every fast probability below it, a text is no risk and the encoder is not asked
    topics: tuple[str, ...]  # T
    topic_weights: npt.NDArray[np.float32]  # (V, T)
    topic_bias: Floats  # (T,)
    network: Network | None = None  # over the encoder's vectors
    encoder: str = ""  # which one they are of
    adapter: bytes = b""  # laid over it
    version: str = ""


_WORDS = ("vocabulary", "pieces", "concepts", "topics")
_LAYERS = ("hidden", "hidden_bias", "out", "out_bias")
_ADDRESS = re.compile(r"\b[0-9]{12,}\b")
_ARRAYS = (
    "idf",
    "pieces_idf",
    "tag_weights",
    "tag_bias",
    "concept_weights",
    "concept_bias",
    "mix",
    "shift",
    "thresholds",
    "topic_weights",
    "topic_bias",
)


def save(folder: Path, weights: Weights, pipeline: bytes, facts: dict[str, Any], *, made: datetime) -> dict[str, Any]:
    """Write weights, pipeline and manifest; returns the manifest. `facts`: what it was trained on and its scores."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    arrays = {name: getattr(weights, name) for name in _ARRAYS}
    if weights.network is not None:
        arrays |= {f"network_{name}": getattr(weights.network, name) for name in _LAYERS}
    listed = {name: getattr(weights, name) for name in _WORDS}
    listed |= {"lexicon_terms": weights.lexicon.terms, "lexicon_concepts": weights.lexicon.concepts}
    words = {name: np.array(list(found), dtype=np.str_) for name, found in listed.items()}
    np.savez_compressed(buffer, allow_pickle=False, **arrays, **words)
    contents = {WEIGHTS: reproducible(buffer.getvalue()), PIPELINE: reproducible(pipeline)}
    if weights.adapter:
        contents[ADAPTER] = weights.adapter
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    digests = {name: sha256(content).hexdigest() for name, content in contents.items()}
    manifest = {
        "format": FORMAT,
        "version": f"{made:%Y%m%d}-{digests[WEIGHTS][:8]}",
        "made": made.isoformat(),
        "tags": [tag.value for tag in TAGS],
        "encoder": weights.encoder,
        "ask_from": weights.ask_from,
        "files": digests,
        **facts,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def reproducible(archive: bytes) -> bytes:
    """The same zip without times and without the addresses of objects that skops writes as names."""
    from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

    out = BytesIO()
    with ZipFile(BytesIO(archive)) as source, ZipFile(out, "w", ZIP_DEFLATED, compresslevel=9) as target:
        schema = source.read("schema.json").decode() if "schema.json" in source.namelist() else ""
        numbers = {found: str(n) for n, found in enumerate(dict.fromkeys(_ADDRESS.findall(schema)), 1)}
        renamed = {_ADDRESS.sub(lambda m: numbers.get(m[0], m[0]), name): name for name in source.namelist()}
        for name, former in sorted(renamed.items()):
            content = source.read(former)
            if former == "schema.json":
                content = _ADDRESS.sub(lambda m: numbers[m[0]], schema).encode()
            target.writestr(ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, ZIP_DEFLATED, 9)
    return out.getvalue()


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest, checked as far as it can be without the files it speaks of.

    Raises: ArtefactError that says what to do.
    """
    file = folder / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        said = _("no classifier in {folder} ({why})").format(folder=folder, why=problem.strerror)
        raise _wrong(said) from problem
    except ValueError as problem:
        raise _wrong(_("{file} is damaged").format(file=file)) from problem
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _wrong(_("{file} was made by another version of monitor").format(file=file))
    if not isinstance(manifest.get("files"), dict) or {*manifest["files"], ADAPTER} != set(FILES):
        raise _wrong(_("{file} does not name its files").format(file=file))
    return manifest


def _wrong(what: str) -> ArtefactError:
    mend = _("train it anew with `monitor train`, go back with `monitor model back`, or install monitor again")
    return ArtefactError(_("{label}: {value}").format(label=what, value=mend))


def _checked(folder: Path, name: str, manifest: dict[str, Any]) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as problem:
        said = _("{file} cannot be read ({why})").format(file=folder / name, why=problem.strerror)
        raise _wrong(said) from problem
    if sha256(content).hexdigest() != manifest["files"][name]:
        raise _wrong(_("{file} is not what its manifest says (digest differs)").format(file=folder / name))
    return content


def load_weights(folder: Path) -> Weights:
    """The weights for scoring, after their digest was checked. Raises: ArtefactError."""
    manifest = manifest_of(folder)
    content = _checked(folder, WEIGHTS, manifest)
    try:
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            values: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
            layers = {name: arrays[f"network_{name}"] for name in _LAYERS if f"network_{name}" in arrays}
            words: dict[str, Any] = {name: _texts(arrays[name]) for name in _WORDS}
            words["lexicon"] = Lexicon(
                terms=_texts(arrays["lexicon_terms"]), concepts=_texts(arrays["lexicon_concepts"])
            )
    except (ValueError, KeyError, OSError) as problem:
        raise _wrong(_("{file} cannot be read").format(file=folder / WEIGHTS)) from problem
    told = {name: manifest[name] for name in ("version", "encoder", "ask_from")}
    adapter = _checked(folder, ADAPTER, manifest) if ADAPTER in manifest["files"] else b""
    network = Network(**layers) if layers else None
    contents: dict[str, Any] = {**values, **words, **told, "network": network, "adapter": adapter}
    weights = Weights(**contents)
    if weights.tag_weights.shape != (len(weights.vocabulary) + len(weights.pieces), len(TAGS)):
        raise _wrong(_("{file} has other tags than this version").format(file=folder / WEIGHTS))
    return weights


def _texts(array: npt.NDArray[Any]) -> tuple[str, ...]:
    return tuple(str(word) for word in array)


def load_pipeline(folder: Path) -> Any:
    """The fitted scikit-learn parts by name, for those who want to go on with them. Raises: ArtefactError."""
    import skops.io

    content = _checked(folder, PIPELINE, manifest_of(folder))
    unknown = skops.io.get_untrusted_types(data=content)
    if unknown:
        said = _("{file} holds types we do not know ({types})")
        raise _wrong(said.format(file=folder / PIPELINE, types=", ".join(unknown)))
    return skops.io.loads(content, trusted=[])


def describe(folder: Path) -> str:
    """Which classifier this is, and which of its tiers judges here, in words. Raises: ArtefactError."""
    manifest = manifest_of(folder)
    encoder = encoder_id(manifest["files"].get(ADAPTER, ""))
    tier = "exact" if encoder and manifest["encoder"] == encoder else "fast"
    score = manifest.get("scores", {}).get(tier, {}).get("macro_f1")
    told = f", macro-F1 {score:.2f} in cross-validation" if isinstance(score, float) else ""
    return f"{manifest['version']} ({tier} tier, {manifest.get('examples', 0)} examples{told})"
