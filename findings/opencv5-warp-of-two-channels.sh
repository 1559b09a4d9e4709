#!/usr/bin/env bash
# Guess: cv2.remap, warpAffine and warpPerspective look up every channel at the same places: a field of motion, warped as its
# picture is, stays beside it, and float64 is at least as exact as float32.
# What happens (opencv-python-headless 5.0.0.93): floats of 1, 3 and 4 channels are now interpolated exactly at the place asked
# for, to 1e-3 of 255. With 2 channels, which optical flow has, with 5 and more, and in float64 or int16 the place is first
# rounded to 1/32 of a pixel, as OpenCV 4 did for all: off by up to 3 of 255 here. So one channel of a picture and the same
# numbers in a pair of channels come out differently, and turning float32 into float64 makes a warp worse.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    opencv-python-headless==5.0.0.93 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import cv2
import numpy as np

picture = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.float64)
turn = np.array([[1, 0.1, 0.3], [-0.1, 1, 7.7]])  # where each pixel comes from
y, x = np.mgrid[8:32, 8:32].astype(np.float64)
from_x, from_y = turn[0, 0] * x + turn[0, 1] * y + turn[0, 2], turn[1, 0] * x + turn[1, 1] * y + turn[1, 2]
row, column = (np.floor(place).astype(int) for place in (from_y, from_x))
down, right = from_y - row, from_x - column
expected = (1 - down) * ((1 - right) * picture[row, column] + right * picture[row, column + 1]) + down * (
    (1 - right) * picture[row + 1, column] + right * picture[row + 1, column + 1]
)


def first(warped):
    return warped if warped.ndim == 2 else warped[..., 0]


def off(dtype, channels):
    """How far linear interpolation is off, of 255: by remap, by warpAffine."""
    given = np.dstack([picture.astype(dtype)] * channels)
    mapped = cv2.remap(given, from_x.astype(np.float32), from_y.astype(np.float32), cv2.INTER_LINEAR)
    turned = cv2.warpAffine(given, turn, (48, 48), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)[8:32, 8:32]
    return [float(np.abs(first(w) - expected).max()) for w in (mapped, turned)]


print("opencv", cv2.__version__)
table = {(name, channels): off(name, channels) for name in ("float32", "float64") for channels in (1, 2, 3, 4, 5)}
for (name, channels), (mapped, turned) in table.items():
    print(f"{name}, {channels} channel(s): remap is off by {mapped:.4f}, warpAffine by {turned:.4f}")
exact = {key for key, values in table.items() if max(values) < 0.01}
rounded = {key for key, values in table.items() if min(values) > 1}
sys.exit(0 if exact == {("float32", n) for n in (1, 3, 4)} and exact | rounded == set(table) else 1)
PYTHON
