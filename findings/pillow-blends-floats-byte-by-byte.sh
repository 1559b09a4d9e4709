#!/usr/bin/env bash
# Guess: Image.composite, and Image.paste through a mask, lie between the two pictures, as far from each as the mask says,
# in every mode they take: half of 1.0 and half of 2.0 is 1.5 in a picture of floats.
# What happens (Pillow 12.3.0): each byte of a pixel is blended by itself, also where a pixel is one number of two or four
# bytes. Half of 1.0 and half of 2.0 is 3.0 (mode F), half of 1000 and half of 1600 is 1428 in 16 bits (I;16) and in 32 (I).
# Where a soft mask joins two depth maps, or feathers the rim of a scan, the depth jumps, and nothing is raised.
# Image.blend refuses all three modes ("image has wrong mode"); with masks of 0 and 255 alone all is well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    pillow==12.3.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import numpy as np
import PIL
from PIL import Image

KINDS = {"F": np.float32, "I": np.int32, "I;16": np.uint16, "L": np.uint8}


def off(mode, one, other, opacity):
    """What a pixel becomes by composite and by paste, and what NumPy has: `other` over `one`, opacity of 255."""
    below, above = (Image.fromarray(np.full((4, 4), value, KINDS[mode])) for value in (one, other))
    assert below.mode == mode
    mask = Image.new("L", below.size, opacity)
    pasted = below.copy()
    pasted.paste(above, (0, 0), mask)
    both = [float(np.asarray(picture)[0, 0]) for picture in (Image.composite(above, below, mask), pasted)]
    return both, one + (other - one) * opacity / 255


print("Pillow", PIL.__version__)
CASES = [("F", 1.0, 2.0), ("F", 100.0, 1000.0), ("I", 1000, 1600), ("I;16", 1000, 1600), ("L", 100, 160)]
wrong, outside = set(), set()
for mode, one, other in CASES:
    for opacity in (0, 64, 128, 255):
        (composite, pasted), expected = off(mode, one, other, opacity)
        print(f"{mode:4} {one} under {other}, opacity {opacity}: {composite:g}, pasted {pasted:g}, NumPy {expected:g}")
        if composite != pasted:
            sys.exit("composite and paste differ")
        if abs(composite - expected) > 1:
            wrong.add((mode, opacity))
        if not one <= composite <= other:
            outside.add(mode)
refused = 0
for mode in ("F", "I", "I;16"):
    try:
        Image.blend(*(Image.fromarray(np.full((4, 4), value, KINDS[mode])) for value in (1, 2)), 0.5)
    except ValueError as error:
        refused += 1
        print(f"Image.blend of {mode}: {error}")
modes = {mode for mode, _ in wrong}
good = modes == {"F", "I", "I;16"} and "F" in outside and not any(opacity in (0, 255) for _, opacity in wrong)
sys.exit(0 if good and refused == 3 else 1)
PYTHON
