#!/usr/bin/env bash
# Guess: cv2.dnn resizes by the coordinates that an ONNX Resize names, or refuses those it does not know.
# What happens (opencv-python-headless 5.0.0.93, onnxruntime 1.32.0): half_pixel_symmetric, which is half_pixel wherever the size is a
# whole multiple of the scale, is taken for asymmetric: pixels are measured from their corners, not from their centres. Enlarged
# twice the picture lies half a pixel further down and right than with half_pixel, whatever the mode, and nothing is raised. The
# other four that were tried are right.
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

ort.set_default_logger_severity(4)
row = np.tile(np.arange(8, dtype=np.float32), (1, 1, 8, 1))


def resized(coordinates, mode, scale=2):
    """The middle row, by OpenCV, and by ONNX Runtime."""
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode=mode, coordinate_transformation_mode=coordinates)
    of_x = helper.make_tensor_value_info("x", TensorProto.FLOAT, row.shape)
    of_y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 8 * scale, 8 * scale])
    scales = numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), "scales")
    graph = helper.make_graph([node], "resize", [of_x], [of_y], [scales])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
    net.setInput(row, "x")
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return net.forward()[0, 0, 8], session.run(None, {"x": row})[0][0, 0, 8]


print("opencv", cv2.__version__, "| onnxruntime", ort.__version__, "| 0…7, enlarged twice, from the sixth pixel on")
failed = False
for mode in ("linear", "cubic"):
    asymmetric = resized("asymmetric", mode)[1]
    for coordinates in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"):
        opencv, runtime = resized(coordinates, mode)
        print(f"{mode}, {coordinates}: OpenCV {opencv[5:9].round(3)}, ONNX Runtime {runtime[5:9].round(3)}")
        expected = asymmetric if coordinates == "half_pixel_symmetric" else runtime
        failed |= not np.allclose(opencv, expected, atol=1e-4)
    failed |= not np.allclose(resized("half_pixel_symmetric", mode)[1], resized("half_pixel", mode)[1], atol=1e-5)
sys.exit(1 if failed else 0)
PYTHON
