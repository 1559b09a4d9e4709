"""What a job may ask for, seen in the file's header before anything is decoded.

From outside: `check_clip`, `check_picture`, `read_style`, `check_painted`, `check_size`, `without_path`. Every refusal
is one sentence without a path.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from impasto.models.errors import BadInput, DiskFull
from impasto.webapp.files.pictures import Header, flatten, image_header, read_image
from impasto.webapp.files.probe import ClipInfo, ClipLimits, probe, working_size
from impasto.webapp.hosting.settings import Settings

SIZES = (64, 1440)  # of the shorter side, in pixels
MAX_PICTURES = 20  # in one job
PICTURE_FRAMES = 2  # a painted picture may have as many pixels as this many frames of a clip


@contextmanager
def without_path(path: Path, word: str) -> Iterator[None]:
    """Errors about `path` call it `word`: people know neither the server's folders nor what is in their names."""
    try:
        yield
    except DiskFull:
        raise  # not about this file
    except BadInput as error:
        raise BadInput(str(error).replace(str(path), word)) from error


def clip_limits(settings: Settings) -> ClipLimits:
    return ClipLimits(max_seconds=settings.clip_seconds, max_pixels=settings.frame_pixels)


def check_clip(path: Path, settings: Settings) -> ClipInfo:
    """Describe a clip. Raises BadInput when it is none, or too large in bytes, pixels, seconds or frames."""
    with without_path(path, "This clip"):
        _check_bytes(path, settings)
        info = probe(path, clip_limits(settings))
        check_frames(info.frames, settings)
    return info


def check_frames(count: int, settings: Settings) -> None:
    """Raise BadInput for more frames than a job may have; called again while painting, as headers may lie."""
    if count > settings.clip_frames:
        raise BadInput(f"This clip has more than the {settings.clip_frames:,} frames allowed; cut it shorter.")


def check_picture(path: Path, settings: Settings, word: str = "This picture") -> Header:
    """Describe a picture. Raises BadInput when it is none, moves, or is too large in bytes or pixels."""
    with without_path(path, word):
        _check_bytes(path, settings)
        header = image_header(path)
        if header is None:
            raise BadInput(f"{word} is not one this app can read; choose a JPEG, PNG or WebP.")
        if header.frames > 1:
            raise BadInput(f"{word} moves; save one of its frames as a JPEG or PNG and choose that.")
    return header


def read_style(path: Path, settings: Settings) -> np.ndarray:
    """A style picture as P sees it, uint8 RGB [H,W,3]. Raises BadInput for more than `style_pixels` to decode."""
    word = "This style picture"
    check_picture(path, settings, word)
    with without_path(path, word):
        return flatten(read_image(path, settings.style_pixels, shrink=True))


def check_painted(header: Header, side: int, settings: Settings) -> None:
    """Raise BadInput for a picture that would have too many pixels, painted with `side` on its shorter side."""
    width, height = working_size(header.width, header.height, side, even=False)
    if width * height > PICTURE_FRAMES * settings.frame_pixels:
        raise BadInput(f"This picture would be painted at {width}×{height}, which is too large; choose a smaller size.")


def check_size(size: int | None) -> int | None:
    """The shorter side of what is painted, in pixels; None or 0: the source's own. Raises BadInput."""
    if not size:
        return None
    if isinstance(size, bool) or int(size) != size or not SIZES[0] <= size <= SIZES[1]:
        raise BadInput(
            f"The size must be a whole number of pixels from {SIZES[0]} to {SIZES[1]}, or 0 for the source's."
        )
    return int(size)


def _check_bytes(path: Path, settings: Settings) -> None:
    size = path.stat().st_size
    if size > settings.upload_mb * 1e6:
        raise BadInput(
            f"{path} has {size / 1e6:.0f} MB, more than the {settings.upload_mb:g} MB allowed; shrink it first."
        )
