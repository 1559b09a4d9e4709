"""What a picture says of its colours in numbers, beside or in place of a profile, and its colours brought to sRGB.

From outside: `stated_by_numbers`, `follow_numbers`, `colours_of`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from .cicp import cicp_colours
from .gamut import SRGB, Coding, coding_by, coding_of, to_srgb
from .nclx import stated_colours
from .profiles import by_profile
from .tone import WHITE, Transfer, tone_map

_BAND = 1 << 18  # pixels at a time
_SCREEN = 2.4  # the gamma of a screen for video, BT.1886
_PLAIN_GAMMA, _NEARLY = 1 / 2.2, 0.05  # a PNG's gamma that stands for sRGB's curve, and what libpng takes for the same


def stated_by_numbers(image: Image.Image, source: Path | bytes) -> Coding | Transfer | None:
    """How an opened picture's RGB is coded, where numbers say so. By PNG's order of precedence (third edition, 4.3) its
    cICP goes before an ICC profile, that before sRGB, gAMA and cHRM; in AVIF and HEIF the profile goes before them."""
    profile = "icc_profile" in image.info
    if image.format == "PNG":
        named = _named(cicp_colours(source), _SCREEN)
        return named if named or profile or "srgb" in image.info else _by_gamma(image.info)
    if image.format in ("AVIF", "HEIF") and not profile:
        return _named(stated_colours(source), None)
    return None


def follow_numbers(rgb: np.ndarray, coding: Coding | Transfer, deep: np.ndarray | None = None) -> None:
    """Bring `rgb`, uint8 [H,W,3], to sRGB in place; where the same pixels are there as uint16, from these."""
    if coding is SRGB:
        return
    whole = rgb if deep is None else deep
    rows = max(1, _BAND // rgb.shape[1])
    for top in range(0, len(rgb), rows):
        codes = whole[top : top + rows]
        if isinstance(coding, Transfer):
            codes = np.round(codes * (WHITE / np.iinfo(codes.dtype).max)).astype(np.uint16)
            rgb[top : top + rows] = tone_map(codes, coding)
        else:
            rgb[top : top + rows] = to_srgb(codes, coding)


def colours_of(image: Image.Image, source: Path | bytes) -> Callable[[np.ndarray], np.ndarray]:
    """What brings an opened picture's frames, uint8 RGB [H,W,3], to sRGB; they may be changed in place."""
    coding = stated_by_numbers(image, source)
    if coding is None:
        return by_profile(image.info.get("icc_profile"))

    def convert(rgb: np.ndarray) -> np.ndarray:
        follow_numbers(rgb, coding)
        return rgb

    return convert


def _named(numbers: tuple[int, int] | None, video_gamma: float | None) -> Coding | Transfer | None:
    if numbers is None:
        return None
    primaries, curve = numbers
    return Transfer(curve) if curve in set(Transfer) else coding_of(primaries, curve, video_gamma)


def _by_gamma(info: dict) -> Coding | None:
    """What gAMA and cHRM of a PNG say: chromaticities without a gamma nothing, as in Chromium; a gamma alone of about
    1/2.2, sRGB."""
    gamma, chromaticities = info.get("gamma"), info.get("chromaticity")
    if not gamma or (chromaticities is None and abs(gamma / _PLAIN_GAMMA - 1) <= _NEARLY):
        return None
    pairs = list(zip(chromaticities[::2], chromaticities[1::2], strict=True)) if chromaticities else None
    return coding_by(1 / gamma, pairs)
