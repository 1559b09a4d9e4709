"""What a job may ask for, seen in the file's header before anything is decoded.

From outside: `describe_clip`, `check_clip`, `longest_part`, `check_picture`, `moves`, `painted_side`, `read_style`,
`check_painted`, `check_size`, `without_path`. Every refusal is one sentence without a path.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from impasto.models.errors import BadInput, DiskFull
from impasto.webapp.files.clips.probe import ClipInfo, ClipLimits, probe
from impasto.webapp.files.clips.span import WHOLE, Span
from impasto.webapp.files.job import CLIP_SHORT_SIDE, IMAGE_SHORT_SIDE
from impasto.webapp.files.pictures import Header, flatten, image_header, in_srgb, read_image
from impasto.webapp.files.working_size import working_size
from impasto.webapp.hosting.settings import Settings

from .jobs import duration

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
    return ClipLimits(settings.clip_seconds, settings.clip_pixels, settings.frame_pixels)


def describe_clip(path: Path, settings: Settings) -> ClipInfo:
    """Describe a clip, however long it is. Raises BadInput when it is none, or too large in bytes or pixels."""
    with without_path(path, "This clip"):
        _check_bytes(path, settings)
        return probe(path, replace(clip_limits(settings), max_seconds=None))


def check_clip(path: Path, settings: Settings, span: Span = WHOLE) -> ClipInfo:
    """Describe a clip; raise BadInput, too, when the part to paint has too many seconds or frames."""
    info = describe_clip(path, settings)
    whole = info.duration or 0
    seconds = span.seconds(whole)
    if seconds > settings.clip_seconds:
        what = "This clip lasts" if span.whole else "This part lasts"
        raise BadInput(
            f"{what} {in_words(seconds)}, more than the {in_words(settings.clip_seconds)} allowed; choose a "
            f"{'' if span.whole else 'shorter '}part of the clip."
        )
    check_frames(round(info.frames * seconds / whole) if whole else info.frames, settings)
    return info


def longest_part(info: ClipInfo, settings: Settings) -> float:
    """How many seconds of a clip may be painted at once."""
    return min(settings.clip_seconds, settings.clip_frames / float(info.frame_rate))


def in_words(seconds: float) -> str:
    """ "2.4 s" below a minute, then as `jobs.duration` has it."""
    return f"{round(seconds, 1):g} s" if seconds < 60 else duration(seconds)


def check_frames(count: int, settings: Settings) -> None:
    """Raise BadInput for more frames than a job may have; called again while painting, as headers may lie."""
    if count > settings.clip_frames:
        raise BadInput(
            f"This clip has more than the {settings.clip_frames:,} frames allowed; choose a shorter part of it."
        )


def check_picture(path: Path, settings: Settings, word: str = "This picture") -> Header:
    """Describe a picture, which may move. Raises BadInput when it is none, or has too many bytes, pixels or frames."""
    with without_path(path, word):
        _check_bytes(path, settings)
        header = image_header(path)
        if header is None:
            raise BadInput(f"{word} is not one this app can read; choose a JPEG, PNG or WebP.")
    return header


def moves(path: Path) -> bool:
    """Whether a file is an animation: a GIF, WebP or PNG of several frames."""
    header = image_header(path)
    return header is not None and header.frames > 1


def painted_side(header: Header, size: int | None) -> int:
    """The shorter side at which a picture is painted, in pixels; an animation is as small as a clip."""
    return size or min(header.width, header.height, CLIP_SHORT_SIDE if header.frames > 1 else IMAGE_SHORT_SIDE)


def read_style(path: Path, settings: Settings) -> np.ndarray:
    """A style picture, of one that moves its first frame, as P sees it: uint8 RGB [H,W,3].

    Raises BadInput for more than `style_pixels` to decode.
    """
    word = "This style picture"
    check_picture(path, settings, word)
    with without_path(path, word):
        return flatten(in_srgb(read_image(path, settings.style_pixels, shrink=True)))


def check_painted(header: Header, side: int, settings: Settings) -> None:
    """Raise BadInput for a picture that would have too many pixels, painted with `side` on its shorter side, or for an
    animation with too many frames."""
    width, height = working_size(header.width, header.height, side, even=False)
    if header.frames > settings.clip_frames:
        raise BadInput(f"This picture has {header.frames:,} frames, more than the {settings.clip_frames:,} allowed.")
    if width * height > (1 if header.frames > 1 else PICTURE_FRAMES) * settings.frame_pixels:
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
