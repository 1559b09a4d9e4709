"""The frames of a GIF as browsers compose them: where a frame is cleared afterwards, the picture is transparent.

From outside: `read_gif`. Pillow decodes each frame by itself; its own composing fills cleared regions with the
background colour, which browsers ignore. Format: CompuServe, Graphics Interchange Format, Version 89a.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from impasto.models.errors import BadInput

from .pictures import open_image

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9
_CLEAR, _RESTORE = 2, 3  # disposal methods: to nothing, to what was there before


@dataclass(frozen=True)
class _Tile:
    """One frame as stored: a GIF file of its own, its place, what becomes of it afterwards, and centiseconds shown."""

    file: bytes
    x: int
    y: int
    width: int
    height: int
    disposal: int
    delay: int


def read_gif(path: Path, size: tuple[int, int], max_pixels: int) -> Iterator[tuple[np.ndarray, int]]:
    """Yield every frame, composed: uint8 RGBA [H,W,4] of `size` = (W, H), and its duration in milliseconds.

    Raises BadInput for a frame of more than `max_pixels`, and EOFError, struct.error or Pillow's errors where it is
    damaged: call it inside `damage.reading`.
    """
    width, height = size
    canvas = np.zeros((height, width, 4), np.uint8)
    for tile in _tiles(path.read_bytes()):
        if tile.width * tile.height > max_pixels:
            raise BadInput(f"{path} has a frame of {tile.width}x{tile.height} pixels, too many; scale it down first.")
        with open_image(tile.file, max_pixels, ("GIF",)) as image:
            pixels = np.asarray(image.convert("RGBA"))
        before = canvas.copy() if tile.disposal == _RESTORE else canvas
        place = canvas[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
        pixels = pixels[: place.shape[0], : place.shape[1]]
        np.copyto(place, pixels, where=pixels[..., 3:] > 0)
        yield canvas.copy(), tile.delay * 10
        if tile.disposal == _CLEAR:
            place[:] = 0
        canvas = before


def _tiles(data: bytes) -> Iterator[_Tile]:
    """Take a GIF apart, frame by frame. Raises EOFError where it ends inside one."""
    screen, palette = data[:13], b""
    at = 13
    if screen[10] & 0x80:
        palette, at = _slice(data, at, _palette_size(screen[10]))
    control = b"\0\0\0\0"  # flags, delay, transparent index
    while at < len(data) and data[at] != _TRAILER:
        if data[at] == _EXTENSION:
            label, body = data[at + 1 : at + 2], at + 2
            if label == bytes([_GRAPHIC_CONTROL]) and data[body : body + 1] == b"\x04":
                control, _ = _slice(data, body + 1, 4)
            at = _after_blocks(data, body)
        elif data[at] == _IMAGE:
            descriptor, at = _slice(data, at + 1, 9)
            x, y, width, height, flags = struct.unpack("<4HB", descriptor)
            own, at = _slice(data, at, _palette_size(flags)) if flags & 0x80 else (b"", at)
            end = _after_blocks(data, at + 1)
            alone = screen[:6] + struct.pack("<2H", width, height) + screen[10:13] + palette
            alone += b"\x21\xf9\x04" + bytes([control[0] & 1]) + control[1:] + b"\0"
            alone += b"\x2c" + struct.pack("<4HB", 0, 0, width, height, flags) + own + data[at:end] + b"\x3b"
            delay = struct.unpack("<H", control[1:3])[0]
            yield _Tile(alone, x, y, width, height, control[0] >> 2 & 7, delay)
            at, control = end, b"\0\0\0\0"
        else:
            at += 1  # padding that some writers leave between blocks


def _palette_size(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1)


def _slice(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if at + size > len(data):
        raise EOFError
    return data[at : at + size], at + size


def _after_blocks(data: bytes, at: int) -> int:
    """Where the chain of sub-blocks that begins at `at` has ended."""
    while True:
        if at >= len(data):
            raise EOFError
        if data[at] == 0:
            return at + 1
        at += 1 + data[at]
