"""What a PNG says of its colours in numbers, its cICP chunk (PNG, third edition, 11.3.2.6): Pillow passes it over.

From outside: `cicp_colours`.
"""

import io
import struct
from pathlib import Path

_SIGNATURE = 8  # bytes
_RGB_OF_FULL_RANGE = b"\0\1"  # matrix 0: there is none; all else is no PNG's


def cicp_colours(source: Path | bytes) -> tuple[int, int] | None:
    """(primaries, transfer curve) by the numbers of ITU-T H.273; None where the PNG names none, or is damaged."""
    with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
        file.seek(_SIGNATURE)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind == b"cICP":
                numbers = file.read(length) if length == 4 else b""
                return (numbers[0], numbers[1]) if numbers[2:] == _RGB_OF_FULL_RANGE else None
            if kind in (b"IDAT", b"PLTE"):  # it comes before
                return None
            file.seek(length + 4, io.SEEK_CUR)
    return None
