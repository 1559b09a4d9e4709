"""Painting files: a clip, an animation, a picture, or a folder of them.

From outside: `stylize_path`. What a file is, its content says; how the result is encoded, the output's extension.
"""

import dataclasses
import logging
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np

from impasto.export.runtime.damage import in_words, writing
from impasto.export.runtime.person import PersonPainter, composed, painters_of
from impasto.export.runtime.side_by_side import Begun, side_by_side
from impasto.export.runtime.steady import Motion
from impasto.models.atomic import place_of, written_aside
from impasto.models.errors import BadInput, DiskFull
from impasto.models.overwriting import check_overwriting
from impasto.webapp.files import animation, pictures
from impasto.webapp.files.clips import write

from .brush_size import shrink
from .clips.gaps import Gaps
from .clips.parts import Part, read_part
from .clips.probe import ClipInfo, ClipLimits, check_seconds, probe, working_size
from .clips.read import Frame, read_frames
from .clips.scenes import Scenes
from .clips.span import WHOLE, Span
from .detail import enlarge
from .ledger import Ledger
from .pipeline import Cancelled, run_pipeline
from .target import check_target

CLIP_SHORT_SIDE = 720  # default cap of the shorter side
IMAGE_SHORT_SIDE = 1440
MOVING_SUFFIXES = write.SUFFIXES | {".gif"}
# In a folder, files named otherwise are left alone unless their content shows them to be pictures or clips.
_OTHER_SUFFIXES = {".mkv", ".webm", ".avi", ".mpg", ".ts", ".bmp", ".tif", ".tiff"}
MEDIA_SUFFIXES = MOVING_SUFFIXES | pictures.SUFFIXES | _OTHER_SUFFIXES

Progress = Callable[[int, int], None]
_log = logging.getLogger(__name__)


class FramePainter(Protocol):
    """Anything that paints frames: `paint` maps uint8 RGB [H,W,3] to the same, `reset` says that a new file begins."""

    def paint(self, frame: np.ndarray, /) -> np.ndarray: ...

    def reset(self) -> None: ...


def stylize_path(
    source: str | Path,
    target: str | Path,
    painter: FramePainter,
    *,
    size: int | None = None,
    limits: ClipLimits | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_file: Callable[[dict], None] | None = None,
    recursive: bool = False,
    span: Span = WHOLE,
    brush_size: int | None = None,
    show: Callable[[np.ndarray], None] | None = None,
    cores: int | None = None,
) -> dict:
    """Paint `source` into `target`, both files or both folders, and return a summary.

    `size` is the shorter side of the painted frames in pixels; by default the source's own, at most 720 for clips and
    animations and 1440 for pictures. Frames with a shorter side above `brush_size` are painted at that one and enlarged
    with their own detail, so that strokes are as broad as there; None paints every frame at its size. Of a clip, the
    part in `span` is painted. `progress(done, total)` is called after each frame (total 0: unknown), `show` with each
    painted frame, uint8 RGB [H,W,3], and `cancelled()` asked before each. `cores`: reading, painting and writing a clip
    take so many at most, where the machine has others that are not to be taken. The target appears only when complete,
    whatever happens.

    A file that is there already in a folder is left out, unless it is known to have been painted in another style or
    with other settings.

    A file's summary: input, output, kind ("clip", "animation", "image"), frames, width, height, fps (the source's),
    seconds (how long the result plays), painted_per_second (over the whole run, decoding and encoding included),
    audio (of each track "copied", "re-encoded" or "dropped"), gaps (where the source has lost frames: see `gaps.Gaps`),
    and of a `PersonPainter` person_found (whether any frame shows a person).
    A folder's: see `_stylize_folder`; `on_file` is called
    with the outcome of each file, and `recursive` takes sub-folders along. Raises BadInput for anything a person can
    put right, `pipeline.Cancelled` when asked.
    """
    source, target = Path(source), Path(target)
    job = _Job(painter, size, limits or ClipLimits(), progress, cancelled, span, brush_size, show, cores)
    if source.is_dir():
        return _stylize_folder(source, target, job, on_file, recursive)
    return _stylize_file(source, target, job)


