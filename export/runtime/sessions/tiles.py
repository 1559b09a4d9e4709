"""T on processors that multiply tiles of bfloat16 (Intel AMX), run by OpenVINO.

A frame takes a third of ONNX Runtime's time or less. Weights and features are rounded to 8 bits of mantissa; what that
changes in a painting is in docs/measures.md. On processors without AMX OpenVINO is slower than ONNX Runtime, and where
it is not installed (extra [openvino]) nothing is lost but speed: `usable` says which it is.
"""

import importlib
import re
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from impasto.models.errors import BadInput

from .graph_weights import with_brush
from .memory import is_short_of_memory

PROCESSOR = Path("/proc/cpuinfo")
SIZES = 3  # of frames that a session is ready for at once; another takes a tenth of a second


@cache
def usable() -> bool:
    """Whether this processor multiplies tiles of bfloat16 and OpenVINO is installed."""
    return has_tiles() and openvino() is not None


@cache
def openvino() -> ModuleType | None:
    """The package, or None where it is not installed.

    Where it is imported it imports openvino_telemetry, which notes a number in the home folder and reports it to
    Google (findings/openvino-import-reports-to-google.sh); where that cannot be imported, it does without.
    """
    unknown = "openvino_telemetry" not in sys.modules
    if unknown:
        sys.modules["openvino_telemetry"] = None  # pyright: ignore[reportArgumentType]
    try:
        return importlib.import_module("openvino")
    except ImportError:
        return None
    finally:
        if unknown:
            del sys.modules["openvino_telemetry"]


@cache
def has_tiles() -> bool:
    """Whether this processor multiplies tiles of bfloat16; False where it does not say, as outside Linux."""
    try:
        return re.search(r"^flags\s*:.* amx_bf16( |$)", PROCESSOR.read_text("utf-8"), re.MULTILINE) is not None
    except OSError:
        return False


def settings(threads: int) -> dict[str, Any]:
    """How OpenVINO is to compile a graph."""
    return {
        "INFERENCE_PRECISION_HINT": "bf16",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,  # else every session takes the same cores
    }


@contextmanager
def refusing(graph: Path):
    """Raises BadInput for what OpenVINO refuses of a graph, MemoryError where there is no room for it."""
    try:
        yield
    except RuntimeError as error:
        if is_short_of_memory(error):
            raise MemoryError from error
        raise BadInput(f"{graph} cannot be run; install or export the model again.") from error


class TilesSession:
    """`frame_tiles.onnx`, with a brush added to it, for one user at a time.

    `run` is called as an `onnxruntime.InferenceSession`'s is. The graph is compiled for each size of frame: one for all
    sizes takes 40 % longer. Raises BadInput for a graph that OpenVINO cannot read, or one of something else.
    """

    def __init__(self, graph: Path, threads: int, brush: Mapping[str, np.ndarray] | None = None):
        found = openvino()
        assert found is not None  # see `usable`
        content = graph.read_bytes()
        self._core, self._tensor, self._graph = found.Core(), found.Tensor, graph
        with refusing(graph):
            self._model = self._core.read_model(with_brush(content, brush) if brush else content)
        if {port.any_name for port in (*self._model.inputs, *self._model.outputs)} != {"frame", "style", "painted"}:
            raise BadInput(f"{graph} does not fit its model.json; install or export the model again.")
        self._settings = settings(threads)
        self._requests: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def run(
        self, outputs: Sequence[str], feed: Mapping[str, np.ndarray], room: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """{"frame": [1,3,H,W] in [0, 1], "style": [1,D]} → [painted [1,3,H,W] in [0, 1]], written into `room` if given.

        Raises BadInput for a graph that cannot be run, MemoryError where there is no room.
        """
        frame = feed["frame"]
        room = np.empty(frame.shape, np.float32) if room is None else room
        with refusing(self._graph):
            request = self._request(frame.shape, feed["style"].shape)
            request.set_output_tensor(self._tensor(room, shared_memory=True))
            request.infer({name: np.ascontiguousarray(value) for name, value in feed.items()}, share_inputs=True)
        return [room]

    def _request(self, frame: tuple[int, ...], style: tuple[int, ...]):
        """What runs the graph on frames of this size."""
        if frame not in self._requests:
            model = self._model.clone()
            model.reshape({"frame": list(frame), "style": list(style)})
            self._requests[frame] = self._core.compile_model(model, "CPU", self._settings).create_infer_request()
            while len(self._requests) > SIZES:
                self._requests.popitem(last=False)
        self._requests.move_to_end(frame)
        return self._requests[frame]
