"""Coordinates and reading, against OpenCV and NumPy."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from impasto.models.steady import motion as m

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_grid_is_where_grid_sample_looks():
    picture = torch.rand(1, 3, 16, 32)
    grid = m.pixel_grid(16, 32)
    torch.testing.assert_close(m.sample(picture, grid, torch.zeros_like(grid)), picture, atol=1e-5, rtol=0)
    coarse = F.avg_pool2d(m.pixel_grid(32, 64), 4)
    torch.testing.assert_close(coarse, m.pixel_grid(8, 16), atol=1e-6, rtol=0)


def test_reading_outside_repeats_the_edge_as_opencv_does():
    picture = np.random.default_rng(1).random((16, 32, 3), np.float32)
    flow = np.random.default_rng(2).uniform(-9, 9, (16, 32, 2)).astype(np.float32)
    y, x = np.mgrid[0:16, 0:32].astype(np.float32)
    seen = cv2.remap(picture, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    motion = torch.from_numpy(flow / np.float32([16, 8])).permute(2, 0, 1)[None]
    read = m.sample(torch.from_numpy(picture).permute(2, 0, 1)[None], m.pixel_grid(16, 32), motion)
    assert np.abs(read[0].permute(1, 2, 0).numpy() - seen).max() < 0.04  # OpenCV knows 32 places between two pixels


def test_light_is_the_mean_of_the_colours():
    frame = torch.rand(2, 3, 8, 16)
    np.testing.assert_allclose(m.light(frame).numpy(), frame.double().numpy().mean(1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (32, 48), (64, 96), (360, 640), (540, 960)])
def test_the_centres_of_an_images_pixels_are_the_grid_to_the_bit(size):
    assert torch.equal(m.pixel_centres(torch.rand(2, 3, *size)), m.pixel_grid(*size))


def shifted(dx: float, dy: float) -> torch.Tensor:
    """Smooth random light [1,1,64,96] whose point (x, y) lies at (x + dx, y + dy)."""
    picture = cv2.GaussianBlur(np.random.default_rng(0).random((96, 128)), (0, 0), 3).astype(np.float32)
    y, x = np.mgrid[16:80, 16:112].astype(np.float32)
    return torch.from_numpy(cv2.remap(picture, x - np.float32(dx), y - np.float32(dy), cv2.INTER_CUBIC))[None, None]


def test_a_step_of_least_squares_finds_a_shift_of_less_than_a_pixel():
    here, there = shifted(0, 0) / m.MISFIT, shifted(0.4, -0.3) / m.MISFIT
    quads_at = F.avg_pool2d(m.pixel_grid(64, 96), 2)
    flow = m.lucas_kanade(here, F.pixel_unshuffle(here, 2), there, quads_at, torch.zeros(1, 2, 32, 48))
    inner = flow[0, :, 4:-4, 4:-4].numpy()
    assert np.abs(inner - np.array([0.4, -0.3])[:, None, None]).mean() < 0.05


def test_a_change_of_light_is_measured_where_little_else_changed():
    here = shifted(0, 0)
    assert m.brightening(here, here / 1.01).item() == pytest.approx(1.01, abs=1e-4)
