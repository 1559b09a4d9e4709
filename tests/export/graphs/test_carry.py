"""The graph that carries masks along the stabilizer's motion, against OpenCV."""

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import pytest

from impasto.export.graphs.carry import STEPS, graph
from impasto.models.store import person_file


def _centres(height, width):
    """Places as GridSample counts, [h,w,2]."""
    axes = [(np.arange(n) * 2 + 1) / n - 1 for n in (width, height)]
    return np.stack(np.meshgrid(*axes), -1)


def _read(image, places):
    """image [C,h,w] at places [m,n,2], by OpenCV."""
    x, y = (((places[..., i] + 1) * side - 1) / 2 for i, side in enumerate(image.shape[:0:-1]))
    maps = x.astype(np.float32), y.astype(np.float32)
    return np.stack([cv2.remap(c, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for c in image])


def _smooth(rng, height, width, size):
    noise = rng.normal(0, size, (2, height, width)).astype(np.float32)
    return np.stack([cv2.GaussianBlur(part, (0, 0), 3) for part in noise])


@pytest.fixture(scope="module")
def carry():
    session = ort.InferenceSession(person_file("carry"), providers=["CPUExecutionProvider"])

    def run(found, now, before, extent):
        extent = np.array(extent, np.float32).reshape(1, 2, 1, 1)
        inputs = {"found": found[None], "key_motion": now[None], "last_key_motion": before[None], "extent": extent}
        return session.run(["carried"], inputs)[0][0]

    return run


def test_what_is_released_is_what_the_code_makes():
    assert onnx.load(person_file("carry")).graph == graph().graph


def test_the_carried_painting_is_what_numpy_computes(carry):
    rng = np.random.default_rng(3)
    found = rng.random((3, 32, 48), np.float32)
    now, before = _smooth(rng, 20, 28, 0.6), _smooth(rng, 20, 28, 0.6)
    extent = np.array([0.9, 0.8])
    places = (_centres(8, 12) + 1) * extent - 1
    way = _read(now, places)
    motion = way - _read(before, places)
    for _ in range(STEPS):
        motion = way - _read(before, places + motion.transpose(1, 2, 0))
    moved = [
        cv2.resize(part, (48, 32), interpolation=cv2.INTER_LINEAR) / of for part, of in zip(motion, extent, strict=True)
    ]
    assert np.ptp(moved) > 0.1
    expected = _read(found, _centres(32, 48) + np.stack(moved, -1))
    np.testing.assert_allclose(carry(found, now, before, extent), expected, atol=1e-3)


def test_a_known_motion_is_found(carry):
    """The key was seen a tenth of the width further left, the frame before a fortieth: what is between goes back."""
    found = np.zeros((1, 40, 80), np.float32)
    found[:, 10:30, 20:40] = 1
    still = np.zeros((2, 10, 20), np.float32)
    now, before = still.copy(), still.copy()
    now[0], before[0] = 0.2, 0.05  # halves of the width
    moved = np.roll(found, -6, 2)  # 0.15 of a half of 80 pixels
    np.testing.assert_allclose(carry(found, now, before, (1, 1)), moved, atol=1e-4)
    np.testing.assert_allclose(carry(found, now * 0.5, before * 0.5, (0.5, 1)), moved, atol=1e-4)


def test_where_the_way_to_the_key_is_not_known_nothing_moves(carry):
    rng = np.random.default_rng(4)
    found, before = rng.random((2, 32, 48), np.float32), _smooth(rng, 20, 28, 0.6)
    np.testing.assert_allclose(carry(found, 0 * before, before, (1, 1)), found, atol=1e-5)


def test_operators_that_run_on_graphics_cards_too():
    kinds = {node.op_type for node in graph().graph.node}
    assert kinds == {
        "Abs", "Add", "AveragePool", "Clip", "Concat", "CumSum", "Div", "GlobalMaxPool", "GridSample", "Mul", "Resize",
        "Slice", "Sub", "Transpose",
    }  # fmt: skip
