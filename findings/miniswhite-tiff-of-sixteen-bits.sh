#!/usr/bin/env bash
# Guess: a grey TIFF in which 0 is white (PhotometricInterpretation 0, as scanners, X-rays and fax have it) is read with white as the
# largest number, or as the numbers stand, but in one way for every depth.
# What happens (Pillow 12.3.0, opencv-python-headless 5.0.0.93): both turn 8 bits round and leave 16 bits as they stand, so that the
# same scan is a positive in 8 bits and a negative in 16, and nothing is said. Pillow keeps the tag, OpenCV does not tell.
# Bits (mode 1) are turned round, too. tifffile leaves every depth as it stands.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    pillow==12.3.0 opencv-python-headless==5.0.0.93 tifffile==2026.3.3 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import io
import sys

import cv2
import numpy as np
import PIL
import tifffile
from PIL import Image

print("Pillow", PIL.__version__, "| cv2", cv2.__version__, "| tifffile", tifffile.__version__)
READERS = {
    "Pillow": lambda data: np.asarray(Image.open(io.BytesIO(data))),
    "OpenCV": lambda data: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED),
    "tifffile": lambda data: tifffile.imread(io.BytesIO(data)),
}
light = np.tile(np.linspace(0, 1, 256), (16, 1))  # what the scan shows: black on the left, white on the right
found = {}
for kind in (np.uint8, np.uint16):
    largest = np.iinfo(kind).max
    for tag in ("minisblack", "miniswhite"):
        stored = ((light if tag == "minisblack" else 1 - light) * largest).round().astype(kind)
        file = io.BytesIO()
        tifffile.imwrite(file, stored, photometric=tag)
        for reader, read in READERS.items():
            values = read(file.getvalue())
            if values.dtype != kind:
                sys.exit(f"{reader} gives {values.dtype}")
            positive, negative = (abs(values / largest - each).max() < 0.01 for each in (light, 1 - light))
            if positive == negative:
                sys.exit(f"{reader}: neither as it is nor turned round")
            found[reader, kind.__name__, tag] = "positive" if positive else "negative"
            print(f"{kind.__name__}, {tag}, {reader}: {found[reader, kind.__name__, tag]}, first value {values[0, 0]}")
ordinary = all(value == "positive" for (_, _, tag), value in found.items() if tag == "minisblack")
depths = {reader: [found[reader, kind, "miniswhite"] for kind in ("uint8", "uint16")] for reader in READERS}
print("0 is white, in 8 and 16 bits:", depths)
turned = all(depths[reader] == ["positive", "negative"] for reader in ("Pillow", "OpenCV"))
sys.exit(0 if ordinary and turned and depths["tifffile"] == ["negative", "negative"] else 1)
PYTHON
