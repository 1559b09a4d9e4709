"""What `import impasto` offers: `Painter` for frames, `stylize` for files."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from impasto.export.runtime import painter as runtime
from impasto.export.runtime.person import PersonPainter
from impasto.export.runtime.scenes import Scenes
from impasto.models.errors import BadInput
from impasto.models.number import is_number
from impasto.models.overwriting import check_overwriting

from .styles import PIL_HINT, Style, is_pil, parts_of, read_styles


class Painter:
    """Paints frames in a style, holding still what holds still from one frame to the next.

    Args:
        style: The name of a built-in style ("starry-night"; `Painter.styles` lists them), the path of a picture or
            of a `.style` file that was studied for this model, pixels (uint8 RGB or RGBA, [H,W,3] or [H,W,4]), or
            several of the former with their weights, as `{"a.jpg": 0.7, "great-wave": 0.3}`. Weights are numbers of
            zero or more; only their shares count. A file that exists goes before a built-in style of that name;
            `"name:great-wave"` is the built-in one always. What is transparent is laid on white.
        strength: 0 leaves the frame as it is, 1 paints it fully.
        keep_colors: Paint the light and keep the frame's own colours.
        stability: How much flicker is held back, 0 to 1; 0 paints every frame by itself.
        only: "person" paints only the person and leaves all else as it is, "background" all but the person.
        background_style: A style of its own, as `style`, for all but the person.
        model: A model's name or folder; None for the default one.
        device: "auto", "cpu" or "cuda".
        threads: Threads a network may use; None for one per core.

    Raises:
        impasto.BadInput: A style, model or device that is not there, a picture that cannot be read, a number out of
            its range. It is a ValueError, and its text one sentence that says what to do.

    A painter remembers the frame before, so use one for each clip or camera, from one thread at a time.
    """

    def __init__(
        self,
        style: Style,
        *,
        strength: float = 1.0,
        keep_colors: bool = False,
        stability: float = 1.0,
        only: str | None = None,
        background_style: Style | None = None,
        model: str | os.PathLike[str] | None = None,
        device: str = "auto",
        threads: int | None = None,
    ):
        look = runtime.Look(strength, keep_colors, stability)
        self._first = runtime.Painter(model, device, threads, look)
        self._rest = None
        self._scenes = Scenes()
        self._painter: runtime.Painter | PersonPainter = self._first
        if background_style is not None:
            self._rest = runtime.Painter(self._first.model, device, threads, look)
        if only is not None or self._rest is not None:
            self._painter = PersonPainter(self._first, only, self._rest)
        self.use(style, background_style)

    def __repr__(self) -> str:
        return f"<impasto.Painter of the model {self.model}>"

    @property
    def model(self) -> str:
        """The model's name."""
        return self._first.model.name

    @property
    def styles(self) -> list[str]:
        """The names of the model's built-in styles."""
        return list(self._first.model.gallery())

    @property
    def person_found(self) -> bool | None:
        """Whether a frame painted so far shows a person; None where everything is painted in one style."""
        return self._painter.mask.found if isinstance(self._painter, PersonPainter) else None

    def use(self, style: Style, background_style: Style | None = None) -> None:
        """Paint in another style from the next frame on; takes what `style` takes above, and raises the same.

        background_style: of a painter that was made with one; None leaves it.
        """
        self._first.use(*read_styles(self._first, parts_of(style)))
        if background_style is None:
            return
        if self._rest is None:
            raise BadInput("This painter has no style for the background: make one with background_style.")
        self._rest.use(*read_styles(self._rest, parts_of(background_style)))

    def paint(self, frame: np.ndarray, time: float | None = None) -> np.ndarray:
        """Paint one frame: uint8 RGB [H,W,3] (0…255, sRGB-coded) of any size → the same shape and type.

        Frames are taken as those of one clip in their order; a cut, another size, and with `time` (when a camera took
        the frame, in seconds of any clock) a pause of more than a second, begin anew. Raises BadInput for an array of
        another kind: grey, with an alpha channel, of floats, or empty; and for a time that is no finite number.
        """
        check_frame(frame)
        if time is not None and not is_number(time):
            raise BadInput(f"The time of a frame is a number of seconds, not {time!r}.")
        if self._scenes.begins(frame):
            self._painter.reset()
        painted = self._painter.paint(frame, time)
        return frame.copy() if painted is frame else painted  # what is drawn on one is not drawn on the other

    def reset(self) -> None:
        """Forget the frames so far: call it where another clip begins. A new style or size does it by itself."""
        self._scenes = Scenes()
        self._painter.reset()


