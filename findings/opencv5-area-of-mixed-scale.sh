#!/usr/bin/env bash
# Guess: cv2.resize with INTER_AREA averages what falls into each new pixel along every side that gets shorter, whatever
# happens to the other side.
# What happens (opencv-python-headless 5.0.0.93): as soon as one side gets longer, be it by one pixel, the other is not
# averaged any more: two of its pixels are interpolated, and the rest is lost. 1000 columns, every tenth of them white,
# become 10 columns of 25 or 26 where 10 rows stay 10 or become 9; where they become 11, all is 0, or 252 and 253, as the
# one or the other of ten columns is white. Pillow's BOX averages in every case.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    opencv-python-headless==5.0.0.93 pillow==12.3.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import cv2
import numpy as np
import PIL
from PIL import Image

print("OpenCV", cv2.__version__, "| Pillow", PIL.__version__, "| numpy", np.__version__)


def levels(pixels):
    return [int(level) for level in np.unique(pixels)]


seen = {}
for white in (1, 5):  # which of ten columns
    stripes = np.zeros((10, 1000), np.uint8)
    stripes[:, white::10] = 255
    for rows in (9, 10, 11):
        area = cv2.resize(stripes, (10, rows), interpolation=cv2.INTER_AREA)
        box = np.asarray(Image.fromarray(stripes).resize((10, rows), Image.Resampling.BOX))
        seen[white, rows] = levels(area)
        print(f"column {white} of ten white, {rows} rows: OpenCV {levels(area)}, Pillow {levels(box)}")
        if not set(levels(box)) <= {25, 26}:
            sys.exit("Pillow no longer averages")
averaged = all(set(seen[white, rows]) <= {25, 26} for white in (1, 5) for rows in (9, 10))
sys.exit(0 if averaged and seen[5, 11] == [0] and min(seen[1, 11]) > 250 else 1)
PYTHON
