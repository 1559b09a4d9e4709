"""Where a clip is cut: frames that have nothing to do with the one before.

From outside: `Scenes`. A scene is painted and encoded by itself, so that whoever paints one alone, from its first frame
on, gets the same bytes as whoever paints the whole clip.
"""

import dataclasses
from collections.abc import Generator
from contextlib import closing

import cv2
import numpy as np

from .read import Frame

THUMBNAIL = (32, 18)  # pixels: small enough for motion to change little
# Mean difference of two thumbnails in 0…255. Cars that drift through the picture reach 36 from one frame to the next,
# two scenes of photographs some 60 to 75.
CUT = 46.0
SUDDEN = 2.5  # times the difference before: a fast pan begins and ends more slowly


class Scenes:
    """Finds cuts from the frames so far. Never two in a row: a flash is one."""

    def __init__(self):
        self._before: np.ndarray | None = None
        self._difference: float | None = None  # of the two frames before, both of one scene

    def begins(self, rgb: np.ndarray) -> bool:
        """Whether this frame, uint8 [H,W,3], is the first after a cut; to be asked for every frame, in order."""
        thumbnail = cv2.resize(rgb, THUMBNAIL, interpolation=cv2.INTER_AREA)
        before, self._before = self._before, thumbnail
        if before is None:
            return False
        difference = float(cv2.absdiff(before, thumbnail).mean())
        cut = self._difference is not None and difference > max(CUT, SUDDEN * self._difference)
        self._difference = None if cut else difference
        return cut

    def watch(self, frames: Generator[Frame]) -> Generator[Frame]:
        """The frames, told which begin a scene."""
        with closing(frames):
            for frame in frames:
                yield dataclasses.replace(frame, begins=True) if self.begins(frame.rgb) else frame
