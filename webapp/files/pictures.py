"""Reading and writing pictures: any colour layout in, upright 8-bit sRGB-coded RGB with its transparency out.

From outside: `read_image`, `decode_picture`, `write_image`, `image_header`, `resize`.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from impasto.models.errors import BadInput
from impasto.models.rules import BACKGROUND

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
MAX_PIXELS = 64_000_000
# The formats worth opening; others (EPS, PDF...) start external programs or are no pictures.
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
_ANIMATED = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
BROKEN = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


@dataclass(frozen=True)
class Header:
    """What a picture file says before it is decoded. `frames` counts those of an animation; 1 for a still."""

    format: str
    width: int
    height: int
    frames: int


@dataclass(frozen=True)
class Picture:
    """An upright picture: `rgb` uint8 HxWx3, `alpha` uint8 HxW or None when opaque, `icc` its RGB profile or None."""

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    icc: bytes | None = None


def image_header(path: Path, max_pixels: int = MAX_PIXELS) -> Header | None:
    """Read a picture's header; None when the file is no picture. Raises BadInput when it has too many pixels."""
    try:
        with open_image(path, max_pixels) as image:
            animated = image.format in _ANIMATED and getattr(image, "is_animated", False)
            return Header(image.format, *image.size, image.n_frames if animated else 1)
    except UnidentifiedImageError:
        return None
    except BROKEN as error:
        raise as_bad_input(path, error) from error


def open_image(path: Path, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open a picture without decoding it. Raises BadInput for too many pixels, Pillow's errors for the rest."""
    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our limit is the one that counts
        image = Image.open(path, formats=formats)
    width, height = image.size
    if width * height > max_pixels:
        image.close()
        raise BadInput(
            f"{path} has {width}x{height} pixels, more than the {max_pixels:,} allowed; scale it down first."
        )
    return image


def as_bad_input(path: Path, error: Exception, where: str = "") -> BadInput:
    """The sentence for a picture that Pillow could not decode; `where` names the place in an animation."""
    if isinstance(error, BadInput):
        return error
    if isinstance(error, Image.DecompressionBombError):
        return BadInput(f"{path} has far too many pixels to be painted; scale it down first.")
    return BadInput(f"{path} is damaged{where} and cannot be decoded; copy or download it again.")


def read_image(path: Path, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read a picture: EXIF orientation applied, 16-bit, palette, grey and CMYK turned into 8-bit RGB.

    Transparent pixels keep their colour; `flatten` puts them on white. Raises BadInput for a file that is no
    picture, is damaged, or has more than `max_pixels` (seen in the header, before anything is decoded).
    """
    try:
        with open_image(path, max_pixels) as image:
            icc = image.info.get("icc_profile")
            image.load()
            upright = ImageOps.exif_transpose(image)
            rgba, icc = _to_rgba(upright, icc)
    except UnidentifiedImageError as error:
        raise BadInput(f"{path} is not a picture this build can read; name a JPEG, PNG or WebP.") from error
    except BROKEN as error:
        raise as_bad_input(path, error) from error
    pixels = np.asarray(rgba)
    alpha = np.ascontiguousarray(pixels[..., 3])
    return Picture(np.ascontiguousarray(pixels[..., :3]), None if alpha.min() == 255 else alpha, icc)


def write_image(path: Path, picture: Picture) -> None:
    """Write a picture in the format its extension names, at high quality, with its ICC profile.

    PNG and WebP keep transparency; JPEG gets it on white. Raises OSError when the disk refuses.
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


def flatten(picture: Picture) -> np.ndarray:
    """The picture's RGB as seen on `rules.BACKGROUND`."""
    return picture.rgb if picture.alpha is None else _on_background(picture.rgb, picture.alpha)


def _on_background(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint8 [H,W,3] and its transparency uint8 [H,W] → uint8 [H,W,3] as seen on `rules.BACKGROUND`."""
    share = alpha[..., None].astype(np.float32) / 255
    return np.round(rgb * share + np.float32(BACKGROUND) * (1 - share)).astype(np.uint8)


def resize(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale uint8 HxW or HxWxC to (width, height): area average when shrinking, bicubic when enlarging."""
    if pixels.shape[1::-1] == tuple(size):
        return pixels
    enlarging = size[0] > pixels.shape[1] or size[1] > pixels.shape[0]
    return cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC if enlarging else cv2.INTER_AREA)


def _to_rgba(image: Image.Image, icc: bytes | None) -> tuple[Image.Image, bytes | None]:
    """8-bit RGBA, and the profile that still describes it (one for CMYK or grey does not)."""
    if image.mode.startswith("I") or image.mode == "F":
        image, icc = _from_deep_grey(image), None
    elif image.mode in ("CMYK", "LAB"):
        image, icc = _to_srgb(image, icc), None
    elif image.mode in ("L", "LA", "La", "1"):
        icc = None
    return image.convert("RGBA"), icc


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """16-bit (or float 0...1) grey -> 8-bit grey; Pillow's own conversion clips instead of scaling."""
    values = np.asarray(image, dtype=np.float64)
    scale = 1.0 if image.mode == "F" else 65535.0
    return Image.fromarray(np.round(np.clip(values / scale, 0, 1) * 255).astype(np.uint8))


def _to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """CMYK or Lab -> sRGB through the embedded profile; by the plain formula when there is none or it is broken."""
    try:
        if icc:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            return ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        pass
    return image.convert("RGB")


def decode_picture(data: bytes, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """A picture's bytes → upright uint8 RGB [H,W,3]. BadInput: no picture, a damaged one, or too many pixels."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"]) as image:
            if image.width * image.height > max_pixels:
                raise BadInput(f"This picture has more than the {max_pixels:,} pixels allowed; scale it down first.")
            upright, _ = _to_rgba(ImageOps.exif_transpose(image), image.info.get("icc_profile"))
            pixels = np.asarray(upright)
            return _on_background(pixels[..., :3], pixels[..., 3])
    except BadInput:
        raise
    except UnidentifiedImageError as error:
        raise BadInput("This is not a picture that can be read; use a JPEG, PNG or WebP.") from error
    except BROKEN as error:
        raise BadInput("This picture is damaged and cannot be read.") from error
