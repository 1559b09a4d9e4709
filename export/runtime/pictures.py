"""Reading pictures: any colour layout in, upright 8-bit sRGB-coded RGB with its transparency out. No torch.

From outside: `read_style_picture`, which every picture that is to be a style goes through; `decode_picture` and
`sent_size` for what comes over the network; `read_image`, `in_srgb`, `by_profile`, `flatten`, `square`,
`image_header`, `open_image`, `check_readable`, `require_file`, `require_no_address`.
"""

import io
import math
import os
import warnings
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from impasto.models.errors import BadInput
from impasto.models.rules import BACKGROUND

from .damage import reading
from .gamut import Gamut, to_srgb
from .nclx import stated_colours
from .picture_kind import picture_kind
from .tone import WHITE, Transfer, tone_map

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})  # of pictures that are written
# Of those that are read where a folder is searched for pictures.
READ_SUFFIXES = SUFFIXES | {".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif"}
MAX_PIXELS = 64_000_000
# The formats worth opening; others (EPS, PDF...) start external programs or are no pictures.
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "HEIF")
SENT = ("JPEG", "PNG", "WEBP")  # by browsers
_BAND = 1 << 20  # pixels laid on the background at a time: more of them cost gigabytes as floats
_WEBP_MOVES, _WEBP_ALPHA = 0x02, 0x10  # flags of a WebP's first chunk, VP8X (RFC 9649, 2.7.1)
_ANIMATED = frozenset({"GIF", "WEBP", "PNG", "AVIF"})


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


