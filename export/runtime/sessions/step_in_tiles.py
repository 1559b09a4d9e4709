"""A step of study on processors that multiply tiles of bfloat16 (Intel AMX), run by OpenVINO: see `tiles`."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from .tiles import openvino, refusing, settings


class StepInTiles:
    """`study_tiles.onnx`, called as an `onnxruntime.InferenceSession` is.

    weights: inputs of the graph that are the same in every step, float32 by name. They become a part of it, which is
    laid out for tiles once: of files OpenVINO takes numbers only where they lie in the graph's own folder. Raises
    BadInput for a graph that OpenVINO cannot read or run.
    """

    def __init__(self, graph: Path, weights: Mapping[str, np.ndarray], threads: int):
        found = openvino()
        assert found is not None  # see `tiles.usable`
        core, self._graph = found.Core(), graph
        with refusing(graph):
            model = core.read_model(graph.read_bytes())
            for parameter in model.get_parameters():
                name = parameter.output(0).any_name
                if name in weights:
                    constant = found.op.Constant(weights[name])
                    for target in parameter.output(0).get_target_inputs():
                        target.replace_source_output(constant.output(0))
                    model.remove_parameter(parameter)
            self._request = core.compile_model(model, "CPU", settings(threads)).create_infer_request()
        self._outputs = [output.any_name for output in model.outputs]
        self._inputs = [SimpleNamespace(name=port.any_name, shape=list(port.shape)) for port in model.inputs]
        self._about: dict[str, str] = model.get_rt_info("framework").value if model.has_rt_info("framework") else {}

    def get_inputs(self) -> list[Any]:
        """What it is given: `name` and `shape` of each."""
        return self._inputs

    def get_modelmeta(self) -> Any:
        """What the graph says of itself: `custom_metadata_map`, text by name."""
        return SimpleNamespace(custom_metadata_map=self._about)

    def run(self, _, feed: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """All outputs, in their order. Raises BadInput for a graph that cannot be run, MemoryError without room."""
        with refusing(self._graph):
            given = {name: np.ascontiguousarray(value) for name, value in feed.items()}
            found = self._request.infer(given, share_inputs=True)
            return [found[name].copy() for name in self._outputs]  # the next step writes where these lie
