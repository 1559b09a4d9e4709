"""Studying a person's picture on the server: what a job does, and what is said meanwhile.

From outside: `study_seconds`, `study`.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from impasto.export.runtime.style_file import SUFFIX
from impasto.models.errors import BadInput
from impasto.models.store import vgg_file
from impasto.webapp.files.pipeline import Cancelled
from impasto.webapp.files.study import study_picture

from . import limits
from .jobs import time_left
from .painting import Studio

Tell = Callable[[int, int, str], None]  # done, of how much, and in words


def study_seconds(studio: Studio) -> float:
    """How long one picture may be studied; 0 where nothing is studied: the settings forbid it, or the model or the
    installation lacks what it takes."""
    able = "study" in studio.model.files
    with suppress(BadInput):
        vgg_file()
        return studio.settings.study_seconds if able else 0
    return 0


def study(
    studio: Studio,
    picture: Path,
    clip: Path | None,
    folder: Path,
    *,
    title: str,
    enough: Callable[[], bool],
    cancelled: Callable[[], bool],
    tell: Tell,
    show: Callable[[np.ndarray], None],
) -> tuple[list[Path], str]:
    """Study a style picture into `folder`, on the frames of a clip or a picture at hand or else on made-up ones.

    `enough()` ends it and keeps what was learnt; `show` gets a painting now and then. Returns a picture of what it
    paints, the `.style` file, and the outcome in words. Raises BadInput, Cancelled.
    """
    pixels = limits.read_style(picture, studio.settings)
    target, seen = folder / f"studied{SUFFIX}", folder / "studied.jpg"

    def progress(now) -> bool | None:
        if cancelled():
            raise Cancelled("Cancelled.")
        left = f", {time_left(now.seconds_left)}" if now.step else ""
        tell(round(1000 * now.share), 1000, f"Studying{left}")
        return False if enough() and now.step else None

    with limits.without_path(clip or picture, "What is to be painted"):
        _, learnt = study_picture(
            pixels, target, studio.model, seconds=study_seconds(studio), on=clip, preview=seen, show=show,
            threads=studio.settings.threads, progress=progress, name=title,
        )  # fmt: skip
    steps = "1 step" if len(learnt.losses) == 1 else f"{len(learnt.losses)} steps"
    return [seen, target], f"studied in {steps}"
