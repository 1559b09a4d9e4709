"""The memory of a step graph: what it carries from frame to frame, as its model describes it (`exporter.STATE`)."""

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort


def pixel_grid(height: int, width: int) -> np.ndarray:
    """The centres of the pixels, float32 [1,2,H,W], x then y, −1…1 from edge to edge: `models.motion.pixel_grid`."""
    y = (np.arange(height, dtype=np.float32) * 2 + 1) / np.float32(height) - 1
    x = (np.arange(width, dtype=np.float32) * 2 + 1) / np.float32(width) - 1
    return np.ascontiguousarray(np.stack(np.meshgrid(x, y))[None], np.float32)


class Steady:
    """A step graph and its state. The first frame, and one of another size than the last, is painted by itself."""

    def __init__(self, session: ort.InferenceSession, carried: Sequence[dict]):
        self.session, self.carried = session, carried
        self._outputs = [output.name for output in session.get_outputs()]
        self.reset()

    def reset(self) -> None:
        """Forget the frames seen so far."""
        self._size: tuple[int, ...] | None = None

    def paint(self, inputs: dict[str, np.ndarray], stability: float) -> np.ndarray:
        """{"frame": [1,3,H,W] in [0, 1], "style": [1,D]} → the steady painting [1,3,H,W] in [0, 1]."""
        size = inputs["frame"].shape[2:]
        if size != self._size:
            self._size, self._frames = size, 0
            self._state = {each["name"]: begun(each, *size) for each in self.carried}
        dial = np.array([stability if self._frames else 0.0], np.float32)
        values = self.session.run(self._outputs, {**inputs, "stability": dial, **self._state})
        found = dict(zip(self._outputs, values, strict=True))
        self._keep(found)
        self._frames += 1
        return found["painted"]

    def _keep(self, found: dict[str, np.ndarray]) -> None:
        """The state for the next frame."""
        for each in self.carried:
            name, value = each["name"], found.get(each["from"])
            if "anew" in each and self._frames % each["anew"] == 0:
                self._state[name] = np.zeros_like(value)
            elif value is not None and self._frames % each.get("every", 1) == 0:
                self._state[name] = value


def begun(each: dict, height: int, width: int) -> np.ndarray:
    """A part of the state before the first frame of a size."""
    height, width = height // each["over"], width // each["over"]
    if each["from"] == "size":
        return pixel_grid(height, width)
    return np.zeros((1, each["channels"], height, width), np.float32)
