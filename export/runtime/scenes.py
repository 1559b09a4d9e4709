"""Where what is shown is cut: a frame that has nothing to do with the one before.

From outside: `Scenes`. The stabilizer finds that nothing can be carried where little is alike; what is alike by chance
it would mix in. The page's `webapp/page/src/engine/painters/canvas/scenes.ts` finds the same.
"""

import cv2
import numpy as np

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
