"""What a headline means, as a vector that is comparable across languages.

The encoder puts texts of one language nearer to each other than to what says the same in another;
taking off each language's own mean, as the seeds give it, leaves the meaning (Libovický et al. 2020).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256

import numpy as np

from monitor import resources
from monitor.classify.encoder import encode, encoder_id, words_of
from monitor.classify.vectors import Vector, digest_of, read
from monitor.domain import Text

LEAST_SEEDS = 100  # sentences of a language from which its mean is taken
ANY = ""


def meanings(texts: Sequence[Text], adapter: bytes = b"") -> list[bytes]:
    """Unit vectors as float16, one a text; empty where this machine has no encoder, or not that of the seeds."""
    means = _means(adapter) if encoder_id() else {}
    if not means:
        return [b""] * len(texts)
    centred = [
        vector - means.get(text.language, means[ANY])
        for vector, text in zip(encode([words_of(text) for text in texts], adapter), texts, strict=True)
    ]
    return [(vector / (np.linalg.norm(vector) or 1.0)).astype(np.float16).tobytes() for vector in centred]


@cache
def _means(adapter: bytes) -> Mapping[str, Vector]:
    """The mean vector of each language, and of all under ANY."""
    encoder, kept = read(resources.path("seeds") / "vectors.npz")
    if encoder != encoder_id(sha256(adapter).hexdigest() if adapter else ""):
        return {}
    found: dict[str, list[Vector]] = defaultdict(list)
    for line in (resources.path("seeds") / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        seed = json.loads(line)
        vector = kept.get(digest_of(words_of(Text(title=seed["title"], summary=seed.get("summary", "")))))
        if vector is not None:
            found[seed["lang"]].append(vector)
            found[ANY].append(vector)
    return {lang: np.mean(of, axis=0) for lang, of in found.items() if lang == ANY or len(of) >= LEAST_SEEDS}
