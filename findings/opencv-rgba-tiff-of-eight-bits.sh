#!/usr/bin/env bash
# Guess: cv2.imread(..., IMREAD_UNCHANGED) gives the numbers a picture holds, whatever the format and the depth: a TIFF that says
# its alpha is unassociated (ExtraSamples 2), as Pillow writes RGBA, is not multiplied by it.
# What happens (opencv-python-headless 5.0.0.93): an RGBA TIFF of 8 bits comes back multiplied by its alpha, in 16 bits and as PNG or
# WebP it does not. Composited again, every soft edge is darkened twice, and the colour of what is transparent is gone. What
# OpenCV writes itself has no such tag and comes back as it was, so a round trip shows nothing.
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
draw = np.random.default_rng(0)
picture = draw.integers(0, 256, (32, 40, 4), dtype=np.uint8)
picture[..., 3] = draw.choice([0, 64, 128, 255], (32, 40))


def by_pillow(format, **how):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format, **how)
    return file.getvalue()


def by_tifffile(pixels):
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, photometric="rgb", extrasamples=["unassalpha"])
    return file.getvalue()


swapped = np.ascontiguousarray(picture[..., [2, 1, 0, 3]])
FILES = {
    "TIFF, 8 bits, Pillow": by_pillow("TIFF"),
    "TIFF, 8 bits, tifffile": by_tifffile(picture),
    "TIFF, 16 bits, tifffile": by_tifffile(picture.astype(np.uint16) * 257),
    "TIFF, 8 bits, OpenCV": cv2.imencode(".tiff", swapped)[1].tobytes(),
    "PNG, Pillow": by_pillow("PNG"),
    "WebP, Pillow": by_pillow("WEBP", lossless=True, exact=True),
}
multiplied = picture.astype(float)
multiplied[..., :3] *= multiplied[..., 3:] / 255
wrong = set()
for name, data in FILES.items():
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]]
    found = found / (257 if found.dtype == np.uint16 else 1)
    print(f"{name}: off by {abs(found - picture).max():g} of 255; from multiplied by alpha by {abs(found - multiplied).max():.2f}")
    if np.array_equal(found, picture):
        continue
    wrong.add(name)
    if abs(found - multiplied).max() > 1.5:
        sys.exit("neither as written nor multiplied")
for name in [name for name in FILES if name.startswith("TIFF, 8")][:2]:
    read = tifffile.imread(io.BytesIO(FILES[name])), np.asarray(Image.open(io.BytesIO(FILES[name])))
    print(name, "as tifffile and Pillow read it:", *(["as written" if np.array_equal(each, picture) else "changed" for each in read]))
    if not all(np.array_equal(each, picture) for each in read):
        sys.exit("tifffile and Pillow differ")
sys.exit(0 if wrong == {"TIFF, 8 bits, Pillow", "TIFF, 8 bits, tifffile"} else 1)
PYTHON
