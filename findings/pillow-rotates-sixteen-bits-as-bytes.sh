#!/usr/bin/env bash
# Guess: what Pillow rotates, shears or warps with bilinear or bicubic interpolation lies between its neighbours, whatever
# the mode; for a mode it cannot interpolate it raises, as it does elsewhere ("image has wrong mode").
# What happens (Pillow 12.3.0): of a 16-bit grey picture (I;16, as 16-bit PNG and TIFF are opened: depth maps, X-rays,
# scans) rotate() and transform() take single bytes for pixels. A ramp from 1000 to 1600 comes out as 0...127 where it is
# rotated by 30°. Nothing is raised. NEAREST is right, and so is resize() with any filter; so are 32-bit integers (I) and floats
# (F).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    pillow==12.3.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import numpy as np
import PIL
from PIL import Image

SIDE, DEGREES = 40, 30
ramp = np.tile(np.linspace(1000, 1600, SIDE).round().astype(np.uint16), (SIDE, 1))
Image.fromarray(ramp).save("ramp.png")
opened = Image.open("ramp.png")
print("Pillow", PIL.__version__, "| a 16-bit grey PNG has mode", opened.mode)

# A straight ramp, turned, is known at every pixel: it rises along the line it is turned to.
y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
expected = 1300 + 600 / (SIDE - 1) * (x * np.cos(np.radians(DEGREES)) - y * np.sin(np.radians(DEGREES)))
inside = np.hypot(x, y) < SIDE / 2 - 2

wrong = {}
for mode, picture in {"I;16": opened, "I": opened.convert("I"), "F": opened.convert("F")}.items():
    for name in ("NEAREST", "BILINEAR", "BICUBIC"):
        turned = np.asarray(picture.rotate(DEGREES, Image.Resampling[name]))
        wrong[mode, name] = float(np.abs(turned - expected)[inside].max())
        print(f"{mode:4} {name:8} row {turned[20, 15:20].round().astype(int)}, off by {wrong[mode, name]:.0f}")
    smaller = np.asarray(picture.resize((20, 20), Image.Resampling.BILINEAR))
    if np.abs(smaller[:, 2:-2] - ramp.reshape(20, 2, 20, 2).mean((1, 3))[:, 2:-2]).max() > 1:
        sys.exit(f"resize() of {mode} is wrong, too")
print("by hand       row", expected[20, 15:20].round().astype(int))
broken = {key for key, by in wrong.items() if by > 20}
sys.exit(0 if broken == {("I;16", "BILINEAR"), ("I;16", "BICUBIC")} and min(wrong[key] for key in broken) > 900 else 1)
PYTHON
