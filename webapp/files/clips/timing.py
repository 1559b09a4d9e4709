"""When a clip begins on its own clock, how long it lasts, and its frame rate: as stated, or as its packets have it.

From outside: `timing_of`, `origin_of`, `checkable_seconds`. Nothing is decoded.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.stream import Disposition

from .edits import EditList
from .opening import is_broadcast, open_clip, picture_stream

_HIGHEST_USUAL_RATE = 120  # frames a second; a higher one is believed only where the packets bear it out
_ASSUMED_RATE = Fraction(25)  # of raw streams and single frames


@dataclass(frozen=True)
class Timing:
    """As `ClipInfo` has them: the average rate, whether frames have durations, seconds of the picture, frames."""

    rate: Fraction
    durations: bool
    seconds: float | None
    frames: int


def timing_of(path: Path, container, stream, origin: Fraction) -> Timing:
    """Rate and length as the header states them, or, where it does not, as the times of the packets have them.

    Browsers' recorders write neither; a rate that no camera has is often the clock's (1000 for milliseconds).
    """
    stated = Fraction(stream.average_rate or 0)
    seconds = _declared_seconds(stream)
    if seconds is None and (container.duration or 0) > 0:
        seconds = container.duration / av.time_base
    seconds = _since(origin, seconds, container)
    if 0 < stated <= _HIGHEST_USUAL_RATE and seconds is not None:
        frames = stream.frames or round(seconds * stated)
        return Timing(stated, durations=True, seconds=seconds, frames=frames)
    count, first, last = _scan(path)
    if last > first:
        rate = _simple((count - 1) / (last - first))
    else:
        rate = next(
            (Fraction(r) for r in (stated, stream.guessed_rate) if r and r <= _HIGHEST_USUAL_RATE), _ASSUMED_RATE
        )
    if 0 < stated <= _HIGHEST_USUAL_RATE or abs(stated - rate) < rate / 100:
        seconds = seconds or float(last - first + 1 / stated)
        return Timing(stated, durations=True, seconds=seconds, frames=count)
    return Timing(rate, durations=False, seconds=seconds or float(last - first + 1 / rate), frames=count)


def _simple(rate: Fraction) -> Fraction:
    """As cameras have it, such as 30000/1001; below 1 by the length of a frame, so that it never becomes 0."""
    return rate.limit_denominator(1001) if rate >= 1 else 1 / (1 / rate).limit_denominator(1001)


def _scan(path: Path) -> tuple[int, Fraction, Fraction]:
    """How many frames a clip's packets hold, and the times of the first and the last in seconds. Nothing is decoded."""
    times, untimed = set(), 0
    with open_clip(path) as container:
        stream = picture_stream(container, path)
        for packet in container.demux(stream):
            if packet.size == 0 or packet.is_discard:
                continue
            if packet.pts is None:
                untimed += 1
            else:
                times.add(packet.pts)
        time_base = stream.time_base
    if not times:
        return untimed, Fraction(0), Fraction(0)
    return len(times), min(times) * time_base, max(times) * time_base


def origin_of(container, edits: dict[int, EditList], first) -> Fraction:
    """When on its own clock a clip begins: with the first thing seen or heard, as players have it.

    Broadcasts, pieces of live streams (fragmented MP4, FLV) and recordings of cameras count from when the sender was
    switched on. An edit list says itself what is shown when, so that a pause that it begins with is meant. Where FFmpeg
    does not say when a recording begins, as of a single packet, its first frame does.
    """
    if is_broadcast(container.format.name) and container.start_time is not None:
        return Fraction(container.start_time, av.time_base)
    starts = [
        stream.start_time * stream.time_base
        for stream in (*container.streams.video, *container.streams.audio)
        if stream.start_time is not None and not stream.disposition & Disposition.attached_pic
    ]
    if not starts and first.pts is not None:
        starts = [first.pts * (first.time_base or Fraction(0))]
    return Fraction(0) if edits else max(min(starts, default=Fraction(0)), Fraction(0))


def checkable_seconds(container, stream, origin: Fraction) -> float | None:
    """The stated length that the picture has to reach; none of an MP4, whose index is checked instead: its durations do
    not allow for B-frames and edits."""
    return None if "mp4" in container.format.name else _since(origin, _declared_seconds(stream), container)


def _since(origin: Fraction, seconds: float | None, container) -> float | None:
    """A stated length counted from a clip's beginning: where its clock begins late, muxers state when it ends."""
    if seconds is None or is_broadcast(container.format.name) or seconds <= origin:
        return seconds
    return seconds - float(origin)


def _declared_seconds(stream) -> float | None:
    """Seconds the picture lasts by its own header or Matroska tag; None when neither says."""
    if (stream.duration or 0) > 0:
        return float(stream.duration * stream.time_base)
    return _parse_clock(stream.metadata.get("DURATION", ""))


def _parse_clock(text: str) -> float | None:
    """Seconds in Matroska's "HH:MM:SS.fraction"; None when the text is something else."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None
