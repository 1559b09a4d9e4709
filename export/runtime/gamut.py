"""Colours of a wider gamut than a screen's, as its RGB: pictures and clips of phones and of screens that show P3.

From outside: `Gamut`, `to_srgb`. The page's pictures come from the browser, which does the same.
"""

from enum import IntEnum

import cv2
import numpy as np


class Gamut(IntEnum):
    """Primaries wider than those of BT.709, which are sRGB's, by the numbers of ITU-T H.273."""

    BT2020 = 9
    P3 = 12  # with the white of D65: Display P3


# Linear light of these primaries in BT.709's: BT.2087's inverse, and CSS Color 4's Display P3.
_TO_BT709 = {
    Gamut.BT2020: np.array(
        [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
    ),
    Gamut.P3: np.array(
        [[1.224940, -0.224940, 0.0], [-0.042057, 1.042057, 0.0], [-0.019638, -0.078636, 1.098274]]
    ),
}  # fmt: skip
_STEPS = 4095  # of light: two and more for every code of 8 bits but the darkest, one there


def _srgb_light(code: np.ndarray) -> np.ndarray:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def _srgb_code(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


_LIGHT = (_srgb_light(np.arange(256) / 255) * _STEPS).astype(np.float32)
_CODE = np.round(_srgb_code(np.arange(_STEPS + 1) / _STEPS) * 255).astype(np.uint8)


def to_srgb(rgb: np.ndarray, gamut: Gamut) -> np.ndarray:
    """uint8 RGB [H,W,3] of these primaries → the same colours in sRGB; those it does not have are clipped.

    The curve is sRGB's on both sides. Video's own, BT.709's, is taken for it, as Chromium does.
    """
    light = cv2.transform(_LIGHT[rgb], _TO_BT709[gamut])
    return _CODE[np.clip(light + np.float32(0.5), 0, _STEPS).astype(np.uint16)]
