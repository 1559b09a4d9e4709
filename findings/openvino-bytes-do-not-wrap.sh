#!/usr/bin/env bash
# Guess: adding two bytes in ONNX is NumPy's uint8: 200 + 100 is 44, as ONNX's reference and ONNX Runtime have it;
# a model that counts on it, for a hash, a checksum or the difference of two frames around 128, works in OpenVINO, too.
# What happens (openvino 2026.4.1, onnxruntime 1.32.0): results of 8 bits are cut off at their range. 200 + 100 is 255, 3 - 5 is
# 0, and in int8 100 * 3 is 127; BitShift, too: 200 shifted left by 2 is 255, not 32. Of int32 they wrap around as in NumPy.
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
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

ort.set_default_logger_severity(4)
core = ov.Core()


def calculated(operator, dtype, a, b, **attributes):
    """By OpenVINO, by ONNX Runtime, and by ONNX's reference."""
    x = np.array([a], dtype)
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    node = helper.make_node(operator, ["x", "c"], ["y"], **attributes)
    of_x, of_y = (helper.make_tensor_value_info(name, kind, [1]) for name in "xy")
    graph = helper.make_graph([node], "bytes", [of_x], [of_y], [numpy_helper.from_array(np.array([b], dtype), "c")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    of_openvino = core.compile_model(core.read_model(content), "CPU")(x)[0]
    every = of_openvino, session.run(None, {"x": x})[0], ReferenceEvaluator(model).run(None, {"x": x})[0]
    return [int(value[0]) for value in every]


print("openvino", ov.__version__, "| onnxruntime", ort.__version__, "| onnx", onnx.__version__)
failed = False
for operator, dtype, a, b, attributes, cut, wrapped in (
    ("Add", np.uint8, 200, 100, {}, 255, 44),
    ("Sub", np.uint8, 3, 5, {}, 0, 254),
    ("Mul", np.int8, 100, 3, {}, 127, 44),
    ("BitShift", np.uint8, 200, 2, {"direction": "LEFT"}, 255, 32),
    ("Add", np.uint8, 100, 100, {}, 200, 200),
    ("Add", np.int32, 2**31 - 1, 1, {}, -(2**31), -(2**31)),
):
    openvino, runtime, reference = calculated(operator, dtype, a, b, **attributes)
    print(f"{operator} of {dtype.__name__} {a} and {b}: OpenVINO {openvino}, ONNX Runtime {runtime}, onnx.reference {reference}")
    failed |= (openvino, runtime, reference) != (cut, wrapped, wrapped)
sys.exit(1 if failed else 0)
PYTHON
