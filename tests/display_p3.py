"""An ICC profile of Display P3 written by hand, as phones' photographs carry it, and what its colours are in sRGB."""

import struct

import numpy as np

# Red, green and blue in XYZ, seen in the light of D50 (Bradford): ICC.1, and CSS Color 4.
_P3 = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]
_SRGB = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)]
_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # sRGB's, which Display P3 shares


def profile():
    def numbers(values):
        return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))

    text = "Display P3".encode("utf-16-be")
    tags = {b"desc": b"mluc" + struct.pack(">IIIHHII", 0, 1, 12, 0x656E, 0x5553, len(text), 28) + text}
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + numbers((0.9642, 1, 0.8249))
    for name, colour in zip("rgb", _P3, strict=True):
        tags[f"{name}XYZ".encode()] = b"XYZ \0\0\0\0" + numbers(colour)
        tags[f"{name}TRC".encode()] = b"para\0\0\0\0\0\x03\0\0" + numbers(_CURVE)
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s12s4s", size, b"none", 0x04000000, b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp")
    head += bytes(28) + numbers((0.9642, 1, 0.8249))
    return head.ljust(128, b"\0") + table + body


def as_srgb(rgb):
    """Colours of Display P3 in sRGB, both 0…255; what sRGB does not have is clipped. In float64."""
    coded = np.asarray(rgb, np.float64) / 255
    light = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    light = np.clip(light @ (np.linalg.inv(np.transpose(_SRGB)) @ np.transpose(_P3)).T, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
