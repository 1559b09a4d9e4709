"""`models/person/person.onnx`: where a picture shows a person, from the public selfie segmentation model of MediaPipe.

Its TFLite file is read with LiteRT's schema and rebuilt operator by operator, for any size instead of one. The same
graph then makes the mask steady and prepares its refinement by the frame, so that Python and the page compute the same:
`models/rules.py` has the formulas. Weights are stored in half precision, as in the TFLite file.

    python -m impasto.export.graphs.person selfie_segmentation_landscape.tflite person.onnx    # extras: mobile, train
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from impasto.models.rules import LUMA, PERSON_EDGE, PERSON_FOLLOW, PERSON_WINDOW

OPSET = 18
_PADDING_SAME = 0
_NONE, _RELU = 0, 1  # activations that are fused to operators


class Nodes:
    """The nodes and initializers of a graph as they are added; values go by their names."""

    def __init__(self):
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node with one output; returns its name."""
        name = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: Any) -> str:
        """Numbers, float32."""
        return self._initializer(np.asarray(values, np.float32))

    def whole(self, values: Any) -> str:
        """Whole numbers, int64."""
        return self._initializer(np.asarray(values, np.int64))

    def weight(self, values: np.ndarray) -> str:
        """Stored in half precision, used in single: runtimes fold the cast when they open the graph."""
        return self.add("Cast", self._initializer(values.astype(np.float16)), to=TensorProto.FLOAT)

    def _initializer(self, values: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(values, f"constant{len(self.initializers)}"))
        return self.initializers[-1].name


class TFLite:
    """A TFLite file: its operators in order, and its constants."""

    def __init__(self, file: bytes):
        from ai_edge_litert import schema_py_generated as schema  # pyright: ignore[reportMissingImports]

        self.names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
        self.model = schema.ModelT.InitFromPackedBuf(file, 0)
        self.graph = self.model.subgraphs[0]
        self.constants: dict[int, np.ndarray] = {}
        for operator in self.graph.operators:
            if self.kind(operator) == "DEQUANTIZE":  # half precision → single, of a constant
                self.constants[operator.outputs[0]] = self._stored(operator.inputs[0], np.float16).astype(np.float32)

    def kind(self, operator: Any) -> str:
        """What an operator is called."""
        code = self.model.operatorCodes[operator.opcodeIndex]
        if code.customCode is not None:
            return code.customCode.decode()
        return self.names[max(code.builtinCode, code.deprecatedBuiltinCode)]

    def shape(self, tensor: int) -> list[int]:
        """The shape of the tensor with this number."""
        return list(map(int, self.graph.tensors[tensor].shape))

    def _stored(self, tensor: int, kind: type) -> np.ndarray:
        data = self.model.buffers[self.graph.tensors[tensor].buffer].data
        return np.frombuffer(bytes(data), kind).reshape(self.shape(tensor))


def _pads(size: list[int], kernel: list[int], stride: list[int], padding: int) -> list[int]:
    """TensorFlow's SAME padding as explicit pads (top, left, bottom, right): an odd pixel goes to the bottom and right.

    Sizes are multiples of the stride, so the pads fit every other such size too.
    """
    if padding != _PADDING_SAME:
        return [0, 0, 0, 0]
    total = [max(k - s, 0) if n % s == 0 else max(k - n % s, 0) for n, k, s in zip(size, kernel, stride, strict=True)]
    return [total[0] // 2, total[1] // 2, total[0] - total[0] // 2, total[1] - total[1] // 2]


def segmenter(tflite: TFLite, nodes: Nodes, picture: str) -> str:
    """Add the model's operators: picture [1,3,h,w] in [0, 1] → its answer [1,1,h,w], 0…1. NHWC becomes NCHW.

    Raises ValueError for an operator that it does not know.
    """
    values = {tflite.graph.inputs[0]: picture}
    for operator in tflite.graph.operators:
        kind, inputs = tflite.kind(operator), operator.inputs
        if kind == "DEQUANTIZE":
            continue
        if kind in _UNARY:
            value = _UNARY[kind](tflite, nodes, values[inputs[0]], operator)
        elif kind in _BINARY:
            value = nodes.add(_BINARY[kind], *(values[i] for i in inputs))
            value = _activated(nodes, value, operator.builtinOptions)
        else:
            raise ValueError(f"operator {kind} is unknown")
        values[operator.outputs[0]] = value
    return values[tflite.graph.outputs[0]]


def _activated(nodes: Nodes, value: str, options: Any) -> str:
    """The activation that an operator of TFLite has in it."""
    if options.fusedActivationFunction not in (_NONE, _RELU):
        raise ValueError(f"activation {options.fusedActivationFunction} is unknown")
    return nodes.add("Relu", value) if options.fusedActivationFunction == _RELU else value


def _convolution(tflite: TFLite, nodes: Nodes, x: str, operator: Any) -> str:
    options, depthwise = operator.builtinOptions, tflite.kind(operator) == "DEPTHWISE_CONV_2D"
    weights, bias = (tflite.constants[i] for i in operator.inputs[1:])  # [O,kh,kw,I], of depthwise [1,kh,kw,O]
    stride, kernel = [options.strideH, options.strideW], list(weights.shape[1:3])
    pads = _pads(tflite.shape(operator.inputs[0])[1:3], kernel, stride, options.padding)
    kernels = nodes.weight(weights.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2)))
    group = weights.shape[3] if depthwise else 1
    y = nodes.add("Conv", x, kernels, nodes.weight(bias), strides=stride, pads=pads, group=group)
    return _activated(nodes, y, options)


