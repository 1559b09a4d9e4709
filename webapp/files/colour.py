"""Between a clip's YUV and the RGB that is painted: matrix, range and HDR, through swscale.

From outside: `Matrix`, `matrix_of`, `is_full_range`, `is_hdr`, `ToRgb`, `ToVideo`.
"""

from enum import IntEnum

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc, VideoReformatter


class Matrix(IntEnum):
    """How RGB became YUV, by swscale's numbers."""

    BT709 = 1
    FCC = 4
    BT601 = 5
    SMPTE240 = 7
    BT2020 = 9


# swscale's flags, spelled out since not every PyAV names them. Without ACCURATE_RND and full chroma its fast paths
# are off by up to 3 of 255; with them by 1/2. AREA averages when it shrinks, as a camera would, and is cheaper than
# BICUBIC, which is kept for enlarging.
_BICUBIC, _AREA = 0x4, 0x20
_FULL_CHROMA_OUT, _FULL_CHROMA_IN, _ACCURATE_RND = 0x2000, 0x4000, 0x40000

_SLACK = 64  # pixels after each row, a row after the last: more than any vector of swscale's

_BY_TAG = {
    1: Matrix.BT709,
    4: Matrix.FCC,
    5: Matrix.BT601,
    6: Matrix.BT601,
    7: Matrix.SMPTE240,
    9: Matrix.BT2020,
    10: Matrix.BT2020,
}
_HDR_TRANSFERS = frozenset({16, 18})  # SMPTE 2084 (PQ) and ARIB STD-B67 (HLG)


def matrix_of(frame: av.VideoFrame) -> Matrix:
    """The frame's YUV matrix; where the file does not say, BT.709 from 720 lines on and BT.601 below."""
    guess = Matrix.BT709 if min(frame.width, frame.height) >= 720 else Matrix.BT601
    return _BY_TAG.get(int(frame.colorspace), guess)


def is_full_range(frame: av.VideoFrame) -> bool:
    """Whether black and white are 0 and 255 rather than 16 and 235; where the file does not say, by pixel format."""
    if int(frame.color_range):
        return int(frame.color_range) == 2
    return frame.format.is_rgb or frame.format.name.startswith(("yuvj", "gray", "pal"))


def is_hdr(frame: av.VideoFrame) -> bool:
    """Whether the frame is coded as PQ or HLG: brighter than a screen's white, mostly in a wider gamut."""
    return int(frame.color_trc) in _HDR_TRANSFERS


class ToRgb:
    """Decoded frame -> uint8 RGB [height, width, 3], scaled and converted in one pass.

    HDR takes a second pass, swscale's tone mapping to the sRGB curve and BT.709 primaries: 3 s of tables once, then
    3 ms for a frame of 512x288.
    """

    def __init__(self, size: tuple[int, int], enlarging: bool, matrix: Matrix, full_range: bool, hdr: bool):
        self.size, self.matrix, self.hdr = size, matrix, hdr
        self.range = ColorRange.JPEG if full_range else ColorRange.MPEG
        self.flags = (_BICUBIC if enlarging else _AREA) | _ACCURATE_RND | _FULL_CHROMA_OUT
        self.scaler, self.tone_mapper = VideoReformatter(), VideoReformatter()

    def __call__(self, decoded: av.VideoFrame) -> np.ndarray:
        picture = self.scaler.reformat(
            decoded,
            *self.size,
            format="gbrp12le" if self.hdr else "rgb24",  # rgb48le comes out wrong with full chroma
            src_colorspace=self.matrix,
            dst_colorspace=self.matrix,
            src_color_range=self.range,
            dst_color_range=ColorRange.JPEG,
            interpolation=self.flags,
            threads=1,
        )
        if self.hdr:
            picture = self.tone_mapper.reformat(
                picture,
                format="rgb24",
                dst_color_trc=ColorTrc.IEC61966_2_1,
                dst_color_primaries=ColorPrimaries.BT709,
                interpolation=self.flags,
                threads=1,
            )
        return picture.to_ndarray()


def with_slack(rgb: np.ndarray) -> np.ndarray:
    """The same pixels [H,W,3] in memory that goes on behind them: swscale reads whole vectors, past the last pixel."""
    height, width, channels = rgb.shape
    memory = np.zeros((height + 1, width + _SLACK, channels), np.uint8)
    memory[:height, :width] = rgb
    return memory[:height, :width]


class ToVideo:
    """uint8 RGB [height, width, 3] -> a BT.709, limited-range yuv420p frame."""

    def __init__(self):
        self.reformatter = VideoReformatter()

    def __call__(self, rgb: np.ndarray) -> av.VideoFrame:
        return self.reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(with_slack(rgb)),
            format="yuv420p",
            src_colorspace=Matrix.BT709,
            dst_colorspace=Matrix.BT709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_BICUBIC | _ACCURATE_RND | _FULL_CHROMA_IN,
            threads=1,
        )
