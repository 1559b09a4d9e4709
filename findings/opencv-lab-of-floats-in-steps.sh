#!/usr/bin/env bash
# Guess: cv2.cvtColor from RGB to Lab is coarse in bytes and exact in float32, which is why one converts to floats before one
# measures colour differences.
# What happens (opencv-python-headless 5.0.0.93): floats are brought to 9 bits and looked up in a table of 33 entries a side. L comes in
# steps of .2: of 100,001 greys 513 different ones are left, a gradient of 10,001 values has 6, and two colours closer
# than that are equal or .2 apart. Against CIE's formula random colours are off by .15 on average and by .68 at most, where
# 2.3 is just noticed. COLOR_LRGB2Lab, given light that one has made linear oneself, is right to .05.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    opencv-python-headless==5.0.0.93 scikit-image==0.26.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import cv2
import numpy as np
import skimage
from skimage.color import rgb2lab

print("cv2", cv2.__version__, "| scikit-image", skimage.__version__, "| numpy", np.__version__)
TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])


def linear(rgb):
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def by_formula(rgb):
    """CIE's formula, with the matrix and white that OpenCV's documentation gives, in float64."""
    xyz = linear(rgb.astype(np.float64)) @ TO_XYZ.T / TO_XYZ.sum(1)
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * root[..., 1] - 16, 500 * (root[..., 0] - root[..., 1]), 200 * (root[..., 1] - root[..., 2])], -1)


def greys(low, high, count):
    return np.repeat(np.linspace(low, high, count, dtype=np.float32)[None, :, None], 3, 2)


rgb = np.random.default_rng(0).random((100, 1000, 3), dtype=np.float32)
formula = by_formula(rgb)
ways = {
    "OpenCV, RGB2Lab": cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab),
    "OpenCV, LRGB2Lab": cv2.cvtColor(linear(rgb).astype(np.float32), cv2.COLOR_LRGB2Lab),
    "scikit-image": rgb2lab(rgb),
}
off = {name: np.linalg.norm(lab - formula, axis=-1) for name, lab in ways.items()}
for name, error in off.items():
    print(f"{name}: from the formula by {error.mean():.3f} on average, {error.max():.3f} at most (CIE76)")
counts = []
for low, high, count in ((0, 1, 100001), (0.5, 0.51, 10001)):
    ramp = greys(low, high, count)
    found = np.unique(cv2.cvtColor(ramp, cv2.COLOR_RGB2Lab)[..., 0])
    counts.append((len(found), len(np.unique(rgb2lab(ramp)[..., 0]))))
    print(f"{count} greys of {low}...{high}: {counts[-1][0]} different L in OpenCV, {counts[-1][1]} in scikit-image; first", found[:4])
good = off["OpenCV, LRGB2Lab"].max() < 0.05 and off["scikit-image"].max() < 0.05 and min(other for _, other in counts) > 9000
coarse = off["OpenCV, RGB2Lab"].mean() > 0.1 and off["OpenCV, RGB2Lab"].max() > 0.5 and counts[0][0] < 600 and counts[1][0] < 10
sys.exit(0 if good and coarse else 1)
PYTHON
