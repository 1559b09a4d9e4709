"""T's weights inside an exported graph: reading them, their hash, and the graph with a brush added to them. No torch.

A graph keeps every weight of T as an initializer of its own, `network.<parameter>` or, in step graphs,
`frame.network.<parameter>`, and its numbers as raw bytes. They are found by walking the Protocol Buffers wire format of
`onnx.proto`, so that neither reading nor changing them needs the package onnx. The page does the same in
`engine/model/graph-weights.ts`.

ONNX Runtime's own ways do not serve: `SessionOptions.add_initializer` is ignored for the convolutions whose weights it
rearranges (findings/onnxruntime-add-initializer-and-layouts.sh), and weights as inputs of the graph make a frame take
30 % longer.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

# Field numbers of onnx.proto.
_GRAPH, _INITIALIZER = 7, 5  # of ModelProto, of GraphProto
_DIMS, _DATA_TYPE, _NAME, _RAW_DATA = 1, 2, 8, 9  # of TensorProto
_DTYPES = {1: np.dtype("<f4"), 10: np.dtype("<f2")}  # TensorProto.FLOAT, FLOAT16
_OF_T = re.compile(r"(?:frame\.)?network\.(.+)")


class Weight(NamedTuple):
    """Where a weight of T lies in a graph's bytes."""

    shape: tuple[int, ...]
    dtype: np.dtype
    start: int
    end: int

    def read(self, graph: bytes | bytearray) -> np.ndarray:
        """Its numbers, flat, in the graph's precision: a view of the bytes."""
        return np.frombuffer(graph, self.dtype, (self.end - self.start) // self.dtype.itemsize, self.start)


def weights_of(graph: bytes) -> dict[str, Weight]:
    """T's weights in a frame or step graph, by parameter name ("stem.conv.weight", …), in the graph's order.

    Raises ValueError for bytes that are no such graph.
    """
    try:
        named = [_weight(graph, start, end) for start, end in _initializers(graph)]
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("these bytes are no ONNX graph") from error
    return dict(each for each in named if each is not None)


def weights_hash(graph: bytes) -> str:
    """SHA-256 of T's weights in a float32 graph: over the parameters by name, each as "NAME SHAPE\\n" and its bytes."""
    digest = hashlib.sha256()
    for name, weight in sorted(weights_of(graph).items()):
        digest.update(f"{name} {list(weight.shape)}\n".encode())
        digest.update(graph[weight.start : weight.end])
    return digest.hexdigest()


def with_brush(graph: bytes, brush: Mapping[str, np.ndarray]) -> bytes:
    """The graph with `brush` added to T's weights: parameter name → difference, of the parameter's shape.

    The sums are rounded to the graph's own precision. Raises ValueError for a name or a shape that T does not have.
    """
    weights, changed = weights_of(graph), bytearray(graph)
    check_fits(weights, brush)
    for name, difference in brush.items():
        weight = weights[name]
        value = weight.read(graph).astype(np.float32) + np.asarray(difference, np.float32).ravel()
        changed[weight.start : weight.end] = value.astype(weight.dtype).tobytes()
    return bytes(changed)


def check_fits(weights: Mapping[str, Weight], brush: Mapping[str, np.ndarray]) -> None:
    """Raise ValueError unless every part of the brush is a parameter of T and has its shape."""
    for name, difference in brush.items():
        if name not in weights or weights[name].shape != difference.shape:
            raise ValueError(f"T has no parameter {name} of shape {list(difference.shape)}")


def _initializers(graph: bytes) -> Iterator[tuple[int, int]]:
    """Where each initializer of a model lies in its bytes: (start, end)."""
    for number, start, end in _fields(graph, 0, len(graph)):
        if number == _GRAPH:
            yield from ((first, last) for inner, first, last in _fields(graph, start, end) if inner == _INITIALIZER)


def _weight(graph: bytes, start: int, end: int) -> tuple[str, Weight] | None:
    """An initializer as (parameter of T, weight); None for one that is not T's."""
    shape: list[int] = []
    name, kind, raw = "", 0, (0, 0)
    for number, first, last in _fields(graph, start, end):
        if number == _DIMS:
            shape += _varints(graph, first, last)
        elif number == _DATA_TYPE:
            kind = _varint(graph, first)[0]
        elif number == _NAME:
            name = graph[first:last].decode()
        elif number == _RAW_DATA:
            raw = first, last
    of_t = _OF_T.fullmatch(name)
    if of_t is None or kind not in _DTYPES:
        return None
    dtype = _DTYPES[kind]
    if raw[1] - raw[0] != dtype.itemsize * int(np.prod(shape)):
        raise ValueError(f"the numbers of {name} are not in the graph as raw bytes")
    return of_t[1], Weight(tuple(shape), dtype, *raw)


def _fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(field number, start, end) of each field of a message, where its content lies, without tag and length."""
    while start < end:
        tag, at = _varint(data, start)
        kind = tag & 7
        if kind == 0:  # a number
            start = _varint(data, at)[1]
        elif kind == 2:  # bytes, after their length
            length, at = _varint(data, at)
            start = at + length
        elif kind in (1, 5):  # 8 bytes, 4 bytes
            start = at + (8 if kind == 1 else 4)
        else:
            raise ValueError("these bytes are no ONNX graph")
        if start > end:
            raise ValueError("these bytes are no ONNX graph")
        yield tag >> 3, at, start


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def _varints(data: bytes, start: int, end: int) -> list[int]:
    """Numbers one after the other: a repeated field, packed or not."""
    found = []
    while start < end:
        value, start = _varint(data, start)
        found.append(value)
    return found
