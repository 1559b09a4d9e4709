"""Painting files: a clip, an animation, a picture, or a folder of them.

From outside: `stylize_path`. What a file is, its content says; how the result is encoded, the output's extension.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from impasto.export.runtime.damage import writing
from impasto.export.runtime.person import painters_of
from impasto.models.atomic import written_aside
from impasto.models.errors import BadInput
from impasto.models.overwriting import check_overwriting
from impasto.webapp.files import pictures

from .clips.probe import ClipLimits
from .clips.span import WHOLE, Span
from .folder import stylize_folder
from .job import IMAGE_SHORT_SIDE, FramePainter, Job, Progress, begin_file, persons_found
from .moving import stylize_animation, stylize_clip
from .target import check_target


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
    also_read: Sequence[Any] = (),
) -> dict:
    """Paint `source` into `target`, both files or both folders, and return a summary.

    Args:
        source, target: A target file appears only when it is complete, whatever happens. In a folder, a file whose
            output is there already is left out, unless that is known to be in another style or with other settings.
        size: The shorter side of the painted frames in pixels; by default the source's own, at most 720 for clips and
            animations and 1440 for pictures.
        limits: What is refused; by default, pictures and frames too large to be decoded.
        progress: Called as progress(done, total) after each frame; total is 0 where it is unknown.
        cancelled: Asked before each frame; if true, `pipeline.Cancelled` is raised.
        on_file: Called with the outcome of each file of a folder.
        recursive: Whether a folder's sub-folders are painted too.
        span: The part of a clip to paint.
        brush_size: Frames whose shorter side is longer than this are painted at this size and enlarged with their own
            detail, so that strokes are as broad as there; None paints every frame at its own size.
        show: Called with each painted frame, uint8 RGB [H,W,3].
        also_read: What is read besides the source, such as the pictures that are the styles: no output is written over
            it. What is no path is passed over.
        cores: How many cores reading, painting and writing a clip may use together; None for all of the machine's.

    Returns:
        For a file: "input", "output", "kind" ("clip", "animation", "image"), "frames", "width", "height", "fps" (the
        source's), "seconds" (how long the result plays), "painted_per_second" (over the whole run, decoding and
        encoding included), "audio" (of each track "copied", "re-encoded" or "dropped"), "gaps" (where the source has
        lost frames: see `gaps.Gaps`) and, of a `PersonPainter`, "person_found" (whether any frame shows a person). For
        a folder: see `folder.stylize_folder`.

    Raises:
        BadInput: For anything a person can put right.
    """
    source, target = Path(source), Path(target)
    job = Job(
        painter, size, limits or ClipLimits(), progress=progress, cancelled=cancelled, span=span, brush_size=brush_size,
        show=show, cores=cores, also_read=also_read,
    )  # fmt: skip
    if source.is_dir():
        return stylize_folder(source, target, job, _stylize_file, on_file, recursive)
    return _stylize_file(source, target, job)


def _stylize_file(source: Path, target: Path, job: Job) -> dict:
    pictures.check_readable(source)
    check_overwriting(target, job.also_read)
    begin_file(job.painter)
    summary = _by_content(source, target, job)
    return summary | persons_found(job.painter)


def _by_content(source: Path, target: Path, job: Job) -> dict:
    """Paint a file as the clip, animation or picture that it is."""
    header = pictures.image_header(source, job.limits.max_pixels or pictures.MAX_PIXELS)
    if header is None:
        return stylize_clip(source, target, job)
    if not job.span.whole:
        raise BadInput(f"{source} is a picture; only a part of a clip can be painted (--from, --to).")
    if header.frames > 1 or (header.format == "GIF" and target.suffix.lower() == ".gif"):
        return stylize_animation(source, target, header, job)
    return _stylize_image(source, target, header, job)


def _stylize_image(source: Path, target: Path, header: pictures.Header, job: Job) -> dict:
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
