#!/usr/bin/env bash
# Guess: whether two whole numbers are equal is an exact question in any runtime, in int32 as in int64.
# What happens (openvino 2026.4.1, onnxruntime 1.32.0): the processor's plug-in compares them as float32, which has 24 bits:
# 16777217 equals 16777216 and is not greater, 1800000001 equals 1800000000. Tokens, labels of instances, hashes and times
# that are next to each other are one, and so a mask selects its neighbours as well. ReduceMax of whole
# numbers is rounded likewise; Sub is exact, so comparing the difference with 0 is right. Nothing is raised.
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


def answered(nodes, to, x, constants):
    """By OpenVINO, and by ONNX Runtime."""
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    of_x = helper.make_tensor_value_info("x", kind, x.shape)
    of_y = helper.make_tensor_value_info("y", to or kind, x.shape if to else [])
    tensors = [numpy_helper.from_array(np.asarray(value, x.dtype), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "numbers", [of_x], [of_y], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    openvino = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0]
    return openvino.tolist(), session.run(None, {"x": x})[0].tolist()


print("openvino", ov.__version__, "| onnxruntime", ort.__version__)
failed = False
for dtype in (np.int32, np.int64):
    for number in (2**24, 1_800_000_000):
        x = np.array([number, number + 1, number - 500], dtype)
        equal = answered([helper.make_node("Equal", ["x", "c"], ["y"])], TensorProto.BOOL, x, {"c": number})
        greater = answered([helper.make_node("Greater", ["x", "c"], ["y"])], TensorProto.BOOL, x, {"c": number})
        apart = [helper.make_node("Sub", ["x", "c"], ["d"]), helper.make_node("Equal", ["d", "zero"], ["y"])]
        of_difference = answered(apart, TensorProto.BOOL, x, {"c": number, "zero": 0})
        most = answered([helper.make_node("ReduceMax", ["x"], ["y"], keepdims=0)], None, x, {})
        print(f"{dtype.__name__} {x.tolist()}, OpenVINO | ONNX Runtime")
        for name, pair in ((f"== {number}", equal), (f"> {number}", greater), (f"- {number} == 0", of_difference), ("ReduceMax", most)):
            print(f"  {name}: {pair[0]} | {pair[1]}")
        failed |= equal != ([True, True, False], [True, False, False]) or greater != ([False] * 3, [False, True, False])
        failed |= of_difference != ([True, False, False],) * 2 or most != (number, number + 1)
sys.exit(1 if failed else 0)
PYTHON
