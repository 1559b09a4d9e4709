"""What a picture is studied on, and previewed on: frames of a clip or of a person's own.

From outside: `frames_of`, `default_frame`.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from impasto.export.runtime.pictures import READ_SUFFIXES, check_readable, read_style_picture
from impasto.export.runtime.sample import picture
from impasto.models.errors import BadInput

from .clips.probe import probe
from .clips.read import read_frames
from .demo import FRAME_SIZE, demo_frame
from .pictures import image_header, resize
from .working_size import working_size

FRAMES = 24  # of a clip that are studied on: more of one scene show little else
FRAME_SIDE = 384  # their shorter side, pixels: studying crops smaller squares out of them
LOOKED_AT = 1500  # frames of a clip that are looked through for them, a minute of most


def frames_of(source: Path) -> list[np.ndarray]:
    """Up to `FRAMES` pictures, uint8 RGB, to study on: of a clip's first minute, of a folder, or one picture."""
    if source.is_dir():
        files = sorted(file for file in source.iterdir() if file.suffix.lower() in READ_SUFFIXES and file.is_file())
        if not files:
            raise BadInput(f"There are no pictures in {source}; choose a clip, a picture or a folder of pictures.")
        return [_small(read_style_picture(file)) for file in files[:FRAMES]]
    check_readable(source)
    if image_header(source) is not None:
        return [_small(read_style_picture(source))]
    info = probe(source)
    size = working_size(info.width, info.height, min(info.width, info.height, FRAME_SIDE))
    return spread(frame.rgb for frame in read_frames(info, size))


def default_frame() -> np.ndarray:
    """What previews are painted on where nothing was given: the demo frame if it is installed."""
    with suppress(BadInput):
        return demo_frame()
    return np.round(picture(*FRAME_SIZE[::-1]) * 255).astype(np.uint8)


def spread(frames: Iterator[np.ndarray]) -> list[np.ndarray]:
    """At most `FRAMES` of the first `LOOKED_AT`, evenly spread; how many there are need not be known."""
    kept: list[np.ndarray] = []
    apart = 1
    for number, frame in enumerate(frames):
        if number == LOOKED_AT:
            break
        if number % apart == 0:
            kept.append(frame)
        if len(kept) == 2 * FRAMES:  # every other one goes, and half as many come from here on
            kept, apart = kept[::2], 2 * apart
    return kept if len(kept) <= FRAMES else [kept[len(kept) * i // FRAMES] for i in range(FRAMES)]


def _small(rgb: np.ndarray) -> np.ndarray:
    height, width = rgb.shape[:2]
    scale = FRAME_SIDE / min(height, width)
    return rgb if scale >= 1 else resize(rgb, (max(1, round(width * scale)), max(1, round(height * scale))))
