"""Painting what moves: clips, parts of clips, and animations.

From outside: `stylize_clip`, `stylize_part`, `stylize_animation`, `clip_size`, `MOVING_SUFFIXES`.
"""

import dataclasses
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.export.runtime.damage import writing
from impasto.export.runtime.person import painters_of
from impasto.export.runtime.side_by_side import Begun, side_by_side
from impasto.models.atomic import written_aside
from impasto.webapp.files import animation, pictures
from impasto.webapp.files.clips import write

from .clips.gaps import Gaps
from .clips.parts import Part, read_part
from .clips.probe import ClipInfo, ClipLimits, check_seconds, probe
from .clips.read import Frame, read_frames
from .clips.scenes import Scenes
from .job import CLIP_SHORT_SIDE, FramePainter, Job, begin_file, persons_found
from .pipeline import run_pipeline
from .target import check_target
from .working_size import working_size

MOVING_SUFFIXES = write.SUFFIXES | {".gif"}


def stylize_clip(source: Path, target: Path, job: Job) -> dict:
    """Paint a clip, or the part of it in the job's span: `stylize_path`'s summary."""
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
    job = Job(painter, size, brush_size=brush_size, cores=cores)
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


def stylize_animation(source: Path, target: Path, header: pictures.Header, job: Job) -> dict:
    """Paint an animated picture: `stylize_path`'s summary."""
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


def _paint_moving(
    frames: Iterable[Frame], writer: Callable[[Path], Any], target: Path, time_base: Fraction, total: int, job: Job
) -> dict:
    """Run `frames` through the painter into what `writer(path)` opens, a file beside `target` until it is complete.

    time_base: the frames' tick in seconds; total: how many frames there are, 0 if unknown. Returns what of a summary is
    known of frames: "frames", "width", "height", "seconds", "painted_per_second", "audio".
    """
    ends: list[Frame] = []  # the first frame and the last so far
    started = time.perf_counter()
    with written_aside(target) as path:
        with writing(target):
            output = writer(path)

        def write_frame(frame: Frame) -> None:
            ends[1:] = [frame]
            with writing(target):
                output.write(frame)

        try:
            count = run_pipeline(
                frames, write=write_frame, cores=job.cores, total=total, progress=job.progress,
                cancelled=job.cancelled, **_stages(job),
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


def _stages(job: Job) -> dict[str, Any]:
    """What `run_pipeline` does with each frame: "paint" alone or, with painters that work in halves (`side_by_side`),
    "begin", in so many "lanes", before it."""
    painters = painters_of(job.painter)
    halves = [half for half in map(side_by_side, painters) if half is not None]

    def paint(frame: Frame, begun: Sequence[Begun] = ()) -> Frame:
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

    if not halves:
        return {"paint": paint}
    return {"begin": begin, "lanes": halves[0].lanes, "paint": lambda pair: paint(*pair)}
