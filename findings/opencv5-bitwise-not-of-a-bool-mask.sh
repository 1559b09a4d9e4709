#!/usr/bin/env bash
# Guess: OpenCV 5 takes NumPy's bool arrays, and cv2.bitwise_not of a bool mask is its inverse.
# What happens (opencv-python-headless 5.0.0.93): it turns the bytes 0 and 1 into 255 and 254 and gives them back as a bool
# array. Both are true to NumPy: every element of the "inverse" is true, its own inverse (~) is all false, and nothing is
# raised. The same mask as uint8 of 0 and 255 is inverted as one expects.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    opencv-python-headless==5.0.0.93 numpy==2.2.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import cv2
import numpy as np

print("cv2", cv2.__version__, "| numpy", np.__version__)
mask = np.zeros((4, 4), bool)
mask[0] = True
inverse = cv2.bitwise_not(mask)
levels = cv2.bitwise_not(np.where(mask, 255, 0).astype(np.uint8))
print("inverse of the bool mask:", inverse.dtype, "of the bytes", np.unique(inverse.view(np.uint8)).tolist())
print("true of 16: numpy's inverse", (~mask).sum(), "| of uint8", (levels > 0).sum(), "| of bool", inverse.sum())
print("true in the inverse's inverse (~):", (~inverse).sum())
bytes_found = np.unique(inverse.view(np.uint8)).tolist()
holds = inverse.dtype == bool and bytes_found == [254, 255] and inverse.sum() == 16 and (levels > 0).sum() == 12
sys.exit(0 if holds else 1)
PYTHON
