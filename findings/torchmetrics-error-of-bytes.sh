#!/usr/bin/env bash
# Guess: torchmetrics takes pictures as they are decoded, in uint8, for its errors, as its PSNR does since 1.5; the mean absolute
# error is that of the same numbers in float, or a type it cannot take is refused, as SSIM refuses it.
# What happens (torchmetrics 1.9.0, torch 2.13.0): differences are taken in uint8 and wrap around. Two pictures that differ by 4.7
# codes have a mean absolute error of 121. The code would convert whole numbers, but asks for tensor.is_floating_point without
# calling it, which is always true. Squares wrap at 256, so the mean squared error is right as long as no difference
# reaches 16, and too small beyond. total_variation of one uint8 picture is off threefold.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    torchmetrics==1.9.0 torch==2.13.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import inspect
import sys

import numpy as np
import torch
import torchmetrics
from torchmetrics.functional import mean_absolute_error, mean_squared_error
from torchmetrics.functional.image import peak_signal_noise_ratio, total_variation
from torchmetrics.functional.regression import mae

print("torchmetrics", torchmetrics.__version__, "| torch", torch.__version__)
print(*(line.strip() for line in inspect.getsource(mae).splitlines() if "is_floating_point" in line), sep="\n")

draw = np.random.default_rng(0)
picture = draw.integers(60, 190, (1, 3, 64, 64))


def errors(by):
    """MAE, MSE and PSNR to a picture that differs by up to `by`, from uint8, from float, and by NumPy in int64."""
    other = picture + draw.integers(-by, by + 1, picture.shape)
    difference = other - picture
    squares = float(np.mean(difference**2))
    numpy = [float(np.mean(np.abs(difference))), squares, 10 * np.log10(255**2 / squares)]
    rows = {}
    for name, kind in (("uint8", torch.uint8), ("float", torch.float32)):
        a, b = (torch.from_numpy(p).to(kind) for p in (picture, other))
        found = mean_absolute_error(b, a), mean_squared_error(b, a), peak_signal_noise_ratio(b, a, data_range=255.0)
        rows[name] = [float(value) for value in found]
    return rows["uint8"], rows["float"], numpy


failed = False
for by in (9, 40):
    uint8, floats, numpy = errors(by)
    for name, *values in zip(("mean absolute error", "mean squared error", "PSNR"), uint8, floats, numpy):
        print(f"differences up to {by}, {name}: uint8 {values[0]:.2f}, float {values[1]:.2f}, NumPy {values[2]:.2f}")
    wraps = [abs(u - n) > 0.01 * n for u, n in zip(uint8, numpy)]
    failed |= wraps != [True, by > 15, False] or not np.allclose(floats, numpy, rtol=1e-4)
steps = sum(int(np.abs(np.diff(picture, axis=axis)).sum()) for axis in (2, 3))
of_uint8, of_float = (float(total_variation(torch.from_numpy(picture).to(kind))) for kind in (torch.uint8, torch.float64))
print(f"total variation: uint8 {of_uint8:.0f}, float {of_float:.0f}, NumPy {steps}")
sys.exit(1 if failed or of_float != steps or of_uint8 < 1.5 * steps else 0)
PYTHON
