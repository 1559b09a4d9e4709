#!/usr/bin/env bash
# Guess: cv2.warpAffine with INTER_NEAREST by half a pixel moves a picture by none or by one, and enlarged twice each pixel is there
# twice, as in OpenCV 4: on which side a place falls that is just between two pixels does not matter much.
# What happens (opencv-python-headless 5.0.0.93 after 4.12.0.88): halves now go to the even neighbour. Moved by half a pixel every
# second pixel is there twice and the others are gone; so, too, where a picture with one odd and one even side is turned by 90°
# about its centre. Enlarged twice, pixels are there once and three times in turn. Masks lose whatever is one pixel wide. So it is
# in bytes, uint16 and float32; int16 and float64 are as before.
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

new = cv2.__version__.startswith("5")
print("opencv", cv2.__version__)
row = np.tile(np.arange(10), (5, 1))
half, twice = np.array([[1, 0, 0.5], [0, 1, 0]]), np.array([[2.0, 0, 0], [0, 1, 0]])
failed = False
for dtype in (np.uint8, np.uint16, np.float32, np.int16, np.float64):
    image = row.astype(dtype)
    moved = cv2.warpAffine(image, half, (10, 5), flags=cv2.INTER_NEAREST)[2].astype(int).tolist()
    enlarged = cv2.warpAffine(image, twice, (19, 5), flags=cv2.INTER_NEAREST)[2].astype(int).tolist()
    turned = cv2.warpAffine(image, cv2.getRotationMatrix2D((4.5, 2), 90, 1), (10, 5), flags=cv2.INTER_NEAREST)[:, 3].astype(int).tolist()
    print(f"{np.dtype(dtype).name}: moved {moved}, enlarged {enlarged}, a column of it turned {turned}")
    lost = new and dtype in (np.uint8, np.uint16, np.float32)
    times = sorted({enlarged.count(value) for value in range(1, 9)})
    failed |= (moved == [0, 0, 2, 2, 4, 4, 6, 6, 8, 8]) != lost or times != ([1, 3] if lost else [2]) or (len(set(turned)) < 5) != lost
lines = np.zeros((5, 20), np.uint8)
lines[:, 1::4] = 255  # one pixel wide
left = int((cv2.warpAffine(lines, half, (20, 5), flags=cv2.INTER_NEAREST)[2] > 0).sum())
print("a mask of 5 lines has", left, "white pixels a row after it was moved by half a pixel")
sys.exit(1 if failed or left != (0 if new else 5) else 0)
PYTHON
PYTHONPATH="$folder/five" python3 "$folder/warp.py"
PYTHONPATH="$folder/four" python3 "$folder/warp.py"
