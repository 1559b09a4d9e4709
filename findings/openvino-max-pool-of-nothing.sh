#!/usr/bin/env bash
# Guess: MaxPool gives maxima of what it is given, in OpenVINO as in ONNX Runtime and PyTorch; with ceil_mode = 1 the last window
# may be shorter, but it holds something: a window that would begin in the padding behind is left out.
# What happens (openvino 2026.4.1, onnxruntime 1.32.0): OpenVINO counts such a window, too. A row of 3, padded by 1 on both sides, in
# windows of 2, becomes [1, 3, -3.4e38] where ONNX Runtime and PyTorch give [1, 3], so that a picture gets a row and a column more,
# of the most negative float there is, which the next convolution spreads or turns into infinity. Nothing is raised. With
# rounding_type="ceil_torch", which ONNX's reader does not choose, it is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
CI=true PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime as ort
import openvino as ov
from onnx import TensorProto, helper

ort.set_default_logger_severity(4)
core = ov.Core()


def pooled(x, kernel, stride, pad):
    """By OpenVINO, and by ONNX Runtime."""
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[kernel], strides=[stride], pads=[pad, pad], ceil_mode=1)
    of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, len(x)])
    of_y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None])
    graph = helper.make_graph([node], "pool", [of_x], [of_y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    compiled = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(x[None, None])[0].ravel(), session.run(None, {"x": x[None, None]})[0].ravel()


def by_hand(x, kernel, stride, pad):
    """Maxima of windows from -pad on, as long as they begin before the end of x (torch.nn.MaxPool2d's rule)."""
    starts = range(-pad, len(x), stride)
    count = -(-(len(x) + 2 * pad - kernel) // stride) + 1
    return np.array([x[max(start, 0) : start + kernel].max() for start in list(starts)[:count]])


print("openvino", ov.__version__, "| onnxruntime", ort.__version__)
failed = False
for length, kernel, stride, pad, extra in ((3, 2, 2, 1, 1), (5, 2, 2, 1, 1), (4, 1, 2, 0, 1), (4, 2, 2, 1, 0), (5, 3, 2, 1, 0), (8, 3, 2, 0, 0)):
    x = np.arange(1, length + 1, dtype=np.float32)
    expected, (openvino, runtime) = by_hand(x, kernel, stride, pad), pooled(x, kernel, stride, pad)
    print(f"1…{length}, windows of {kernel}, {stride} apart, padded by {pad}: by hand {expected}, ONNX Runtime {runtime}, OpenVINO {openvino}")
    n = len(expected)
    failed |= not np.array_equal(runtime, expected) or not np.array_equal(openvino[:n], expected)
    failed |= openvino[n:].tolist() != [float(np.finfo(np.float32).min)] * extra
sys.exit(1 if failed else 0)
PYTHON
