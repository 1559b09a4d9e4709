#!/usr/bin/env bash
# Guess: a value given to ONNX Runtime by SessionOptions.add_initializer is used in place of the initializer of that name
# ("ORT will use this initializer instance instead of deserializing one from the model file"), or else it is refused.
# What happens (onnxruntime 1.32.0): with graph optimisations at ORT_ENABLE_ALL, which is the default, the weights of a
# convolution are laid out anew from the file's values before the given ones are looked for. The session is made without
# a word and paints with the file's weights. With ORT_ENABLE_EXTENDED the given ones are used. Weights that are
# to be replaced must be changed in the model's bytes (or lie in external data: add_external_initializers).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

print("onnx", onnx.__version__, "| onnxruntime", ort.__version__)
ones = np.ones((16, 16, 3, 3), np.float32)
picture = np.ones((1, 16, 8, 8), np.float32)
node = helper.make_node("Conv", ["x", "weight"], ["y"], pads=[1, 1, 1, 1])
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, picture.shape) for name in ("x", "y"))
graph = helper.make_graph([node], "convolution", [x], [y], [numpy_helper.from_array(ones, "weight")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
data = model.SerializeToString()


def painted(level):
    """The middle of the convolution's output where the weights given are three times those of the file."""
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    given = ort.OrtValue.ortvalue_from_numpy(3 * ones)
    options.add_initializer("weight", given)
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return float(session.run(None, {"x": picture})[0][0, 0, 4, 4])


levels = ort.GraphOptimizationLevel
found = {level.name: painted(level) for level in (levels.ORT_ENABLE_EXTENDED, levels.ORT_ENABLE_ALL)}
print("by the file's weights 144, by those given 432; found", found)
sys.exit(0 if found == {"ORT_ENABLE_EXTENDED": 432.0, "ORT_ENABLE_ALL": 144.0} else 1)
PYTHON
