#!/usr/bin/env bash
# Guess: the output Y of an ONNX GRU holds the state after every step, whether or not the model also asks for Y_h, the last one.
# What happens (opencv-python-headless 5.0.0.93, onnxruntime 1.32.0): where Y is the only output, as is left of an export that drops
# what nothing uses, cv2.dnn gives Y_h under the name of Y: one step of four, in a shape that the model's own output contradicts, and
# nothing is raised. Where both are outputs Y has all steps; an LSTM has them in either case.
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
from onnx import TensorProto, helper, numpy_helper

ort.set_default_logger_severity(4)
draw = np.random.default_rng(0)
steps, width, hidden = 4, 2, 3
x = draw.normal(0, 1, (steps, 1, width)).astype(np.float32)
shapes = {"Y": [steps, 1, 1, hidden], "Y_h": [1, 1, hidden]}


def states(operator, gates, outputs, direction="forward"):
    """The outputs, by OpenCV, and by ONNX Runtime."""
    weights = np.random.default_rng(1)
    w, r = (weights.normal(0, 1, (1, gates * hidden, size)).astype(np.float32) for size in (width, hidden))
    node = helper.make_node(operator, ["x", "w", "r"], outputs, hidden_size=hidden, direction=direction)
    of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    of_y = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs]
    graph = helper.make_graph([node], "states", [of_x], of_y, [numpy_helper.from_array(w, "w"), numpy_helper.from_array(r, "r")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
    net.setInput(x, "x")
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return net.forward(outputs), session.run(None, {"x": x})


print("opencv", cv2.__version__, "| onnxruntime", ort.__version__, "| steps:", steps)
failed = False
for operator, gates in (("GRU", 3), ("LSTM", 4)):
    for outputs in (["Y"], ["Y", "Y_h"]):
        opencv, runtime = (found[0] for found in states(operator, gates, outputs))
        print(f"{operator} with {outputs}, Y: OpenCV {opencv.shape}, ONNX Runtime {runtime.shape}")
        alone = operator == "GRU" and outputs == ["Y"]
        failed |= runtime.shape != tuple(shapes["Y"])
        failed |= not np.allclose(opencv.ravel(), (runtime[-1] if alone else runtime).ravel(), atol=1e-5)
        failed |= opencv.size != (hidden if alone else steps * hidden)
sys.exit(1 if failed else 0)
PYTHON
