"""Motion against exact displacements, and the operators that browsers have."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from impasto.models.steady import motion as m

pytestmark = pytest.mark.usefixtures("one_thread")


def texture(seed=0, side=400):
    """Smooth random light [side, side], 0…1, with detail at several scales."""
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
    """The motion of one frame, found at half its size, in its own pixels [H,W,2]."""
    height, width = here.shape[2:]
    flow = m.motion(*(F.avg_pool2d(x, 2) for x in (here, there, m.pixel_grid(height, width))))
    assert flow.shape == (len(here), 2, height // 4, width // 4)
    return m.twice(m.twice(flow))[0].permute(1, 2, 0).numpy() * [width / 2, height / 2]


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


def test_light_that_changes_on_a_soft_slope_is_not_motion():
    """Where shading runs evenly, a change of light looks like a shift."""
    here = 0.2 + 0.6 * torch.linspace(0, 1, 192).expand(1, 1, 128, 192) + 0.02 * (view(texture(5), np.eye(3))[0] - 0.5)
    assert np.abs(found(here, here * 0.98)).mean() < 0.1


def test_nothing_to_see_means_nothing_moves():
    flat = torch.full((1, 1, 64, 96), 0.5)
    assert np.abs(found(flat, flat)).max() < 1e-3


def test_light_is_the_mean_of_the_colours():
    frame = torch.rand(2, 3, 8, 16)
    np.testing.assert_allclose(m.light(frame).numpy(), frame.double().numpy().mean(1, keepdims=True), atol=1e-6)


def test_each_pair_of_a_batch_is_looked_at_alone():
    pairs = [view(texture(s), [[1, 0, 100 + s], [0, 1, 100]], 64, 96)[0] for s in range(4)]
    here, there, grid = torch.cat(pairs[:2]), torch.cat(pairs[2:]), m.pixel_grid(64, 96)
    together = m.motion(here, there, grid)
    for i in range(2):
        torch.testing.assert_close(together[i : i + 1], m.motion(here[i : i + 1], there[i : i + 1], grid))


@pytest.mark.parametrize("size", [(32, 32), (32, 80)])
def test_small_frames_are_looked_at_too(size):
    """The coarsest level is down to two pixels here, where every window is cut off by the border."""
    here = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(0))
    flow = found(here, here)
    assert np.isfinite(flow).all()
    assert np.abs(flow).mean() < 0.5


@pytest.mark.parametrize("size", [(1, 1), (32, 48), (64, 96), (360, 640), (540, 960)])
def test_the_centres_of_an_images_pixels_are_the_grid_to_the_bit(size):
    assert torch.equal(m.pixel_centres(torch.rand(2, 3, *size)), m.pixel_grid(*size))
