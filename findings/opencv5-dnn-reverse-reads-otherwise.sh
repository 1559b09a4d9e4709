#!/usr/bin/env bash
# Guess: a GRU or LSTM of direction "reverse" reads its sequence from the end, in cv2.dnn as in ONNX, and Y_h, its last state, is
# that beside the sequence's beginning; or else it is refused.
# What happens (opencv-python-headless 5.0.0.93, onnxruntime 1.32.0): a GRU reads from the beginning, without a word: to the last digit
# what "forward" gives. An LSTM reads from the end and has Y right, but gives the state beside the sequence's end as Y_h, which has seen one
# step of it. Whoever sums up a sentence or a clip in one vector by Y_h gets that of its last word or frame.
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


print("opencv", cv2.__version__, "| onnxruntime", ort.__version__)
failed = False
for operator, gates in (("GRU", 3), ("LSTM", 4)):
    forward = states(operator, gates, ["Y", "Y_h"])[1]
    for direction in ("forward", "reverse"):
        (y, last), (of_y, of_last) = states(operator, gates, ["Y", "Y_h"], direction)
        print(f"{operator}, {direction}: Y_h by OpenCV {last.ravel().round(3)}, by ONNX Runtime {of_last.ravel().round(3)}")
        if direction == "forward":
            expected = of_y, of_last
        else:
            expected = forward if operator == "GRU" else (of_y, of_y[-1])
            print(f"  that is {'what forward gives' if operator == 'GRU' else 'Y of the last step, the first that was read'}")
            failed |= np.allclose(last.ravel(), of_last.ravel(), atol=1e-3)
        failed |= not all(np.allclose(found.ravel(), other.ravel(), atol=1e-5) for found, other in zip((y, last), expected))
sys.exit(1 if failed else 0)
PYTHON
