#!/usr/bin/env bash
# Guess: a GridSample of ONNX gives the same whichever opset writes it: opset 20 calls "cubic" what opset 16 called "bicubic", and
# a reader that does not know the new name says so.
# What happens (opencv-python-headless 5.0.0.93, onnxruntime 1.32.0): cv2.dnn takes what it does not know for bilinear. "cubic" of
# opset 20, which exporters write today, is interpolated linearly, without a word. "bicubic" of opset 16 is cubic (with what lies
# outside its 16 pixels' range cut off, as ONNX has not). A picture that is warped by cubic interpolation to stay sharp comes out
# soft, off by up to a fifth of its range here.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    opencv-python-headless==5.0.0.93 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import cv2
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

ort.set_default_logger_severity(4)
draw = np.random.default_rng(0)
picture = draw.uniform(0, 1, (1, 1, 16, 16)).astype(np.float32)
grid = draw.uniform(-0.7, 0.7, (1, 16, 16, 2)).astype(np.float32)  # well inside the picture


def sampled(opset, mode):
    """By OpenCV, and by ONNX Runtime."""
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], mode=mode)
    of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, picture.shape)
    of_grid = helper.make_tensor_value_info("grid", TensorProto.FLOAT, grid.shape)
    of_y = helper.make_tensor_value_info("y", TensorProto.FLOAT, picture.shape)
    graph = helper.make_graph([node], "sample", [of_x, of_grid], [of_y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
    net.setInput(picture, "x")
    net.setInput(grid, "grid")
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return net.forward(), session.run(None, {"x": picture, "grid": grid})[0]


print("opencv", cv2.__version__, "| onnxruntime", ort.__version__)
linear = sampled(20, "linear")[1]
found = {}
for opset, mode in ((16, "bilinear"), (16, "bicubic"), (20, "linear"), (20, "cubic")):
    opencv, runtime = sampled(opset, mode)
    found[opset, mode] = [float(np.abs(opencv - other).max()) for other in (runtime, linear)]
    off, from_linear = found[opset, mode]
    print(f"opset {opset}, {mode}: off by up to {off:.4f} from ONNX Runtime's, by {from_linear:.4f} from linear interpolation")
exact = [key for key, (off, _) in found.items() if off < 1e-4]
is_linear = [key for key, (_, from_linear) in found.items() if from_linear < 1e-4]
print("as ONNX Runtime:", exact, "| linear:", is_linear)
failed = exact != [(16, "bilinear"), (20, "linear")] or is_linear != [(16, "bilinear"), (20, "linear"), (20, "cubic")]
sys.exit(1 if failed or found[20, "cubic"][0] < 0.15 else 0)
PYTHON
