#!/usr/bin/env bash
# Guess: cv2.cvtColor's spaces for bytes are made to hold every RGB of bytes: there and back changes a colour by rounding, as with YCrCb.
# What happens (opencv-python-headless 5.0.0.93): YUV is that of analogue PAL, in which red minus luma reaches 157 on either side of
# 128, and XYZ has no scale, so that white's Z is 278. Both are cut off at 255 and 0: by way of YUV pure red comes back as 221 17 1 and cyan
# as 33 239 254, by way of XYZ white comes back as 255 254 231, a pale yellow. So, too, in 16 bits. In float32 all come back.
# Of video's YUV (I420, NV12) OpenCV has other code, which loses nothing so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    opencv-python-headless==5.0.0.93 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import cv2
import numpy as np

print("cv2", cv2.__version__, "| numpy", np.__version__)
WAYS = {name: (getattr(cv2, f"COLOR_RGB2{name}"), getattr(cv2, f"COLOR_{name}2RGB")) for name in ("YUV", "XYZ", "YCrCb")}
COLOURS = {"red": (255, 0, 0), "cyan": (0, 255, 255), "white": (255, 255, 255), "brick": (200, 30, 30)}


def there_and_back(rgb, way):
    there, back = WAYS[way]
    return cv2.cvtColor(cv2.cvtColor(rgb, there), back)


def video(rgb):
    return cv2.cvtColor(cv2.cvtColor(np.repeat(np.repeat(rgb, 2, 0), 2, 1), cv2.COLOR_RGB2YUV_I420), cv2.COLOR_YUV2RGB_I420)[::2, ::2]


luma = 0.299 * 255
print(f"by the formulas red has V = 128 + .877 * (255 - {luma:.0f}) = {128 + 0.877 * (255 - luma):.0f}, white Z = {255 * 1.088754:.0f}")
off = {}
for name, colour in COLOURS.items():
    pixel = np.array([[colour]], np.uint8)
    for way in WAYS:
        found = there_and_back(pixel, way)[0, 0]
        print(f"{name} {colour} as {way} {cv2.cvtColor(pixel, WAYS[way][0])[0, 0].tolist()} and back: {found.tolist()}")
        off[name, way] = int(abs(found.astype(int) - colour).max())
    off[name, "I420"] = int(abs(video(pixel)[0, 0].astype(int) - colour).max())
print("off by:", off)
every = np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3, indexing="ij"), -1).reshape(1, -1, 3)
shares = {}
for kind, full in ((np.uint8, 255), (np.uint16, 65535), (np.float32, 1)):
    rgb = (every / 255 * full).round().astype(kind) if full > 1 else (every / 255).astype(kind)
    for way in WAYS:
        error = abs(there_and_back(rgb, way).astype(float) - rgb).max(-1) / full
        shares[kind.__name__, way] = float((error > 4 / 255).mean())
        most = f"at most {error.max() * 255:.1f} of 255"
        print(f"{kind.__name__} by way of {way}: {shares[kind.__name__, way]:.1%} of 5832 colours are off by more than 4, {most}")
lost = off["red", "YUV"] > 30 and off["cyan", "YUV"] > 30 and off["white", "XYZ"] > 20
kept = max(off[name, way] for name in COLOURS for way in ("YCrCb", "I420")) < 5 and max(off["brick", way] for way in WAYS) < 5
whole = all(shares[kind, way] == 0 for kind, way in shares if kind == "float32" or way == "YCrCb")
cut = all(shares[kind, way] > 0.01 for kind, way in shares if kind != "float32" and way != "YCrCb")
sys.exit(0 if lost and kept and whole and cut else 1)
PYTHON