@dataclasses.dataclass(frozen=True)
class _Job:
    painter: FramePainter
    size: int | None
    limits: ClipLimits
    progress: Progress | None
    cancelled: Callable[[], bool] | None
    span: Span = WHOLE
    brush_size: int | None = None
    show: Callable[[np.ndarray], None] | None = None
    cores: int | None = None

    def shrink(self, rgb: np.ndarray) -> np.ndarray:
        """A frame at the size that gives the strokes their breadth; `finish` brings its painting back to its own."""
        return shrink(rgb, self.brush_size)

    def finish(
        self, painted: Sequence[np.ndarray], small: np.ndarray, rgb: np.ndarray, motion: Motion | None = None
    ) -> np.ndarray:
        """painted: of the frame as `shrink` made it, by each of `painters_of` the painter; motion: how it has moved."""
        painting = composed(self.painter, [enlarge(checked(each, small), rgb) for each in painted], rgb, motion)
        if self.show is not None:
            self.show(painting)
        return painting

    def fit(self, width: int, height: int, cap: int, even: bool) -> tuple[int, int]:
        """The working (width, height) of a source of that size, checked against the pixel limit."""
        short_side = min(width, height, cap) if self.size is None else self.size
        fitted = working_size(width, height, short_side, even)
        most = self.limits.max_painted or self.limits.max_pixels
        if most is not None and fitted[0] * fitted[1] > most:
            raise BadInput(f"The output would be {fitted[0]}x{fitted[1]}; choose a smaller size.")
        return fitted


def begin_file(painter: FramePainter) -> None:
    """Let a painter forget the frames of the file before, and whether they showed a person."""
    painter.reset()
    if isinstance(painter, PersonPainter):
        painter.mask.most = 0.0


def persons_found(painter: FramePainter) -> dict:
    """Of a file's summary what is said of persons: {"person_found": whether a frame shows one} where it matters."""
    return {"person_found": painter.mask.found} if isinstance(painter, PersonPainter) else {}


