"""A painting brought to a larger size, crisp: with the fine detail of its frame. The page does it in its shaders.

From outside: `enlarge`.
"""

import cv2
import numpy as np

from impasto.models.rules import DETAIL, LUMA


def enlarge(painting: np.ndarray, frame: np.ndarray, detail: float = DETAIL) -> np.ndarray:
    """Painting uint8 [h,w,3] of a frame uint8 [H,W,3], both RGB → the painting as uint8 [H,W,3].

    The formula is in `models/rules.py`. detail: how much of the frame's fine luminance is added, 0…1; 0 enlarges and no
    more. A painting that has the frame's size comes back as it is.
    """
    small, size = painting.shape[1::-1], frame.shape[1::-1]
    if small == size:
        return painting
    enlarged = cv2.resize(painting, size, interpolation=cv2.INTER_CUBIC)
    if detail == 0:
        return enlarged
    luminance = cv2.transform(frame, np.array([LUMA])).astype(np.float32)
    coarse = cv2.resize(cv2.resize(luminance, small, interpolation=cv2.INTER_AREA), size, interpolation=cv2.INTER_CUBIC)
    fine = detail * (luminance - coarse)
    return cv2.add(enlarged, cv2.merge([fine] * 3), dtype=cv2.CV_8U)
