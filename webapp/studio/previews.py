"""Single frames: one of a clip for the preview, pictures small enough to show.

From outside: `frame_at`, `picture_at`, `save_preview`.
"""

import secrets
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np

from impasto.models.errors import BadInput
from impasto.webapp.files.colour import ToRgb
from impasto.webapp.files.pictures import Picture, flatten, read_image, resize, write_image
from impasto.webapp.files.probe import ClipInfo, open_clip, picture_stream, probe, working_size

CACHED = 24  # frames; half a megabyte each
KEPT = 6  # files of one kind kept in a session's folder


@lru_cache(maxsize=CACHED)
def frame_at(path: Path, share: float, side: int) -> np.ndarray:
    """The frame at `share` (0…1) of a clip's duration: uint8 RGB [H,W,3], shorter side at most `side`.

    Only the frames from the key frame before it are decoded. Do not write to the array. Raises BadInput.
    """
    info = probe(path)
    size = working_size(*info.shown_size, min(side, info.width, info.height))
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
    return info.orientation.apply(ToRgb(stored, enlarging, info.matrix, info.full_range, info.hdr)(decoded))


@lru_cache(maxsize=CACHED)
def picture_at(path: Path, side: int) -> np.ndarray:
    """A picture on white: uint8 RGB [H,W,3], shorter side at most `side`. Do not write to it. Raises BadInput."""
    rgb = flatten(read_image(path))
    height, width = rgb.shape[:2]
    return resize(rgb, working_size(width, height, min(side, width, height), even=False))


def save_preview(folder: Path, kind: str, rgb: np.ndarray) -> Path:
    """Write uint8 RGB [H,W,3] as a picture to show, under a new name; of the same kind only the last few stay."""
    older = sorted(folder.glob(f"{kind}-*.jpg"), key=lambda path: path.stat().st_mtime_ns)
    for path in older[: max(0, len(older) - KEPT + 1)]:
        path.unlink(missing_ok=True)
    path = folder / f"{kind}-{secrets.token_hex(8)}.jpg"
    write_image(path, Picture(rgb))
    return path
