#!/usr/bin/env bash
# Guess: onnx.reference, the reference implementation of ONNX, says what an operator should give; where a runtime differs
# the runtime is wrong.
# What happens (onnx 1.23.2, onnxruntime 1.32.0, openvino 2026.4.0): for GridSample with mode="cubic" and
# padding_mode="border" the reference stands alone. It moves a place outside the picture onto its border before it
# interpolates; ONNX Runtime and OpenVINO interpolate at the place itself among border pixels that repeat, and agree with
# each other. Inside the picture, and for zeros and reflection, all agree.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    openvino==2026.4.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "| onnxruntime", onnxruntime.__version__, "| openvino", openvino.__version__)
picture = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4) ** 2
places = np.float32([[[[-0.6, -0.6], [0.9, 0.9], [1.05, 0.2], [-1.1, -1.1]]]])  # x, y: two inside, two outside


def values(padding):
    """At the places: by onnx's reference, by ONNX Runtime, by OpenVINO."""
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], mode="cubic", padding_mode=padding, align_corners=0)
    shapes = {"x": [1, 1, 4, 4], "grid": [1, 1, 4, 2], "y": [1, 1, 1, 4]}
    x, grid, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items())
    graph = helper.make_graph([node], "sample", [x, grid], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "sample.onnx")
    feed = {"x": picture, "grid": places}
    reference = ReferenceEvaluator(model).run(None, feed)[0]
    runtime = onnxruntime.InferenceSession("sample.onnx").run(None, feed)[0]
    precise = {"INFERENCE_PRECISION_HINT": "f32"}
    other = openvino.Core().compile_model("sample.onnx", "CPU", precise)([picture, places])[0]
    return [found.ravel() for found in (reference, runtime, other)]


holds = True
for padding in ("border", "zeros", "reflection"):
    reference, runtime, other = values(padding)
    print(f"{padding}\n  reference    {reference}\n  ONNX Runtime {runtime}\n  OpenVINO     {other}")
    off = np.abs(reference - runtime) > 0.1
    holds &= np.allclose(runtime, other, atol=1e-3) and off.tolist() == [False, False, *[padding == "border"] * 2]
sys.exit(0 if holds else 1)
PYTHON
