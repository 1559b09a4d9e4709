#!/usr/bin/env bash
# Guess: lp_pool1d and lp_pool2d give the p-norm of each window, (Σ x^p)^(1/p), as their documentation has it; with
# ceil_mode=True there may be a last window that holds fewer values, whose norm is that of those.
# What happens (torch 2.13.0): the last window's norm is scaled up, as if what it lacks were like what it has. With p = 2,
# the last window of 1, 1, 1, 1, 1 in threes is √3, not √2, and that of 4 and 100 is 122.6, not 100.1; of a picture, a
# corner of one pixel is three times that pixel. LpPool of ONNX Runtime 1.32.0 has √2 and 100.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" torch==2.13.0 numpy==2.4.6 \
    onnx==1.23.2 onnxruntime==1.32.0 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 -W ignore - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper
from torch.nn.functional import lp_pool1d, lp_pool2d

ort.set_default_logger_severity(3)
print("torch", torch.__version__, "| onnx", onnx.__version__, "| onnxruntime", ort.__version__)


def by_formula(x, p, kernel):
    return [float((np.abs(x[i : i + kernel]) ** p).sum() ** (1 / p)) for i in range(0, len(x), kernel)]


def by_onnx(x, p, kernel):
    node = helper.make_node("LpPool", ["x"], ["y"], kernel_shape=[kernel], strides=[kernel], ceil_mode=1, p=p)
    of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, len(x)])
    of_y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None])
    graph = helper.make_graph([node], "pool", [of_x], [of_y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x[None, None]})[0].ravel().tolist()


def near(one, other):
    return np.allclose(one, other, rtol=1e-4)


scaled = []
for values in ([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 2, 3, 4, 100]):
    x = np.array(values, np.float32)
    formula, runtime = by_formula(x, 2, 3), by_onnx(x, 2, 3)
    found = lp_pool1d(torch.from_numpy(x)[None, None], 2, 3, 3, ceil_mode=True).ravel().tolist()
    print(f"{values}: formula {np.round(formula, 4)}, ONNX Runtime {np.round(runtime, 4)}, torch {np.round(found, 4)}")
    if not near(formula, runtime):
        sys.exit("ONNX Runtime no longer agrees with the formula")
    scaled.append(not near(found[-1], formula[-1]) and near(found[-1], formula[-1] * (3 / (len(x) - 3)) ** 0.5))
corner = lp_pool2d(torch.ones(1, 1, 4, 4), 2, 3, 3, ceil_mode=True)[0, 0, -1, -1].item()
print("the last window of 4x4 ones holds one of them:", round(corner, 4))
sys.exit(0 if scaled == [False, True, True] and near(corner, 3) else 1)
PYTHON
