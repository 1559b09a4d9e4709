"""Reading a clip as upright RGB frames with the source's own timestamps.

From outside: `read_frames`, which yields `Frame`.
"""

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from itertools import chain

import av
import av.error
import numpy as np

from impasto.export.runtime.damage import reading
from impasto.models.errors import BadInput

from .clock import Clock, is_join
from .colour import ToRgb
from .edits import Edit
from .filters import Deinterlacer
from .opening import decoded_pixels, decoder, is_broadcast, open_clip, picture_stream
from .probe import ClipInfo
from .span import WHOLE, Span

REORDERED = 1  # seconds: how much earlier than it is shown a frame may be decoded
_AT_A_JOIN = 3  # packets before a join of broadcasts that may be marked as damaged: one ends where the next begins
_SHORTFALL = 1.0  # seconds of declared picture that may be missing at the end before a clip counts as damaged
# Containers whose index leads to a key frame before any time, and seconds from the beginning from which that saves
# anything; in the others, all frames before a part are decoded.
_SEEKABLE = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
_SEEK_FROM = 5


@dataclass(frozen=True)
class Frame:
    """One frame: `rgb` uint8 HxWx3 (sRGB-coded, 0...255, contiguous), `pts` and `duration` in the clip's ticks."""

    rgb: np.ndarray
    pts: int
    duration: int  # where the file does not say, one step of the average frame rate
    alpha: np.ndarray | None = None  # uint8 HxW of a partly transparent animation; clips have none
    begins: bool = False  # whether it is the first after a cut, see `scenes`


def read_frames(info: ClipInfo, size: tuple[int, int] | None = None, span: Span = WHOLE) -> Generator[Frame]:
    """Yield every frame of a clip, or of a part of it, upright, at `size` = (width, height), in the order shown.

    Scaling and conversion to RGB are one swscale pass in the clip's own matrix and range; HDR is then brought to
    what an ordinary screen shows. Where `size` is the clip's own but for a last odd row or column, that is cut off
    instead. Timestamps are the source's, counted from `info.origin` or the beginning of `span`, and strictly rising;
    of the frames before it, those from a key frame on are decoded. Raises BadInput naming the time reached when the
    clip turns out damaged, or when `span` holds no frame.
    """
    width, height = size or (info.width, info.height)
    convert = _Upright(info, width, height)
    step = max(round(1 / (info.frame_rate * info.time_base)), 1)
    origin = round(info.origin / info.time_base)
    start = round(span.start / info.time_base)
    end = None if span.end is None else round(span.end / info.time_base)
    shown_from, shown_to = _shown(info)
    last, found = None, False
    with reading(info.path):
        for decoded, time in _progressive(info, span.start):
            pts = (0 if last is None else last + step) if time is None else time - origin
            if not shown_from <= pts < shown_to:
                continue
            pts = pts if last is None else max(pts, last + 1)
            if end is not None and pts >= end:
                break
            duration = (_in_ticks(info, decoded, max(decoded.duration or 0, 0)) if info.durations else 0) or step
            last = pts
            if start and pts + duration <= start:
                continue
            # Of a frame across the beginning, what is left; damaged times may lie before the clip's own beginning.
            found, shown = True, max(pts, start) if start else pts
            yield Frame(convert(decoded), shown - start, pts + duration - shown)
    if not (found or span.whole):
        raise BadInput(f"{info.path} has no picture between {span.start:g} s and {span.end or info.duration or 0:g} s.")


def _shown(info: ClipInfo) -> tuple[int | float, int | float]:
    """From when to when frames are shown, in ticks: in fragmented files FFmpeg passes on what an edit list cut away."""
    edits = info.picture_edits
    if edits is None or not edits.fragmented:
        return -math.inf, math.inf
    return math.ceil(edits.edits[0].at / info.time_base), math.ceil(edits.end / info.time_base)


def _progressive(info: ClipInfo, start: float) -> Iterator[tuple[av.VideoFrame, int | None]]:
    """Decoded frames from a key frame before `start` on, interlaced ones made whole, and when each is shown."""
    deinterlacer = Deinterlacer()
    several = info.picture_edits is not None and len(info.picture_edits.edits) > 1
    frames: Iterator[av.VideoFrame | None] = chain(_put_together(info) if several else _decode(info, start), [None])
    for decoded in frames:
        for frame in deinterlacer.flush() if decoded is None else deinterlacer.push(decoded):
            yield frame, None if frame.pts is None else _in_ticks(info, frame, frame.pts)


def _put_together(info: ClipInfo) -> Iterator[av.VideoFrame]:
    """The frames that the several parts of an edit list show, `pts` when they are shown.

    FFmpeg finds the same frames, but loses their times where a part does not begin with a frame, and with B-frames. As
    it does, the picture begins with the first part, whatever its encoder's delay.
    """
    delay = None
    for edit in info.picture_edits.edits if info.picture_edits else ():
        for frame in _part_of(_decode(info, 0, edit), edit, info.time_base):
            time = (frame.pts or 0) * info.time_base
            delay = time - edit.start if delay is None else delay
            frame.pts = round((time - edit.start + edit.at - delay) / info.time_base)
            yield frame


