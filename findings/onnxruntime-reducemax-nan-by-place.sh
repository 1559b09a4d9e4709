#!/usr/bin/env bash
# Guess: the maximum of numbers one of which is NaN is NaN, as NumPy, PyTorch and ONNX's own reference have it, so a
# ReduceMax at a graph's end shows whether anything went wrong; or else NaN is always left out.
# What happens (onnxruntime 1.32.0, CPU): ReduceMax and ReduceMin over a row give NaN where NaN is the first number, and
# leave it out where it stands anywhere else. A guard against NaN has to look at the values, or add them up.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" onnxruntime==1.32.0 onnx==1.23.2 \
    numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 -W ignore - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)


def run(op, row, **attributes):
    """What the runtime and the reference make of one operator: two numbers."""
    row = np.array(row, np.float32).reshape(1, 1, 1, -1)
    graph = helper.make_graph(
        [helper.make_node(op, ["x"], ["y"], **attributes)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, row.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return float(session.run(None, {"x": row})[0].item()), float(ReferenceEvaluator(model).run(None, {"x": row})[0].item())


found = {}
for place in range(4):
    row = [1.0, 2.0, 3.0, 4.0]
    row[place] = np.nan
    for op, attributes in (("ReduceMax", {"axes": [3]}), ("ReduceMin", {"axes": [3]})):
        found[op, place], reference = run(op, row, **attributes)
        print(f"{op} of {row}: {found[op, place]} (reference {reference}, numpy {np.max(row) if op != 'ReduceMin' else np.min(row)})")
nan = {key for key, value in found.items() if np.isnan(value)}
sys.exit(0 if nan == {("ReduceMax", 0), ("ReduceMin", 0)} else 1)
PYTHON
