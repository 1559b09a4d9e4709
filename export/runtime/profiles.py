"""Pictures' ICC profiles: their colours in sRGB, as browsers show them.

From outside: `by_profile`, `rgb_profile`, `from_grey`, `from_inks_or_lab`.
"""

import io
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from PIL import Image, ImageCms

_BAND = 1 << 20  # pixels at a time
_SAME = 1  # of 255: colours no farther off than this are sRGB's own
_ERRORS = (ImageCms.PyCMSError, OSError)
# The tables for photographs first; some profiles have those of the other alone.
_INTENTS = (ImageCms.Intent.PERCEPTUAL, ImageCms.Intent.RELATIVE_COLORIMETRIC)


def by_profile(icc: bytes | None) -> Callable[[np.ndarray], np.ndarray]:
    """What brings uint8 RGB [H,W,3] of this profile to sRGB; one that is sRGB's own, broken or none of RGB leaves it as
    it is."""
    transform = _transform(icc, "RGB")
    if transform is None or _is_srgb(transform):
        return lambda rgb: rgb

    def convert(rgb: np.ndarray) -> np.ndarray:
        srgb, rows = np.empty_like(rgb), max(1, _BAND // rgb.shape[1])
        for top in range(0, len(rgb), rows):
            srgb[top : top + rows] = np.asarray(
                ImageCms.applyTransform(Image.fromarray(rgb[top : top + rows]), transform)
            )
        return srgb

    return convert


def rgb_profile(icc: bytes | None) -> bytes | None:
    """A profile again where it is one of RGB and whole; None elsewhere."""
    return icc if _transform(icc, "RGB") else None


def from_grey(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Grey, with alpha or without, of this profile → grey as sRGB has it; by one that is broken or none of grey, as it
    is."""
    transform = _transform(icc, "L")
    if transform is None:
        return image
    codes = ImageCms.applyTransform(Image.fromarray(np.arange(256, dtype=np.uint8)[None]), transform)
    table = [round(code) for code in np.asarray(codes)[0].mean(-1).tolist()]
    return image.point([*table, *range(256)] if image.mode == "LA" else table)


def from_inks_or_lab(image: Image.Image, icc: bytes | None) -> Image.Image:
    """CMYK or Lab -> sRGB through the embedded profile; where there is none or it is broken, CMYK by the plain formula,
    Lab by its definition (CIE 1976, D50)."""
    profiles = [ImageCms.createProfile("LAB")] if image.mode == "LAB" else []
    with suppress(*_ERRORS):
        profiles[:0] = [ImageCms.ImageCmsProfile(io.BytesIO(icc))] if icc else []
    for profile in profiles:
        with suppress(*_ERRORS):
            converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
    return image.convert("RGB")


def _transform(icc: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From pixels of a mode of Pillow's to sRGB; None without a profile, by one that is broken or of another mode."""
    if not icc:
        return None
    for intent in _INTENTS:
        with suppress(*_ERRORS):
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB", intent)
    return None


def _is_srgb(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether colours stay what they are; what profiles are called says little ("sRGB-elle-V4-g10" is linear)."""
    steps = np.linspace(0, 255, 18).astype(np.uint8)  # every 15
    colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    found = np.asarray(ImageCms.applyTransform(Image.fromarray(colours), transform))
    return bool(np.abs(found.astype(int) - colours).max() <= _SAME)
