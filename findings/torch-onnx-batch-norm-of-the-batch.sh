#!/usr/bin/env bash
# Guess: batch_norm(..., training=True) normalizes by what it is given, and so it does once exported: adaptive instance
# normalization is often written that way, as the batch norm of pictures laid side by side as channels; what cannot be said in
# ONNX raises. The model itself is in eval mode.
# What happens (torch 2.13.0, onnxscript 0.7.2): training=True is dropped without a word. The graph divides by the running mean
# and variance that stand beside it, 0 and 1 as such code gives them, so it normalizes nothing at all: the style's scale and
# shift meet the content as it came. The exported program, before it becomes ONNX, is right, and so is the export where no
# running values are given.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" torch==2.13.0 numpy==2.4.6 \
    onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 -W ignore - "$folder/adaptive.onnx" 2>"$folder/log" <<'PYTHON' || { cat "$folder/log"; exit 1; }
import sys

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch.nn.functional import batch_norm

print("torch", torch.__version__, "| onnx", onnx.__version__, "| onnxruntime", ort.__version__)


class Adaptive(torch.nn.Module):
    """Adaptive instance normalization: (N, C, H, W) and a scale and shift (N, C) of the style; each channel of each picture alone."""

    def __init__(self, channels, running):
        super().__init__()
        self.running = running
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, content, scale, shift):
        rows, channels, height, width = content.shape
        mean, variance = (self.mean.repeat(rows), self.variance.repeat(rows)) if self.running else (None, None)
        flat = content.reshape(1, rows * channels, height, width)
        flat = batch_norm(flat, mean, variance, scale.reshape(-1), shift.reshape(-1), training=True)
        return flat.reshape(content.shape)


torch.manual_seed(0)
inputs = torch.randn(2, 4, 16, 16) * 3 + 5, torch.rand(2, 4) + 0.5, torch.randn(2, 4)
content, scale, shift = (value.double().numpy() for value in inputs)
spread = np.sqrt(content.var((2, 3), keepdims=True) + 1e-5)
expected = (content - content.mean((2, 3), keepdims=True)) / spread * scale[..., None, None] + shift[..., None, None]
bare = content / np.sqrt(1 + 1e-5) * scale[..., None, None] + shift[..., None, None]
off, without = {}, 0.0
for running in (True, False):
    model = Adaptive(4, running).eval()
    program = torch.export.export(model, inputs)
    torch.onnx.export(model, inputs, sys.argv[1], dynamo=True, verbose=False)
    session = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    found = session.run(None, {each.name: value.numpy() for each, value in zip(session.get_inputs(), inputs)})[0]
    values = {"eager": model(*inputs).numpy(), "program": program.module()(*inputs).numpy(), "onnx": found}
    off[running] = {name: float(abs(value - expected).max()) for name, value in values.items()}
    print("running values" if running else "none          ", {name: round(error, 5) for name, error in off[running].items()})
    if running:
        without = float(abs(found - bare).max())
        print("nodes:", *(node.op_type for node in onnx.load(sys.argv[1]).graph.node))
        print(f"the graph is off by {without:.6f} from scale * content + shift, without any normalization")
good = max(off[True]["eager"], off[True]["program"], *off[False].values()) < 1e-3
sys.exit(0 if good and off[True]["onnx"] > 5 and without < 1e-3 else 1)
PYTHON
