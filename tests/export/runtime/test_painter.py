"""The painter against ONNX Runtime called by hand, and what the look adds, against NumPy float64."""

import numpy as np
import onnxruntime as ort
import pytest

from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.style_file import built_in
from impasto.models.errors import BadInput


@pytest.fixture
def painter(tiny_model):
    """One that paints every frame by itself."""
    painter = Painter(tiny_model, look=Look(stability=0))
    painter.use([tiny_model.gallery()["waves"]["style"]])
    return painter


def by_hand(model, frame, style):
    """T on a frame whose size needs no padding, as float64 [H,W,3]."""
    session = ort.InferenceSession(str(model.path("frame")), providers=["CPUExecutionProvider"])
    planes = (frame.transpose(2, 0, 1)[None] / 255).astype(np.float32)
    return session.run(["painted"], {"frame": planes, "style": style[None]})[0][0].transpose(1, 2, 0).astype(np.float64)


def test_paints_what_the_graph_paints(painter, scene):
    frame = scene[:64, :128]
    expected = by_hand(painter.model, frame, painter.model.gallery()["waves"]["style"]) * 255
    assert np.abs(painter.paint(frame).astype(float) - expected).max() <= 0.51


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (7, 9), (16, 16), (17, 33), (90, 130)])
def test_frames_of_any_size_keep_it(painter, scene, size):
    frame = scene[: size[0], : size[1]]
    painted = painter.paint(frame)
    assert painted.shape == frame.shape
    assert painted.dtype == np.uint8


def test_padding_is_cut_off_and_mirrored(painter, scene):
    """A frame of odd size is painted as the mirrored, larger one is."""
    frame = scene[:83, :123]
    larger = np.pad(frame, ((0, 13), (0, 5), (0, 0)), mode="symmetric")
    assert np.array_equal(painter.paint(frame), painter.paint(larger)[:83, :123])


def test_does_not_write_into_the_frame(painter, scene):
    before = scene.copy()
    painter.paint(scene)
    assert np.array_equal(scene, before)


def test_strength_mixes_with_the_frame(tiny_model, painter, scene):
    full = painter.paint(scene).astype(np.float64)
    for strength in (0.0, 0.25, 1.0):
        painter.look = Look(strength=strength)
        expected = strength * full + (1 - strength) * scene
        assert np.abs(painter.paint(scene) - expected).max() <= 0.51


def test_keep_colors_paints_luminance_only(painter, scene):
    """Chroma differences (B − Y, R − Y) stay the frame's wherever no channel is clipped; Y is the painting's."""
    full = painter.paint(scene).astype(np.float64)
    painter.look = Look(keep_colors=True)
    kept = painter.paint(scene).astype(np.float64)
    luma = np.array([0.299, 0.587, 0.114])
    free = ((kept > 0) & (kept < 255)).all(-1)
    assert free.mean() > 0.2
    assert np.abs((kept @ luma - full @ luma)[free]).max() <= 1.5
    chroma = [(image - (image @ luma)[..., None])[free] for image in (kept, scene.astype(np.float64))]
    assert np.abs(chroma[0] - chroma[1]).max() <= 1.5


@pytest.mark.parametrize("stability", [-0.1, 1.1, float("nan")])
def test_stability_out_of_range(stability):
    with pytest.raises(BadInput, match="Stability goes from 0"):
        Look(stability=stability)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_out_of_range(strength):
    with pytest.raises(BadInput, match="Strength goes from 0"):
        Look(strength=strength)


def test_weights_blend_style_vectors(painter, tiny_model, scene):
    a = tiny_model.gallery()["waves"]["style"]
    b = painter.encode(scene)
    painter.use([a, b], [1, 0])
    only_a = painter.paint(scene)
    painter.use([a])
    assert np.array_equal(only_a, painter.paint(scene))
    painter.use([a, b], [1, 3])
    blended = painter.paint(scene)
    painter.use([0.25 * a + 0.75 * b])
    assert np.abs(blended.astype(int) - painter.paint(scene)).max() <= 1


def test_painting_without_a_style(tiny_model, scene):
    with pytest.raises(BadInput, match="Choose a style"):
        Painter(tiny_model).paint(scene)


def test_a_style_of_another_model(painter):
    with pytest.raises(BadInput, match="needs"):
        painter.use([np.zeros(7, np.float32)])


@pytest.mark.parametrize("stability", [0.0, 1.0])
def test_released_models_paint_plain_frames_plainly(released, stability):
    """Black, grey and white ones, and those that only a coder's noise tells from them; with brushes and without."""
    painter = Painter(released, threads=1, look=Look(stability=stability))
    noise = np.random.default_rng(0).random((96, 128, 3)) < 0.02  # one level, at every fiftieth value
    for entry in list(released.gallery().values())[::7]:
        for style in (entry["style"], built_in(released, entry)):
            painter.use([style])
            for level in (0, 127, 254):
                painter.reset()
                plain = np.full((96, 128, 3), level, np.uint8)
                for _ in range(2):
                    even = painter.paint(plain)
                    assert np.ptp(even, (0, 1)).max() <= 1
                assert np.abs(painter.paint(plain + noise).astype(float) - even).mean() <= 4
