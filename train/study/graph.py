"""Writes `study.onnx`, one step of study as an ONNX graph, and `targets.onnx`, what it is given of a picture.

Neither holds VGG's weights: those are external data of both, in the one file of `impasto.models.vgg16`.
"""

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import Any

import onnx_ir as ir
import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from impasto.models.transformer import Transformer
from impasto.train.losses import STYLE_LAYERS
from impasto.train.vgg import Vgg

from .loss import TERMS, Batch, Painting
from .lowering import TABLE
from .step import Held, step, studied_names

OPSET = 18
PAINTING = tuple(f"painting.{name}" for name in (*STYLE_LAYERS, "mean", "covariance", "contrast"))
HELD = Held._fields
VGG_FILE = "vgg16.safetensors"


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


def traced(t: Transformer, vgg: Vgg, inputs: dict[str, Tensor]) -> torch.fx.GraphModule:
    """The step as a graph of plain operators: `inputs` in order, then VGG's weights → held and terms."""
    names = list(inputs)

    def run(*tensors: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(names, tensors[: len(names)], strict=True))
        weights = dict(zip(vgg.state_dict(), tensors[len(names) :], strict=True))

        def features(image: Tensor) -> dict[str, Tensor]:
            return torch.func.functional_call(vgg, weights, (image,))

        held, found = step(
            t,
            features,
            Held(*(given[name] for name in HELD)),
            given["rates"],
            given["count"],
            given["weights"],
            Batch(*(given[name] for name in Batch._fields)),
            Painting(tuple(given[name] for name in PAINTING[:4]), *(given[name] for name in PAINTING[4:])),
        )
        return *held, found

    graph = make_fx(torch.func.functionalize(run), decomposition_table=TABLE)(
        *inputs.values(), *vgg.state_dict().values()
    )
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


class Flat(nn.Module):
    """A traced graph as a module without weights of its own."""

    def __init__(self, graph: torch.fx.GraphModule):
        super().__init__()
        self.step = graph

    def forward(self, *tensors: Tensor) -> Any:
        return self.step(*tensors)


def to_onnx(module: nn.Module, inputs: dict[str, Tensor], outputs: list[str]) -> ir.Model:
    quiet, level = logging.getLogger("torch.onnx"), logging.getLogger("torch.onnx").level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                tuple(inputs.values()),
                input_names=list(inputs),
                output_names=outputs,
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    finally:
        quiet.setLevel(level)
    return program.model
