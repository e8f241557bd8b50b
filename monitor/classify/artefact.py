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

from monitor.domain import TAGS
from monitor.errors import ArtefactError

FORMAT = 1  # of the files below; a manifest with another number is refused
WEIGHTS = "weights.npz"
PIPELINE = "pipeline.skops"
MANIFEST = "manifest.json"
FILES = (WEIGHTS, PIPELINE)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A linear model over word pairs, and what turns its scores into probabilities.

    Shapes: V features, 3 tags in the order of `domain.TAGS`, T topics.
    """

    vocabulary: tuple[str, ...]  # V
    idf: Floats  # (V,)
    tag_weights: npt.NDArray[np.float32]  # (V, 3)
    tag_bias: Floats  # (3,)
    slope: Floats  # (3,): probability = 1 / (1 + exp(-(slope * score + shift)))
    shift: Floats  # (3,)
    thresholds: Floats  # (3,)
    unsure_below: Floats  # (3,): unsure from here up to `unsure_above`
    unsure_above: Floats  # (3,)
    topics: tuple[str, ...]  # T
    topic_weights: npt.NDArray[np.float32]  # (V, T)
    topic_bias: Floats  # (T,)
    version: str = ""


_ADDRESS = re.compile(r"\b[0-9]{12,}\b")
_ARRAYS = (
    "idf",
    "tag_weights",
    "tag_bias",
    "slope",
    "shift",
    "thresholds",
    "unsure_below",
    "unsure_above",
    "topic_weights",
    "topic_bias",
)


def save(folder: Path, weights: Weights, pipeline: bytes, facts: dict[str, Any], *, made: datetime) -> dict[str, Any]:
    """Write weights, pipeline and manifest; returns the manifest. `facts`: what it was trained on and its scores."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    arrays = {name: getattr(weights, name) for name in _ARRAYS}
    words = {name: np.array(list(getattr(weights, name)), dtype=np.str_) for name in ("vocabulary", "topics")}
    np.savez_compressed(buffer, allow_pickle=False, **arrays, **words)
    contents = {WEIGHTS: _reproducible(buffer.getvalue()), PIPELINE: _reproducible(pipeline)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    digests = {name: sha256(content).hexdigest() for name, content in contents.items()}
    manifest = {
        "format": FORMAT,
        "version": f"{made:%Y%m%d}-{digests[WEIGHTS][:8]}",
        "made": made.isoformat(),
        "tags": [tag.value for tag in TAGS],
        "files": digests,
        **facts,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def _reproducible(archive: bytes) -> bytes:
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
        raise ArtefactError(f"no classifier in {folder} ({problem.strerror}): {_MEND}") from problem
    except ValueError as problem:
        raise ArtefactError(f"{file} is damaged: {_MEND}") from problem
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArtefactError(f"{file} was made by another version of monitor: {_MEND}")
    if not isinstance(manifest.get("files"), dict) or set(manifest["files"]) != set(FILES):
        raise ArtefactError(f"{file} does not name its files: {_MEND}")
    return manifest


_MEND = "train it anew with `monitor train`, go back with `monitor model back`, or install monitor again"


def _checked(folder: Path, name: str, manifest: dict[str, Any]) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as problem:
        raise ArtefactError(f"{folder / name} cannot be read ({problem.strerror}): {_MEND}") from problem
    if sha256(content).hexdigest() != manifest["files"][name]:
        raise ArtefactError(f"{folder / name} is not what its manifest says (digest differs): {_MEND}")
    return content


def load_weights(folder: Path) -> Weights:
    """The weights for scoring, after their digest was checked. Raises: ArtefactError."""
    manifest = manifest_of(folder)
    content = _checked(folder, WEIGHTS, manifest)
    try:
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            values = {name: arrays[name] for name in _ARRAYS}
            words = {name: tuple(str(word) for word in arrays[name]) for name in ("vocabulary", "topics")}
    except (ValueError, KeyError, OSError) as problem:
        raise ArtefactError(f"{folder / WEIGHTS} cannot be read: {_MEND}") from problem
    contents: dict[str, Any] = {**values, **words}
    weights = Weights(**contents, version=str(manifest["version"]))
    if weights.tag_weights.shape != (len(weights.vocabulary), len(TAGS)):
        raise ArtefactError(f"{folder / WEIGHTS} has other tags than this version: {_MEND}")
    return weights


def load_pipeline(folder: Path) -> Any:
    """The scikit-learn pipelines `{tags, topics}`, for those who want to go on with them. Raises: ArtefactError."""
    import skops.io

    content = _checked(folder, PIPELINE, manifest_of(folder))
    unknown = skops.io.get_untrusted_types(data=content)
    if unknown:
        raise ArtefactError(f"{folder / PIPELINE} holds types we do not know ({', '.join(unknown)}): {_MEND}")
    return skops.io.loads(content, trusted=[])


def describe(folder: Path) -> str:
    """Which classifier this is, in words for status and mail. Raises: ArtefactError."""
    manifest = manifest_of(folder)
    score = manifest.get("scores", {}).get("macro_f1")
    told = f", macro-F1 {score:.2f} in cross-validation" if isinstance(score, float) else ""
    return f"{manifest['version']} (fast tier, {manifest.get('examples', 0)} examples{told})"
