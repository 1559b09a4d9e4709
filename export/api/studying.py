"""`impasto.study`: a picture studied into a style of its own weights, from Python."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from impasto.export.runtime.model import load_model
from impasto.export.runtime.style_file import StyleFile
from impasto.models.errors import BadInput
from impasto.models.number import is_number

from .painter import check_place
from .styles import PIL_HINT, is_pil

if TYPE_CHECKING:
    from impasto.export.runtime.study import Progress


def study(
    picture: str | os.PathLike[str] | np.ndarray,
    target: str | os.PathLike[str] | None = None,
    *,
    minutes: float | None = None,
    steps: int | None = None,
    on: str | os.PathLike[str] | None = None,
    brush_size: float = 1.0,
    closer: float = 0.5,
    preview: str | os.PathLike[str] | None = None,
    seed: int = 0,
    model: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], bool | None] | None = None,
) -> StyleFile:
    """Study a picture, as `impasto study` does: T's weights move a little, towards its strokes, shapes and colours.

    Args:
        picture: The painting: a file, or pixels (uint8 RGB or RGBA, [H,W,3] or [H,W,4]).
        target: The `.style` file to write; None writes none.
        minutes: How long to study; 1 where neither this nor `steps` is given.
        steps: Study so many steps instead; the result is the same every time for a seed and a number of threads.
        on: A clip, a picture or a folder of pictures that is to be painted, to study on its frames.
        brush_size: How coarse strokes are, 0.25 to 4; 1 as in the picture.
        closer: What to stay closer to, 0 (the painting) to 1 (the photograph).
        preview: A picture file (.jpg, .png, .webp) that is painted anew every few seconds meanwhile.
        seed: Another number studies in another order.
        model: A model's name or folder; None for the default one.
        threads: Threads the networks may use; None for one per core.
        progress: Called after each step with its `step`, `share` (0…1 of the whole), `seconds_left` and `losses` (by
            name), and once before the first, as step 0; when it returns False, studying ends and what was learnt is
            kept.

    Returns:
        The studied style, which goes wherever a style goes: `impasto.Painter(style=studied)`.

    Raises:
        impasto.BadInput: A picture, clip, model or file that is not there or not fit, a number out of its range,
            `minutes` and `steps` at once.
    """
    from impasto.webapp.files.study import study_picture

    if minutes is not None and steps is not None:
        raise BadInput("Say how long to study with minutes or with steps, not with both.")
    for name, value in (("closer", closer), ("brush_size", brush_size)):
        if not is_number(value):
            raise BadInput(f"{name} is a number, not {value!r}.")
    if minutes is not None and not (is_number(minutes) and minutes > 0):
        raise BadInput(f"minutes must be a number above zero, not {minutes!r}.")
    if not isinstance(picture, np.ndarray):
        if is_pil(picture):
            raise BadInput(f"The picture is a file's path or pixels, uint8 RGB [H,W,3], not Image{PIL_HINT}.")
        check_place(picture, "picture")
    for place, what in ((target, "target"), (on, "clip or picture to study on"), (preview, "preview")):
        if place is not None:
            check_place(place, what)
    return study_picture(
        picture, target, load_model(model), seconds=None if minutes is None else 60 * minutes, steps=steps, on=on,
        brush_size=brush_size, closer=closer, preview=preview, seed=seed, threads=threads, progress=progress, keep=True,
    )[0]  # fmt: skip
