"""Motion against exact displacements, and the operators that browsers have."""

import cv2
import numpy as np
import pytest
import torch

from impasto.models import motion as m


def texture(seed=0, side=400):
    """A smooth random luminance [side, side], 0…1, with detail at several scales."""
    random = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(random.normal(size=(side, side)), (0, 0), s) * s for s in (2, 5, 14)]
    total = sum(layers)
    return ((total - total.min()) / np.ptp(total)).astype(np.float32)


def view(picture, matrix, height=128, width=192):
    """What a camera sees of the picture: pixel (x, y) shows the place matrix · (x, y, 1)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    places = np.stack([x, y, np.ones_like(x)], -1) @ np.asarray(matrix, np.float64).T
    seen = cv2.remap(picture, *(places[..., i].astype(np.float32) for i in (0, 1)), cv2.INTER_CUBIC)
    return torch.from_numpy(seen)[None, None], places


def found(here, there):
    """The motion in pixels [H,W,2]."""
    height, width = here.shape[2:]
    flow = m.twice(m.motion(here, there, m.pixel_grid(height, width)))
    return flow[0].permute(1, 2, 0).numpy() * [width / 2, height / 2]


def test_the_grid_is_where_grid_sample_looks():
    picture = torch.rand(1, 3, 16, 32)
    torch.testing.assert_close(m.sample(picture, m.pixel_grid(16, 32)), picture, atol=1e-5, rtol=0)
    coarse = torch.nn.functional.avg_pool2d(m.pixel_grid(32, 64), 4)
    torch.testing.assert_close(coarse, m.pixel_grid(8, 16), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (0.4, -0.7), (5.5, 3.0), (-14.0, 9.5), (30.0, -18.0)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel(dx, dy):
    here, _ = view(texture(), [[1, 0, 100], [0, 1, 100]])
    there, _ = view(texture(), [[1, 0, 100 - dx], [0, 1, 100 - dy]])
    inner = found(here, there)[36:-36, 44:-44]
    assert np.abs(inner - [dx, dy]).mean() < 0.1


def test_a_rotation_and_zoom_is_found():
    a, s = np.deg2rad(2), 1.03
    turn = [[s * np.cos(a), -s * np.sin(a), 100], [s * np.sin(a), s * np.cos(a), 90]]
    there, _ = view(texture(3), [[1, 0, 100], [0, 1, 90]])
    here, places = view(texture(3), turn)
    y, x = np.mgrid[0:128, 0:192]
    true = places - np.stack([x + 100, y + 90], -1)
    error = np.linalg.norm(found(here, there) - true, axis=-1)[16:-16, 16:-16]
    assert error.mean() < 0.2


def test_changing_light_is_not_motion():
    here, _ = view(texture(5), [[1, 0, 100], [0, 1, 100]])
    there = (here * 0.95 + 0.02).clamp(0, 1)
    assert np.abs(found(here, there)).mean() < 0.1


def test_nothing_to_see_means_nothing_moves():
    flat = torch.full((1, 1, 64, 96), 0.5)
    assert np.abs(found(flat, flat)).max() < 1e-3
