#!/usr/bin/env bash
# Guess: NonMaxSuppression keeps two boxes that overlap exactly by the threshold ("boxes that have high IoU overlap" go: more than
# iou_threshold, as in TensorFlow and torchvision). So a threshold of 0 removes what overlaps at all, and keeps what does not.
# What happens (openvino 2026.4.1, onnxruntime 1.32.0): OpenVINO removes a box that overlaps by the threshold or more. With a
# threshold of 0, which is what ONNX has where none is given, one box of each class is left, however far apart they are. Where
# boxes lie on a grid, and overlap by half or by a third, it finds fewer than ONNX Runtime. A threshold a little higher is right.
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
boxes = np.array([[[0, 0, 2, 2], [0, 0, 2, 1], [5, 5, 6, 6], [20, 20, 22, 22]]], np.float32)  # half of the first, and two far off


def kept(threshold):
    """The boxes that are left, by OpenVINO, and by ONNX Runtime."""
    constants = {"scores": np.array([[[0.9, 0.8, 0.7, 0.6]]], np.float32), "most": np.array([10])}
    if threshold is not None:
        constants["threshold"] = np.array([threshold], np.float32)
    node = helper.make_node("NonMaxSuppression", ["boxes", *constants], ["y"])
    of_boxes = helper.make_tensor_value_info("boxes", TensorProto.FLOAT, boxes.shape)
    of_y = helper.make_tensor_value_info("y", TensorProto.INT64, [None, 3])
    graph = helper.make_graph([node], "nms", [of_boxes], [of_y], [numpy_helper.from_array(v, k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = core.compile_model(core.read_model(content), "CPU")(boxes)[0], session.run(None, {"boxes": boxes})[0]
    return [rows[:, 2].tolist() for rows in found]


print("openvino", ov.__version__, "| onnxruntime", ort.__version__, "| the first two boxes overlap by .5, the others not at all")
failed = False
for threshold, of_openvino, of_others in (
    (None, [0], [0, 2, 3]),
    (0.0, [0], [0, 2, 3]),
    (0.001, [0, 2, 3], [0, 2, 3]),
    (0.5, [0, 2, 3], [0, 1, 2, 3]),
    (0.501, [0, 1, 2, 3], [0, 1, 2, 3]),
):
    openvino, runtime = kept(threshold)
    failed |= openvino != of_openvino or runtime != of_others
    print(f"threshold {threshold}: OpenVINO keeps {openvino}, ONNX Runtime {runtime}")
sys.exit(1 if failed else 0)
PYTHON
