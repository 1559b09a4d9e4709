#!/usr/bin/env bash
# Guess: onnxscript's optimiser, which torch.onnx.export runs unless told not to, computes the same as before.
# What happens (onnxscript 0.7.2): it takes "+ c" away where the constant c is 1e-8 or less, as if it were 0. So the epsilon that
# keeps x / (√v + 1e-8) from dividing by zero, Adam's by default, is gone, and where v is 0 the result is NaN. 1e-7 stays.
# Fold constants alone (onnxscript.optimizer.fold_constants_ir), or choose a larger epsilon.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime as ort
import onnxscript
from onnx import TensorProto, helper, numpy_helper
from onnxscript.optimizer import optimize

print("onnxscript", onnxscript.__version__, "| onnx", onnx.__version__, "| onnxruntime", ort.__version__)


def run(model):
    zero = np.zeros(2, np.float32)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": zero, "v": zero})[0]


def divided(epsilon):
    """(x / (√v + epsilon) at zeros, the same after the optimiser, the operators that it left)"""
    nodes = [
        helper.make_node("Sqrt", ["v"], ["root"]),
        helper.make_node("Add", ["root", "epsilon"], ["below"]),
        helper.make_node("Div", ["x", "below"], ["y"]),
    ]
    x, v, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "v", "y"))
    constant = numpy_helper.from_array(np.array(epsilon, np.float32), "epsilon")
    graph = helper.make_graph(nodes, "divided", [x, v], [y], [constant])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    less = optimize(model)
    return run(model), run(less), [node.op_type for node in less.graph.node]


small, larger = divided(1e-8), divided(1e-7)
for epsilon, (before, after, operators) in (("1e-8", small), ("1e-7", larger)):
    print(f"0 / (0 + {epsilon}): before {before}, after {after}, of {operators}")
gone = np.isnan(small[1]).all() and "Add" not in small[2] and not small[0].any()
stays = not larger[1].any() and "Add" in larger[2]
sys.exit(0 if gone and stays else 1)
PYTHON