def _transposed_convolution(tflite: TFLite, nodes: Nodes, x: str, operator: Any) -> str:
    """MediaPipe's own operator; its options: padding, stride x and y, as int32."""
    padding, *stride = np.frombuffer(bytes(operator.customOptions), np.int32).tolist()
    weights, bias = (tflite.constants[i] for i in operator.inputs[1:])  # [O,kh,kw,I]
    if padding != 1 or list(weights.shape[1:3]) != stride:
        raise ValueError("a transposed convolution whose patches overlap is unknown")
    kernels = nodes.weight(weights.transpose(3, 0, 1, 2))
    return nodes.add("ConvTranspose", x, kernels, nodes.weight(bias), strides=stride)


def _resized(tflite: TFLite, nodes: Nodes, x: str, operator: Any) -> str:
    if operator.builtinOptions.alignCorners or not operator.builtinOptions.halfPixelCenters:
        raise ValueError("only half-pixel resizing is known")
    before, after = (tflite.shape(i)[1:3] for i in (operator.inputs[0], operator.outputs[0]))
    scales = nodes.constant([1, 1, *(b / a for a, b in zip(before, after, strict=True))])
    return nodes.add("Resize", x, "", scales, mode="linear")


def _hard_swish(_: TFLite, nodes: Nodes, x: str, __: Any) -> str:
    return nodes.add("Mul", x, nodes.add("HardSigmoid", x, alpha=1 / 6, beta=0.5))


def _named(operator_type: str) -> Callable[[TFLite, Nodes, str, Any], str]:
    """An operator that ONNX has, too."""
    return lambda _, nodes, x, __: nodes.add(operator_type, x)


# TFLite's operators of one picture → what adds those of ONNX: (file, nodes so far, input, operator) → output.
_UNARY: dict[str, Callable[[TFLite, Nodes, str, Any], str]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "Convolution2DTransposeBias": _transposed_convolution,
    "RESIZE_BILINEAR": _resized,
    "HARD_SWISH": _hard_swish,
    "RELU": _named("Relu"),
    "LOGISTIC": _named("Sigmoid"),
    "MEAN": _named("GlobalAveragePool"),
}
_BINARY = {"ADD": "Add", "MUL": "Mul"}


def held(nodes: Nodes, answer: str, last: str, hold: str) -> str:
    """The mask [1,1,h,w] of an answer and the mask before; `hold` [1] of that stays where little changes."""
    change = nodes.add("Abs", nodes.add("Sub", answer, last))
    moved = nodes.add("Clip", nodes.add("Mul", change, nodes.constant(1 / PERSON_FOLLOW)), "", nodes.constant(1))
    share = nodes.add("Mul", hold, nodes.add("Sub", nodes.constant(1), moved))
    return nodes.add("Add", answer, nodes.add("Mul", share, nodes.add("Sub", last, answer)), name="mask")


def lines(nodes: Nodes, picture: str, mask: str) -> str:
    """The guided filter's lines [1,2,h,w], a and b, by which the frame's luminance Y says the mask: a·Y + b."""
    light = nodes.add("Conv", picture, nodes.constant(np.reshape(LUMA, (1, 3, 1, 1))))
    products = [nodes.add("Mul", light, light), nodes.add("Mul", light, mask)]
    means = _box(nodes, nodes.add("Concat", light, mask, *products, axis=1))
    mean_light, mean_mask, squares, both = (
        nodes.add("Slice", means, nodes.whole([i]), nodes.whole([i + 1]), nodes.whole([1])) for i in range(4)
    )
    covariance = nodes.add("Sub", both, nodes.add("Mul", mean_light, mean_mask))
    variance = nodes.add("Sub", squares, nodes.add("Mul", mean_light, mean_light))
    a = nodes.add("Div", covariance, nodes.add("Add", variance, nodes.constant(PERSON_EDGE)))
    b = nodes.add("Sub", mean_mask, nodes.add("Mul", a, mean_light))
    return _box(nodes, nodes.add("Concat", a, b, axis=1), name="lines")


def _box(nodes: Nodes, x: str, name: str = "") -> str:
    """The mean over a window about each pixel; at the borders, over what there is of it. One side after the other."""
    size, pad = PERSON_WINDOW, PERSON_WINDOW // 2
    rows = nodes.add("AveragePool", x, kernel_shape=[size, 1], pads=[pad, 0, pad, 0])
    return nodes.add("AveragePool", rows, kernel_shape=[1, size], pads=[0, pad, 0, pad], name=name)


def convert(file: bytes) -> onnx.ModelProto:
    """The TFLite file of the selfie segmentation model → the graph:

    picture [1,3,h,w] in [0, 1], h and w multiples of `PERSON_MULTIPLE`; last [1,1,h,w], the mask before; hold [1], 0 in
    a scene's first picture → mask [1,1,h,w] in 0…1 and lines [1,2,h,w].
    """
    nodes = Nodes()
    answer = segmenter(TFLite(file), nodes, "picture")
    mask = held(nodes, answer, "last", "hold")
    lines(nodes, "picture", mask)

    def value(name: str, *shape: Any) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    given = [value("picture", 1, 3, "h", "w"), value("last", 1, 1, "h", "w"), value("hold", 1)]
    made = [value("mask", 1, 1, "h", "w"), value("lines", 1, 2, "h", "w")]
    graph = helper.make_graph(nodes.nodes, "person", given, made, nodes.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    onnx.save(convert(source.read_bytes()), target)
