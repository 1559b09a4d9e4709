#!/usr/bin/env bash
# Guess: avg_pool2d(divisor_override=4), as sums over windows are made of it, is exported with its divisor, or export raises.
# What happens (torch 2.13.0, onnxscript 0.7.2): the divisor is dropped without a word, whatever it is; the graph gives the
# mean of the window. The exported program, before it becomes ONNX, still has it.
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


class Sums(torch.nn.Module):
    def __init__(self, divisor):
        super().__init__()
        self.divisor = divisor

    def forward(self, picture):
        return torch.nn.functional.avg_pool2d(picture, 3, divisor_override=self.divisor)


picture = torch.ones(1, 1, 3, 3)
found = []
for divisor in (1, 4, 9):
    module = Sums(divisor)
    program = torch.export.export(module, (picture,))
    buffer = io.BytesIO()
    torch.onnx.export(module, (picture,), dynamo=True, verbose=False).save(buffer)
    session = onnxruntime.InferenceSession(buffer.getvalue(), providers=["CPUExecutionProvider"])
    exported = session.run(None, {session.get_inputs()[0].name: picture.numpy()})[0].item()
    found.append((module(picture).item(), program.module()(picture).item(), exported))
    print(f"nine ones over {divisor}: PyTorch {found[-1][0]}, torch.export {found[-1][1]}, ONNX {exported}")
sys.exit(0 if [[round(v, 3) for v in row] for row in found] == [[9, 9, 1], [2.25, 2.25, 1], [1, 1, 1]] else 1)
PYTHON
