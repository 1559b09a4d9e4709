#!/usr/bin/env bash
# Guess: onnx's reference evaluator, by which runtimes and exporters are checked, takes AveragePool's means where the
# operator takes them: without pads the first window begins at the first value, and ceil_mode = 1 adds nothing but a last,
# shorter window.
# What happens (onnx 1.23.2, onnxruntime 1.32.0): it spreads what the last window lacks over both ends, as if it were
# padding, and so moves every window. Means of threes of 1…7 are [1.5, 4, 6] in place of [2, 5, 7], which ONNX Runtime and
# NumPy have. Where only one value is lacking all of it goes to the end, and nothing is wrong; MaxPool of the same is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

ort.set_default_logger_severity(3)


def by_hand(x, kernel, stride, of_window):
    """Windows from the first value on, `stride` apart, as long as they begin inside; the last ends where x does."""
    count = -(-(len(x) - kernel) // stride) + 1
    return [of_window(x[i * stride : i * stride + kernel]) for i in range(count) if i * stride < len(x)]


def pooled(operator, opset, x, kernel, stride):
    """By the reference evaluator, and by ONNX Runtime."""
    node = helper.make_node(operator, ["x"], ["y"], kernel_shape=[kernel], strides=[stride], ceil_mode=1)
    of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, len(x)])
    of_y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None])
    graph = helper.make_graph([node], "pool", [of_x], [of_y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.checker.check_model(model)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    given = {"x": x[None, None]}
    return ReferenceEvaluator(model).run(None, given)[0].ravel(), session.run(None, given)[0].ravel()


print("onnx", onnx.__version__, "| onnxruntime", ort.__version__)
moved = {}
for operator, opset, of_window in (("AveragePool", 19, np.mean), ("MaxPool", 12, np.max)):
    for length in (7, 8):  # a third window of three lacks two values, or one
        x = np.arange(1, length + 1, dtype=np.float32)
        expected = np.array(by_hand(x, 3, 3, of_window), np.float32)
        reference, runtime = pooled(operator, opset, x, 3, 3)
        if not np.allclose(runtime, expected):
            sys.exit(f"{operator} of 1…{length}: ONNX Runtime now has {runtime}, by hand {expected}")
        moved[operator, length] = not np.allclose(reference, expected)
        print(f"{operator} of 1…{length}: by hand and ONNX Runtime {expected}, reference evaluator {reference}")
sys.exit(0 if [key for key, wrong in moved.items() if wrong] == [("AveragePool", 7)] else 1)
PYTHON
