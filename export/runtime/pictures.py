"""Reading pictures: any colour layout in, upright 8-bit sRGB-coded RGB with its transparency out. No torch.

From outside: `read_style_picture`, which every picture that is to be a style goes through; `decode_picture` and
`sent_size` for what comes over the network; `read_image`, `in_srgb`, `flatten`, `square`,
`image_header`, `open_image`, `check_readable`, `require_file`, `require_no_address`.
"""

import io
import math
import os
import warnings
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from impasto.models.errors import BadInput
from impasto.models.rules import BACKGROUND

from .damage import reading
from .deep import deep_rgb
from .gamut import SRGB
from .picture_kind import picture_kind
from .profiles import by_profile, from_grey, from_inks_or_lab, rgb_profile
from .stated import follow_numbers, stated_by_numbers
from .tiff import grey_scale, mend_planes

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
        with closing(image):  # and with it Pillow's copy
            coding, icc, kind = stated_by_numbers(image, source), image.info.get("icc_profile"), image.format
            mend_planes(image)
            image.load()
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
            ImageOps.exif_transpose(image, in_place=True)
            pixels, icc = _to_rgb(image, None if coding else icc)
        if coding:
            follow_numbers(pixels[..., :3], coding, None if coding is SRGB else deep_rgb(source, kind, orientation))
    if pixels.shape[2] == 3:
        return Picture(pixels, None, icc)
    alpha = np.ascontiguousarray(pixels[..., 3])
    return Picture(np.ascontiguousarray(pixels[..., :3]), None if alpha.min() == 255 else alpha, icc)


def in_srgb(picture: Picture) -> Picture:
    """The same colours without a profile, as browsers show them; those that sRGB does not have are clipped."""
    if picture.icc is None:
        return picture
    return Picture(by_profile(picture.icc)(picture.rgb), picture.alpha)


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
    """8-bit RGB, or RGBA where pixels may be transparent, and the profile that describes it still."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _from_deep_grey(image)
    elif image.mode == "1":
        image = image.convert("L")
    if image.mode in ("CMYK", "LAB"):
        image, icc = from_inks_or_lab(image, icc), None
    elif image.mode in ("L", "LA"):
        image = from_grey(image, icc)
    return _pixels(image, "RGBA" if image.has_transparency_data else "RGB"), rgb_profile(icc)


def _pixels(image: Image.Image, mode: str) -> np.ndarray:
    """uint8 [H,W,3 or 4], in bands: Pillow would hold three copies of the whole picture on the way."""
    width, height = image.size
    pixels, rows = np.empty((height, width, len(mode)), np.uint8), max(1, _BAND // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)).convert(mode))
    return pixels


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits, or floats 0...1 -> 8-bit grey; Pillow's own conversion clips instead of scaling."""
    most, white_is_zero = grey_scale(image)
    values = np.asarray(image)
    if values.dtype == np.int32 and most > np.iinfo(np.int32).max:
        values = values.view(np.uint32)
    grey = np.round(np.clip(values.astype(np.float64) / most, 0, 1) * 255).astype(np.uint8)
    if white_is_zero:
        grey = 255 - grey
    nothing = image.info.get("transparency")  # the one value that stands for it
    return Image.fromarray(
        grey if nothing is None else np.dstack([grey, np.where(values == nothing, 0, 255).astype(np.uint8)])
    )
