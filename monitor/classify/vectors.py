"""The encoder's vectors of the seeds, kept so that training need not make them anew. [I/O]

One file: the encoder they are of, an 8-byte digest of each text, and each vector in 8 bits with
its scale; a unit vector loses less than a hundredth of its length that way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b, sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from monitor.classify.encoder import BATCH, DIMENSIONS, Encode, encode, encoder_id, whole_of, words_of
from monitor.domain import Text
from monitor.i18n import _

Vector = npt.NDArray[np.float32]


def read(file: Path) -> tuple[str, dict[bytes, Vector]]:
    """The encoder and the vectors in `file`; nothing where there is no such file."""
    if not file.is_file():
        return "", {}
    with np.load(file, allow_pickle=False) as kept:
        vectors = kept["vectors"].astype(np.float32) * kept["scales"][:, None]
        digests = [bytes(digest) for digest in kept["digests"]]
        return str(kept["encoder"]), dict(zip(digests, vectors, strict=True))


def write(file: Path, encoder: str, vectors: Mapping[bytes, Vector]) -> None:
    """Keep vectors of one encoder, ordered by digest, so that the same texts give the same file."""
    digests = sorted(vectors)
    exact = np.stack([vectors[digest] for digest in digests])
    scales = (np.abs(exact).max(axis=1) / 127).astype(np.float32)
    rounded = np.rint(exact / scales[:, None]).astype(np.int8)
    with file.open("wb") as out:
        np.savez(
            out,
            encoder=np.array(encoder),
            digests=np.array([list(digest) for digest in digests], dtype=np.uint8),
            vectors=rounded,
            scales=scales,
        )


def digest_of(said: str) -> bytes:
    """What a vector is kept under: the words that the encoder reads."""
    return blake2b(said.encode(), digest_size=8).digest()


def vectors_of(
    texts: Sequence[Text], kept: Mapping[bytes, Vector], *, adapter: bytes = b"", progress: Callable[[str], None]
) -> dict[bytes, Vector] | None:
    """The vectors of all texts, kept ones taken, the rest made now; None where that takes an encoder we lack."""
    wanted = {digest_of(said): said for text in texts for said in (words_of(text), whole_of(text)) if said}
    wanted |= {digest_of(words_of(text)): words_of(text) for text in texts}
    missing = {digest: said for digest, said in wanted.items() if digest not in kept}
    if missing and not encoder_id():
        return None
    found = {digest: kept[digest] for digest in wanted if digest in kept}
    waiting = list(missing.items())
    for start in range(0, len(waiting), BATCH):
        part = waiting[start : start + BATCH]
        found.update(zip((digest for digest, _ in part), encode([said for _, said in part], adapter), strict=True))
        said = _("encoded {n} of {all} texts")
        progress(said.format(n=min(start + BATCH, len(waiting)), all=len(waiting)))
    return found


def stacked(texts: Sequence[Text], vectors: Mapping[bytes, Vector]) -> npt.NDArray[np.float32]:
    """The vectors in the order of `texts`, of the title and of the whole, the title's again where that is all there is.

    Shape: (len(texts), 2, D).
    """
    pairs = [
        [vectors[digest_of(said)] for said in (words_of(text), whole_of(text) or words_of(text))] for text in texts
    ]
    return np.array(pairs, dtype=np.float32).reshape(-1, 2, DIMENSIONS)


def remembering(file: Path) -> Encode:
    """An `encode` that makes no vector which is kept in `file`, and none twice: for measuring several classifiers."""
    encoder, of_file = read(file)
    made: dict[tuple[bytes, str], Vector] = {}

    def of(said: Sequence[str], adapter: bytes = b"") -> npt.NDArray[np.float32]:
        kept = of_file if encoder_id(sha256(adapter).hexdigest() if adapter else "") == encoder else {}
        made.update({(adapter, one): kept[digest_of(one)] for one in said if digest_of(one) in kept})
        missing = [one for one in dict.fromkeys(said) if (adapter, one) not in made]
        made.update(zip(((adapter, one) for one in missing), encode(missing, adapter), strict=True))
        return np.stack([made[adapter, one] for one in said]) if said else encode([])

    return of
