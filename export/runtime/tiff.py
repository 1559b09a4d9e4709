"""What Pillow 12 reads otherwise than TIFF 6.0 says, put right.

From outside: `mend_planes`, `grey_scale`.
"""

from PIL import Image, ImageFile
from PIL.ExifTags import Base as Tag
from PIL.TiffImagePlugin import TiffImageFile

_DEEP = 16  # bits
_WHITE_IS_ZERO = 0  # a PhotometricInterpretation


def mend_planes(image: Image.Image) -> None:
    """Let uncompressed channels of 16 bits that lie one after another be read as such, not as bytes; before loading.

    (findings/pillow-reads-deep-planes-as-bytes.sh)
    """
    if not isinstance(image, TiffImageFile) or image.tag_v2.get(Tag.BitsPerSample, (8,))[0] != _DEEP:
        return
    order = "L" if image.tag_v2.prefix == b"II" else "B"
    image.tile = [_deep(tile, order) for tile in image.tile]


def grey_scale(image: Image.Image) -> tuple[float, bool]:
    """Of deep grey, Pillow's modes I and F: the value that is as far from 0 as it goes, and whether 0 is white."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(Tag.BitsPerSample, (_DEEP,))[0]
    most = 1.0 if image.mode == "F" else float((1 << bits) - 1)
    return most, tags.get(Tag.PhotometricInterpretation) == _WHITE_IS_ZERO


def _deep(tile: ImageFile._Tile, order: str) -> ImageFile._Tile:
    if tile.codec_name != "raw" or not isinstance(tile.args, tuple) or tile.args[0] not in set("RGBAXCMYK"):
        return tile
    return tile._replace(args=(f"{tile.args[0]};16{order}", *tile.args[1:]))
