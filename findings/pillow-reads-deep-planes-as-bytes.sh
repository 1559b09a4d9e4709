#!/usr/bin/env bash
# Guess: Pillow reads a TIFF of 16 bits a channel whose channels lie one after another (PlanarConfiguration 2, "per channel" in
# Photoshop) as it reads the same pixels interleaved, or compressed: as 8-bit RGB, the high bytes.
# What happens (Pillow 12.3.0): where the channels are not compressed, the bytes are taken for pixels of 8 bits, low ones and high
# ones in turn, and the lower half of the picture is never read. Mode and size are right, and nothing is raised.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pillow==12.3.0 numpy==2.4.6 tifffile==2025.5.10
"$work/venv/bin/python" - "$work" <<'PY'
import sys

import numpy as np
import PIL
import tifffile
from PIL import Image

folder = sys.argv[1]
y, x = np.mgrid[0:64, 0:96]
deep = np.stack([x * 682, y * 1023, 65535 - x * 682]).astype(np.uint16)  # channels first
eight = np.moveaxis(deep >> 8, 0, -1)


def farthest(name, pixels, **options):
    tifffile.imwrite(f"{folder}/{name}.tif", pixels, photometric="rgb", **options)
    assert np.array_equal(tifffile.imread(f"{folder}/{name}.tif"), pixels)
    with Image.open(f"{folder}/{name}.tif") as image:
        assert (image.mode, image.size) == ("RGB", (96, 64))
        return int(np.abs(np.asarray(image).astype(int) - eight).max())


found = {
    "interleaved": farthest("interleaved", np.ascontiguousarray(np.moveaxis(deep, 0, -1)), planarconfig="contig"),
    "one after another, zlib": farthest("zlib", deep, planarconfig="separate", compression="zlib"),
    "one after another": farthest("planes", deep, planarconfig="separate"),
}
print(f"Pillow {PIL.__version__}; farthest from the high bytes of 16 bits, of 255:")
for name, error in found.items():
    print(f"  {name}: {error}")
as_bytes = deep.view(np.uint8).reshape(3, -1)[:, : 64 * 96].reshape(3, 64, 96)
with Image.open(f"{folder}/planes.tif") as image:
    taken = np.array_equal(np.asarray(image), np.moveaxis(as_bytes, 0, -1))
print("  the last is the first half of each channel's bytes:", taken)
sys.exit(0 if taken and found["interleaved"] == found["one after another, zlib"] == 0 else 1)
PY
