"""The size of the brush, whatever the size of the picture: painted small, and brought to its size with its own detail.

From outside: `with_brush`, `parse_brush`, `BRUSHES`.
"""

import cv2
import numpy as np

from impasto.models.errors import BadInput

from .detail import enlarge
from .probe import working_size
from .stylize import FramePainter

# T's strokes are some pixels broad, so the shorter side of what it paints says how broad they are in the picture.
BRUSHES = {"broad": 224, "medium": 320, "fine": 480}
DEFAULT = "medium"
FULL = "full"  # at the output's own size, as fine as it gets
_LEAST, _MOST = 64, 4320


class _Brushed:
    """Paints frames with a shorter side above `side` at that size, and enlarges what comes out with `enlarge`."""

    def __init__(self, painter: FramePainter, side: int):
        self.painter, self.side, self.reset = painter, side, painter.reset

    def paint(self, frame: np.ndarray) -> np.ndarray:
        height, width = frame.shape[:2]
        if min(height, width) <= self.side:
            return self.painter.paint(frame)
        small = cv2.resize(frame, working_size(width, height, self.side), interpolation=cv2.INTER_AREA)
        return enlarge(self.painter.paint(small), frame)


def with_brush(painter: FramePainter, side: int | None) -> FramePainter:
    """The painter with strokes as broad as at a shorter side of `side` pixels; None for the frames' own size."""
    return painter if side is None else _Brushed(painter, side)


def parse_brush(text: str) -> int | None:
    """ "broad", "medium", "fine" or a number of pixels as the shorter side to paint at; "full" as None.

    Raises BadInput.
    """
    if text == FULL:
        return None
    if text in BRUSHES:
        return BRUSHES[text]
    if not (text.isascii() and text.isdigit() and _LEAST <= int(text) <= _MOST):
        named = ", ".join([*BRUSHES, FULL])
        raise BadInput(f"{text!r} is no brush; choose {named}, or a size from {_LEAST} to {_MOST} pixels.")
    return int(text)