def read_style_picture(source: str | os.PathLike[str] | bytes | np.ndarray, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """A picture as P sees it: uint8 sRGB [H,W,3], upright, on `rules.BACKGROUND` where it is transparent.

    `source` is a file, a file's bytes, or pixels: uint8 RGB [H,W,3] or RGBA [H,W,4]. Raises BadInput for what is not
    there, is no picture, is damaged, or has more than `max_pixels`, and for arrays of another kind.
    """
    if isinstance(source, np.ndarray):
        return flatten(_from_pixels(source))
    if not isinstance(source, bytes):
        source = Path(source)
        check_readable(source)
    return flatten(in_srgb(read_image(source, max_pixels)))


def decode_picture(data: bytes, max_pixels: int = MAX_PIXELS, shrink: bool = False) -> np.ndarray:
    """As `read_style_picture`, for bytes from the network: nothing but what browsers send is tried (`SENT`)."""
    return flatten(in_srgb(read_image(data, max_pixels, SENT, shrink)))


def sent_size(data: bytes) -> tuple[int, int]:
    """(width, height) of a picture from the network, as its header has them; nothing is decoded. Raises BadInput."""
    with reading(_named(data)):
        try:
            image = open_image(data, MAX_PIXELS, SENT)
        except UnidentifiedImageError as error:
            raise _no_picture(data) from error
        with image:
            return image.size


def read_image(
    source: Path | bytes, max_pixels: int = MAX_PIXELS, formats: Collection[str] = FORMATS, shrink: bool = False
) -> Picture:
    """Read a picture from a file or its bytes: EXIF orientation applied, 16-bit, palette, grey and CMYK as 8-bit RGB.

    Transparent pixels keep their colour; `flatten` lays them on the background. Raises BadInput for what is no picture
    in one of `formats`, is damaged, or has more than `max_pixels` (seen in the header, before anything is decoded);
    with `shrink`, a JPEG that has more is decoded at a half, a quarter or an eighth of its sides.
    """
    with reading(_named(source), lambda: _undecodable(source)):
        try:
            image = open_image(source, max_pixels, formats, shrink)
        except UnidentifiedImageError as error:
            if isinstance(source, Path) and formats != SENT:
                image_header(source, max_pixels)  # knows the kinds that cannot be read by name
            raise _no_picture(source) from error
        with image:
            icc = image.info.get("icc_profile")
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            pixels, icc = _to_rgb(image, icc)
            kind = image.format
            image.close()  # and with it Pillow's copy
    if icc is None and kind in ("AVIF", "HEIF"):
        _follow_numbers(pixels, source)
    if pixels.shape[2] == 3:
        return Picture(pixels, None, icc)
    alpha = np.ascontiguousarray(pixels[..., 3])
    return Picture(np.ascontiguousarray(pixels[..., :3]), None if alpha.min() == 255 else alpha, icc)


def in_srgb(picture: Picture) -> Picture:
    """The same colours without a profile, as browsers show them; those that sRGB does not have are clipped."""
    if picture.icc is None:
        return picture
    return Picture(by_profile(picture.icc)(picture.rgb), picture.alpha)


def by_profile(icc: bytes | None) -> Callable[[np.ndarray], np.ndarray]:
    """What brings uint8 RGB [H,W,3] of this profile to sRGB; one that is sRGB's own or broken leaves it as it is."""
    transform = None
    with suppress(ImageCms.PyCMSError, OSError):
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc)) if icc else None
        if profile is not None and not ImageCms.getProfileDescription(profile).startswith("sRGB"):
            transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    if transform is None:
        return lambda rgb: rgb

    def convert(rgb: np.ndarray) -> np.ndarray:
        srgb, rows = np.empty_like(rgb), max(1, _BAND // rgb.shape[1])
        for top in range(0, len(rgb), rows):
            srgb[top : top + rows] = np.asarray(
                ImageCms.applyTransform(Image.fromarray(rgb[top : top + rows]), transform)
            )
        return srgb

    return convert


def flatten(picture: Picture) -> np.ndarray:
    """The picture's RGB, uint8 [H,W,3], laid on `rules.BACKGROUND`."""
    if picture.alpha is None:
        return picture.rgb
    flat, rows = np.empty_like(picture.rgb), max(1, _BAND // picture.rgb.shape[1])
    for top in range(0, len(flat), rows):
        alpha = picture.alpha[top : top + rows, :, None].astype(np.float32) / 255
        laid = picture.rgb[top : top + rows] * alpha + np.array(BACKGROUND, np.float32) * (1 - alpha)
        flat[top : top + rows] = np.round(laid)
    return flat


def square(picture: np.ndarray, side: int) -> np.ndarray:
    """The centre square of uint8 [H,W,3], resized to [side,side,3]: area average when shrinking, else bicubic."""
    height, width = picture.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    middle = picture[top : top + short, left : left + short]
    return cv2.resize(middle, (side, side), interpolation=cv2.INTER_AREA if short > side else cv2.INTER_CUBIC)


def image_header(path: Path, max_pixels: int = MAX_PIXELS) -> Header | None:
    """Read a picture's header; None when the file is no picture.

    Raises BadInput when it has too many pixels, is damaged, or is a picture of a kind that cannot be read.
    """
    with reading(path, lambda: _undecodable(path)):
        try:
            image = open_image(path, max_pixels)
        except UnidentifiedImageError as error:
            kind = picture_kind(path)
            if kind is None:
                return None
            raise BadInput(
                f"{path} is a picture ({kind}) that is damaged or of a kind that cannot be read;"
                " save it as JPEG or PNG."
            ) from error
        with image:
            animated = image.format in _ANIMATED and getattr(image, "is_animated", False)
            frames = getattr(image, "n_frames", 1) - getattr(image, "default_image", False) if animated else 1
            return Header(image.format or "", *image.size, frames)


def open_image(
    source: Path | bytes, max_pixels: int = MAX_PIXELS, formats: Collection[str] = FORMATS, shrink: bool = False
) -> Image.Image:
    """Open a picture without decoding it. Raises BadInput for too many pixels, Pillow's errors for the rest:
    call it inside `damage.reading`. `shrink` as in `read_image`.
    """
    _init_formats()
    known = [name for name in formats if name in Image.OPEN]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our limit is the one that counts
        source = _with_bare_canvas(source)
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=known)
    width, height = image.size
    if shrink and max_pixels < width * height <= MAX_PIXELS:
        factor = 1 << math.ceil(math.log2(width * height / max_pixels) / 2)
        image.draft(None, (width // factor, height // factor))  # changes the size of JPEGs alone
    if image.size[0] * image.size[1] > max_pixels:
        image.close()
        raise BadInput(
            f"{_named(source)} has {width}x{height} pixels, more than the {max_pixels:,} allowed; scale it down first."
        )
    return image


def _with_bare_canvas(source: Path | bytes) -> Path | bytes:
    """An animated WebP all of whose frames are opaque, as one with transparency: what no frame covers is transparent
    in browsers, and black to Pillow (findings/pillow-webp-animation-turns-black.sh). Anything else as it is."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            head = file.read(21)
    else:
        head = source[:21]
    animated = head[8:16] == b"WEBPVP8X" and head[-1] & (_WEBP_MOVES | _WEBP_ALPHA) == _WEBP_MOVES
    if not animated:
        return source
    data = bytearray(source if isinstance(source, bytes) else source.read_bytes())
    data[20] |= _WEBP_ALPHA
    return bytes(data)


@cache
def _init_formats() -> None:
    Image.init()
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def require_no_address(text: str) -> None:
    """Raise BadInput for what is an address rather than the name of a file; a path has lost one of its slashes."""
    scheme, colon, rest = text.partition(":")
    if colon and len(scheme) > 1 and scheme.isalnum() and rest.startswith("/"):
        address = f"{scheme}://{rest.lstrip('/')}"
        raise BadInput(f"Addresses are not fetched: download {address} and name the file here.")


def require_file(path: Path) -> None:
    """Raise BadInput unless there is a file of this name."""
    if path.is_dir():
        raise BadInput(f"{path} is a folder; name a file in it.")
    if path.is_file():
        return
    require_no_address(str(path))
    if path.exists() or str(path) == "-":
        raise BadInput(f"{path} is no file, and pipes are not read; save what comes from there as a file first.")
    raise BadInput(f"There is no file {path}; check the name and the folder.")


def check_readable(path: Path) -> None:
    """Raise BadInput unless `path` is a file with something in it that may be read."""
    try:
        require_file(path)
        with path.open("rb") as stream:
            if not stream.read(1):
                raise BadInput(f"{path} is empty; copy or download it again.")
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); check its name and permissions.") from error


def _no_picture(source: Path | bytes) -> BadInput:
    what = "This" if isinstance(source, bytes) else str(source)
    return BadInput(f"{what} is not a picture that can be read; choose a JPEG, PNG or WebP.")


def _named(source: Path | bytes) -> str:
    """How a sentence begins that speaks of a picture."""
    return "This picture" if isinstance(source, bytes) else str(source)


def _undecodable(source: Path | bytes) -> str:
    """What is said when decoding fails: of formats with kinds that no decoder here takes, that this may be one."""
    kind = picture_kind(source) if isinstance(source, Path) else None
    if kind in ("AVIF", "HEIC", "HEIF", "TIFF"):
        return f"{source} is damaged or a kind of {kind} that cannot be decoded; save it as JPEG or PNG."
    return f"{_named(source)} is damaged and cannot be decoded; copy or download it again."


def _from_pixels(pixels: np.ndarray) -> Picture:
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or pixels.dtype != np.uint8 or pixels.size == 0:
        raise BadInput(
            "A style picture must be RGB or RGBA with 8 bits a channel, uint8 [H,W,3] or [H,W,4], "
            f"not {pixels.dtype} of shape {list(pixels.shape)}."
        )
    alpha = np.ascontiguousarray(pixels[..., 3]) if pixels.shape[2] == 4 else None
    return Picture(np.ascontiguousarray(pixels[..., :3]), alpha)


def _to_rgb(image: Image.Image, icc: bytes | None) -> tuple[np.ndarray, bytes | None]:
    """8-bit RGB, or RGBA where pixels may be transparent, and the profile that still describes it (one for CMYK or
    grey does not)."""
    if image.mode.startswith("I") or image.mode == "F":
        image, icc = _from_deep_grey(image), None
    elif image.mode in ("CMYK", "LAB"):
        image, icc = _to_srgb(image, icc), None
    elif image.mode in ("L", "LA", "La", "1"):
        icc = None
    return _pixels(image, "RGBA" if image.has_transparency_data else "RGB"), icc


def _follow_numbers(pixels: np.ndarray, source: Path | bytes) -> None:
    """Bring pixels, uint8 [H,W,3 or 4], of an AVIF or HEIC that names its colours by numbers to sRGB, in place."""
    primaries, curve = stated_colours(source) or (0, 0)
    rows = max(1, _BAND // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        rgb = pixels[top : top + rows, :, :3]
        if curve in set(Transfer):
            rgb[:] = tone_map(np.round(rgb * (WHITE / 255)).astype(np.uint16), Transfer(curve))
        elif primaries in set(Gamut):
            rgb[:] = to_srgb(rgb, Gamut(primaries))


def _pixels(image: Image.Image, mode: str) -> np.ndarray:
    """uint8 [H,W,3 or 4], in bands: Pillow would hold three copies of the whole picture on the way."""
    width, height = image.size
    pixels, rows = np.empty((height, width, len(mode)), np.uint8), max(1, _BAND // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)).convert(mode))
    return pixels


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """16-bit (or float 0...1) grey -> 8-bit grey; Pillow's own conversion clips instead of scaling."""
    values = np.asarray(image, dtype=np.float64)
    scale = 1.0 if image.mode == "F" else 65535.0
    return Image.fromarray(np.round(np.clip(values / scale, 0, 1) * 255).astype(np.uint8))


def _to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """CMYK or Lab -> sRGB through the embedded profile; where there is none or it is broken, CMYK by the plain formula,
    Lab by its definition (CIE 1976, D50)."""
    profiles = [ImageCms.createProfile("LAB")] if image.mode == "LAB" else []
    with suppress(ImageCms.PyCMSError, OSError):
        profiles[:0] = [ImageCms.ImageCmsProfile(io.BytesIO(icc))] if icc else []
    for profile in profiles:
        with suppress(ImageCms.PyCMSError, OSError):
            converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
    return image.convert("RGB")
