"""Reading a clip as upright RGB frames with the source's own timestamps.

From outside: `read_frames`, which yields `Frame`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc, Interpolation, VideoReformatter

from impasto.models.errors import BadInput
from impasto.webapp.video_probe import BROADCAST, ClipInfo, declared_duration, open_clip, picture_stream

# Without ACCURATE_RND and full horizontal chroma, swscale's fast paths are off by up to 3 of 255; with them by 1/2.
# AREA averages when it shrinks, as a camera would, and is cheaper than BICUBIC, which is kept for enlarging.
_EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_SHORTFALL = 1.0  # seconds of declared picture that may be missing at the end before a clip counts as damaged


@dataclass(frozen=True)
class Frame:
    """One frame: `rgb` uint8 HxWx3 (sRGB-coded, 0...255, contiguous), `pts` and `duration` in the clip's ticks."""

    rgb: np.ndarray
    pts: int
    duration: int  # where the file does not say, one step of the average frame rate
    alpha: np.ndarray | None = None  # uint8 HxW of a partly transparent animation; clips have none


def read_frames(info: ClipInfo, size: tuple[int, int] | None = None) -> Iterator[Frame]:
    """Yield every frame of a clip, upright, at `size` = (width, height), in the order shown.

    Scaling and conversion to RGB are one swscale pass in the clip's own matrix and range; HDR is then brought to
    what an ordinary screen shows. Where `size` is the clip's
    own but for a last odd row or column, that is cut off instead. Timestamps are the source's, counted from
    `info.origin`, and strictly rising. Raises BadInput naming the time reached when the clip turns out damaged.
    """
    width, height = size or (info.width, info.height)
    convert = _Converter(info, width, height)
    step = max(round(1 / (info.frame_rate * info.time_base)), 1)
    origin = round(info.origin / info.time_base)
    last = None
    for decoded in _decode(info):
        pts = (0 if last is None else last + step) if decoded.pts is None else decoded.pts - origin
        pts = pts if last is None else max(pts, last + 1)
        yield Frame(convert(decoded), pts, decoded.duration or step)
        last = pts


class _Converter:
    """Decoded frame -> upright uint8 RGB [height, width, 3]."""

    def __init__(self, info: ClipInfo, width: int, height: int):
        self.info, self.width, self.height = info, width, height
        cropped = info.width - width in (0, 1) and info.height - height in (0, 1)
        whole = (info.width, info.height) if cropped else (width, height)
        self.stored = info.orientation.turn_size(whole)
        enlarging = whole[0] > info.width or whole[1] > info.height
        self.flags = _EXACT | (Interpolation.BICUBIC if enlarging else Interpolation.AREA)
        self.reformatter, self.tone_mapper = VideoReformatter(), VideoReformatter()

    def __call__(self, decoded: av.VideoFrame) -> np.ndarray:
        picture = self.reformatter.reformat(
            decoded,
            *self.stored,
            format="gbrp12le" if self.info.hdr else "rgb24",  # rgb48le comes out wrong with FULL_CHR_H_INT
            src_colorspace=self.info.matrix,
            dst_colorspace=self.info.matrix,
            src_color_range=ColorRange.JPEG if self.info.full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=self.flags,
            threads=1,
        )
        rgb = (self._to_sdr(picture) if self.info.hdr else picture).to_ndarray()
        return np.ascontiguousarray(self.info.orientation.apply(rgb)[: self.height, : self.width])

    def _to_sdr(self, picture: av.VideoFrame) -> av.VideoFrame:
        """HDR -> the sRGB curve and BT.709 primaries, by swscale's tone mapping: 3 s of tables once, 3 ms a frame."""
        return self.tone_mapper.reformat(
            picture,
            format="rgb24",
            dst_color_trc=ColorTrc.IEC61966_2_1,
            dst_color_primaries=ColorPrimaries.BT709,
            interpolation=self.flags,
            threads=1,
        )


def _decode(info: ClipInfo) -> Iterator[av.VideoFrame]:
    """Decoded frames, raising BadInput at the first sign of damage after the first good frame."""
    count, end = 0, Fraction(0)
    with open_clip(info.path) as container:
        stream = picture_stream(container, info.path)
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError as error:
                if count == 0 and info.container in BROADCAST:
                    continue
                raise _damaged(info, count, end) from error
            for frame in frames:
                if frame.is_corrupt or packet.is_corrupt:
                    raise _damaged(info, count, end)
                count += 1
                if frame.pts is not None:
                    end = (frame.pts + (frame.duration or 0)) * info.time_base - info.origin
                yield frame
        # an MP4's index has been checked; its declared durations do not allow for B-frames and edits
        declared = 0 if "mp4" in info.container else declared_duration(stream) or 0
    if count == 0 or declared - end > _SHORTFALL + declared / 50:
        raise _damaged(info, count, end)


def _damaged(info: ClipInfo, count: int, end: Fraction) -> BadInput:
    return BadInput(
        f"{info.path} is damaged: decoding stopped after frame {count}, at {float(max(end, 0)):.2f} s;"
        " copy or download it again, or cut it there."
    )
