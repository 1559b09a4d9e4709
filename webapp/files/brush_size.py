"""The size of the brush, whatever the size of the picture: painted small, and brought to its size with its own detail.

From outside: `shrink`, `with_brush_size`, `parse_brush_size`, `BRUSH_SIZES`.
"""

from typing import Any

import cv2
import numpy as np

from impasto.export.runtime.person import composed, painters_of
from impasto.models.errors import BadInput

from .detail import enlarge
from .working_size import working_size

# T's strokes are some pixels broad, so the shorter side of what it paints says how broad they are in the picture.
BRUSH_SIZES = {"broad": 224, "medium": 320, "fine": 480}
DEFAULT = "medium"
FULL = "full"  # at the output's own size, as fine as it gets
_LEAST, _MOST = 64, 4320


def shrink(frame: np.ndarray, side: int | None) -> np.ndarray:
    """A frame, uint8 RGB [H,W,3], at the size it is painted at: its shorter side at most `side`; None leaves it."""
    height, width = frame.shape[:2]
    if side is None or min(height, width) <= side:
        return frame
    return cv2.resize(frame, working_size(width, height, side), interpolation=cv2.INTER_AREA)


class _Brushed:
    def __init__(self, painter: Any, side: int):
        self.painter, self.side, self.reset = painter, side, painter.reset

    def paint(self, frame: np.ndarray) -> np.ndarray:
        small = shrink(frame, self.side)
        painters = painters_of(self.painter)
        painted = [enlarge(each.paint(small), frame) for each in painters]
        return composed(self.painter, painted, frame, getattr(painters[0], "motion", None))


def with_brush_size(painter: Any, side: int | None) -> Any:
    """A painter (see `job.FramePainter`) with strokes as broad as at a shorter side of `side` pixels."""
    return painter if side is None else _Brushed(painter, side)


def parse_brush_size(text: str) -> int | None:
    """ "broad", "medium", "fine" or a number of pixels as the shorter side to paint at; "full" as None.

    Raises BadInput.
    """
    if text == FULL:
        return None
    if text in BRUSH_SIZES:
        return BRUSH_SIZES[text]
    if not (text.isascii() and text.isdigit() and _LEAST <= int(text) <= _MOST):
        named = ", ".join([*BRUSH_SIZES, FULL])
        raise BadInput(f"{text!r} is no brush; choose {named}, or a size from {_LEAST} to {_MOST} pixels.")
    return int(text)
