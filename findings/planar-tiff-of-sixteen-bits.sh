#!/usr/bin/env bash
# Guess: how a TIFF lays out its colours, pixel by pixel or plane by plane (PlanarConfiguration 1 or 2, TIFF 6.0, page 38), is a
# matter for its reader: a program that reads a layout it does not know says so.
# What happens (Pillow 12.3.0, opencv-python-headless 5.0.0.93): both read 8 bits in planes right. Of 16 bits and of floats OpenCV
# takes the first plane for pixels of three colours. Pillow, which makes 8 bits of 16, reads them right if the file is
# compressed; if not, it takes every byte of a plane for a pixel: every other one is noise, and the lower half of the picture is
# missing. Nothing is raised. tifffile writes planes for any array of shape (3, H, W), and Photoshop on request.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pillow==12.3.0 \
    opencv-python-headless==5.0.0.93 tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import io
import sys

import cv2
import numpy as np
import PIL
import tifffile
from PIL import Image

print("Pillow", PIL.__version__, "| cv2", cv2.__version__, "| tifffile", tifffile.__version__)
y, x = np.mgrid[0:48, 0:64]
RAMPS = np.stack([x / 63, y / 47, (x + y) / 110])  # (3, H, W): every neighbour is close
KINDS = {"8 bits": (RAMPS * 255).round().astype(np.uint8), "16 bits": (RAMPS * 65535).round().astype(np.uint16)}
KINDS["floats"] = RAMPS.astype(np.float32)


def opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]


def off(found, planes):
    """The largest error of a picture (H, W, 3), of its full range."""
    full = {1: 255, 2: 65535, 4: 1}
    expected = np.moveaxis(planes, 0, -1) / full[planes.itemsize]
    return round(float(abs(found / full[found.itemsize] - expected).max()), 3)


right, wrong = set(), set()
for kind, planes in KINDS.items():
    for compression in (None, "deflate"):
        for layout in ("contig", "separate"):
            file = io.BytesIO()
            pixels = np.ascontiguousarray(np.moveaxis(planes, 0, -1)) if layout == "contig" else planes
            tifffile.imwrite(file, pixels, photometric="rgb", planarconfig=layout, compression=compression)
            data = file.getvalue()
            read = tifffile.imread(io.BytesIO(data))
            read = np.moveaxis(read, 0, -1) if layout == "separate" else read
            errors = {"tifffile": off(read, planes), "OpenCV": off(opencv(data), planes)}
            if kind != "floats":  # Pillow has no floats of three colours
                errors["Pillow"] = off(np.asarray(Image.open(io.BytesIO(data))), planes)
            print(f"{kind}, {layout}, {compression or 'not compressed'}: off by", errors)
            for reader, error in errors.items():
                (right if error < 0.01 else wrong).add((reader, kind, layout, compression))
            if (kind, layout, compression) == ("16 bits", "separate", None):
                bytes_found = np.moveaxis(np.asarray(Image.open(io.BytesIO(data))), -1, 0).reshape(3, -1)
                every_byte = np.array_equal(bytes_found, planes.reshape(3, -1).view(np.uint8)[:, : bytes_found.shape[1]])
                first_plane = np.array_equal(opencv(data).ravel()[: 16 * 64], planes[0].ravel()[: 16 * 64])
                print("    Pillow has every byte for a pixel:", every_byte, "| OpenCV has the first plane for pixels:", first_plane)
                if not every_byte or not first_plane:
                    sys.exit("wrong in another way")
expected = {("OpenCV", kind, "separate", compression) for kind in ("16 bits", "floats") for compression in (None, "deflate")}
sys.exit(0 if wrong == expected | {("Pillow", "16 bits", "separate", None)} else 1)
PYTHON
