#!/usr/bin/env bash
# Guess: antialias=True of torch's interpolate matters where a picture gets smaller; where it gets larger there is nothing to
# filter away, and the flag changes nothing, as in bilinear mode.
# What happens (torch 2.13.0): in bicubic mode the flag also changes the curve: without it the coefficient is -0.75,
# with it -0.5, as Pillow's. A picture of random greys, enlarged twice, is off by up to 18 of 255, and by 13 where
# it only gets a column wider. Whoever gives the flag at all times, to be on the safe side, has another "bicubic" to compare
# upscalers with, and position embeddings stretched otherwise. The documentation speaks of "downsampling" alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    torch==2.13.0 numpy==2.4.6 pillow==12.3.0 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import re
import sys

import numpy as np
import PIL
import torch
from PIL import Image
from torch.nn.functional import interpolate

print("torch", torch.__version__, "| Pillow", PIL.__version__)
print(*re.findall(r"[^.]*match Pillow result[^.]*\.", " ".join(interpolate.__doc__.split())))
picture = np.random.default_rng(0).uniform(0, 255, (37, 53)).astype(np.float32)


def by_hand(x, size, a):
    """Keys' cubic convolution with coefficient `a`, borders repeated, along both axes, in float64."""
    for axis, length in enumerate(size):
        place = (np.arange(length) + 0.5) * x.shape[axis] / length - 0.5
        first = np.floor(place).astype(int)
        total = 0
        for k in range(-1, 3):
            d = np.abs(place - first - k)
            near, far = ((a + 2) * d - (a + 3)) * d * d + 1, ((d - 5) * d + 8) * a * d - 4 * a
            weight = np.where(d <= 1, near, far)
            taken = np.take(x.astype(np.float64), np.clip(first + k, 0, x.shape[axis] - 1), axis)
            total = total + taken * (weight[:, None] if axis == 0 else weight)
        x = total
    return x


def by_torch(size, mode, antialias):
    return interpolate(torch.from_numpy(picture)[None, None], size, mode=mode, antialias=antialias)[0, 0].numpy()


def off(a, b, rim=8):
    """Away from the borders, of which Pillow knows no repeated pixels."""
    return float(np.abs(a - b)[rim:-rim, rim:-rim].max())


good = True
for size in ((74, 106), (37, 54)):
    plain, flagged = (by_torch(size, "bicubic", antialias) for antialias in (False, True))
    pillow = np.asarray(Image.fromarray(picture).resize(size[::-1], Image.Resampling.BICUBIC))
    linear = off(by_torch(size, "bilinear", False), by_torch(size, "bilinear", True))
    print(f"{picture.shape} to {size}: the flag changes bilinear by {linear:.4f}, bicubic by {off(plain, flagged):.1f}")
    table = {
        "without, from -0.75 by hand": off(plain, by_hand(picture, size, -0.75)),
        "with, from -0.5 by hand": off(flagged, by_hand(picture, size, -0.5)),
        "with, from Pillow": off(flagged, pillow),
    }
    print("  ", ", ".join(f"{name} {value:.4f}" for name, value in table.items()))
    good &= linear < 0.01 and off(plain, flagged) > 5 and max(table.values()) < 0.05
sys.exit(0 if good else 1)
PYTHON
