"""What an AVIF or HEIC says of its colours and depth in numbers (ISO/IEC 23008-12): Pillow passes on profiles alone.

From outside: `stated_colours`, `stated_depth`.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_HEADERS = 1 << 20  # bytes: the boxes that describe pictures come first


def stated_colours(source: Path | bytes) -> tuple[int, int] | None:
    """(primaries, transfer curve) of the picture that is shown, by the numbers of ITU-T H.273; None where it does not
    say, or the file is of another kind or damaged."""
    with suppress(struct.error):
        for kind, body in _properties(source):
            if kind == b"colr" and body[:4] == b"nclx":
                return struct.unpack_from(">2H", body, 4)
    return None


def stated_depth(source: Path | bytes) -> int | None:
    """Bits a channel of the picture that is shown; None as of `stated_colours`."""
    return next((body[5] for kind, body in _properties(source) if kind == b"pixi" and len(body) > 5), None)


def _properties(source: Path | bytes) -> list[tuple[bytes, bytes]]:
    """Kind and content of what is said of the picture that is shown; of what is damaged, nothing."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            source = file.read(_HEADERS)
    try:
        meta = _find(source[:_HEADERS], b"meta")[4:]
        properties = list(_boxes(_find(meta, b"iprp", b"ipco")))
        indices = _properties_of(_find(meta, b"iprp", b"ipma"), _primary(_find(meta, b"pitm")))
        return [properties[index - 1] for index in indices if 0 < index <= len(properties)]
    except (LookupError, struct.error):
        return []


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8:  # what needs more than that, or no stated size, describes no colours
            return
        yield kind, data[at + 8 : at + size]
        at += size


def _find(data: bytes, *path: bytes) -> bytes:
    for name in path:
        data = next((body for kind, body in _boxes(data) if kind == name), None) or _missing(name)
    return data


def _missing(name: bytes) -> bytes:
    raise LookupError(name)


def _primary(pitm: bytes) -> int:
    return struct.unpack_from(">H" if pitm[0] == 0 else ">I", pitm, 4)[0]


def _properties_of(ipma: bytes, item: int) -> list[int]:
    """The numbers of an item's properties, from 1 on."""
    version, flags = ipma[0], int.from_bytes(ipma[1:4], "big")
    (count,), at = struct.unpack_from(">I", ipma, 4), 8
    for _ in range(count):
        head = ">HB" if version == 0 else ">IB"
        number, length = struct.unpack_from(head, ipma, at)
        at += struct.calcsize(head)
        kind, bits = ("H", 0x7FFF) if flags & 1 else ("B", 0x7F)  # the highest says that it may not be passed over
        found = struct.unpack_from(f">{length}{kind}", ipma, at)
        at += struct.calcsize(f">{length}{kind}")
        if number == item:
            return [each & bits for each in found]
    return []
