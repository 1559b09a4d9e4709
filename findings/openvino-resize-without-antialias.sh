#!/usr/bin/env bash
# Guess: OpenVINO either runs an ONNX model as it is written or says which attribute it does not support.
# What happens (openvino 2026.4.0): it reads Resize with antialias=1, compiles it without a warning and computes
# antialias=0: made smaller four times, a picture is off by .2 (linear) and .3 (cubic) of a range of 1 from ONNX Runtime
# 1.32.0, which agrees with onnx's own reference. With antialias=0 all three agree to 1e-6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    openvino==2026.4.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("openvino", openvino.__version__, "| onnxruntime", onnxruntime.__version__, "| onnx", onnx.__version__)
picture = np.random.default_rng(0).random((1, 1, 16, 16), dtype=np.float32)


def differences(mode, antialias):
    """Of OpenVINO, and of onnx's reference, from ONNX Runtime."""
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode=mode, antialias=antialias)
    scales = helper.make_tensor("scales", TensorProto.FLOAT, [4], [1, 1, 0.25, 0.25])
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, s, s]) for n, s in (("x", 16), ("y", 4)))
    graph = helper.make_graph([node], "resize", [x], [y], [scales])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "resize.onnx")
    precise = {"INFERENCE_PRECISION_HINT": "f32"}
    theirs = openvino.Core().compile_model("resize.onnx", "CPU", precise)([picture])[0]
    ours = onnxruntime.InferenceSession("resize.onnx").run(None, {"x": picture})[0]
    reference = ReferenceEvaluator(model).run(None, {"x": picture})[0]
    return float(np.abs(theirs - ours).max()), float(np.abs(reference - ours).max())


found = {(mode, antialias): differences(mode, antialias) for mode in ("linear", "cubic") for antialias in (0, 1)}
for (mode, antialias), (other, reference) in found.items():
    print(f"{mode:6} antialias={antialias}: OpenVINO off by {other:.7f}, onnx's reference by {reference:.7f}")
agree = all(reference < 1e-5 for _, reference in found.values())
ignored = all((other > 0.1) == bool(antialias) for (_, antialias), (other, _) in found.items())
sys.exit(0 if agree and ignored else 1)
PYTHON