def stylize(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    style: Style,
    *,
    size: int | None = None,
    strength: float = 1.0,
    keep_colors: bool = False,
    stability: float = 1.0,
    brush: str | int = "medium",
    only: str | None = None,
    background_style: Style | None = None,
    model: str | os.PathLike[str] | None = None,
    device: str = "auto",
    threads: int | None = None,
    start: float | str | None = None,
    end: float | str | None = None,
    recursive: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Paint a clip (its sound kept), an animation, a picture, or a folder of them, as `impasto stylize` does.

    Args:
        source: A file, or a folder.
        target: The file to write, MP4, MOV or GIF for what moves, JPEG, PNG or WebP for pictures; a folder for a
            folder. It appears only when it is complete; of a folder, what is there already is left out, unless it is
            known to be in another style or with other settings.
        style, strength, keep_colors, stability, only, background_style, model, device, threads: As in `Painter`.
        size: Shorter side of the painted frames in pixels; by default the source's own, at most 720 for what moves and
            1440 for pictures.
        brush: How broad strokes are, whatever the size: "broad", "medium", "fine", "full" (as fine as the size allows),
            or the shorter side in pixels, 64 to 4320, that is painted and then enlarged with the frame's own detail.
        start, end: The part of a clip that is painted, sound too: seconds (75.5), or minutes and seconds ("1:15.5").
        recursive: Take a folder's sub-folders along; the target has the same ones.
        progress: Called after each frame with how many are painted and how many there are (0: unknown).

    Returns:
        What was painted, as `impasto stylize --json` prints it: for a file "input", "output", "kind" ("clip",
        "animation", "image"), "frames", "width", "height", "fps", "seconds", "painted_per_second", "audio" (of each
        track "copied", "re-encoded" or "dropped") and "gaps" (where a clip has lost frames: a list of {"at",
        "seconds"}), with `only` or `background_style` "person_found" (whether a frame shows a person); for a folder
        "input", "output", "kind" ("folder"), "painted" (a list of those, with "again": whether an earlier painting was
        replaced), "skipped" (names), "failed" (a list of {"input", "error"}) and "ignored" (names).

    Raises:
        impasto.BadInput: As in `Painter`; also for a file that is missing, damaged, or no clip or picture, for a brush
            that is none, for a target that cannot be written or is one of the files read, and for a disk that is full.
            In a folder, files that cannot be painted are listed under "failed" instead.
    """
    from impasto.webapp.files.brush_size import parse_brush_size
    from impasto.webapp.files.clips.span import Span
    from impasto.webapp.files.stylize import stylize_path

    check_place(source, "source")
    check_place(target, "target")
    begins, ends = _seconds(start), _seconds(end)
    span = Span(0.0 if begins is None else begins, ends)
    side = parse_brush_size(str(brush))
    read = [part for each in (style, background_style) if each is not None for part, _ in parts_of(each)]
    check_overwriting(target, read)
    painter = Painter(
        style, strength=strength, keep_colors=keep_colors, stability=stability, only=only,
        background_style=background_style, model=model, device=device, threads=threads,
    )  # fmt: skip
    return stylize_path(
        os.fspath(source),
        os.fspath(target),
        painter._painter,
        size=size,
        brush_size=side,
        span=span,
        recursive=recursive,
        progress=progress,
        also_read=read,
    )


def _seconds(time: float | str | None) -> float | None:
    from impasto.webapp.files.clips.span import parse_time

    if time is None or isinstance(time, str):
        return None if time is None else parse_time(time)
    if not is_number(time):
        raise BadInput(f"A time is seconds (75.5), or minutes and seconds ('1:15.5'), not {time!r}.")
    return float(time)


def check_frame(frame: np.ndarray) -> None:
    """Raise BadInput unless this is a frame: uint8 RGB [H,W,3] with at least one pixel."""
    if not isinstance(frame, np.ndarray):
        hint = PIL_HINT if is_pil(frame) else ""
        raise BadInput(f"A frame is a NumPy array, uint8 RGB [H,W,3], not {type(frame).__name__}{hint}.")
    kind = f"not {frame.dtype} of shape {list(frame.shape)}"
    if frame.dtype != np.uint8:
        raise BadInput(f"A frame is RGB with 8 bits a channel (uint8, 0 to 255), {kind}{_to_bytes(frame.dtype)}.")
    if frame.size == 0:
        raise BadInput(f"A frame needs at least one pixel, {kind}.")
    if frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] == 1):
        raise BadInput(f"A frame is RGB [H,W,3]; this one is grey, {kind}: np.dstack([frame] * 3) makes it RGB.")
    if frame.ndim == 3 and frame.shape[2] == 4:
        raise BadInput(f"A frame is RGB [H,W,3]; this one has an alpha channel, {kind}: frame[..., :3] is without.")
    if frame.ndim == 3 and frame.shape[0] == 3 and frame.shape[2] != 3:
        raise BadInput(f"A frame is RGB [H,W,3], {kind}: frame.transpose(1, 2, 0) puts the channels last.")
    if frame.ndim != 3 or frame.shape[2] != 3:
        raise BadInput(f"A frame is RGB [H,W,3], {kind}.")


def _to_bytes(dtype: np.dtype) -> str:
    """How an array of another type becomes one of bytes, to go on a sentence; nothing where nobody can tell."""
    if dtype.kind == "f":
        return ": (frame * 255).round().astype(np.uint8), where its values go from 0 to 1"
    if dtype.kind == "u" and dtype.itemsize == 2:
        return ": (frame // 257).astype(np.uint8), where all 16 bits are used"
    return ": frame.astype(np.uint8), where its values go from 0 to 255" if dtype.kind in "iu" else ""


def check_place(place: object, what: str) -> None:
    """Raise BadInput unless this is a path: a str or what has one, and not empty."""
    path = os.fspath(place) if isinstance(place, (str, os.PathLike)) else None
    if not isinstance(path, str):
        raise BadInput(f"The {what} is a file's or folder's path, not {type(place).__name__}.")
    if not path:  # it would be taken for the folder one is in
        raise BadInput("A file's name is empty; name a file or a folder.")
