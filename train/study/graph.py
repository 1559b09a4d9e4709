"""Writes `study.onnx`, one step of study as an ONNX graph, the same for OpenVINO (`in_tiles`), and two graphs for what
it is given of a picture.

None of them holds VGG's weights: they are external data of all, in the one file that comes with the package, but for
OpenVINO, which does without copies of that file only where they are inputs.
"""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx_ir as ir
import torch
from onnx_ir.passes.common import (
    CommonSubexpressionEliminationPass,
    DeduplicateInitializersPass,
    RemoveUnusedNodesPass,
)
from onnxscript.optimizer import fold_constants_ir
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import functional as F

from impasto.export.graphs.exporter import forget_origins
from impasto.export.graphs.parity import wrong_in_tiles
from impasto.export.graphs.quiet import quiet
from impasto.export.runtime.model import Model, describe, load_model, write_model
from impasto.models.store import vgg_file
from impasto.models.transformer import Transformer
from impasto.models.weights import load_weights
from impasto.train.losses import CONTENT_LAYER, STYLE_LAYERS
from impasto.train.vgg import LAYERS, POOLED_BEFORE, Vgg

from . import in_tiles
from .loss import TERMS, Batch, Features, Painting, pooled
from .lowering import TABLE
from .step import Held, step, studied_names
from .weights import own_vgg
from .winograd import channels_first, channels_last

OPSET = 18
PAINTING = tuple(f"painting.{name}" for name in (*STYLE_LAYERS, "mean", "covariance", "contrast"))
HELD = Held._fields
STEP_OUTPUTS = (*(f"next_{name}" for name in HELD), "terms")
PICTURES, SIDE = 1, 192  # of a batch: in the same time one picture a step learns more than two


