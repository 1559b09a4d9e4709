#!/usr/bin/env bash
# Guess: with INFERENCE_PRECISION_HINT bf16, the default on processors with Intel AMX, a convolution is off by rounding.
# What happens (openvino 2026.4.1, on a processor with amx_bf16): where input channels are fewer than 16 and their number
# times the kernel's width is 64, 96, 128 … (8 channels and a width of 8, 4 and 16), what comes out has nothing to do with the
# convolution: its correlation with it is about 0. One column more or less, or INFERENCE_PRECISION_HINT f32, is right.
# Such gradients towards weights, which are convolutions with a picture for kernel, must be written as matrix products.
# Needs such a processor: elsewhere there is nothing to see, and it exits 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
grep -q ' amx_bf16' /proc/cpuinfo || { echo "this processor has no amx_bf16"; exit 1; }
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    openvino==2026.4.1 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
HOME="$folder" PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import numpy as np
import openvino as ov
import openvino.opset13 as op
from numpy.lib.stride_tricks import sliding_window_view

print("openvino", ov.__version__)
core, rng = ov.Core(), np.random.default_rng(0)


def correlation(channels, width, hint):
    """Of a convolution with its definition, over all of what comes out."""
    x = rng.standard_normal((1, channels, 12, 60), np.float32)
    weight = rng.standard_normal((4, channels, 3, width), np.float32)
    given = op.parameter(x.shape, np.float32)
    node = op.convolution(given, op.constant(weight), [1, 1], [0, 0], [0, 0], [1, 1])
    compiled = core.compile_model(ov.Model([op.result(node)], [given], "m"), "CPU", {"INFERENCE_PRECISION_HINT": hint})
    found = compiled([x])[0][0]
    exact = np.einsum("chwij,ocij->ohw", sliding_window_view(x[0].astype(np.float64), (3, width), (1, 2)), weight)
    return float(np.corrcoef(found.ravel(), exact.ravel())[0, 1])


wrong, right = [(8, 8), (4, 16), (12, 8), (2, 32)], [(8, 7), (8, 9), (4, 15), (4, 17), (16, 8)]
of_wrong = [correlation(*size, "bf16") for size in wrong]
others = [correlation(*size, "bf16") for size in right] + [correlation(*size, "f32") for size in wrong]
print("channels and width", wrong, "in bf16: correlations", [round(each, 2) for each in of_wrong])
print("channels and width", right, "in bf16, and the first in f32:", [round(each, 4) for each in others])
sys.exit(0 if max(map(abs, of_wrong)) < 0.3 and min(others) > 0.999 else 1)
PYTHON
