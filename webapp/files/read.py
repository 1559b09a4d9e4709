"""Reading a clip as upright RGB frames with the source's own timestamps.

From outside: `read_frames`, which yields `Frame`.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from itertools import chain

import av
import av.error
import numpy as np

from impasto.export.runtime.damage import reading
from impasto.models.errors import BadInput

from .colour import ToRgb
from .filters import Deinterlacer
from .probe import BROADCAST, ClipInfo, decoded_pixels, open_clip, picture_stream
from .span import WHOLE, Span

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
    start, end = (None if time is None else round(time / info.time_base) for time in (span.start, span.end))
    last, found = None, False
    with reading(info.path):
        for decoded, time in _progressive(info, span.start):
            pts = (0 if last is None else last + step) if time is None else time - origin
            pts = pts if last is None else max(pts, last + 1)
            if end is not None and pts >= end:
                break
            duration = (_in_ticks(info, decoded, decoded.duration or 0) if info.durations else 0) or step
            last = pts
            if start and pts + duration <= start:
                continue
            found, shown = True, max(pts, start)  # of a frame across the beginning, what is left
            yield Frame(convert(decoded), shown - start, pts + duration - shown)
    if not (found or span.whole):
        raise BadInput(f"{info.path} has no picture between {span.start:g} s and {span.end or info.duration or 0:g} s.")


def _progressive(info: ClipInfo, start: float) -> Iterator[tuple[av.VideoFrame, int | None]]:
    """Decoded frames from a key frame before `start` on, interlaced ones made whole, and when each is shown."""
    deinterlacer = Deinterlacer()
    frames: Iterator[av.VideoFrame | None] = chain(_decode(info, start), [None])
    for decoded in frames:
        for frame in deinterlacer.flush() if decoded is None else deinterlacer.push(decoded):
            yield frame, None if frame.pts is None else _in_ticks(info, frame, frame.pts)


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
        self.to_rgb = ToRgb(self.turn.turn_size(whole), enlarging, info.matrix, info.full_range, info.hdr)

    def __call__(self, decoded: av.VideoFrame) -> np.ndarray:
        return np.ascontiguousarray(self.turn.apply(self.to_rgb(decoded))[: self.height, : self.width])


def _decode(info: ClipInfo, start: float) -> Iterator[av.VideoFrame]:
    """Decoded frames, raising BadInput at the first sign of damage.

    A broadcast recording may begin and end anywhere: there, what cannot be decoded before the first good frame is
    passed over, and so is a last packet that is cut off. AVI knows the order of decoding only: there, the frames, which
    come in the order shown, take the packets' times in rising order.
    """
    times: list[int] = []
    broadcast = info.container in BROADCAST
    count, end, doubtful = 0, Fraction(0), False
    most, stream = 0, None

    def stopped() -> str:
        if stream is not None and most and stream.codec_context.width * stream.codec_context.height > most:
            return (
                f"{info.path} changes to {stream.codec_context.width}x{stream.codec_context.height} pixels after frame"
                f" {count}, from {info.width}x{info.height}; cut it there, or scale it to one size."
            )
        return str(_damaged(info, count, end))

    with reading(info.path, stopped), open_clip(info.path) as container:
        stream = picture_stream(container, info.path)
        most = decoded_pixels(stream)  # before the stream's size changes
        if start > _SEEK_FROM and info.container in _SEEKABLE:
            container.seek(round((Fraction(start) + info.origin) / info.time_base), stream=stream)
        for packet in container.demux(stream):
            if info.container == "avi" and packet.dts is not None and packet.size:
                heappush(times, packet.dts)
            for frame in _decode_packet(packet, forgiving=broadcast and count == 0):
                if times:
                    frame.pts = heappop(times)
                if doubtful:
                    raise _damaged(info, count, end)
                if frame.is_corrupt or packet.is_corrupt:
                    doubtful = count > 0 or not broadcast
                    continue
                yield frame
                count += 1
                if frame.pts is not None:
                    end = (frame.pts + (frame.duration or 0)) * info.time_base - info.origin
    declared = info.declared_seconds or 0
    if count == 0 or (doubtful and not broadcast) or declared - end > _SHORTFALL + declared / 50:
        raise _damaged(info, count, end)


def _decode_packet(packet: av.Packet, forgiving: bool) -> list[av.VideoFrame]:
    try:
        return packet.decode()
    except av.error.InvalidDataError:
        if not forgiving:
            raise
        return []


def _damaged(info: ClipInfo, count: int, end: Fraction) -> BadInput:
    return BadInput(
        f"{info.path} is damaged: decoding stopped after frame {count}, at {float(max(end, 0)):.2f} s;"
        " copy or download it again, or cut it there."
    )
