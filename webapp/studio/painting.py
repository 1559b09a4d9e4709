"""What the studio paints: a clip, pictures, or one frame, in chosen styles.

From outside: `Studio`, `StyleChoice`, `PaintOptions`. Everything here is blocking; `jobs.Jobs` gives it a thread.
"""

import threading
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from impasto.export.runtime.model import Model
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.person import PersonPainter
from impasto.export.runtime.style_file import built_in, is_style_file, read_style
from impasto.export.runtime.styles import Style
from impasto.models.errors import BadInput
from impasto.models.rules import STYLES_AT_ONCE
from impasto.webapp.files.brush_size import with_brush_size
from impasto.webapp.files.clips.span import WHOLE, Span
from impasto.webapp.files.job import persons_found
from impasto.webapp.files.pictures import Header
from impasto.webapp.files.pipeline import Cancelled
from impasto.webapp.files.stylize import stylize_path
from impasto.webapp.hosting.metrics import Metrics
from impasto.webapp.hosting.settings import Settings

from . import limits
from .jobs import Jobs
from .visitors.temporary import Folders

Progress = Callable[[int, int], None]  # called with how many are done, and how many there are (0: unknown)
FRAMES_A_LOOK = 100  # painted between two looks at the room on the disk
STYLES_KEPT = 128  # styles of people's own files: some kilobytes each, a studied one 0.2 MB


@dataclass(frozen=True)
class StyleChoice:
    """A built-in style by name, or a picture's path; its weight in the blend; what a picture is called."""

    source: str | Path
    weight: float = 1.0
    title: str = ""


@dataclass(frozen=True)
class PaintOptions:
    """What a person or program has chosen: from one to four styles, the painter's look, and the output's size.

    `strength` 0…1, `keep_colors` and `stability` 0…1 are `export.runtime.painter.Look`'s; `size` is the shorter side in
    pixels, None for the source's own. `brush_size` is the shorter side in pixels at which the painter's strokes are as
    broad as they are to be, None for the output's own; of a clip, the part in `span` is painted. With `only` "person"
    or "background" all else stays as it is; with styles for the `background` all but the person is painted in those.
    """

    styles: tuple[StyleChoice, ...]
    strength: float = 1.0
    keep_colors: bool = False
    size: int | None = None
    stability: float = 1.0
    brush_size: int | None = None
    span: Span = WHOLE
    only: str | None = None
    background: tuple[StyleChoice, ...] = ()


