"""What kind of picture a file is, by its first bytes: also kinds that cannot be read, so that none is taken for a clip.

From outside: `picture_kind`.
"""

from pathlib import Path

_KINDS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "BigTIFF",
    b"MM\0+": "BigTIFF",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"8BPS": "Photoshop",
    b"v/1\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance",
    b"DDS ": "DDS",
    b"%PDF": "PDF",
    b"%!PS": "PostScript",
    b"<svg": "SVG",
    b"FUJIFILMCCD-RAW": "raw photograph",
    b"IIRO": "raw photograph",
    b"IIRS": "raw photograph",
    b"IIU\0": "raw photograph",
}
# Major brands of ISO base media files (HEIF, ISO/IEC 23008-12) that hold pictures rather than films.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "HEIC"),
    **dict.fromkeys((b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"jpeg", b"avci", b"vvic"), "HEIF"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"jxl ",), "JPEG XL"),
    **dict.fromkeys((b"j2ki", b"jp2 ", b"jpx "), "JPEG 2000"),
    **dict.fromkeys((b"crx ",), "raw photograph"),
}


def picture_kind(path: Path) -> str | None:
    """What kind of picture a file is by its first bytes, whether or not it can be read; None for anything else."""
    with path.open("rb") as stream:
        head = stream.read(16)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return next((kind for start, kind in _KINDS.items() if head.startswith(start)), None)
