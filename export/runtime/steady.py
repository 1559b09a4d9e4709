"""A step graph and its state: zeros before the first frame, then what the graph gave for the frame before."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .sessions.session import Runs, run

KEY_MOTION = "key_motion"  # the part of the state that says where a frame's pixels are in the key, see `Stabilizer`
STEADY_PARTS = {"stabilize", "steady_style"}  # roles of the graphs that are, with T's own, the step graph in parts


class Motion(NamedTuple):
    """How a frame has moved since the one before: see `models/person/carry.onnx`, which takes it."""

    key_motion: np.ndarray  # float32 [1,2,h,w], from the frame to the key, in halves of the padded frame
    last_key_motion: np.ndarray  # the same of the frame before
    extent: np.ndarray  # float32 [1,2,1,1], the frame's width and height as shares of the padded frame's


class Steady:
    """A step graph that paints the frames of one scene, all of one size, in order. `state`: of its `model.json`."""

    def __init__(self, session: Runs, state: Sequence[dict]):
        self.session, self._parts = session, state
        self._outputs = ["painted", *(part["from"] for part in state)]
        self._state: dict[str, np.ndarray] | None = None
        self._last_key_motion: np.ndarray | None = None

    def reset(self) -> None:
        """Forget the frames seen so far: the next one is painted by itself, and may have another size."""
        self._state = None

    def paint(self, inputs: dict[str, np.ndarray], stability: float) -> np.ndarray:
        """{"frame": [1,3,H,W] in [0, 1], "style": [1,D]}, stability 0…1 → the steady painting [1,3,H,W] in [0, 1]."""
        if self._state is None:
            height, width = inputs["frame"].shape[2:]
            self._state = {part["name"]: zeros(part, height, width) for part in self._parts}
        feed = {**inputs, "stability": np.array([stability], np.float32), **self._state}
        found = dict(zip(self._outputs, run(self.session, self._outputs, feed), strict=True))
        self._last_key_motion = self._state.get(KEY_MOTION)
        self._state = {part["name"]: found[part["from"]] for part in self._parts}
        return found["painted"]

    def motion(self, width: int, height: int, planes: np.ndarray) -> Motion | None:
        """How the frame painted last has moved; None for graphs that do not say.

        width, height: the frame's, in pixels; planes: the frame as it was given to the graph, padded, [1,3,H',W'].
        """
        if self._state is None or self._last_key_motion is None:
            return None
        extent = np.array([width / planes.shape[3], height / planes.shape[2]], np.float32)
        return Motion(self._state[KEY_MOTION], self._last_key_motion, extent.reshape(1, 2, 1, 1))


class StepInParts:
    """T's graph and two more that give together what the step graph does, and are run as it is: see `StepGraph`.

    network: T's graph; steady_style, stabilize: the graphs of these roles.
    """

    def __init__(self, network: Runs, steady_style: Runs, stabilize: Runs):
        self._network, self._steady_style, self._stabilize = network, steady_style, stabilize

    def run(self, outputs: Sequence[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        """Inputs and outputs of the step graph."""
        rest = dict(feed)
        style, frame = rest.pop("style"), feed["frame"]
        mixed = feed["stability"] * feed["begun"].flat[0]  # a scene's first frame is not mixed
        style = run(self._steady_style, ["steady_style"], {"style": style, "stability": mixed})[0]
        painting = run(self._network, ["painted"], {"frame": frame, "style": style})[0]
        return run(self._stabilize, outputs, {**rest, "painting": painting})


def zeros(part: dict, height: int, width: int) -> np.ndarray:
    """A part of the state before the first frame [1,3,height,width]."""
    return np.zeros((1, part["channels"], height // part["over"], width // part["over"]), np.float32)