def example(t: Transformer, pictures: int, side: int) -> dict[str, Tensor]:
    """Inputs of `study.onnx` by name, of the right shapes."""
    size = sum(t.get_parameter(name).numel() for name in studied_names(t)) + t.layout.size
    painting = (*((1, c, c) for c in (64, 128, 256, 512)), (1, 3), (1, 3, 3), (1,))
    return {
        **{name: torch.rand(size) for name in HELD},
        "rates": torch.rand(size),
        "count": torch.ones(1),
        "weights": torch.ones(len(TERMS)),
        "frame": torch.rand(pictures, 3, side, side),
        "other": torch.rand(pictures, 3, side, side),
        "down": torch.eye(side).repeat(pictures, 1, 1),
        "across": torch.eye(side).repeat(pictures, 1, 1),
        "seen": torch.ones(pictures, 1, side, side),
        "content": torch.rand(pictures, 256, side // 4, side // 4),
        **{name: torch.rand(size) for name, size in zip(PAINTING, painting, strict=True)},
    }


def step_by_name(t: Transformer, seen: Features, given: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
    """`step` of what `study.onnx` is given, by the names of its inputs → its outputs, in their order."""
    held, found = step(
        t,
        seen,
        Held(*(given[name] for name in HELD)),
        given["rates"],
        given["count"],
        given["weights"],
        Batch(*(given[name] for name in Batch._fields)),
        Painting(tuple(given[name] for name in PAINTING[:4]), *(given[name] for name in PAINTING[4:])),
    )
    return *held, found


def features(vgg: Vgg, weights: Mapping[str, Tensor], image: Tensor) -> dict[str, Tensor]:
    """`Vgg.forward` with other weights, for pictures whose channels lie last in memory, as `winograd` has them.

    The ReLU stands between transpositions, each of which is taken back by that of its neighbour, so that none is left.
    """
    x, found = (image - vgg.mean) / vgg.deviation, {}
    for index in vgg.features:
        if int(index) in POOLED_BEFORE:
            x = F.max_pool2d(x, 2)
        weight, bias = (weights[f"features.{index}.{kind}"] for kind in ("weight", "bias"))
        x = channels_first(F.relu(channels_last(F.conv2d(x, weight, bias, padding=1))))
        if name := LAYERS.get(int(index)):
            found[name] = x
    return found


def traced(
    t: Transformer,
    vgg: Vgg,
    inputs: dict[str, Tensor],
    look: Callable[[Vgg, Mapping[str, Tensor], Tensor], dict[str, Tensor]],
    table: Mapping[Any, Callable],
) -> torch.fx.GraphModule:
    """The step as a graph of plain operators: `inputs` in order, then VGG's weights → held and terms.

    look: VGG with these weights. table: by which operators gradients are computed.
    """
    names = list(inputs)

    def run(*tensors: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(names, tensors[: len(names)], strict=True))
        weights = dict(zip(vgg.state_dict(), tensors[len(names) :], strict=True))

        return step_by_name(t, lambda image: look(vgg, weights, image), given)

    graph = make_fx(torch.func.functionalize(run), decomposition_table=table)(
        *inputs.values(), *vgg.state_dict().values()
    )
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


class Flat(nn.Module):
    """A traced step as a module without weights of its own."""

    def __init__(self, graph: torch.fx.GraphModule):
        super().__init__()
        self.step = graph

    def forward(self, *tensors: Tensor) -> Any:
        return self.step(*tensors)


class Targets(nn.Module):
    """What the step is given of a picture [1,3,H,W]: its features at `CONTENT_LAYER`, or its Gram matrices."""

    def __init__(self, vgg: Vgg, content: bool):
        super().__init__()
        self.vgg, self.content = vgg, content

    def forward(self, image: Tensor, *weights: Tensor) -> Any:
        given = dict(zip(self.vgg.state_dict(), weights, strict=True))
        last = CONTENT_LAYER if self.content else STYLE_LAYERS[-1]
        features = torch.func.functional_call(self.vgg, given, (image, last))
        return features[last] if self.content else tuple(pooled(features[layer]) for layer in STYLE_LAYERS)


def write_study(t: Transformer, folder: Path, pictures: int = PICTURES, side: int = SIDE) -> dict[str, str]:
    """The graphs of study for networks like `t`, in float32, of N pictures of one size → role → file name.

    Only T's sizes count: its weights are an input. `side` must be divisible by 8 and by T's own multiple.
    """
    vgg, t = own_vgg(), copy.deepcopy(t).requires_grad_(False)
    inputs = example(t, pictures, side)
    models = {
        "study": step_graph(t, vgg, inputs),
        **({} if wrong_in_tiles(t) else {"study_tiles": step_graph(t, vgg, inputs, tiles=True)}),
        "study_content": targets_graph(vgg, side, content=True),
        "study_painting": targets_graph(vgg, side, content=False),
    }
    for role, model in models.items():
        ir.save(model, folder / f"{role}.onnx")
    return {role: f"{role}.onnx" for role in models}


def step_graph(t: Transformer, vgg: Vgg, inputs: dict[str, Tensor], tiles: bool = False) -> ir.Model:
    """`study.onnx`, or with `tiles` `study_tiles.onnx`, of which VGG's weights are inputs."""
    how = (in_tiles.features, in_tiles.TABLE) if tiles else (features, TABLE)
    model = to_onnx(Flat(traced(t, vgg, inputs, *how)), inputs | given_weights(vgg), list(STEP_OUTPUTS))
    if tiles:
        fold(model)
    else:
        weights_from_file(model, vgg_file())
    own = [[name, list(t.get_parameter(name).shape)] for name in studied_names(t)]
    model.metadata_props.update(parameters=json.dumps(own), terms=json.dumps(TERMS))
    return model


def targets_graph(vgg: Vgg, side: int, content: bool) -> ir.Model:
    """`study_content.onnx` or `study_painting.onnx`."""
    outputs = ["content"] if content else list(PAINTING[:4])
    model = to_onnx(Targets(vgg, content), {"image": torch.rand(1, 3, side, side)} | given_weights(vgg), outputs)
    weights_from_file(model, vgg_file())
    return model


def given_weights(vgg: Vgg) -> dict[str, Tensor]:
    """VGG's weights as inputs of a graph."""
    return {f"vgg.{name}": value for name, value in vgg.state_dict().items()}


def to_onnx(module: nn.Module, inputs: dict[str, Tensor], outputs: list[str]) -> ir.Model:
    """torch.onnx.export, without its chatter and without traces of where it ran."""
    with quiet(), torch.no_grad():
        program = torch.onnx.export(
            module,
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=outputs,
            opset_version=OPSET,
            dynamo=True,
            optimize=False,  # it takes minutes, and ONNX Runtime does as much when it loads a graph
            verbose=False,
        )
    assert program is not None  # as it is for dynamo=False
    forget_origins(program.model)
    DeduplicateInitializersPass()(program.model)
    return program.model


def fold(model: ir.Model) -> None:
    """Compute what depends on no input, and once what is computed twice. A third of the size is left, which OpenVINO
    opens in two thirds of the time. The rest of onnxscript's optimiser takes a minute, and Adam's epsilon away
    (findings/onnxscript-optimizer-and-epsilons.sh).
    """
    fold_constants_ir(model, onnx_shape_inference=False)
    for simpler in (RemoveUnusedNodesPass(), CommonSubexpressionEliminationPass(), DeduplicateInitializersPass()):
        simpler(model)


def weights_from_file(model: ir.Model, file: Path) -> None:
    """Make VGG's weights, inputs of the graph so far, initializers that lie in `file`, and restore them there."""
    graph, stored = model.graph, places(file)
    begin: list[ir.Node] = []
    given = {
        str(value.name).removeprefix("vgg."): value for value in graph.inputs if str(value.name).startswith("vgg.")
    }
    for name, value in given.items():
        graph.inputs.remove(value)
        if name not in stored or not value.uses():
            continue
        tensor = initializer(graph, name, *stored[name], file)
        if name.endswith(".weight"):
            scale = name.replace(".weight", ".scale")
            cast = ir.node("Cast", [tensor], {"to": ir.DataType.FLOAT})
            restored = ir.node("Mul", [cast.outputs[0], initializer(graph, scale, *stored[scale], file)])
            begin += [cast, restored]
            tensor = restored.outputs[0]
        ir.convenience.replace_all_uses_with(value, tensor)
    for node in reversed(begin):
        graph.insert_before(graph[0], node)


def initializer(graph: ir.Graph, name: str, kind: str, shape: list[int], offset: int, length: int, file: Path) -> Any:
    """An initializer whose values are part of `file`, which need not be there before the graph is run."""
    dtype = {"I8": ir.DataType.INT8, "F32": ir.DataType.FLOAT}[kind]
    where = {"base_dir": str(file.parent), "name": f"vgg.{name}", "shape": ir.Shape(shape)}
    tensor = ir.ExternalTensor(file.name, offset, length, dtype, **where)
    value = ir.Value(name=tensor.name, shape=tensor.shape, type=ir.TensorType(dtype), const_value=tensor)
    graph.initializers[tensor.name] = value
    return value


def places(file: Path) -> dict[str, tuple[str, list[int], int, int]]:
    """Where each tensor of a safetensors file lies: name → type, shape, offset and length in bytes."""
    with open(file, "rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(size))
    return {
        name: (entry["dtype"], entry["shape"], 8 + size + begin, end - begin)
        for name, entry in header.items()
        if name != "__metadata__"
        for begin, end in [entry["data_offsets"]]
    }


def add_study(model: Model, pictures: int = PICTURES, side: int = SIDE) -> Model:
    """Write the graphs of study into a model's folder and into its `model.json`; returns the model, loaded again."""
    _, t = load_weights(model.path("weights"))
    roles = write_study(t, model.folder, pictures, side)
    write_model(replace(model, files=model.files | describe(model.folder, roles)))
    return load_model(model.folder)
