#!/usr/bin/env bash
# Guess: a runtime that reads a model of ONNX's opset 25 knows the attributes its operators have there, or refuses the model.
# What happens (openvino 2026.4.1, opencv-python-headless 5.0.0.93, onnxruntime 1.32.0): OpenVINO and cv2.dnn read Attention of
# opset 25 and pass over left_window_size and right_window_size, which are new in it. A model that looks back at its last two
# tokens, as those with sliding windows do, attends to all of them: the last of five gives 2, not 3.5. Short prompts, which
# fit the window, are right, so that a small test shows nothing. ONNX Runtime has the window.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    openvino==2026.4.1 opencv-python-headless==5.0.0.93 \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
CI=true PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import openvino as ov
from onnx import TensorProto, helper

ort.set_default_logger_severity(4)


def attended(tokens, **windows):
    """Means of the values 0…tokens-1 over what each token looks at, by OpenVINO, by OpenCV and by ONNX Runtime."""
    values = np.arange(tokens, dtype=np.float32).reshape(1, 1, tokens, 1)
    given = {"q": np.zeros_like(values), "k": np.zeros_like(values), "v": values}
    node = helper.make_node("Attention", ["q", "k", "v"], ["y"], **windows)
    of_inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, values.shape) for name in given]
    of_y = helper.make_tensor_value_info("y", TensorProto.FLOAT, values.shape)
    graph = helper.make_graph([node], "attention", of_inputs, [of_y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=10)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    core = ov.Core()
    compiled = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
    for name, value in given.items():
        net.setInput(value, name)
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return [found.ravel() for found in (compiled(given)[0], net.forward(), session.run(None, given)[0])]


def by_hand(tokens, left, right):
    """Without a causal mask a token looks at `left` before it and `right` behind it, -1 for all."""
    ends = [(0 if left < 0 else max(i - left, 0), tokens if right < 0 else i + right + 1) for i in range(tokens)]
    return np.array([np.arange(tokens)[start:end].mean() for start, end in ends])


print("openvino", ov.__version__, "| opencv", cv2.__version__, "| onnxruntime", ort.__version__)
failed = False
for tokens, left, right in ((5, -1, -1), (5, 1, -1), (5, 1, 0), (2, 1, 1)):
    expected, whole = by_hand(tokens, left, right), by_hand(tokens, -1, -1)
    openvino, opencv, runtime = attended(tokens, left_window_size=left, right_window_size=right)
    print(f"{tokens} tokens, {left} before and {right} behind: by hand {expected}, ONNX Runtime {runtime}, OpenVINO {openvino}, OpenCV {opencv}")
    failed |= not np.allclose(runtime, expected, atol=1e-4)
    failed |= not np.allclose(openvino, whole, atol=1e-2) or not np.allclose(opencv, whole, atol=1e-4)
sys.exit(1 if failed else 0)
PYTHON
