"""Studying a picture into a `.style` file, on the frames of a clip or of a person's own; previews while it learns.

From outside: `study_picture`, `brush_size_of`. The studying itself is `impasto.export.runtime.study`.
"""

import os
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from impasto.export.runtime.damage import writing
from impasto.export.runtime.model import Model
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.pictures import SUFFIXES, read_style_picture
from impasto.export.runtime.study import Graphs, Progress, Studied, study
from impasto.export.runtime.style_file import SUFFIX, StyleFile, style_file, write_style
from impasto.export.runtime.styles import Style
from impasto.models.atomic import place_of, require_room, written_aside
from impasto.models.errors import BadInput
from impasto.models.overwriting import check_overwriting

from .pictures import Picture, resize, write_image
from .study_frames import default_frame, frames_of

BRUSH_SIZES = {"coarse": 2.0, "fine": 0.5}  # words for `--brush-size`; 1 is as in the picture
PREVIEW_EVERY = 3.0  # seconds between two previews
ROOM = 300_000  # bytes that must be there before it begins: for a file of the released model, and for a preview
THUMBNAIL = (256, 192)  # width, height in pixels of the preview in a `.style` file
THUMBNAIL_BYTES = 24_000  # with the brush of the released model, 0.22 MB, a file stays below 250 kB

OnProgress = Callable[[Progress], bool | None]


def study_picture(
    source: str | os.PathLike[str] | np.ndarray,
    target: str | os.PathLike[str] | None,
    model: Model,
    *,
    seconds: float | None = None,
    steps: int | None = None,
    on: str | os.PathLike[str] | None = None,
    brush_size: float = 1.0,
    closer: float = 0.5,
    seed: int = 0,
    threads: int | None = None,
    preview: str | os.PathLike[str] | None = None,
    show: Callable[[np.ndarray], None] | None = None,
    name: str | None = None,
    graphs: Graphs | None = None,
    progress: OnProgress | None = None,
    keep: bool = False,
) -> tuple[StyleFile, Studied]:
    """Study a picture and write what was learnt as `target`, a `.style` file (None: nothing is written).

    source: as `read_style_picture` takes it. on: a clip, a picture or a folder of pictures whose frames it is studied
    on, and previews are painted on; by default what comes along. preview: a picture file that is painted anew every few
    seconds; show: called with such a painting, uint8 RGB. name: of the style; by default the file's. seconds, steps,
    brush_size, closer, seed, threads, graphs: as in `export.runtime.study.study`. progress: called before the first
    step and after each; False ends the studying, and what was learnt is kept, as it is after Ctrl-C. keep: where the
    target cannot be written when it comes to that, what was learnt is written elsewhere, and the sentence says where.

    Raises BadInput for all that a person can put right, before anything is studied where that can be known, and
    KeyboardInterrupt when interrupted before anything was learnt.
    """
    for file, suffixes, what in ((target, {SUFFIX}, "a studied style"), (preview, SUFFIXES, "the preview")):
        if file is not None:
            check_target(Path(file), suffixes, what)
            check_overwriting(file, [source, on])
            require_room(Path(file), ROOM)
    pixels = read_style_picture(source)
    contents = frames_of(Path(on)) if on is not None else []
    previews = _Previews(model, threads, contents[0] if contents else default_frame(), preview, show)

    def on_progress(now: Progress) -> bool | None:
        previews.update(now)
        return progress(now) if progress else None

    found = study(
        model, pixels, contents, seconds=seconds, steps=steps, seed=seed, closer=closer, brush_size=brush_size,
        threads=threads, graphs=graphs, on_progress=on_progress,
    )  # fmt: skip
    if not found.losses:
        raise KeyboardInterrupt
    painted = previews.painted(found)
    file = None if isinstance(source, np.ndarray) else Path(source)
    title = name or (file.stem if file else "Studied style")
    line = file.name if file else ""
    done = style_file(model, found.style, found.brush, name=title, source=line, preview=thumbnail(painted))
    if target is not None:
        (write_or_keep if keep else write_style)(Path(target), done)
    previews.write(painted)
    return done, found


