"""Studying a picture into a `.style` file, on the frames of a clip or of a person's own; previews while it learns.

From outside: `study_picture`, `brush_size_of`. The studying itself is `impasto.export.runtime.study`.
"""

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from impasto.export.runtime.damage import writing
from impasto.export.runtime.model import Model
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.pictures import READ_SUFFIXES, SUFFIXES, check_readable, read_style_picture
from impasto.export.runtime.sample import picture as made_up
from impasto.export.runtime.study import Graphs, Progress, Studied, study
from impasto.export.runtime.style_file import SUFFIX, StyleFile, style_file, write_style
from impasto.export.runtime.styles import Style
from impasto.models.atomic import place_of, require_room, written_aside
from impasto.models.errors import BadInput
from impasto.models.overwriting import check_overwriting

from .clips.probe import probe, working_size
from .clips.read import read_frames
from .demo import FRAME_SIZE, demo_frame
from .pictures import Picture, image_header, resize, write_image

BRUSH_SIZES = {"coarse": 2.0, "fine": 0.5}  # words for `--brush-size`; 1 is as in the picture
FRAMES = 24  # of a clip that are studied on: more of one scene show little else
FRAME_SIDE = 384  # their shorter side, pixels: studying crops smaller squares out of them
LOOKED_AT = 1500  # frames of a clip that are looked through for them, a minute of most
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
    brush_size, closer, seed, threads, graphs: as in `export.runtime.study.study`. progress: called after each step;
    False ends the studying, and what was learnt is kept, as it is after Ctrl-C. keep: where the target cannot be
    written when it comes to that, what was learnt is written elsewhere, and the sentence says where.

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
    shown = contents[0] if contents else _shown()
    painter = Painter(model, threads=threads, look=Look(stability=0))
    next_preview = 0.0

    def on_progress(now: Progress) -> bool | None:
        nonlocal next_preview
        if (preview is not None or show) and time.monotonic() >= next_preview:
            painted = _painted(painter, now.so_far(), shown)
            if preview is not None:
                with suppress(BadInput):  # a full disk is no reason to lose what is being learnt; the last one says so
                    _write_preview(Path(preview), painted)
            if show:
                show(painted)
            next_preview = time.monotonic() + PREVIEW_EVERY
        return progress(now) if progress else None

    found = study(
        model, pixels, contents, seconds=seconds, steps=steps, seed=seed, closer=closer, brush_size=brush_size,
        threads=threads, graphs=graphs, on_progress=on_progress,
    )  # fmt: skip
    if not found.losses:
        raise KeyboardInterrupt
    painted = _painted(painter, found, shown)
    file = None if isinstance(source, np.ndarray) else Path(source)
    title = name or (file.stem if file else "Studied style")
    line = file.name if file else ""
    done = style_file(model, found.style, found.brush, name=title, source=line, preview=thumbnail(painted))
    if target is not None:
        (write_or_keep if keep else write_style)(Path(target), done)
    if preview is not None:
        _write_preview(Path(preview), painted)
    return done, found


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
    return _spread(frame.rgb for frame in read_frames(info, size))


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


def _spread(frames: Iterator[np.ndarray]) -> list[np.ndarray]:
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


def _shown() -> np.ndarray:
    """What previews are painted on where nothing was given: the demo frame if it is installed."""
    with suppress(BadInput):
        return demo_frame()
    return np.round(made_up(*FRAME_SIZE[::-1]) * 255).astype(np.uint8)


def _painted(painter: Painter, style: Style, frame: np.ndarray) -> np.ndarray:
    painter.use([style])
    return painter.paint(frame)


def _write_preview(path: Path, painted: np.ndarray) -> None:
    with written_aside(path) as aside, writing(path):
        write_image(aside, Picture(painted))
