#!/usr/bin/env bash
# Guess: int64, ONNX's type for indices and shapes, is calculated in 64 bits, or a model that needs them is refused; what goes in as
# int64 and comes out as int64 was int64 in between.
# What happens (openvino 2026.4.1, onnxruntime 1.32.0): the processor's plug-in turns it into int32 and keeps the lower half. even
# Identity gives -2147483643 for 2^31 + 5 and 0 for 2^40, as int64. Times in microseconds or nanoseconds, offsets in files, hashes:
# all are changed on their way through, and nothing is raised.
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
from onnx import TensorProto, helper, numpy_helper

ort.set_default_logger_severity(4)
core = ov.Core()


def calculated(operator, x, constant=None):
    """By OpenVINO, and by ONNX Runtime."""
    of_x = helper.make_tensor_value_info("x", TensorProto.INT64, x.shape)
    of_y = helper.make_tensor_value_info("y", TensorProto.INT64, x.shape)
    constants = [] if constant is None else [numpy_helper.from_array(np.int64(constant), "c")]
    node = helper.make_node(operator, ["x", *(c.name for c in constants)], ["y"])
    graph = helper.make_graph([node], "numbers", [of_x], [of_y], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    result = core.compile_model(core.read_model(content), "CPU")(x)[0]
    return result, session.run(None, {"x": x})[0]


print("openvino", ov.__version__, "| onnxruntime", ort.__version__)
x = np.array([5, 2**31 + 5, 3_000_000_000_000, 2**40], np.int64)
failed = False
cases = (("Identity", None, x), ("Add", 1, x + 1), ("Mul", 1000, x * 1000), ("Sub", 5, x - 5), ("Max", 7, np.maximum(x, 7)))
for operator, constant, expected in cases:
    openvino, runtime = calculated(operator, x, constant)
    print(f"{operator} {'' if constant is None else constant}: NumPy {expected}, ONNX Runtime {runtime}, OpenVINO {openvino} {openvino.dtype}")
    low = np.maximum(x.astype(np.int32), 7) if operator == "Max" else expected.astype(np.int32)
    failed |= openvino.dtype != np.int64 or not np.array_equal(runtime, expected) or not np.array_equal(openvino, low)
sys.exit(1 if failed else 0)
PYTHON
