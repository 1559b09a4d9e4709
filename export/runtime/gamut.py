"""Colours whose RGB is not sRGB's, as sRGB: pictures and clips of phones and wide screens, PNGs that name a gamma.

From outside: `Gamut`, `Coding`, `SRGB`, `coding_of`, `coding_by`, `to_srgb`. The page's pictures come from the browser,
which does the same.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np


class Gamut(IntEnum):
    """Primaries of clips that are wider than those of BT.709, which are sRGB's, by the numbers of ITU-T H.273."""

    BT2020 = 9
    P3 = 12  # with the white of D65: Display P3


class Coding(NamedTuple):
    """How RGB stands for colours."""

    to_bt709: np.ndarray  # linear light of its primaries in BT.709's, float64 [3,3]
    light: Callable[[np.ndarray], np.ndarray]  # the light of a code, both 0...1


# Chromaticities x, y of white, red, green and blue, by the numbers of ITU-T H.273.
_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
_BT709 = 1
_PRIMARIES = {
    _BT709: (_D65, (0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    4: (_C, (0.67, 0.33), (0.21, 0.71), (0.14, 0.08)),
    5: (_D65, (0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
    6: (_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: (_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    8: (_C, (0.681, 0.319), (0.243, 0.692), (0.145, 0.049)),
    9: (_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: ((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: (_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    22: (_D65, (0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}  # of transfer curves that are powers
_VIDEO_CURVES = (1, 6, 11, 14, 15)
_SRGB_CURVE = 13
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_STEPS = 4095  # of light: two and more for every code of 8 bits but the darkest, one there


@cache
def coding_of(primaries: int, curve: int, video_gamma: float | None = None) -> Coding | None:
    """The coding of these numbers of ITU-T H.273; None where they name none that is known.

    The curve of video, BT.709's, is a power of `video_gamma` where one is given: 2.4, as BT.1886 has it for screens, is
    what Chromium takes in PNG. Else it is taken for sRGB's, as Chromium does in clips and in AVIF, and so is any other.
    """
    if primaries not in _PRIMARIES:
        return None
    gamma = _GAMMAS.get(curve, video_gamma if curve in _VIDEO_CURVES else None)
    if gamma is not None:
        return Coding(_to_bt709(_PRIMARIES[primaries]), lambda code: code**gamma)
    if curve != _SRGB_CURVE and video_gamma is not None:
        return None
    return SRGB if primaries == _BT709 else Coding(_to_bt709(_PRIMARIES[primaries]), _srgb_light)


def coding_by(gamma: float, chromaticities: Sequence[tuple[float, float]] | None) -> Coding | None:
    """The coding of a screen of this gamma and of primaries of these x and y (white, red, green, blue; None: sRGB's);
    None where there can be no such screen."""
    try:
        matrix = _to_bt709(chromaticities or _PRIMARIES[_BT709])
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None
    return Coding(matrix, lambda code: code**gamma) if np.isfinite(matrix).all() and gamma > 0 else None


def to_srgb(rgb: np.ndarray, coding: Coding) -> np.ndarray:
    """RGB [H,W,3] of this coding, uint8 or uint16 in all its range → the same colours in sRGB, uint8; those that it
    does not have are clipped."""
    codes = np.iinfo(rgb.dtype).max
    lights = (coding.light(np.arange(codes + 1) / codes) * _STEPS).astype(np.float32)
    light = cv2.transform(lights[rgb], coding.to_bt709)
    return _CODE[np.clip(light + np.float32(0.5), 0, _STEPS).astype(np.uint16)]


def _to_bt709(chromaticities: Sequence[tuple[float, float]]) -> np.ndarray:
    """Linear light of these primaries in BT.709's, whites on one another (Bradford)."""
    ours, theirs = _PRIMARIES[_BT709], chromaticities
    whites = [_BRADFORD @ _xyz(white) for white in (ours[0], theirs[0])]
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(whites[0] / whites[1]) @ _BRADFORD
    return np.linalg.inv(_to_xyz(ours)) @ adapted @ _to_xyz(theirs)


def _to_xyz(chromaticities: Sequence[tuple[float, float]]) -> np.ndarray:
    """Linear light of primaries in CIE XYZ, white's luminance 1 (SMPTE RP 177)."""
    white, *primaries = (_xyz(each) for each in chromaticities)
    columns = np.stack(primaries, 1)
    return columns * np.linalg.solve(columns, white)


def _xyz(chromaticity: tuple[float, float]) -> np.ndarray:
    x, y = chromaticity
    return np.array([x / y, 1, (1 - x - y) / y])


def _srgb_light(code: np.ndarray) -> np.ndarray:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def _srgb_code(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


SRGB = Coding(np.eye(3), _srgb_light)
_CODE = np.round(_srgb_code(np.arange(_STEPS + 1) / _STEPS) * 255).astype(np.uint8)