@dataclass
class Studio:
    """What all sessions share. `metrics` may be None."""

    settings: Settings
    model: Model
    folders: Folders
    jobs: Jobs
    metrics: Metrics | None = None
    gallery: dict[str, dict] = field(default_factory=dict)
    _encoded: OrderedDict[Path, Style] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def titles(self, styles: Sequence[StyleChoice]) -> list[tuple[str, float]]:
        """What styles are called, and their weights."""
        return [
            (
                style.title or "your picture" if isinstance(style.source, Path) else self._title(style.source),
                style.weight,
            )
            for style in styles
        ]

    def built_in(self, name: str) -> str:
        """The name of a built-in style. Raises BadInput for any other."""
        if name not in self.gallery:
            raise BadInput(f"There is no built-in style {name!r}; there are {', '.join(self.gallery)}.")
        return name

    def _title(self, name: str) -> str:
        return self.gallery.get(name, {}).get("title", name)

    def painter(self, options: PaintOptions) -> Painter | PersonPainter:
        """A painter of its own for one job; sessions and style vectors are shared. Raises BadInput."""
        painter = self._painter(options, options.styles)
        if options.only is None and not options.background:
            return painter
        background = self._painter(options, options.background) if options.background else None
        return PersonPainter(painter, options.only, background)

    def _painter(self, options: PaintOptions, styles: Sequence[StyleChoice]) -> Painter:
        if not 1 <= len(styles) <= STYLES_AT_ONCE:
            raise BadInput(f"Choose from one to {STYLES_AT_ONCE} styles.")
        painter = Painter(
            self.model,
            threads=self.settings.threads,
            look=Look(options.strength, options.keep_colors, options.stability),
        )
        chosen = [self.style_of(painter, style.source) for style in styles]
        painter.use(chosen, [style.weight for style in styles])
        return painter

    def style_of(self, painter: Painter, source: str | Path) -> Style:
        """A built-in style by name, or that of a picture or a `.style` file by path: S, float32 [D], alone or with a
        brush. Each file is read once. Raises BadInput."""
        if not isinstance(source, Path):
            return built_in(self.model, self.gallery[self.built_in(source)])
        with self._lock:
            if source in self._encoded:
                return self._encoded[source]
        if is_style_file(source):
            style = read_style(source, self.model, "This file")
        else:
            style = painter.encode(limits.read_style(source, self.settings))
        with self._lock:
            self._encoded[source] = style
            while len(self._encoded) > STYLES_KEPT:
                self._encoded.popitem(last=False)
        return style

    def paint_clip(
        self,
        clip: Path,
        options: PaintOptions,
        folder: Path,
        cancelled: Callable[[], bool],
        progress: Progress,
        show: Callable[[np.ndarray], None] | None = None,
    ) -> dict:
        """Paint a clip into `folder`, its sound kept; `show` gets each painted frame.

        Returns `stylize_path`'s summary; raises BadInput, Cancelled.
        """
        limits.check_clip(clip, self.settings, options.span)
        size = limits.check_size(options.size)
        painter, timer = self.painter(options), _FrameTimer(self.metrics, "clip")

        def count(done: int, total: int) -> None:
            limits.check_frames(done, self.settings)
            if done % FRAMES_A_LOOK == 0:
                self.folders.check_room()
            timer.frame()
            progress(done, total)

        with limits.without_path(clip, "This clip"):
            return stylize_path(
                clip, folder / _file_name(options, ".mp4"), painter, size=size,
                limits=limits.clip_limits(self.settings), progress=count, cancelled=cancelled, span=options.span,
                brush_size=options.brush_size, show=show,
            )  # fmt: skip

    def paint_pictures(
        self,
        pictures: list[Path],
        options: PaintOptions,
        folder: Path,
        cancelled: Callable[[], bool],
        progress: Progress,
        told: Callable[[dict], object] | None = None,
    ) -> list[Path]:
        """Paint pictures into `folder`, as PNG, or JPEG where the source is one, and what moves as GIF; `told` gets
        `stylize_path`'s summary of each. Progress counts frames, one for a still. Raises BadInput, Cancelled."""
        if not 1 <= len(pictures) <= limits.MAX_PICTURES:
            raise BadInput(f"Choose from one to {limits.MAX_PICTURES} pictures.")
        size = limits.check_size(options.size)
        headers = [limits.check_picture(path, self.settings) for path in pictures]
        for header in headers:
            limits.check_painted(header, limits.painted_side(header, size), self.settings)
        total, before = sum(header.frames for header in headers), 0
        timer, painted = _FrameTimer(self.metrics, "picture"), []
        looks = {moving: options if moving else _still(options) for moving in map(_moves, headers)}
        painters = {moving: self.painter(look) for moving, look in looks.items()}

        def count(done: int, _: int) -> None:
            limits.check_frames(done, self.settings)
            if done % FRAMES_A_LOOK == 0:
                self.folders.check_room()
            timer.frame()
            progress(before + done, total)

        for number, (path, header) in enumerate(zip(pictures, headers, strict=True), 1):
            if cancelled():
                raise Cancelled("Cancelled.")
            target = folder / _file_name(options, _suffix(header), number)
            with limits.without_path(path, "This picture"):
                summary = stylize_path(
                    path, target, painters[_moves(header)], size=size, brush_size=options.brush_size, progress=count,
                    cancelled=cancelled,
                )  # fmt: skip
            if told is not None:
                told(summary)
            painted.append(target)
            before += header.frames
        return painted

    def preview(
        self, source: np.ndarray, options: PaintOptions, told: Callable[[dict], object] | None = None
    ) -> np.ndarray:
        """A frame or picture as a job with these options would paint it. uint8 RGB [H,W,3] → the same. `told` gets what
        a summary says of persons: see `job.persons_found`."""
        painter = self.painter(_still(options))
        painted = with_brush_size(painter, options.brush_size).paint(source)
        if told is not None:
            told(persons_found(painter))
        return painted


def zip_files(files: list[Path], names: list[str], folder: Path) -> Path:
    """One ZIP of the files under these names, stored as they are: pictures are packed already."""
    target = folder / "impasto-pictures.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file, name in zip(files, names, strict=True):
            archive.write(file, name)
    return target


def _file_name(options: PaintOptions, suffix: str, number: int | None = None) -> str:
    """A file name of our own making: nothing of the upload's goes into it."""
    sources = [style.source for style in options.styles]
    style = "blend" if len(sources) > 1 else "own" if isinstance(sources[0], Path) else sources[0]
    return f"impasto-{style}{'' if number is None else f'-{number:02d}'}{suffix}"


def _moves(header: Header) -> bool:
    return header.frames > 1


def _suffix(header: Header) -> str:
    """What a painted picture is saved as: what moves as a GIF, a JPEG as one, all else as PNG."""
    return ".gif" if _moves(header) else ".jpg" if header.format in ("JPEG", "MPO") else ".png"


def _still(options: PaintOptions) -> PaintOptions:
    """The options of what does not move: there is nothing to hold steady."""
    return replace(options, stability=0.0)


class _FrameTimer:
    """Tells the metrics of each frame painted and how long it took, decoding and encoding included."""

    def __init__(self, metrics: Metrics | None, kind: str):
        self.metrics, self.kind, self.last = metrics, kind, time.perf_counter()

    def frame(self) -> None:
        now = time.perf_counter()
        if self.metrics is not None:
            self.metrics.frame_painted(now - self.last, self.kind)
        self.last = now
