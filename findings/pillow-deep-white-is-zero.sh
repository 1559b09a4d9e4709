#!/usr/bin/env bash
# Guess: Pillow shows a grey TIFF in which 0 is white (PhotometricInterpretation 0: scans, faxes, X-rays) as it shows one in which 0
# is black, whatever the depth; at 1, 2, 4 and 8 bits it does.
# What happens (Pillow 12.3.0): at 16 bits the picture comes out as its negative. Nothing is raised, and mode and size are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    pillow==12.3.0 numpy==2.4.6 tifffile==2026.1.14 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import numpy as np
import PIL
import tifffile
from PIL import Image

print("Pillow", PIL.__version__, "| a ramp from black to white, as shares of white:")
found = {}
for kind in (np.uint8, np.uint16):
    most = np.iinfo(kind).max
    ramp = np.tile(np.linspace(0, most, 64).round().astype(kind), (16, 1))
    for photometric, stored in (("minisblack", ramp), ("miniswhite", most - ramp)):
        tifffile.imwrite("ramp.tif", stored, photometric=photometric)
        with Image.open("ramp.tif") as image:
            shown = np.asarray(image) / most
            found[kind.__name__, photometric] = bool(np.abs(shown - ramp / most).max() < 0.01)
            print(f"  {kind.__name__:6} {photometric}: mode {image.mode:4} {shown[0, ::21].round(2)}")
sys.exit(0 if [key for key, right in found.items() if not right] == [("uint16", "miniswhite")] else 1)
PYTHON
