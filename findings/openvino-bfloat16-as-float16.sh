#!/usr/bin/env bash
# Guess: numbers in bfloat16 that OpenVINO hands to Python are those numbers, or, as NumPy has no such type, it refuses, as ONNX
# Runtime does, or hands out whole words of 16 bits, which nobody takes for results.
# What happens (openvino 2026.4.1): the bits come as NumPy's float16, which divides them otherwise between exponent and fraction:
# 0.5 is 1.75, 1 is 1.875, -3 is -2.125. All values above zero lie near 2, whatever they are, and nothing is raised. Also
# what is asked of a constant (Constant.data) and of a Tensor of that type. result.view(np.uint16), moved up by 16 bits, is right.
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
values = np.array([0.5, 1, 2, -3, 100, 0.001953125], np.float32)  # all of them exact in bfloat16
node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.BFLOAT16)
of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [len(values)])
of_y = helper.make_tensor_value_info("y", TensorProto.BFLOAT16, [len(values)])
graph = helper.make_graph([node], "cast", [of_x], [of_y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnx.checker.check_model(model)
content = model.SerializeToString()

core = ov.Core()
compiled = core.compile_model(core.read_model(content), "CPU")
result = compiled(values)[0]
constant = ov.opset13.constant(values, dtype=ov.Type.bf16).data
tensor = ov.Tensor(ov.Type.bf16, ov.Shape([1]))
print("openvino", ov.__version__, "| output of type", compiled.output(0).element_type)
print("given      ", values)
print("result     ", result, result.dtype)
print("constant   ", constant, constant.dtype)
print("tensor     ", tensor.data.dtype)
rightly = (result.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
print("its bits   ", rightly)
try:
    ort.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"x": values})
    sys.exit("ONNX Runtime now hands out bfloat16")
except RuntimeError as error:
    print("onnxruntime", ort.__version__, "raises:", error)
wrong = np.array([1.75, 1.875, 2, -2.125], np.float16)
as_halves = all(array.dtype == np.float16 for array in (result, constant, tensor.data))
sys.exit(0 if as_halves and (result[:4] == wrong).all() and (constant == result).all() and (rightly == values).all() else 1)
PYTHON
