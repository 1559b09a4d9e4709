#!/usr/bin/env bash
# Guess: how a TIFF lays out its colours, pixel by pixel or plane by plane (PlanarConfiguration 1 or 2, TIFF 6.0, page 38), is a
# matter for its reader: cv2.imread gives one picture for both, and where it does not know a layout it gives None.
# What happens (opencv-python-headless 5.0.0.93): 8 bits in planes are read right. Of 16 bits and of floats the first plane is
# taken for pixels of three colours: a grey picture in false colours, three times beside itself and squeezed, compressed or not, of
# the right size and type. Nothing is raised. tifffile, whose own reader is right, writes planes for any array (3, H, W).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" opencv-python-headless==5.0.0.93 \
    tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import io
import sys

import cv2
import numpy as np
import tifffile

print("cv2", cv2.__version__, "| tifffile", tifffile.__version__, "| numpy", np.__version__)
y, x = np.mgrid[0:48, 0:64]
RAMPS = np.stack([x / 63, y / 47, (x + y) / 110])  # (3, H, W): every neighbour is close
KINDS = {"8 bits": (RAMPS * 255).round().astype(np.uint8), "16 bits": (RAMPS * 65535).round().astype(np.uint16)}
KINDS["floats"] = RAMPS.astype(np.float32)
wrong = set()
for kind, planes in KINDS.items():
    pixels = np.ascontiguousarray(np.moveaxis(planes, 0, -1))
    for compression in (None, "deflate"):
        for layout, array in (("contig", pixels), ("separate", planes)):
            file = io.BytesIO()
            tifffile.imwrite(file, array, photometric="rgb", planarconfig=layout, compression=compression)
            if not np.array_equal(tifffile.imread(io.BytesIO(file.getvalue())), array):
                sys.exit("tifffile does not read its own file")
            found = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]
            if found.shape != pixels.shape or found.dtype != pixels.dtype:
                sys.exit(f"{found.dtype} of shape {found.shape}")
            right, first = np.array_equal(found, pixels), np.array_equal(found.ravel()[: 48 * 64 // 3], planes[0].ravel()[: 48 * 64 // 3])
            print(f"{kind}, {layout}, {compression or 'not compressed'}: right {right}, its first rows are the first plane {first}")
            print("    first pixels:", found[0, :3].round(3).tolist(), "for", pixels[0, :3].round(3).tolist())
            if not right:
                wrong.add((kind, layout, compression, first))
expected = {(kind, "separate", compression, True) for kind in ("16 bits", "floats") for compression in (None, "deflate")}
sys.exit(0 if wrong == expected else 1)
PYTHON
