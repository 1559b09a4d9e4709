"""Pictures of more than 8 bits a channel, which Pillow hands out in 8: too few for the darks of HDR.

From outside: `deep_rgb`.
"""

from pathlib import Path

import cv2
import numpy as np
import pillow_heif

from .nclx import stated_depth

# EXIF's orientations → how stored pixels become upright.
_UPRIGHT = {
    2: lambda rgb: rgb[:, ::-1],
    3: lambda rgb: rgb[::-1, ::-1],
    4: lambda rgb: rgb[::-1],
    5: lambda rgb: rgb.transpose(1, 0, 2),
    6: lambda rgb: rgb.transpose(1, 0, 2)[:, ::-1],
    7: lambda rgb: rgb.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda rgb: rgb.transpose(1, 0, 2)[::-1],
}


def deep_rgb(source: Path | bytes, kind: str | None, orientation: int) -> np.ndarray | None:
    """RGB of a PNG, AVIF or HEIF (`kind`, as Pillow calls it), upright, uint16 [H,W,3] in the range 0...65535; None
    where 8 bits are all there is. `orientation` is EXIF's, to be applied still."""
    pixels = _from_heif(source) if kind == "HEIF" else _from_png_or_avif(source, kind)
    if pixels is None:
        return None
    return np.ascontiguousarray(_UPRIGHT.get(orientation, lambda rgb: rgb)(pixels))


def _from_heif(source: Path | bytes) -> np.ndarray | None:
    file = pillow_heif.open_heif(source, convert_hdr_to_8bit=False)
    if not file.mode.endswith(";16") or not file.mode.startswith("RGB"):
        return None
    bits = file.info["bit_depth"]
    return _scaled(np.asarray(file)[..., :3] >> (16 - bits), bits)


def _from_png_or_avif(source: Path | bytes, kind: str | None) -> np.ndarray | None:
    data = np.frombuffer(source if isinstance(source, bytes) else source.read_bytes(), np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        return None
    if pixels.ndim == 2:
        pixels = np.dstack([pixels] * 3)
    # OpenCV's order is blue, green, red
    return _scaled(pixels[..., 2::-1], 16 if kind == "PNG" else stated_depth(source) or 10)


def _scaled(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes of this many bits in all of 16."""
    most = (1 << bits) - 1
    return codes if bits == 16 else ((codes.astype(np.uint32) * 65535 + most // 2) // most).astype(np.uint16)
