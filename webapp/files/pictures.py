"""Writing and scaling pictures; what reads them is `impasto.export.runtime.pictures`, for training needs it too.

From outside: `write_image`, `resize`, `with_alpha`, and all that the reader offers.
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from impasto.export.runtime.pictures import (  # noqa: F401 - so that one module has all about pictures
    MAX_PIXELS,
    READ_SUFFIXES,
    SUFFIXES,
    Header,
    Picture,
    check_readable,
    decode_picture,
    flatten,
    image_header,
    in_srgb,
    open_image,
    read_image,
    read_style_picture,
    sent_size,
)
from impasto.models.rules import BACKGROUND


def write_image(path: Path, picture: Picture) -> None:
    """Write a picture in the format its extension names, at high quality, with its ICC profile.

    PNG and WebP keep transparency; JPEG gets it on the background. Raises OSError when the disk refuses.
    """
    suffix = path.suffix.lower()
    options = {"icc_profile": picture.icc} if picture.icc else {}
    if suffix in (".jpg", ".jpeg"):
        Image.fromarray(flatten(picture)).save(path, "JPEG", quality=95, subsampling=0, **options)
        return
    if suffix == ".webp":
        options |= {"quality": 95, "method": 4, "exact": True}
    pixels = picture.rgb if picture.alpha is None else np.dstack([picture.rgb, picture.alpha])
    Image.fromarray(pixels).save(path, "WEBP" if suffix == ".webp" else "PNG", **options)


def resize(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale uint8 HxW or HxWxC to (width, height): area average when shrinking, bicubic when enlarging."""
    if pixels.shape[1::-1] == tuple(size):
        return pixels
    enlarging = size[0] > pixels.shape[1] or size[1] > pixels.shape[0]
    return cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC if enlarging else cv2.INTER_AREA)


def with_alpha(painted: np.ndarray, flat: np.ndarray, alpha: np.ndarray, own: np.ndarray | None = None) -> np.ndarray:
    """The RGB that, laid on the background with `alpha`, looks like `painted`: uint8 [H,W,3].

    `flat` is what was painted, a picture on the background, and `own` its RGB where known to the bit: what the painter
    left alone comes out as it went in. Where the picture is transparent the result is `painted`.
    """
    share = alpha[..., None].astype(np.float32) / 255
    shown = np.maximum(share, 1 / 255)
    if own is None:
        background = np.array(BACKGROUND, np.float32)
        rgb = background + (painted - background) / shown
    else:
        rgb = own + (painted.astype(np.float32) - flat) / shown
    return np.where(share > 0, np.round(np.clip(rgb, 0, 255)), painted).astype(np.uint8)
