#!/usr/bin/env bash
# Guess: OpenVINO transforms an ONNX DFT along the axis the model names, or says that it cannot: a negative axis counts from the end
# of the tensor, and since opset 20 the axis is an input.
# What happens (openvino 2026.4.1, onnxruntime 1.32.0): of opset 20 it passes over the input and always transforms along axis 1. Of
# opset 17 it counts a negative axis as if the last one, real and imaginary parts, were not there: -2 is the one before. So the
# spectrum of a picture's rows is that of its columns, of the right shape, and nothing is raised. Right are only axes ≥ 0 of opset 17.
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
x = np.random.default_rng(0).normal(0, 1, (2, 4, 4, 4, 1)).astype(np.float32)


def transformed(opset, axis):
    """By OpenVINO, and by ONNX Runtime."""
    if opset < 20:
        node, constants = helper.make_node("DFT", ["x"], ["y"], axis=axis), []
    else:
        node, constants = helper.make_node("DFT", ["x", "", "axis"], ["y"]), [numpy_helper.from_array(np.int64(axis), "axis")]
    of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    of_y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [*x.shape[:-1], 2])
    graph = helper.make_graph([node], "dft", [of_x], [of_y], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    compiled = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(x)[0], session.run(None, {"x": x})[0]


def along(spectrum):
    """The axes whose transform, by NumPy, this is."""
    found = []
    for axis in range(1, 4):
        numpy = np.fft.fft(x[..., 0], axis=axis)
        if np.allclose(spectrum, np.stack([numpy.real, numpy.imag], -1), atol=1e-4):
            found.append(axis)
    return found


print("openvino", ov.__version__, "| onnxruntime", ort.__version__, "| x:", x.shape)
failed = False
for opset, axis, expected in ((17, 1, 1), (17, 2, 2), (17, 3, 3), (17, -2, 2), (17, -3, 1), (20, 1, 1), (20, 2, 1), (20, 3, 1), (20, -2, 1)):
    openvino, runtime = transformed(opset, axis)
    if along(openvino) != [expected] or along(runtime) != [axis % x.ndim]:
        failed = True
    print(f"opset {opset}, axis {axis}: ONNX Runtime along {along(runtime)}, OpenVINO along {along(openvino)}")
sys.exit(1 if failed else 0)
PYTHON
