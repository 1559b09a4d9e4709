"""Several frames of a clip painted at once by T, one thread for each, and then stabilized in order.

Only the stabilizer looks at the past, so T may paint the next frames before it is done with this one. A second thread
on the same frame makes T less than one and a half times as fast, a second thread on another frame nearly twice: where
several frames are at hand, as with files, this is the faster way. The two halves together give the same pixels as the
step graph.
"""

from collections import deque
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from .painter import Painter, finish
from .sessions.cores import CORES
from .sessions.lanes import Lane
from .sessions.session import run, running
from .sessions.tiles import TilesSession
from .steady import STEADY_PARTS, Motion, Steady

# Cores for each thread of the stabilizer: it has a third of T's work, and gains less by threads. Where T is painted in
# tiles it has as much, and would hold T up on fewer cores.
STABILIZER_SHARE, STABILIZER_SHARE_IN_TILES = 4, 2
STABILIZER_THREADS = 4  # more do not help: most of its operators are too small


class Begun(NamedTuple):
    """A frame that T has painted and the stabilizer has not seen yet."""

    first: bool  # of a scene
    frame: np.ndarray  # uint8 [H,W,3]
    planes: np.ndarray  # float32 [1,3,H',W'], the frame as networks get it
    painting: np.ndarray  # float32 [1,3,H',W'], T's


class SideBySide:
    """A painter's work on the frames of a clip, all of one size, in two halves.

    `begin` may be called from up to `lanes` threads at once, in any order; `complete` takes its results one at a time,
    in the order of the frames.
    """

    def __init__(self, painter: Painter, lanes: int):
        self.lanes, self._painter, model = lanes, painter, painter.model
        self.motion: Motion | None = None  # how the frame completed last has moved: see `Painter`
        self._network = painter.open_lanes()
        self._buffers: deque[np.ndarray] = deque()
        self._steady = None
        if painter.look.stability > 0 and model.state:
            share = STABILIZER_SHARE_IN_TILES if painter.in_tiles else STABILIZER_SHARE
            threads = min(max(lanes // share, 1), STABILIZER_THREADS)
            self._steady = Steady(painter.open_stabilizer(threads), model.state)
            self._steady_style = painter.open_steady_style()

    def begin(self, frame: np.ndarray, first: bool) -> Begun:
        """T's half: a frame, uint8 RGB [H,W,3], and whether it is a scene's first → what `complete` takes."""
        planes, style = self._painter.prepare(frame), self._painter.style
        if self._steady is not None and not first:  # what is not mixed is painted in the style itself
            inputs = {"style": style, "stability": np.array([self._painter.look.stability], np.float32)}
            style = run(self._steady_style, ["steady_style"], inputs)[0]
        with CORES.lend(self._painter, 1), self._network.borrow() as network:
            painting = _run_into(network, {"frame": planes, "style": style}, "painted", self._buffer(planes.shape))
        return Begun(first, frame, planes, painting)

    def complete(self, begun: Begun) -> np.ndarray:
        """The stabilizer's half, of the next frame in order → painted uint8 RGB [H,W,3]."""
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
        """An uninitialised array for T's painting, if possible one that `complete` is done with: new ones cost time."""
        while self._buffers:
            with suppress(IndexError):  # another lane was faster
                buffer = self._buffers.pop()
                if buffer.shape == shape:
                    return buffer
        return np.empty(shape, np.float32)


def _run_into(session: Lane, inputs: dict[str, np.ndarray], output: str, room: np.ndarray) -> np.ndarray:
    """Run a graph and write its one output into `room`.

    Otherwise it would lie in the session's arena, which would grow by every painting that waits for the stabilizer.
    """
    if isinstance(session, TilesSession):
        return session.run([output], inputs, room)[0]
    binding = session.io_binding()
    for name, value in inputs.items():
        binding.bind_cpu_input(name, value)
    binding.bind_output(output, "cpu", 0, np.float32, room.shape, room.ctypes.data)
    with running(session):
        session.run_with_iobinding(binding)
    return room


def side_by_side(painter: object) -> SideBySide | None:
    """A painter's work in halves; None where that is not possible or not faster.

    That is so for painters of another kind, on graphics cards, with strength 0, and for models that lack the graph of
    the stabilizer alone.
    """
    if not isinstance(painter, Painter) or painter.device != "cpu" or painter.look.strength == 0:
        return None
    steady = painter.look.stability > 0 and painter.model.state
    if steady and not painter.model.files.keys() >= STEADY_PARTS:
        return None
    return SideBySide(painter, painter.threads)
