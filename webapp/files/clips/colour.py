"""Between a clip's YUV and the RGB that is painted: matrix, range and HDR, through swscale.

From outside: `Matrix`, `stated_by`, `matrix_of`, `is_full_range`, `transfer_of`, `gamut_of`, `ToRgb`, `ToVideo`.
"""

from enum import IntEnum
from typing import NamedTuple

import av
import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter

from impasto.export.runtime.gamut import Coding, Gamut, coding_of, to_srgb
from impasto.export.runtime.tone import Transfer, tone_map
from impasto.models.rules import BACKGROUND


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

_HD_LINES = 720
_VIDEO_CURVE = 1  # BT.709's transfer curve (ITU-T H.273), taken for sRGB's, as Chromium does
_UNSPECIFIED = 2  # matrix, primaries or transfer curve (ITU-T H.273)
_BY_TAG = {
    1: Matrix.BT709,
    4: Matrix.FCC,
    5: Matrix.BT601,
    6: Matrix.BT601,
    7: Matrix.SMPTE240,
    9: Matrix.BT2020,
    10: Matrix.BT2020,
}


# Codes of limited range in full range. swscale takes grey for full range whatever it is told
# (findings/swscale-grey-is-full-range.sh).
_FULL = np.round(np.clip((np.arange(256) - 16) / 219, 0, 1) * 255).astype(np.uint8)


class Stated(NamedTuple):
    """What a file says of its YUV, by FFmpeg's numbers. What is None is for the frames to say."""

    matrix: int | None = None
    range: int | None = None


_NOTHING = Stated()


def stated_by(stream) -> Stated:
    """What a stream's container says and its frames do not; to be asked before the first of them is decoded.

    Of VP8 and VP9 alone. FFmpeg marks every frame of VP8 as BT.601 of limited range, whatever the file says, and those
    of VP9 by the bitstream, which knows fewer spaces than containers do. Chromium takes the container's word for both,
    and in MP4 a `colr` box goes before what is in the bitstream (ISO/IEC 14496-12, 12.1.5). The range that an MP4 gives
    beside no colours at all says nothing: its field (in `vpcC`) cannot be left empty.
    """
    context = stream.codec_context
    if context.name not in ("vp8", "vp9"):
        return _NOTHING
    matrix, full = int(context.colorspace), int(context.color_range)
    if "mp4" in stream.container.format.name and {matrix, context.color_primaries, context.color_trc} == {_UNSPECIFIED}:
        return _NOTHING
    return Stated(matrix if matrix in _BY_TAG else None, full or None)


def matrix_of(frame: av.VideoFrame, stated: Stated = _NOTHING) -> Matrix:
    """The frame's YUV matrix; where the file does not say, BT.709 from 720 lines on, BT.601 below and in full range, as
    JPEG has it: what Chromium's player makes of H.264."""
    hd = frame.height >= _HD_LINES and not is_full_range(frame, stated)
    guess = Matrix.BT709 if hd else Matrix.BT601
    return _BY_TAG.get(stated.matrix or int(frame.colorspace), guess)


def is_full_range(frame: av.VideoFrame, stated: Stated = _NOTHING) -> bool:
    """Whether black and white are 0 and 255 rather than 16 and 235; where the file does not say, by pixel format."""
    said = stated.range or int(frame.color_range)
    if said:
        return said == 2
    return frame.format.is_rgb or frame.format.name.startswith(("yuvj", "gray", "pal"))


def transfer_of(frame: av.VideoFrame) -> Transfer | None:
    """PQ or HLG, where the frame is coded so: brighter than a screen's white, mostly in a wider gamut."""
    number = int(frame.color_trc)
    return Transfer(number) if number in set(Transfer) else None


def gamut_of(frame: av.VideoFrame) -> Gamut | None:
    """P3 or BT.2020 where an ordinary, not an HDR, frame is coded so; a frame that names no curve does not count, for
    players pass over what is named in part."""
    number = int(frame.color_primaries)
    named = transfer_of(frame) is None and int(frame.color_trc) != _UNSPECIFIED
    return Gamut(number) if named and number in set(Gamut) else None


class ToRgb:
    """Decoded frame -> uint8 RGB [height, width, 3], scaled and converted in one pass.

    HDR takes a second pass (`tone.py`), and so do a wide gamut, grey of limited range, and transparency: what is
    transparent is laid on white, as pictures are. A frame of another size than the first's, as of calls where a phone
    was turned, keeps its shape and gets black bars.
    """

    def __init__(
        self,
        size: tuple[int, int],
        enlarging: bool,
        matrix: Matrix,
        full_range: bool,
        hdr: Transfer | None = None,
        gamut: Gamut | None = None,
    ):
        self.size, self.matrix, self.hdr = size, matrix, hdr
        self.coding: Coding | None = None if gamut is None else coding_of(gamut, _VIDEO_CURVE)
        self.range = ColorRange.JPEG if full_range else ColorRange.MPEG
        self.flags = (_BICUBIC if enlarging else _AREA) | _ACCURATE_RND | _FULL_CHROMA_OUT
        self.scaler = VideoReformatter()
        self.first: tuple[int, int] | None = None  # the first frame's size

    def __call__(self, decoded: av.VideoFrame) -> np.ndarray:
        self.first = self.first or (decoded.width, decoded.height)
        if (decoded.width, decoded.height) == self.first:
            return self._converted(decoded, self.size)
        width, height = fitted((decoded.width, decoded.height), self.first, self.size)
        rgb = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        left, top = (self.size[0] - width) // 2, (self.size[1] - height) // 2
        rgb[top : top + height, left : left + width] = self._converted(decoded, (width, height))
        return rgb

    def _converted(self, decoded: av.VideoFrame, size: tuple[int, int]) -> np.ndarray:
        transparent = self.hdr is None and any(component.is_alpha for component in decoded.format.components)
        kind = "gbrp12le" if self.hdr else "rgba" if transparent else "rgb24"  # rgb48le is wrong with full chroma
        pixels = self.scaler.reformat(
            decoded,
            *size,
            format=kind,
            src_colorspace=self.matrix,
            dst_colorspace=self.matrix,
            src_color_range=self.range,
            dst_color_range=ColorRange.JPEG,
            interpolation=self.flags,
            threads=1,
        ).to_ndarray()
        if self.hdr:
            return tone_map(pixels, self.hdr)
        if transparent:
            pixels = _on_background(pixels)
        if self.range == ColorRange.MPEG and decoded.format.name.startswith("gray"):
            pixels = _FULL[np.asarray(pixels, np.uint8)]
        return pixels if self.coding is None else to_srgb(pixels, self.coding)


def fitted(size: tuple[int, int], first: tuple[int, int], into: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) within `into` for a frame of another size than the first, which fills it.

    Pixels keep their shape. A frame of the same shape, to within a pixel of `into`, fills it, too.
    """
    stretch = (into[0] / first[0], into[1] / first[1])
    shown = (size[0] * stretch[0], size[1] * stretch[1])
    scale = min(into[0] / shown[0], into[1] / shown[1])
    sides = [max(int(side * scale + 0.5), 1) for side in shown]
    width, height = (side if whole - side > 1 else whole for side, whole in zip(sides, into, strict=True))
    return width, height


def _on_background(rgba: np.ndarray) -> np.ndarray:
    """uint8 RGBA [H,W,4], not premultiplied, laid on the background of transparent pictures."""
    alpha = rgba[..., 3:].astype(np.uint16)
    mixed = alpha * rgba[..., :3] + (255 - alpha) * np.array(BACKGROUND, np.uint16)
    return ((mixed + 127) // 255).astype(np.uint8)


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
