"""Study with PyTorch, on a graphics card where there is one, in larger batches: `impasto study --full`.

Step and losses are those that `graph.py` makes `study.onnx` of; the loop is the same, `export.runtime.study.study`, and
so is what comes of it. From outside: `own_device`, `full_graphs`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from impasto.export.runtime.model import Model
from impasto.export.runtime.study import Graphs
from impasto.models.weights import load_weights
from impasto.train.losses import CONTENT_LAYER, STYLE_LAYERS

from .graph import PAINTING, SIDE, STEP_OUTPUTS, step_by_name
from .loss import TERMS, pooled
from .step import studied_names
from .weights import own_vgg

PICTURES = {"cuda": 16, "cpu": 1}  # of a batch; on the processor one, as in study.onnx


class Call:
    """A function of tensors by name, called as an ONNX Runtime session is."""

    def __init__(
        self, function: Callable[[Mapping[str, Tensor]], tuple[Tensor, ...]], device: str, outputs: tuple[str, ...],
        inputs: Mapping[str, list[int]],
    ):  # fmt: skip
        self.function, self.device = function, device
        self._outputs = [SimpleNamespace(name=name) for name in outputs]
        self._inputs = [SimpleNamespace(name=name, shape=shape) for name, shape in inputs.items()]

    def get_inputs(self) -> list[Any]:
        return self._inputs

    def get_outputs(self) -> list[Any]:
        return self._outputs

    def run(self, _, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """All outputs, in their order."""
        given = {name: torch.from_numpy(np.ascontiguousarray(value)).to(self.device) for name, value in inputs.items()}
        return [value.detach().cpu().numpy() for value in self.function(given)]


def own_device() -> str:
    """Where to study: "cuda" if PyTorch finds an NVIDIA card, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def full_graphs(model: Model, device: str, pictures: int | None = None, side: int = SIDE) -> Graphs:
    """What `export.runtime.study.study` takes in place of the model's own graphs, for N pictures a step.

    device: "cuda" or "cpu". Raises BadInput where the model lacks its weights.
    """
    _, t = load_weights(model.path("weights"))
    t, vgg = t.to(device).eval().requires_grad_(False), own_vgg().to(device).requires_grad_(False)
    n = pictures or PICTURES[device]

    @torch.no_grad()
    def content(given: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        return (vgg(given["image"], CONTENT_LAYER)[CONTENT_LAYER],)

    @torch.no_grad()
    def painting(given: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        features = vgg(given["image"])
        return tuple(pooled(features[layer]) for layer in STYLE_LAYERS)

    image = {"image": [1, 3, side, side]}
    sessions: tuple[Any, Any, Any] = (
        Call(partial(step_by_name, t, vgg), device, STEP_OUTPUTS, {"frame": [n, 3, side, side]}),
        Call(content, device, ("content",), image),
        Call(painting, device, PAINTING[:4], image),
    )
    return Graphs(*sessions, list(TERMS), {name: list(t.get_parameter(name).shape) for name in studied_names(t)})
