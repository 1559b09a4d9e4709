"""`models/person/carry.onnx`: the person's mask of the frame before, moved along the stabilizer's motion.

Plain tensor operations without weights, in a graph of their own, so that Python, WebAssembly and WebGPU compute the
same. `models/rules.py` has the formulas.

    python -m impasto.export.graphs.carry models/person/carry.onnx    # extras: train
"""

import sys
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from .person import OPSET, Nodes

COARSE = 4  # pixels of the mask, each way, from one place where motion is computed to the next
STEPS = 2  # of the iteration that finds a place in the frame before: each at least halves the error
SCENE = 1e6  # any motion at all, multiplied by it and clipped, is 1


def centres(nodes: Nodes, image: str) -> str:
    """Where the pixels of an image [1,C,h,w] are, x and y as GridSample counts, −1…1: [1,2,h,w].

    Found by counting, as in `models.steady.motion.pixel_centres`: WebGPU cannot compute with shapes.
    """
    one, two, zero = (nodes.constant(value) for value in (1, 2, 0))
    plane = _part(nodes, image, 1, 0)

    def along(axis: int) -> str:
        line = _part(nodes, plane, 5 - axis, 0)  # the first row, or column
        count = nodes.add("CumSum", nodes.add("Add", nodes.add("Mul", line, zero), one), nodes.whole(axis))  # 1…n
        number = _part(nodes, count, axis, -1)  # n
        return nodes.add("Sub", nodes.add("Div", nodes.add("Sub", nodes.add("Mul", two, count), one), number), one)

    y, x = along(2), along(3)
    flat = [nodes.add("Add", a, nodes.add("Mul", b, zero)) for a, b in ((x, y), (y, x))]
    return nodes.add("Concat", *flat, axis=1)


def _part(nodes: Nodes, x: str, axis: int, at: int) -> str:
    """The slice number `at` of an axis, −1 for the last; the axis stays, with size 1."""
    end = at + 1 if at >= 0 else 2**31 - 1
    return nodes.add("Slice", x, nodes.whole([at]), nodes.whole([end]), nodes.whole([axis]))


def read(nodes: Nodes, image: str, places: str, name: str = "") -> str:
    """image [1,C,h,w] at places [1,2,m,n] → [1,C,m,n], bilinear; beyond the border it has the border's values."""
    grid = nodes.add("Transpose", places, perm=[0, 2, 3, 1])
    return nodes.add("GridSample", image, grid, name=name, mode="bilinear", padding_mode="border", align_corners=0)


def graph() -> onnx.ModelProto:
    """The graph that carries the masks of a frame to the next one.

    found: [1,C,h,w] of the frame before, h and w multiples of `COARSE`.
    key_motion, last_key_motion: [1,2,m,n], from the frame and from the one before to the stabilizer's key, in halves of
    the padded frame.
    extent: [1,2,1,1], the frame's width and height as shares of the padded frame's.
    → carried: [1,C,h,w].
    """
    nodes = Nodes()
    one = nodes.constant(1)

    # Motion is smooth, so a few places suffice: their positions in the padded frame.
    places = centres(nodes, "found")
    few = nodes.add("AveragePool", places, kernel_shape=[COARSE, COARSE], strides=[COARSE, COARSE])
    few = nodes.add("Sub", nodes.add("Mul", nodes.add("Add", few, one), "extent"), one)

    # The motion m from the frame to the one before solves m(x) + last_key_motion(x + m(x)) = key_motion(x): both ways
    # lead to the same place of the key. Fixed-point iteration, from the motion that is constant around x.
    way = read(nodes, "key_motion", few)
    motion = nodes.add("Sub", way, read(nodes, "last_key_motion", few))
    for _ in range(STEPS):
        motion = nodes.add("Sub", way, read(nodes, "last_key_motion", nodes.add("Add", few, motion)))
    # In a frame that has just become the key key_motion is 0 everywhere, and no motion to the frame before is known.
    far = nodes.add("GlobalMaxPool", nodes.add("Abs", "key_motion"))  # [1,2,1,1]
    far = nodes.add("Add", _part(nodes, far, 1, 0), _part(nodes, far, 1, 1))
    known = nodes.add("Clip", nodes.add("Mul", far, nodes.constant(SCENE)), "", one)

    # The motion at every pixel of the mask, in halves of the frame without its padding.
    moved = nodes.add("Div", nodes.add("Mul", motion, known), "extent")
    moved = nodes.add("Resize", moved, "", nodes.constant([1, 1, COARSE, COARSE]), mode="linear")
    read(nodes, "found", nodes.add("Add", places, moved), name="carried")

    def value(name: str, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    motions = [value(name, 1, 2, "m", "n") for name in ("key_motion", "last_key_motion")]
    made = helper.make_graph(
        nodes.nodes,
        "carry",
        [value("found", 1, "c", "h", "w"), *motions, value("extent", 1, 2, 1, 1)],
        [value("carried", 1, "c", "h", "w")],
        nodes.initializers,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    onnx.save(graph(), Path(sys.argv[1]))
