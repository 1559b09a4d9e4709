#!/usr/bin/env bash
# Guess: cv2.warpAffine, warpPerspective and remap interpolate float64 as they interpolate float32, only more exactly.
# What happens (opencv-python-headless 5.0.0.93 after 4.12.0.88): with INTER_CUBIC, where one of the 16 pixels lies outside, the
# result is cut to a whole number: of a picture of 0...1 in float64 a rim of up to two pixels is 0, of 1...2 it is 1; inside all is
# well. float32 is right to 1e-4, and so are float64 with linear or Lanczos interpolation, and OpenCV 4. NumPy makes float64 unless
# told otherwise, and a flat test picture shows nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/five" \
    opencv-python-headless==5.0.0.93 numpy==2.2.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/four" \
    opencv-python-headless==4.12.0.88 numpy==2.2.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cat > "$folder/warp.py" <<'PYTHON'
import sys

import cv2
import numpy as np

picture = np.random.default_rng(0).uniform(1.05, 1.95, (24, 32))
shift = np.array([[1, 0, 0.5], [0, 1, 0.25]])
x, y = (axis.astype(np.float32) for axis in np.meshgrid(np.arange(32) - 0.5, np.arange(24) - 0.25))
ways = {
    "warpAffine": lambda image, flags: cv2.warpAffine(image, shift, (32, 24), flags=flags, borderMode=cv2.BORDER_REPLICATE),
    "warpPerspective": lambda image, flags: cv2.warpPerspective(
        image, np.vstack([shift, [0, 0, 1]]), (32, 24), flags=flags, borderMode=cv2.BORDER_REPLICATE
    ),
    "remap": lambda image, flags: cv2.remap(image, x, y, flags, borderMode=cv2.BORDER_REPLICATE),
}
inside = np.s_[3:-3, 3:-3]
rim = np.ones(picture.shape, bool)
rim[inside] = False


def weights(t, a=-0.75):
    """Of the pixels at -1, 0, 1 and 2, for a place t behind pixel 0."""
    near = lambda d: (a + 2) * d**3 - (a + 3) * d**2 + 1
    far = lambda d: a * (d**3 - 5 * d**2 + 8 * d - 4)
    return np.array([far(1 + t), near(t), near(1 - t), far(2 - t)])


padded = np.pad(picture, 3, mode="edge")  # the place of pixel (y, x) is (y - .25, x - .5): .75 and .5 behind the one before
rows = sum(w * padded[1 + i : 25 + i] for i, w in enumerate(weights(0.75)))
by_hand = sum(w * rows[:, 1 + i : 33 + i] for i, w in enumerate(weights(0.5)))

print("opencv", cv2.__version__)
seen = set()
for name, warped in ways.items():
    for interpolation, flags in (("cubic", cv2.INTER_CUBIC), ("linear", cv2.INTER_LINEAR), ("Lanczos", cv2.INTER_LANCZOS4)):
        double, single = (warped(picture.astype(dtype), flags) for dtype in (np.float64, np.float32))
        apart = np.abs(double - single)
        whole = float((double[rim] == np.floor(double[rim])).mean())
        line = f"{name}, {interpolation}: float64 and float32 differ by {apart[inside].max():.5f} inside, {apart[rim].max():.5f} at the rim"
        print(f"{line}; whole numbers there: {whole:.0%}")
        if interpolation == "cubic" and (np.abs(single - by_hand).max() > 1e-4 or apart[inside].max() > 1e-4):
            sys.exit("cubic interpolation by hand does not agree")
        if apart[rim].max() > 0.1 and whole > 0.4:
            seen.add((name, interpolation))
sys.exit(0 if seen == ({(name, "cubic") for name in ways} if cv2.__version__.startswith("5") else set()) else 1)
PYTHON
PYTHONPATH="$folder/five" python3 "$folder/warp.py"
PYTHONPATH="$folder/four" python3 "$folder/warp.py"
