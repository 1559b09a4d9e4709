"""Style vectors: encoded once, blended as arithmetic, refused in words."""

import numpy as np
import onnxruntime as ort
import pytest

from impasto.export.runtime import styles
from impasto.export.runtime.pictures import square
from impasto.export.runtime.sample import picture
from impasto.models.errors import BadInput


@pytest.fixture
def painting():
    return (picture(256, 256, 4) * 255).astype(np.uint8)


def test_encodes_what_the_graph_encodes(tiny_model, painting):
    session = ort.InferenceSession(str(tiny_model.path("style")), providers=["CPUExecutionProvider"])
    expected = session.run(["style"], {"image": painting.transpose(2, 0, 1)[None].astype(np.float32) / 255})[0][0]
    assert np.abs(styles.StyleEncoder(tiny_model).encode(painting) - expected).max() < 1e-5


def test_the_same_picture_is_encoded_once(tiny_model, painting, monkeypatch):
    opened = []
    real = styles.open_session
    monkeypatch.setattr(styles, "open_session", lambda *a: opened.append(a) or real(*a))
    encoder = styles.StyleEncoder(tiny_model)
    first, second = encoder.encode(painting), encoder.encode(painting.copy())
    assert first is second
    assert len(opened) == 1


def test_the_cache_does_not_grow_without_bound(tiny_model, monkeypatch):
    monkeypatch.setattr(styles, "CACHED", 3)
    encoder = styles.StyleEncoder(tiny_model)
    for i in range(5):
        encoder.encode(np.full((8, 8, 3), i, np.uint8))
    assert len(encoder._cache) == 3


def test_the_centre_square_is_seen(painting):
    wide = np.concatenate([np.zeros((256, 100, 3), np.uint8), painting, np.zeros((256, 100, 3), np.uint8)], 1)
    assert np.array_equal(square(wide, 256), painting)


@pytest.mark.parametrize("bad", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3))])
def test_refuses_what_is_no_picture(tiny_model, bad):
    with pytest.raises(BadInput, match="must be RGB"):
        styles.StyleEncoder(tiny_model).encode(bad)


def test_weights_whose_sum_overflows_blend_all_the_same():
    vectors = [np.full(3, 1.0, np.float32), np.full(3, 5.0, np.float32)]
    np.testing.assert_allclose(styles.blend(vectors, [1.5e308, 0.5e308]), 2.0, rtol=1e-6)
    np.testing.assert_allclose(styles.blend(vectors, [5e-324, 5e-324]), 3.0, rtol=1e-6)


def test_blend_is_the_weighted_mean():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 10)).astype(np.float32)
    assert np.allclose(styles.blend([a, b], [2, 6]), 0.25 * a.astype(np.float64) + 0.75 * b, atol=1e-6)
    assert np.array_equal(styles.blend([a, b], [1, 0]), a)


@pytest.mark.parametrize(
    ("weights", "words"),
    [([-1, 2], "zero or more"), ([0, 0], "above zero"), ([float("nan"), 1], "numbers"), ([1], "one weight for each")],
)
def test_weights_that_cannot_be_blended_are_refused(weights, words):
    with pytest.raises(BadInput, match=words):
        styles.blend([np.zeros(4), np.zeros(4)], weights)