def checked(painted: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """The painting of a frame; raises ValueError for a painter that returned something else."""
    if painted.shape != rgb.shape or painted.dtype != np.uint8:
        raise ValueError(f"the painter returned {painted.dtype} {painted.shape} for uint8 {rgb.shape}")
    return painted


def _stylize_file(source: Path, target: Path, job: _Job) -> dict:
    pictures.check_readable(source)
    begin_file(job.painter)
    summary = _stylize_whatever(source, target, job)
    return summary | persons_found(job.painter)


def _stylize_whatever(source: Path, target: Path, job: _Job) -> dict:
    header = pictures.image_header(source, job.limits.max_pixels or pictures.MAX_PIXELS)
    if header is None:
        return _stylize_clip(source, target, job)
    if not job.span.whole:
        raise BadInput(f"{source} is a picture; only a part of a clip can be painted (--from, --to).")
    if header.frames > 1 or (header.format == "GIF" and target.suffix.lower() == ".gif"):
        return _stylize_animation(source, target, header, job)
    return _stylize_image(source, target, header, job)


def _stylize_clip(source: Path, target: Path, job: _Job) -> dict:
    info = probe(source, dataclasses.replace(job.limits, max_seconds=None))
    seconds = job.span.seconds(info.duration or 0)
    check_seconds(source, seconds, job.limits)
    total = info.frames if job.span.whole else round(max(seconds, 0) * info.frame_rate)
    check_target(source, target, MOVING_SUFFIXES)
    gif = target.suffix.lower() == ".gif"
    size = job.fit(*(info.shown_size if gif else (info.width, info.height)), CLIP_SHORT_SIDE, even=not gif)

    def writer(path: Path):
        if gif:
            return animation.GifWriter(path, size, info.time_base)
        return write.ClipWriter(path, size, info.frame_rate, info.time_base, info.sample_aspect, info, job.span)

    gaps = Gaps(info)
    frames = _within_limits(info, Scenes().watch(gaps.watch(read_frames(info, size, job.span))), job.limits)
    summary = _paint_moving(frames, writer, target, info.time_base, total, job)
    found = {"kind": "clip", "fps": float(info.frame_rate), "gaps": gaps.found() if job.span.whole else []}
    return {"input": str(source), "output": str(target)} | found | summary


def clip_size(info: ClipInfo, size: int | None) -> tuple[int, int]:
    """The (width, height) that a clip is painted at as an MP4, `size` as for `stylize_path`."""
    short_side = min(info.width, info.height, CLIP_SHORT_SIDE) if size is None else size
    return working_size(info.width, info.height, short_side, even=True)


def stylize_part(
    source: Path,
    target: Path,
    painter: FramePainter,
    part: Part,
    *,
    size: int | None = None,
    brush_size: int | None = None,
    cores: int | None = None,
) -> dict:
    """Paint a part of a clip into an MP4 without sound; returns a summary as `stylize_path`, without input and output.

    Raises `parts.PartDiffers` beside what `stylize_path` does.
    """
    info = probe(source)
    job = _Job(painter, size, ClipLimits(), None, None, brush_size=brush_size, cores=cores)
    fitted = clip_size(info, size)
    begin_file(painter)

    def writer(path: Path):
        return write.ClipWriter(path, fitted, info.frame_rate, info.time_base, info.sample_aspect)

    frames = Scenes().watch(read_part(info, fitted, part))
    return _paint_moving(frames, writer, target, info.time_base, part.frames, job) | persons_found(painter)


def _within_limits(info: ClipInfo, frames: Generator[Frame], limits: ClipLimits) -> Iterator[Frame]:
    """The frames, as long as the clip is no longer than allowed: headers may lie."""
    with closing(frames):
        for frame in frames:
            check_seconds(info.path, float(frame.pts * info.time_base), limits)
            yield frame


def _stylize_animation(source: Path, target: Path, header: pictures.Header, job: _Job) -> dict:
    check_target(source, target, MOVING_SUFFIXES)
    gif = target.suffix.lower() == ".gif"
    size = job.fit(header.width, header.height, CLIP_SHORT_SIDE, even=not gif)

    def writer(path: Path):
        if gif:
            return animation.GifWriter(path, size, animation.TIME_BASE, animation.animation_loop(source))
        return write.ClipWriter(path, size, Fraction(25), animation.TIME_BASE)

    frames = animation.read_animation(source, size)
    summary = _paint_moving(frames, writer, target, animation.TIME_BASE, header.frames, job)
    fps = summary["frames"] / summary["seconds"]
    return {
        "input": str(source),
        "output": str(target),
        "kind": "animation",
        "fps": round(fps, 3),
        "gaps": [],
    } | summary


def _paint_moving(frames, writer, target: Path, time_base: Fraction, total: int, job: _Job) -> dict:
    """Run `frames` through the painter into `writer(path)`, aside of `target` until complete."""
    ends: list[Frame] = []  # the first frame and the last so far
    painters = painters_of(job.painter)
    halves = [half for half in map(side_by_side, painters) if half is not None]
    started = time.perf_counter()

    def paint(frame: Frame, begun: Sequence[Begun] = ()) -> Frame:
        ends[1:] = [frame]
        if frame.begins:
            job.painter.reset()
        small = begun[0].frame if begun else job.shrink(frame.rgb)
        if begun:
            painted = [half.complete(each) for half, each in zip(halves, begun, strict=True)]
        else:
            painted = [painter.paint(small) for painter in painters]
        motion = getattr(halves[0] if begun else painters[0], "motion", None)
        return dataclasses.replace(frame, rgb=job.finish(painted, small, frame.rgb, motion))

    def begin(frame: Frame, number: int) -> tuple[Frame, list[Begun]]:
        small = job.shrink(frame.rgb)
        return frame, [half.begin(small, number == 0 or frame.begins) for half in halves]

    stages: dict[str, Any] = {"paint": paint}
    if halves:
        stages = {"begin": begin, "lanes": halves[0].lanes, "paint": lambda pair: paint(*pair)}

    with written_aside(target) as path:
        with writing(target):
            output = writer(path)

        def write_frame(frame: Frame) -> None:
            with writing(target):
                output.write(frame)

        try:
            count = run_pipeline(
                frames, write=write_frame, cores=job.cores, total=total, progress=job.progress,
                cancelled=job.cancelled, **stages,
            )  # fmt: skip
        except BaseException:
            output.abort()
            raise
        with writing(target):
            output.close()
    elapsed = time.perf_counter() - started
    first, last = ends[0], ends[-1]
    height, width = last.rgb.shape[:2]
    return {
        "frames": count,
        "width": width,
        "height": height,
        "seconds": round(float((last.pts + last.duration - first.pts) * time_base), 3),
        "painted_per_second": round(count / elapsed, 2),
        "audio": list(output.audio),
    }


def _stylize_image(source: Path, target: Path, header: pictures.Header, job: _Job) -> dict:
    check_target(source, target, pictures.SUFFIXES)
    started = time.perf_counter()
    picture = pictures.read_image(source, job.limits.max_pixels or pictures.MAX_PIXELS)
    height, width = picture.rgb.shape[:2]
    width, height = job.fit(width, height, IMAGE_SHORT_SIDE, even=False)
    flat = pictures.resize(pictures.flatten(picture), (width, height))
    small = job.shrink(flat)
    alpha, own, icc = None, None, picture.icc
    if picture.alpha is not None and target.suffix.lower() not in (".jpg", ".jpeg"):
        alpha = pictures.resize(picture.alpha, (width, height))
        own = picture.rgb if alpha is picture.alpha else None
    del picture  # of 64 megapixels it would take 250 MB beside what painting takes
    painted = job.finish([painter.paint(small) for painter in painters_of(job.painter)], small, flat)
    if alpha is not None:
        painted = pictures.with_alpha(painted, flat, alpha, own)
    painted = pictures.Picture(painted, alpha, icc)
    with written_aside(target) as path, writing(target):
        pictures.write_image(path, painted)
    if job.progress is not None:
        job.progress(1, 1)
    return {
        "input": str(source),
        "output": str(target),
        "kind": "image",
        "frames": 1,
        "width": width,
        "height": height,
        "fps": 0.0,
        "gaps": [],
        "seconds": 0.0,
        "painted_per_second": round(1 / (time.perf_counter() - started), 2),
        "audio": [],
    }


def _stylize_folder(
    source: Path, target: Path, job: _Job, on_file: Callable[[dict], None] | None, recursive: bool
) -> dict:
    """Paint every picture and clip in `source` into `target`, skipping those already there.

    Summary: input, output, kind "folder", and lists: painted (summaries, each with again: whether
    one painted otherwise was there), skipped (names whose output exists), failed
    ({"input", "error"}, and "bug": the exception's type where it is no fault of the file), ignored (names of files that
    are neither picture nor clip). Names in sub-folders begin with theirs. Only a full disk stops the rest.
    """
    if target.exists() and not target.is_dir():
        raise BadInput(f"The input {source} is a folder, so the output must be one too; {target} is a file.")
    if target.suffix.lower() in MEDIA_SUFFIXES and not target.exists():
        raise BadInput(f"The input {source} is a folder, so the output must be one too; {target} is a file's name.")
    place_of(target)  # refuses what nothing can lie in
    check_overwriting(target, [source])
    _make_folder(target)
    painted, skipped, failed, ignored = [], [], [], []
    settings = getattr(job.painter, "settings", None)  # other painters than ours need not have it
    ledger = Ledger(target, {**settings(), "size": job.size, "brush_size": job.brush_size} if settings else None)
    for file, output in plan_folder(source, target, ignored, recursive):
        again = output.exists() and ledger.differs(output)
        if output.exists() and not again:
            skipped.append(str(file.relative_to(source)))
            continue
        _make_folder(output.parent)
        outcome = _outcome(file, output, job)
        if "error" not in outcome:
            outcome["again"] = again
            ledger.note(output)
        (failed if "error" in outcome else painted).append(outcome)
        if on_file is not None:
            on_file(outcome)
    outcomes = {"painted": painted, "skipped": skipped, "failed": failed, "ignored": ignored}
    return {"input": str(source), "output": str(target), "kind": "folder", **outcomes}


def _outcome(file: Path, output: Path, job: _Job) -> dict:
    """A file's summary, or {"input", "error"} in words whatever befell it: one file does not end a folder."""
    try:
        return _stylize_file(file, output, job)
    except (DiskFull, Cancelled):
        raise
    except BadInput as error:
        return {"input": str(file), "error": str(error)}
    except Exception as error:
        _log.debug("%s could not be painted", file, exc_info=True)
        words = in_words(error, str(file)) if isinstance(error, MemoryError) else None
        kind = type(error).__name__
        return {"input": str(file), "error": str(words or f"{file} could not be painted: {kind}: {error}"), "bug": kind}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise BadInput(f"The output folder {folder} cannot be made ({error.strerror}); choose another one.") from error


def plan_folder(source: Path, target: Path, ignored: list[str], recursive: bool) -> Iterator[tuple[Path, Path]]:
    """Pairs of input and output for a folder, sub-folders last; the names of other files go to `ignored`."""
    for folder, below, names in os.walk(source):
        here = Path(folder)
        below[:] = sorted(
            name for name in below if recursive and not name.startswith(".") and not _same(here / name, target)
        )
        taken, into = set(names), target / here.relative_to(source)
        for file in (here / name for name in sorted(names)):
            if file.name.startswith(".") or not file.is_file():
                continue
            suffix = _output_suffix(file)
            if suffix is None:
                ignored.append(str(file.relative_to(source)))
                continue
            yield file, into / output_name(file.name, suffix, taken)


def _same(folder: Path, other: Path) -> bool:
    return os.path.realpath(folder) == os.path.realpath(other)


def output_name(name: str, suffix: str, taken: set[str]) -> str:
    """What the painted version of a file is called, in a folder where `taken`, which is added to, are its files' names.

    A file that keeps its ending keeps its name; holiday.avi beside holiday.mp4 becomes holiday.avi.mp4.
    """
    output, longer = str(PurePosixPath(name).with_suffix(suffix)), name
    while output != name and output in taken:
        output = longer = f"{longer}{suffix}"
    taken.add(output)
    return output


def _output_suffix(file: Path) -> str | None:
    """The extension of a file's painted version; None for a file that is no picture or clip by content or name."""
    suffix = file.suffix.lower()
    try:
        header = pictures.image_header(file)
        if header is not None:
            if header.frames > 1:
                return ".gif"
            return suffix if suffix in pictures.SUFFIXES else ".png"
        probe(file)
        return ".mp4"
    except Exception:  # what it is called decides then; painting it will say what is wrong
        return (suffix if suffix in pictures.SUFFIXES else ".mp4") if suffix in MEDIA_SUFFIXES else None
