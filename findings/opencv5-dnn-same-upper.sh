#!/usr/bin/env bash
# Guess: cv2.dnn runs an ONNX convolution as ONNX has it, or says what it cannot do. auto_pad SAME_UPPER, which is what Keras
# and TensorFlow call "same", is padded so that ceil(input / stride) values come out, an odd one of padding at the end.
# What happens (opencv-python-headless 5.0.0.93): with a stride it pads as if there were none. The size is right, the values are
# those of the place a pixel further up and left: a kernel of 3 with stride 2 on an even size, which is how MobileNets begin,
# differs everywhere. ONNX Runtime 1.32.0 and NumPy agree. With odd sizes, or with the pads written out, OpenCV is right, too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    opencv-python-headless==5.0.0.93 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import cv2
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ort.set_default_logger_severity(3)
draw = np.random.default_rng(0)
CHANNELS, FILTERS = 3, 4


def by_hand(x, w, stride, pads):
    """A convolution of one picture, pads (top, left, bottom, right), in float64."""
    padded = np.pad(x[0].astype(np.float64), ((0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("chwij,ocij->ohw", windows, w)[None]


def same_upper(size, kernel, stride):
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return [total // 2, total // 2, total - total // 2, total - total // 2]


def run(x, w, **padding):
    """OpenCV's and ONNX Runtime's answer."""
    node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=list(w.shape[2:]), strides=[stride, stride], **padding)
    of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    of_y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, FILTERS, None, None])
    graph = helper.make_graph([node], "conv", [of_x], [of_y], [numpy_helper.from_array(w, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=10)
    onnx.checker.check_model(model)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    net.setInput(x)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return net.forward(), session.run(None, {"x": x})[0]


print("opencv", cv2.__version__, "| onnxruntime", ort.__version__)
wrong = {}
for size, kernel, stride in ((32, 3, 1), (31, 3, 2), (32, 3, 2), (224, 3, 2), (32, 5, 2), (32, 2, 2)):
    x = draw.uniform(-1, 1, (1, CHANNELS, size, size)).astype(np.float32)
    w = draw.uniform(-1, 1, (FILTERS, CHANNELS, kernel, kernel)).astype(np.float32)
    pads = same_upper(size, kernel, stride)
    expected = by_hand(x, w, stride, pads)
    by_name, reference = run(x, w, auto_pad="SAME_UPPER")
    by_number, _ = run(x, w, pads=pads)
    if not np.allclose(reference, expected, atol=1e-4) or not np.allclose(by_number, expected, atol=1e-4):
        sys.exit("ONNX Runtime, or OpenCV with the pads written out, differs from NumPy")
    off = float(np.abs(by_name - expected).max())
    wrong[size, kernel, stride] = off > 0.01
    moved = ""
    if wrong[size, kernel, stride]:
        before = by_hand(x, w, stride, [pads[0] + 1, pads[1] + 1, pads[2] - 1, pads[3] - 1])
        moved = " (that of padding one pixel more at the start)" if np.allclose(by_name, before, atol=1e-4) else " (another)"
    print(f"{size}², kernel {kernel}, stride {stride}: pads {pads}, SAME_UPPER off by {off:.4f}{moved}, written out right")
sys.exit(0 if [key for key, off in wrong.items() if off] == [(32, 3, 2), (224, 3, 2), (32, 5, 2)] else 1)
PYTHON
