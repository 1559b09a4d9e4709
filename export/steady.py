"""The memory of a step graph: from frame to frame it carries the frame before and its steady painting."""

import numpy as np
import onnxruntime as ort


def pixel_grid(height: int, width: int) -> np.ndarray:
    """The centres of the pixels, float32 [1,2,H,W], x then y, −1…1 from edge to edge: `models.motion.pixel_grid`."""
    y = (np.arange(height, dtype=np.float32) * 2 + 1) / np.float32(height) - 1
    x = (np.arange(width, dtype=np.float32) * 2 + 1) / np.float32(width) - 1
    return np.ascontiguousarray(np.stack(np.meshgrid(x, y))[None], np.float32)


class Steady:
    """A step graph and its state. The first frame, and one of another size than the last, is painted by itself."""

    def __init__(self, session: ort.InferenceSession):
        self.session = session
        self.reset()

    def reset(self) -> None:
        """Forget the frames seen so far."""
        self._state: dict[str, np.ndarray] | None = None

    def paint(self, inputs: dict[str, np.ndarray], stability: float) -> np.ndarray:
        """{"frame": [1,3,H,W] in [0, 1], "style": [1,D]} → the steady painting [1,3,H,W] in [0, 1]."""
        frame = inputs["frame"]
        fresh = self._state is None or self._state["previous"].shape != frame.shape
        if fresh:
            self._state = {"previous": frame, "carried": frame, "grid": pixel_grid(*frame.shape[2:])}
        dial = np.array([0.0 if fresh else stability], np.float32)
        painted = self.session.run(["painted"], {**inputs, "stability": dial, **self._state})[0]
        self._state |= {"previous": frame, "carried": painted}
        return painted
