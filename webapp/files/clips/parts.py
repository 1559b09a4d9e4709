"""A clip in parts: each of whole scenes, painted by itself, then joined without encoding anything again.

From outside: `plan_parts`, `read_part`, `join_parts`; `moving.stylize_part` paints one. A scene is painted and encoded
by itself wherever it is (`scenes`), so what is joined has the picture of the clip painted at once, byte for byte.
"""

from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av

from impasto.export.runtime.damage import writing
from impasto.models.atomic import written_aside

from .gaps import Gaps
from .opening import frames_of, open_clip, picture_stream
from .probe import ClipInfo
from .read import Frame, read_frames
from .scenes import Scenes
from .span import Span
from .tracks import Tracks
from .write import open_output


class Part(NamedTuple):
    """Frames of a clip from one cut to another."""

    start: int  # the time of its first frame, in the clip's ticks
    end: int | None  # of the first frame after it; None: it is the last part
    frames: int

    def span(self, time_base: Fraction) -> Span:
        """When it is shown, in seconds; `time_base` is the clip's tick."""
        return Span(float(self.start * time_base), None if self.end is None else float(self.end * time_base))


class PartDiffers(Exception):
    """A part does not have the frames that the whole clip has there: the clip has to be painted whole."""


def plan_parts(info: ClipInfo, size: tuple[int, int], least: int) -> tuple[list[Part], list[dict]]:
    """Parts of at least `least` frames each, as many as the cuts allow, and the clip's gaps (`gaps.Gaps`); the clip is
    read once, to find them.

    One part where it cannot be split: no cut at the right places, or interlaced frames, which look across cuts.
    """
    starts, times = [0], []
    scenes, gaps = Scenes(), Gaps(info)
    for number, frame in enumerate(gaps.watch(read_frames(info, size))):
        times.append(frame.pts)
        if scenes.begins(frame.rgb) and number - starts[-1] >= least:
            starts.append(number)
    while len(starts) > 1 and len(times) - starts[-1] < least:
        starts.pop()
    if times[0] != 0 or _interlaced(info):
        starts = [0]
    parts = [
        Part(times[first], times[after] if after < len(times) else None, after - first)
        for first, after in pairwise([*starts, len(times)])
    ]
    return parts, gaps.found()


def _interlaced(info: ClipInfo) -> bool:
    with open_clip(info.path) as container:
        return next(frames_of(container, picture_stream(container, info.path))).interlaced_frame


def read_part(info: ClipInfo, size: tuple[int, int], part: Part) -> Generator[Frame]:
    """The part's frames, times counted from its beginning. Raises PartDiffers at the end where they are not as many."""
    count, held = 0, None
    for frame in read_frames(info, size, part.span(info.time_base)):
        if held is not None and frame.pts > 0:  # else it is what is left of the frame before the cut
            yield held
            count += 1
        held = frame
    if held is not None:
        yield held
        count += 1
    if count != part.frames:
        raise PartDiffers


def join_parts(info: ClipInfo, parts: Sequence[tuple[Part, Path]], target: Path) -> tuple[list[str], float]:
    """Painted parts → the painted clip with the source's other tracks; returns what became of its sound, and how long
    the picture plays in seconds."""
    with written_aside(target) as path, writing(target), open_output(path, info.time_base) as output:
        with av.open(str(parts[0][1])) as first:
            stream = output.add_stream_from_template(first.streams.video[0])
        stream.time_base = info.time_base
        tracks, end = Tracks(info, output), 0
        for part, file in parts:
            for packet in _picture_packets(file):
                dts = _move(packet, part.start, info.time_base)
                end = dts + (packet.duration or 0)  # there are no B-frames
                packet.stream = stream
                tracks.write_until(dts * info.time_base)
                output.mux(packet)
        tracks.finish()
        return tracks.audio, float(end * info.time_base)


def _picture_packets(file: Path) -> Iterator[av.Packet]:
    with av.open(str(file)) as painted:
        yield from (packet for packet in painted.demux(video=0) if packet.size)


def _move(packet: av.Packet, start: int, time_base: Fraction) -> int:
    """Times of a part's packet, whatever the ticks in its file, as times of the clip; returns when it is decoded."""
    scale = packet.time_base / time_base
    pts, dts = (start + round((time or 0) * scale) for time in (packet.pts, packet.dts))
    packet.duration = round((packet.duration or 0) * scale)
    packet.pts, packet.dts, packet.time_base = pts, dts, time_base
    return dts
