#!/usr/bin/env bash
# Guess: quantize_static gives the same numbers in 8 bits, within a percent or so, whatever the attributes of the operators are;
# what it cannot quantize it leaves in float, as quantize_dynamic does.
# What happens (onnxruntime 1.32.0): of Gemm, y = x·w + beta·b, it removes beta and would put it into the bias's scale, but
# multiplies where it should divide. In the format QDQ the file says y = x·w + b, and, since Gemm's kernel takes the
# bias to be in units of the other two scales, what is computed is y = x·w + b / beta; so, too, in the format QOperator. With
# beta = 2 a fourth of what the bias should add is added. With beta = 1 all is well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import logging
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

logging.disable(logging.WARNING)
ort.set_default_logger_severity(3)
draw = np.random.default_rng(0)
x = draw.uniform(-1, 1, (64, 32)).astype(np.float32)
w = draw.uniform(-1, 1, (32, 6)).astype(np.float32)
b = np.float32([8, -6, 4, 7, -5, 3])


class Batches(CalibrationDataReader):
    def __init__(self):
        self.batches = iter([{"x": x}])

    def get_next(self):
        return next(self.batches, None)


def save(beta):
    node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], beta=beta)
    of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 32])
    of_y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 6])
    weights = [numpy_helper.from_array(w, "w"), numpy_helper.from_array(b, "b")]
    graph = helper.make_graph([node], "gemm", [of_x], [of_y], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), "float.onnx")


def of_bias(path, optimised=True):
    """What is added to x·w, as a multiple of b: 2 where beta = 2 is kept."""
    options = ort.SessionOptions()
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    y = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    return float(np.mean((y - x @ w) / b))


print("onnxruntime", ort.__version__)
good = True
for beta in (1.0, 2.0, 4.0):
    save(beta)
    quantize_dynamic("float.onnx", "dynamic.onnx")
    added = {"in float": of_bias("float.onnx"), "quantize_dynamic": of_bias("dynamic.onnx")}
    expected = {"in float": beta, "quantize_dynamic": beta}
    for form in (QuantFormat.QDQ, QuantFormat.QOperator):
        # uint8 by uint8: the one pair whose sums no processor saturates
        kinds = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QUInt8}
        quantize_static("float.onnx", "static.onnx", Batches(), quant_format=form, **kinds)
        added[form.name], expected[form.name] = of_bias("static.onnx"), 1 / beta
        if form == QuantFormat.QDQ:
            added["QDQ as written"], expected["QDQ as written"] = of_bias("static.onnx", optimised=False), 1.0
    print(f"beta {beta}: x·w and", ", ".join(f"{value:.2f} b ({name})" for name, value in added.items()))
    good &= all(abs(added[name] - expected[name]) < 0.1 for name in added)
sys.exit(0 if good else 1)
PYTHON
