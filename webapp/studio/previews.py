"""Single frames: one of a clip, and pictures, at the size they are shown or painted at.

From outside: `frame_at`, `picture_at`, `thumbnail`, `middle`, `shrunk`.
"""

from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.colour import ToRgb
from impasto.webapp.files.clips.opening import open_clip, picture_stream
from impasto.webapp.files.clips.probe import ClipInfo, probe
from impasto.webapp.files.pictures import flatten, in_srgb, read_image, resize
from impasto.webapp.files.working_size import working_size

CACHED = 8  # frames; some megabytes each
LONGEST = 4  # times as long as broad, of what is shown small


@lru_cache(maxsize=CACHED)
def frame_at(path: Path, share: float, side: int) -> np.ndarray:
    """The frame at `share` (0…1) of a clip's duration: uint8 RGB [H,W,3], its shorter side `side`.

    Only the frames from the key frame before it are decoded. Do not write to the array. Raises BadInput.
    """
    info = probe(path)
    size = working_size(*info.shown_size, side)
    seconds = Fraction(share) * Fraction(info.duration or 0)
    found = None
    try:
        with open_clip(path) as container:
            stream = picture_stream(container, path)
            start = stream.start_time or 0
            target = start + round(seconds / info.time_base)
            if share > 0:
                container.seek(target, stream=stream)
            for found in container.decode(stream):
                if found.pts is None or found.pts + (found.duration or 0) > target:
                    break
            rgb = None if found is None else _upright(info, found, size)
    except av.FFmpegError as error:
        raise BadInput(f"{path} is damaged at {float(seconds):.1f} s; copy or download it again.") from error
    if rgb is None:
        raise BadInput(f"{path} holds no frame that can be decoded; copy or download it again.")
    return rgb


def _upright(info: ClipInfo, decoded: av.VideoFrame, size: tuple[int, int]) -> np.ndarray:
    """A decoded frame as upright RGB of `size` = (width, height)."""
    stored = info.orientation.turn_size(size)
    enlarging = size[0] > info.width or size[1] > info.height
    return info.orientation.apply(ToRgb(stored, enlarging, info.matrix, info.full_range, info.hdr, info.gamut)(decoded))


@lru_cache(maxsize=CACHED)
def picture_at(path: Path, side: int) -> np.ndarray:
    """A picture on white: uint8 RGB [H,W,3], its shorter side `side`. Do not write to it. Raises BadInput."""
    rgb = flatten(in_srgb(read_image(path)))
    height, width = rgb.shape[:2]
    return resize(rgb, working_size(width, height, side, even=False))


def thumbnail(path: Path, side: int) -> np.ndarray:
    """A small picture of a picture: uint8 RGB [H,W,3], its shorter side at most `side`. Raises BadInput."""
    return shrunk(middle(flatten(in_srgb(read_image(path)))), side)


def middle(rgb: np.ndarray) -> np.ndarray:
    """uint8 RGB [H,W,3] without its ends where it is longer than `LONGEST` times its breadth: of a strip a thousand
    times as long there is no small picture."""
    height, width = rgb.shape[:2]
    most = LONGEST * min(height, width)
    top, left = max(0, height - most) // 2, max(0, width - most) // 2
    return rgb[top : top + most, left : left + most]


def shrunk(rgb: np.ndarray, side: int) -> np.ndarray:
    """uint8 RGB [H,W,3] with a shorter side of at most `side`."""
    height, width = rgb.shape[:2]
    return resize(rgb, working_size(width, height, min(side, width, height), even=False))
