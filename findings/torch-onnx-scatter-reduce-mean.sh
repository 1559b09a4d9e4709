#!/usr/bin/env bash
# Guess: what torch.onnx.export cannot say in ONNX raises; ONNX's ScatterElements knows add, mul, max and min, but no mean.
# What happens (torch 2.13.0, onnxscript 0.7.2): scatter_reduce(..., "mean") is exported as ScatterElements with reduction
# "none", without a word: of the values for one place the last is taken, not their mean. sum and amax are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" torch==2.13.0 numpy==2.4.6 \
    onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 -W ignore - <<'PYTHON' 2>"$folder/log" || { cat "$folder/log"; exit 1; }
import io
import sys

import onnxruntime
import torch

print("torch", torch.__version__, "onnxruntime", onnxruntime.__version__)


class Scatter(torch.nn.Module):
    def __init__(self, reduce, include_self):
        super().__init__()
        self.reduce, self.include_self = reduce, include_self

    def forward(self, values, places):
        return torch.ones(3).scatter_reduce(0, places, values, self.reduce, include_self=self.include_self)


values, places = torch.tensor([1.0, 2, 3, 4, 6]), torch.tensor([0, 0, 0, 1, 1])
wrong = set()
for reduce, include_self in (("mean", True), ("mean", False), ("sum", True), ("amax", False)):
    module = Scatter(reduce, include_self)
    buffer = io.BytesIO()
    torch.onnx.export(module, (values, places), dynamo=True, verbose=False).save(buffer)
    session = onnxruntime.InferenceSession(buffer.getvalue(), providers=["CPUExecutionProvider"])
    inputs = {given.name: value.numpy() for given, value in zip(session.get_inputs(), (values, places))}
    exported, right = session.run(None, inputs)[0].tolist(), module(values, places).tolist()
    print(f"{reduce}, include_self={include_self}: PyTorch {right}, exported {exported}")
    if max(abs(a - b) for a, b in zip(exported, right)) > 1e-5:
        wrong.add((reduce, include_self))
sys.exit(0 if wrong == {("mean", True), ("mean", False)} else 1)
PYTHON
