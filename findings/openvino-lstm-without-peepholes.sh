#!/usr/bin/env bash
# Guess: OpenVINO runs an ONNX LSTM as it is written, or refuses what it does not know, as it refuses activations that it does not know.
# What happens (openvino 2026.4.1, onnxruntime 1.32.0): peepholes (the input P, as speech recognition's LSTMs have them) and
# input_forget = 1, which couples two gates, are passed over without a word: a plain LSTM is calculated with the weights of another
# one. clip and sequence_lens are heeded. ONNX Runtime and the formulas agree.
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
draw = np.random.default_rng(0)
steps, width, hidden = 5, 2, 3
x = draw.normal(0, 1, (steps, 1, width)).astype(np.float32)
w, r, p = (draw.normal(0, 1, shape).astype(np.float32) for shape in ((1, 4 * hidden, width), (1, 4 * hidden, hidden), (1, 3 * hidden)))


def by_formula(peepholes, coupled):
    """ONNX's equations: gates i, o, f, c; peepholes i, o, f."""
    sigmoid = lambda values: 1 / (1 + np.exp(-values))
    of_i, of_o, of_f = np.split(p[0] if peepholes else np.zeros_like(p[0]), 3)
    state, cell, found = np.zeros(hidden), np.zeros(hidden), []
    for step in x[:, 0]:
        i, o, f, c = np.split(w[0] @ step + r[0] @ state, 4)
        i = sigmoid(i + of_i * cell)
        f = 1 - i if coupled else sigmoid(f + of_f * cell)
        cell = f * cell + i * np.tanh(c)
        state = sigmoid(o + of_o * cell) * np.tanh(cell)
        found.append(state)
    return np.array(found)


def by_runtimes(peepholes, coupled):
    """By OpenVINO, and by ONNX Runtime."""
    inputs = ["x", "w", "r", *([""] * 4 + ["p"] if peepholes else [])]
    node = helper.make_node("LSTM", inputs, ["y"], hidden_size=hidden, input_forget=int(coupled))
    of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    of_y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [steps, 1, 1, hidden])
    weights = [numpy_helper.from_array(value, name) for name, value in (("w", w), ("r", r), ("p", p)) if name in inputs]
    graph = helper.make_graph([node], "lstm", [of_x], [of_y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    compiled = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(x)[0][:, 0, 0], session.run(None, {"x": x})[0][:, 0, 0]


print("openvino", ov.__version__, "| onnxruntime", ort.__version__, "| last state")
failed = False
plain = by_formula(False, False)
for peepholes, coupled in ((False, False), (True, False), (False, True)):
    openvino, runtime = by_runtimes(peepholes, coupled)
    expected = by_formula(peepholes, coupled)
    last = [states[-1].round(3) for states in (expected, runtime, openvino)]
    print(f"peepholes {peepholes}, coupled {coupled}: by formula {last[0]}, ONNX Runtime {last[1]}, OpenVINO {last[2]}")
    failed |= not np.allclose(runtime, expected, atol=1e-5) or not np.allclose(openvino, plain, atol=1e-3)
    failed |= (peepholes or coupled) == bool(np.allclose(openvino, expected, atol=1e-2))
sys.exit(1 if failed else 0)
PYTHON