def _in_ticks(info: ClipInfo, frame: av.VideoFrame, time: int) -> int:
    """A frame's time or duration in the clip's ticks; a filter may have given it others."""
    return round(time * (frame.time_base or info.time_base) / info.time_base)


class _Upright:
    """Decoded frame -> upright uint8 RGB [height, width, 3]."""

    def __init__(self, info: ClipInfo, width: int, height: int):
        self.turn, self.width, self.height = info.orientation, width, height
        cropped = info.width - width in (0, 1) and info.height - height in (0, 1)
        whole = (info.width, info.height) if cropped else (width, height)
        enlarging = whole[0] > info.width or whole[1] > info.height
        self.to_rgb = ToRgb(self.turn.turn_size(whole), enlarging, info.matrix, info.full_range, info.hdr, info.gamut)

    def __call__(self, decoded: av.VideoFrame) -> np.ndarray:
        return np.ascontiguousarray(self.turn.apply(self.to_rgb(decoded))[: self.height, : self.width])


def _part_of(frames: Iterator[av.VideoFrame], part: Edit, time_base: Fraction) -> Iterator[av.VideoFrame]:
    for frame in frames:
        time = (frame.pts or 0) * time_base
        if time >= part.end:
            return
        if time >= part.start:
            yield frame


def _decode(info: ClipInfo, start: float, part: Edit | None = None) -> Iterator[av.VideoFrame]:
    """Decoded frames, raising BadInput at the first sign of damage.

    From a while before `start` on, in seconds; or before a `part`, and then on the track's own clock.

    A broadcast recording may begin and end anywhere: there, what cannot be decoded before the first good frame is
    passed over, and so is a last packet that is cut off; where recordings were joined, it goes on. AVI knows the order
    of decoding only: there, the frames, which come in the order shown, take the packets' times in rising order.
    """
    broadcast = is_broadcast(info.container)
    clock = Clock() if broadcast else None
    times: list[int] = []
    count, end, doubtful = 0, Fraction(0), False
    most, stream = 0, None

    def stopped() -> str:
        if stream is not None and most and stream.codec_context.width * stream.codec_context.height > most:
            return (
                f"{info.path} changes to {stream.codec_context.width}x{stream.codec_context.height} pixels after frame"
                f" {count}, from {info.width}x{info.height}; cut it there, or scale it to one size."
            )
        return str(_damaged(info, count, end))

    with reading(info.path, stopped), open_clip(info.path, edited=part is None) as container:
        stream = picture_stream(container, info.path)
        most, decode = decoded_pixels(stream), decoder(stream)  # before the stream's size changes
        if part is not None:
            container.seek(int(max(part.start - REORDERED, 0) / info.time_base), stream=stream)
        elif start > _SEEK_FROM and info.container in _SEEKABLE:
            # From earlier on: FFmpeg may land on a key frame after the time (findings/ffmpeg-hevc-seek-lands-late.sh).
            container.seek(round((Fraction(start) - REORDERED + info.origin) / info.time_base), stream=stream)
        for packet in _packets(info, container, stream, clock):
            if info.container == "avi" and packet.dts is not None and packet.size:
                heappush(times, packet.dts)
            for frame in _decode_packet(decode, packet, forgiving=broadcast and count == 0):
                if times:
                    frame.pts = heappop(times)
                if doubtful:
                    raise _damaged(info, count, end)
                if frame.is_corrupt or packet.is_corrupt:
                    doubtful = count > 0 or not broadcast
                    continue
                count += 1
                yield frame
                if frame.pts is not None:
                    end = (frame.pts + (frame.duration or 0)) * info.time_base - info.origin
    declared = 0 if clock is not None and clock.joined else info.declared_seconds or 0
    if count == 0 or (doubtful and not broadcast) or declared - end > _SHORTFALL + declared / 50:
        raise _damaged(info, count, end)


def _packets(info: ClipInfo, container, stream, clock: Clock | None) -> Iterator[av.Packet]:
    """The picture's packets, in a broadcast set to one clock, and not marked as damaged for being before a join."""
    if clock is None:
        yield from container.demux(stream)
        return
    held: list[av.Packet] = []
    before = 0  # where the last packet is that is not held, bytes
    for packet in container.demux([stream, *container.streams.audio]):
        clock.set(packet)
        if packet.stream_index != stream.index:
            continue
        joined = bool(held) and packet.is_keyframe and is_join(info.path, before, packet.pos or 0)
        if joined or len(held) == _AT_A_JOIN:
            for each in held:
                each.is_corrupt = each.is_corrupt and not joined
            yield from held
            held = []
        if held or packet.is_corrupt:
            held.append(packet)
        else:
            before = packet.pos or 0
            yield packet
    yield from held


def _decode_packet(decode: Callable, packet: av.Packet, forgiving: bool) -> list[av.VideoFrame]:
    try:
        return decode(packet)
    except av.error.InvalidDataError:
        if not forgiving:
            raise
        return []


def _damaged(info: ClipInfo, count: int, end: Fraction) -> BadInput:
    return BadInput(
        f"{info.path} is damaged: decoding stopped after frame {count}, at {float(max(end, 0)):.2f} s;"
        " copy or download it again, or cut it there."
    )
