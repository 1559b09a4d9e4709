"""Pictures of kinds that Pillow does not write, and ICC profiles, made by hand."""

import struct
import zlib

import numpy as np

# Red, green and blue in XYZ, seen in the light of D50 (Bradford): ICC.1, and CSS Color 4.
P3 = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]
SRGB = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)]
D50 = (0.9642, 1, 0.8249)


def srgb_light(code):
    """Of codes 0...1, in float64."""
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def as_srgb(rgb, primaries=SRGB, light=srgb_light):
    """Colours of these primaries (XYZ in D50) and this curve in sRGB, both 0…255; others are clipped. In float64."""
    to_srgb = np.linalg.inv(np.transpose(SRGB)) @ np.transpose(primaries)
    linear = np.clip(light(np.asarray(rgb, np.float64) / 255) @ to_srgb.T, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


# PNG


def gamma(value):
    return b"gAMA", struct.pack(">I", round(value * 100_000))


def chromaticities(*values):
    """x and y of white, red, green and blue."""
    return b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in values))


def cicp(primaries, curve, matrix=0, full=1):
    return b"cICP", bytes([primaries, curve, matrix, full])


def profiled(icc):
    return b"iCCP", b"icc\0\0" + zlib.compress(icc)


def png(path, pixels, *chunks):
    """A PNG of uint8 or uint16 [H,W] or [H,W,C] with these chunks before its pixels."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    depth = 8 * pixels.dtype.itemsize
    head = struct.pack(">2I5B", width, height, depth, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(f">u{depth // 8}").tobytes() for row in pixels)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    return path


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# TIFF


def tiff(path, pixels, photometric, *, planes=False, order="<"):
    """An uncompressed TIFF of unsigned integers [H,W] or [H,W,C]; `planes`: one channel after another."""
    height, width = pixels.shape[:2]
    stored = pixels.reshape(height, width, -1).astype(pixels.dtype.newbyteorder(order))
    count = stored.shape[2]
    strips = [stored[..., i].tobytes() for i in range(count)] if planes else [stored.tobytes()]
    starts = [8 + sum(map(len, strips[:i])) for i in range(len(strips))]
    short, long = 3, 4
    entries = [
        (256, long, [width]),
        (257, long, [height]),
        (258, short, [8 * pixels.dtype.itemsize] * count),
        (259, short, [1]),
        (262, short, [photometric]),
        (273, long, starts),
        (277, short, [count]),
        (278, long, [height]),
        (279, long, [len(strip) for strip in strips]),
        (284, short, [2 if planes else 1]),
    ]
    begin = 8 + sum(map(len, strips))
    after = begin + 2 + 12 * len(entries) + 4
    table, rest = struct.pack(f"{order}H", len(entries)), b""
    for tag, kind, values in entries:
        data = struct.pack(f"{order}{len(values)}{'H' if kind == short else 'I'}", *values)
        if len(data) > 4:
            data, rest = struct.pack(f"{order}I", after + len(rest)), rest + data
        table += struct.pack(f"{order}HHI", tag, kind, len(values)) + data.ljust(4, b"\0")
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, begin)
    path.write_bytes(head + b"".join(strips) + table + bytes(4) + rest)
    return path


# ICC profiles


def profile(tags, *, name="odd", space=b"RGB ", pcs=b"XYZ ", kind=b"mntr", version=4):
    text = name.encode("utf-16-be")
    tags = {b"desc": b"mluc" + struct.pack(">IIIHHII", 0, 1, 12, 0x656E, 0x5553, len(text), 28) + text} | tags
    tags[b"wtpt"] = xyz(D50)
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        data += bytes(-len(data) % 4)
        table += tag + struct.pack(">II", at + len(body), len(data))
        body += data
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s12s4s", size, b"none", version << 24, kind, space, pcs, bytes(12), b"acsp")
    head += bytes(28) + _numbers(D50)
    return head.ljust(128, b"\0") + table + body


def matrix(primaries, curve, **options):
    """A profile of RGB by primaries in XYZ and a curve."""
    colours = {f"{name}XYZ".encode(): xyz(colour) for name, colour in zip("rgb", primaries, strict=True)}
    return profile(colours | {f"{name}TRC".encode(): curve for name in "rgb"}, **options)


def power(exponent):
    return b"para" + bytes(8) + _numbers([exponent])


def srgb_curve():
    return b"para\0\0\0\0\0\x03\0\0" + _numbers((2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))


def xyz(colour):
    return b"XYZ \0\0\0\0" + _numbers(colour)


def table(primaries, tag=b"A2B0", steps=17, **options):
    """A profile of RGB by a table to Lab: these primaries, sRGB's curve."""
    grid = np.linspace(0, 1, steps)
    codes = np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), -1).reshape(-1, 3)
    relative = srgb_light(codes) @ np.array(primaries) / D50
    f = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative / (3 * (6 / 29) ** 2) + 4 / 29)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], -1)
    stored = np.round(np.clip((lab + np.array([0, 128, 128])) * (652.8, 256, 256), 0, 65535)).astype(">u2")
    data = b"mft2\0\0\0\0" + bytes([3, 3, steps, 0]) + _numbers((1, 0, 0, 0, 1, 0, 0, 0, 1))
    data += struct.pack(">8H", 2, 2, *[0, 65535] * 3) + stored.tobytes() + struct.pack(">6H", *[0, 65535] * 3)
    return profile({tag: data}, pcs=b"Lab ", version=2, **options)


def _numbers(values):
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))
