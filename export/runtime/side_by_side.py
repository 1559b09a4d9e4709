"""Frames side by side: T paints the next frames of a clip, a thread each, while the stabilizer takes them in order.

Only the stabilizer looks at the past. T on one frame with one thread wastes nothing, where a second thread on the same
frame brings less than half of itself: so whoever has several frames at hand, as with files, is done sooner this way.
The pixels are those of the step graph, whose two halves these are.
"""

from collections import deque
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import onnxruntime as ort

from .painter import Painter, finish
from .sessions.cores import CORES
from .sessions.session import run, running
from .steady import Motion, Steady

STABILIZER_SHARE = 4  # cores to one thread of the stabilizer, whose work is a third of T's and gains less by threads
STABILIZER_THREADS = 4  # more bring nothing: most of its operators are too small


class Begun(NamedTuple):
    """A frame that T is done with and the stabilizer is not."""

    first: bool  # of a scene
    frame: np.ndarray  # uint8 [H,W,3]
    planes: np.ndarray  # float32 [1,3,H',W'], the frame as networks get it
    painting: np.ndarray  # float32 [1,3,H',W'], T's


class SideBySide:
    """A painter's work on the frames of a clip, all of one size, in two halves: `begin` for any frame at any time,
    from up to `lanes` threads at once, then `complete` in order."""

    def __init__(self, painter: Painter, lanes: int):
        self.lanes, self._painter, model = lanes, painter, painter.model
        self.motion: Motion | None = None  # how the frame completed last has moved: see `Painter`
        self._network = painter.open_lanes()
        self._buffers: deque[np.ndarray] = deque()
        self._steady = None
        if painter.look.stability > 0 and model.state:
            given = {part["name"]: part["channels"] for part in model.state}
            given |= {"frame": 3, "painting": 3, "stability": 0}
            threads = min(max(lanes // STABILIZER_SHARE, 1), STABILIZER_THREADS)
            session = painter.open("stabilize", given, {"painted", *(part["from"] for part in model.state)}, threads)
            self._steady = Steady(session, model.state)
            given = {"style": model.style_size, "stability": 0}
            self._steady_style = painter.open("steady_style", given, {"steady_style"}, 1)

    def begin(self, frame: np.ndarray, first: bool) -> Begun:
        """A frame, uint8 [H,W,3], and whether it is a scene's first → what `complete` needs."""
        planes, style = self._painter.prepare(frame), self._painter.style
        if self._steady is not None and not first:  # what is not mixed is painted in the style itself
            inputs = {"style": style, "stability": np.array([self._painter.look.stability], np.float32)}
            style = run(self._steady_style, ["steady_style"], inputs)[0]
        with CORES.lend(self._painter, 1), self._network.borrow() as network:
            painting = _run_into(network, {"frame": planes, "style": style}, "painted", self._buffer(planes.shape))
        return Begun(first, frame, planes, painting)

    def complete(self, begun: Begun) -> np.ndarray:
        """→ painted uint8 [H,W,3], of the frames in their order."""
        painted = begun.painting
        if self._steady is not None:
            if begun.first:
                self._steady.reset()
            inputs = {"frame": begun.planes, "painting": begun.painting}
            painted = self._steady.paint(inputs, self._painter.look.stability)
            height, width = begun.frame.shape[:2]
            self.motion = self._steady.motion(width, height, begun.planes)
        finished = finish(painted, begun.frame, self._painter.look)
        self._buffers.append(begun.painting)
        return finished

    def _buffer(self, shape: tuple[int, ...]) -> np.ndarray:
        """Room for a painting, used again: new memory for each would cost time, and what is given back, room."""
        while self._buffers:
            with suppress(IndexError):  # another lane was faster
                buffer = self._buffers.pop()
                if buffer.shape == shape:
                    return buffer
        return np.empty(shape, np.float32)


def _run_into(
    session: ort.InferenceSession, inputs: dict[str, np.ndarray], output: str, room: np.ndarray
) -> np.ndarray:
    """Run a graph whose one output goes into `room`, outside of the session's arena, which would grow by what is still
    waiting for the stabilizer."""
    binding = session.io_binding()
    for name, value in inputs.items():
        binding.bind_cpu_input(name, value)
    binding.bind_output(output, "cpu", 0, np.float32, room.shape, room.ctypes.data)
    with running(session):
        session.run_with_iobinding(binding)
    return room


def side_by_side(painter: object) -> SideBySide | None:
    """A painter's work in halves; None where that is no gain or cannot be: for painters of another kind, on graphics
    cards, with strength 0, and for models whose stabilizer is no graph of its own."""
    if not isinstance(painter, Painter) or painter.device != "cpu" or painter.look.strength == 0:
        return None
    steady = painter.look.stability > 0 and painter.model.state
    if steady and not {"stabilize", "steady_style"} <= painter.model.files.keys():
        return None
    return SideBySide(painter, painter.threads)
