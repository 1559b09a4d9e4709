"""Damage, as data: edits that turn a seed's bytes, or a JSON value, into a mutant; the same for the same number.

From outside: `edits_of` and `apply` for bytes, `json_edits_of` and `apply_json` for values, `graph_edits_of` and
`apply_graph` for ONNX, `header_of` and `with_header` for safetensors, `shrunk`.
"""

import json
import random
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

Edit = tuple[str, int, str]  # what, at which byte, and hexadecimal data or a number

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
# What values in JSON, YAML and calls of the API are replaced by.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 10**9, 10**400, 0.5, -0.5, 1e308, float("nan"), float("inf"), "", "x", "../x",
    "/etc/passwd", "https://example.org/a.png", "\0", "é\n", "x" * 5000, [], [1], [[]], {}, {"a": 1}, [0] * 2000,
)  # fmt: skip


def edits_of(seed: bytes, number: int) -> list[Edit]:
    """From one to a dozen edits of a seed; headers, which lie at both ends, are hit more often than the rest."""
    chance = random.Random(number)
    return [_edit(chance, len(seed)) for _ in range(chance.choice((1, 1, 1, 2, 3, 6, 12)))]


def _edit(chance: random.Random, length: int) -> Edit:
    where = chance.random()
    if where < 0.35:
        at = chance.randrange(min(length, 512))
    elif where < 0.5:
        at = max(0, length - 1 - chance.randrange(min(length, 2048)))
    else:
        at = chance.randrange(length)
    what = chance.choice(("flip", "flip", "set", "number", "cut", "drop", "repeat", "zero", "noise", "insert"))
    if what == "flip":
        return what, at, f"{1 << chance.randrange(8):02x}"
    if what == "set":
        return what, at, f"{chance.randrange(256):02x}"
    if what == "number":
        value, order = chance.choice(NUMBERS), chance.choice("<>")
        return "set", at, struct.pack(f"{order}I", value).hex()
    if what in ("noise", "insert"):
        return what.replace("noise", "set"), at, chance.randbytes(chance.choice((1, 4, 16, 64))).hex()
    return what, at, str(chance.choice((1, 4, 64, 1000, max(1, length // 5))))


def apply(seed: bytes, edits: Sequence[Edit]) -> bytes:
    """The seed with all edits made, in order."""
    data = bytearray(seed)
    for what, at, how in edits:
        at = min(at, len(data))
        if what == "flip" and at < len(data):
            data[at] ^= int(how, 16)
        elif what == "set":
            data[at : at + len(how) // 2] = bytes.fromhex(how)
        elif what == "insert":
            data[at:at] = bytes.fromhex(how)
        elif what == "cut":
            del data[at:]
        elif what == "drop":
            del data[at : at + int(how)]
        elif what == "repeat":
            data[at:at] = data[at : at + int(how)]
        elif what == "zero":
            data[at : at + int(how)] = bytes(len(data[at : at + int(how)]))
    return bytes(data)


def json_edits_of(value: Any, number: int) -> list[tuple[list, Any]]:
    """One to three (place, new value) of a JSON value; the string "(left out)" as the value takes the place away."""
    chance = random.Random(number)
    places = [place for place in places_of(value) if place]
    return [
        (chance.choice(places), chance.choice((*VALUES, "(left out)"))) for _ in range(chance.choice((1, 1, 1, 2, 3)))
    ]


def places_of(value: Any, before: tuple = ()) -> list[list]:
    """Every place in a JSON value, as a list of keys and indices; of long lists the first few."""
    found = [list(before)]
    inner = value.items() if isinstance(value, dict) else enumerate(value[:8]) if isinstance(value, list) else ()
    for key, each in inner:
        found += places_of(each, (*before, key))
    return found


def apply_json(value: Any, edits: Sequence[tuple[list, Any]]) -> Any:
    changed = json.loads(json.dumps(value))
    for place, new in edits:
        at = changed
        try:
            for key in place[:-1]:
                at = at[key]
            if new == "(left out)":
                del at[place[-1]]
            else:
                at[place[-1]] = new
        except (KeyError, IndexError, TypeError):  # an edit before this one has taken the place away
            continue
    return changed


def header_of(data: bytes) -> dict:
    """The header of a safetensors file as a JSON value; what its metadata hold as JSON text is a value in it, too."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    for key, text in header.get("__metadata__", {}).items():
        with suppress(ValueError):
            header["__metadata__"][key] = {"json": json.loads(text)}
    return header


def with_header(data: bytes, header: dict) -> bytes:
    """A safetensors file with another header."""
    metadata = header.get("__metadata__")
    if isinstance(metadata, dict):
        told = {k: json.dumps(v["json"]) if isinstance(v, dict) and "json" in v else v for k, v in metadata.items()}
        header = {**header, "__metadata__": told}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + int.from_bytes(data[:8], "little") :]


def graph_edits_of(graph: bytes, number: int) -> list[list]:
    """One or two changes of an ONNX graph that leave it well-formed: [what, of which node or value, to what]."""
    import onnx

    model, chance = onnx.load_from_string(graph), random.Random(number)
    changes = []
    for _ in range(chance.choice((1, 2))):
        what = chance.choice(("operator", "input", "attribute", "type", "shape", "weight", "leave out", "rename"))
        parts = {
            "type": model.graph.input,
            "rename": model.graph.output,
            "shape": model.graph.initializer,
            "weight": model.graph.initializer,
        }
        count = len(parts.get(what, model.graph.node))
        other = chance.choice(("Add", "Identity", "Relu", "Concat", "Shape", "Transpose", "Conv", "Resize", "Nothing"))
        changes.append([what, chance.randrange(max(1, count)), other, chance.randrange(1 << 16)])
    return changes


def apply_graph(graph: bytes, edits: Sequence) -> bytes:
    import onnx

    model = onnx.load_from_string(graph)
    nodes, weights = model.graph.node, model.graph.initializer
    for what, at, other, number in edits:
        node = nodes[at % len(nodes)]
        if what == "operator":
            node.op_type = other
        elif what == "input" and node.input:
            node.input[number % len(node.input)] = nodes[number % len(nodes)].output[0]
        elif what == "attribute" and node.attribute:
            attribute = node.attribute[number % len(node.attribute)]
            attribute.i = number - 100
            attribute.ints[:] = [number % 7 - 1] * len(attribute.ints)
        elif what == "type":
            model.graph.input[at % len(model.graph.input)].type.tensor_type.elem_type = number % 16
        elif what == "shape" and weights[at].dims:
            weights[at].dims[number % len(weights[at].dims)] = (1, 2, 100_000, 1 << 40)[number % 4]
        elif what == "weight":
            weights[at].raw_data = b"\xff" * len(weights[at].raw_data)
        elif what == "leave out":
            del nodes[at % len(nodes)]
        elif what == "rename":
            model.graph.output[at % len(model.graph.output)].name += "x"
    return model.SerializeToString()


def shrunk(edits: Sequence, still: Callable[[Sequence], bool]) -> list:
    """As few of the edits as still have the fault: each is left out in turn as long as that goes."""
    kept = list(edits)
    for edit in list(edits):
        fewer = [each for each in kept if each is not edit]
        if fewer and still(fewer):
            kept = fewer
    return kept
