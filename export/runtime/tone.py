"""HDR brought to what an ordinary screen shows: ITU-R BT.2446-1 method A, from 1000 to 100 cd/m².

From outside: `Transfer`, `tone_map`, `WHITE`. The page does the same: `webapp/page/src/clips/picture/tone.ts`.
"""

from enum import IntEnum

import numpy as np


class Transfer(IntEnum):
    """How light became code values, by the numbers of ITU-T H.273."""

    PQ = 16  # SMPTE ST 2084: absolute, up to 10,000 cd/m²
    HLG = 18  # ARIB STD-B67: relative; here for a screen of 1000 cd/m²


# White of R'G'B' of 12 bits as swscale makes it: 255/256 of 4096, whatever it is made of
# (findings/swscale-white-of-deep-rgb.sh). What YUV has above it goes on to 4095 and is clipped here.
WHITE = 4080

_LUMA = tuple(np.float32(weight) for weight in (0.2627, 0.6780, 0.0593))  # BT.2020's weights of R, G and B
_BRIGHT, _DIM = 1000, 100  # cd/m²: the peaks of the HDR and the SDR screen
_GAMMA = 2.4  # of the SDR screen, BT.1886
# BT.2020's primaries in BT.709's, linear light (BT.2087's inverse)
_TO_BT709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]], np.float32
)


def tone_map(codes: np.ndarray, transfer: Transfer) -> np.ndarray:
    """R'G'B' of BT.2020 in PQ or HLG → the same picture for an ordinary screen.

    `codes`: uint16 [H,W,3], 12 bits, full range as swscale has it (0...`WHITE`). Returns uint8 [H,W,3], BT.709
    primaries and screen gamma.
    """
    red, green, blue = (_TABLES[transfer][codes[..., i]] for i in range(3))
    if transfer == Transfer.HLG:
        # the OOTF of BT.2100: the scene's luminance to the power of 0.2, in the tables' gamma
        ootf = _luma(*(_HLG_LIGHT[codes[..., i]] for i in range(3))) ** np.float32(0.2 / _GAMMA)
        red, green, blue = red * ootf, green * ootf, blue * ootf
    luma = _luma(red, green, blue)
    mapped = _curve(luma)
    # colour differences shrink as the luma does, and by 1.1
    scale = mapped / np.maximum(np.float32(1.1) * luma, np.float32(1e-6))
    cb, cr = scale * (blue - luma) / np.float32(1.8814), scale * (red - luma) / np.float32(1.4746)
    # a tenth of Cr, where that is above 0, is taken off the luma
    mapped -= np.maximum(np.float32(0.1) * cr, 0)
    # R'G'B' again (BT.2020's matrix), then its light in BT.709's primaries, and coded
    cb, cr = np.float32(1.8814) * cb, np.float32(1.4746) * cr
    green = mapped - _LUMA[2] / _LUMA[1] * cb - _LUMA[0] / _LUMA[1] * cr
    sdr = np.stack([mapped + cr, green, mapped + cb], -1)
    light = np.clip(sdr, 0, 1) ** np.float32(_GAMMA) @ _TO_BT709.T
    return (np.clip(light, 0, 1) ** np.float32(1 / _GAMMA) * 255 + np.float32(0.5)).astype(np.uint8)


def _luma(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> np.ndarray:
    return _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue


def _curve(luma: np.ndarray) -> np.ndarray:
    """Method A's luma of the SDR picture for that of the HDR picture, both 0...1 in gamma 2.4."""

    def rho(peak: float) -> float:
        return 1 + 32 * (peak / 10_000) ** (1 / _GAMMA)

    # perceptual linearisation, knee, and back
    perceived = np.log(1 + (rho(_BRIGHT) - 1) * luma) / np.log(rho(_BRIGHT))
    bent = np.select(
        [perceived <= 0.7399, perceived < 0.9909],
        [1.0770 * perceived, -1.1510 * perceived**2 + 2.7811 * perceived - 0.6302],
        0.5 * perceived + 0.5,
    )
    return (rho(_DIM) ** bent - 1) / (rho(_DIM) - 1)


def _pq_to_nits(code: np.ndarray) -> np.ndarray:
    power = code ** (32 / 2523)
    return 10_000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (8192 / 1305)


def _nits_to_pq(nits: float) -> float:
    power = (nits / 10_000) ** (1305 / 8192)
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** (2523 / 32)


def _pq_table(code: np.ndarray) -> np.ndarray:
    """PQ → light of a screen of 1000 cd/m², 0...1 in gamma 2.4; what is brighter is rolled off by BT.2390's EETF."""
    most = _nits_to_pq(_BRIGHT)
    knee = 1.5 * most - 0.5
    t = np.clip((code - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return np.clip(_pq_to_nits(np.where(code < knee, code, spline)) / _BRIGHT, 0, 1) ** (1 / _GAMMA)


def _hlg_table(code: np.ndarray) -> np.ndarray:
    """HLG → light of the scene, 0...1 in gamma 2.4 (BT.2100's inverse OETF)."""
    return _hlg_light(code) ** (1 / _GAMMA)


def _hlg_light(code: np.ndarray) -> np.ndarray:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.clip(np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12), 0, 1)


_CODES = np.minimum(np.arange(4096) / WHITE, 1)
_TABLES = {
    Transfer.PQ: _pq_table(_CODES).astype(np.float32),
    Transfer.HLG: _hlg_table(_CODES).astype(np.float32),
}
_HLG_LIGHT = _hlg_light(_CODES).astype(np.float32)