class _Previews:
    """A frame painted with what was learnt so far, every few seconds: into a file, and for whoever it is shown to."""

    def __init__(
        self,
        model: Model,
        threads: int | None,
        frame: np.ndarray,
        file: str | os.PathLike[str] | None,
        show: Callable[[np.ndarray], None] | None,
    ):
        self.painter = Painter(model, threads=threads, look=Look(stability=0))
        self.frame, self.show = frame, show
        self.file = None if file is None else Path(file)
        self.due = 0.0  # when the next one is, by time.monotonic()

    def update(self, now: Progress) -> None:
        if (self.file is None and self.show is None) or time.monotonic() < self.due:
            return
        painted = self.painted(now.so_far())
        with suppress(BadInput):  # a full disk is no reason to lose what is being learnt; the last one says so
            self.write(painted)
        if self.show is not None:
            self.show(painted)
        self.due = time.monotonic() + PREVIEW_EVERY

    def painted(self, style: Style) -> np.ndarray:
        self.painter.use([style])
        return self.painter.paint(self.frame)

    def write(self, painted: np.ndarray) -> None:
        """Into the file, where there is one. Raises BadInput."""
        if self.file is not None:
            with written_aside(self.file) as aside, writing(self.file):
                write_image(aside, Picture(painted))


def brush_size_of(text: str) -> float:
    """ "coarse", "fine" or a number as how coarse strokes are, 1 as in the picture. Raises BadInput."""
    if text in BRUSH_SIZES:
        return BRUSH_SIZES[text]
    try:
        return float(text)
    except ValueError as error:
        words = " or ".join(BRUSH_SIZES)
        raise BadInput(
            f"The brush size is {words}, or a number, 1 for strokes as in the picture; not {text}."
        ) from error


def check_target(path: Path, suffixes: set[str] | frozenset[str], what: str) -> None:
    """Raise BadInput where a file could not be written later: its ending or its folder is wrong."""
    if path.suffix.lower() not in suffixes or path.is_dir():
        raise BadInput(f"{path} is no name for {what}: it must end in {' or '.join(sorted(suffixes))}.")
    folder = place_of(path).parent
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder} to write {path.name} into.")
    if not os.access(folder, os.W_OK):
        raise BadInput(f"{folder} cannot be written to; choose another folder.")


def write_or_keep(target: Path, style: StyleFile) -> None:
    """`write_style`; where that fails, what took so long to learn is written elsewhere, and the BadInput says where."""
    try:
        write_style(target, style)
    except BadInput as error:
        kept = _kept(target, style)
        if kept is None:
            raise
        why = str(error).partition(";")[0].rstrip(".")
        raise type(error)(f"{why}; what was learnt is in {kept}: move it to where you want it.") from error


def _kept(target: Path, style: StyleFile) -> Path | None:
    """Where a style that could not be written is instead: in the folder for temporary files, or the user's own."""
    for folder in (tempfile.gettempdir, Path.home):
        with suppress(BadInput, OSError, RuntimeError):  # there may be no such folder
            place = Path(folder()) / f"{target.stem}-{uuid.uuid4().hex[:6]}{SUFFIX}"
            write_style(place, style)
            return place
    return None


def thumbnail(painted: np.ndarray) -> bytes:
    """The middle of a painted picture as a small JPEG."""
    height, width = painted.shape[:2]
    wide, high = min(width, height * 4 // 3), min(height, width * 3 // 4)
    top, left = (height - high) // 2, (width - wide) // 2
    small = resize(np.ascontiguousarray(painted[top : top + high, left : left + wide]), THUMBNAIL)
    for quality in range(85, 20, -10):
        found = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(found) <= THUMBNAIL_BYTES:
            break
    return found
