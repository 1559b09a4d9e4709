"""The stabilizer: what it keeps, what it lets go."""

import cv2
import numpy as np
import pytest
import torch

from impasto.models.motion import pixel_grid, sample
from impasto.models.stabilizer import MEMORY, Stabilizer

H, W = 96, 128
GRID = pixel_grid(H, W)


def picture(seed, detail=3.0):
    """A smooth random picture [1,3,H,W]."""
    noise = np.random.default_rng(seed).normal(size=(H, W, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), detail)
    return torch.from_numpy((smooth / smooth.std() / 6 + 0.5).clip(0, 1).astype(np.float32)).permute(2, 0, 1)[None]


def moved(image, dx, dy):
    return sample(image, GRID - torch.tensor([2 * dx / W, 2 * dy / H]).view(1, 2, 1, 1))


@pytest.fixture(scope="module")
def steady():
    stabilizer = Stabilizer()

    def run(frame, painted, stability, previous, carried):
        with torch.no_grad():
            return stabilizer(frame, painted, torch.tensor([float(stability)]), previous, carried, GRID)

    return run


def test_stability_0_is_the_painting_itself(steady):
    painted = picture(1)
    assert torch.equal(steady(picture(0), painted, 0, picture(2), picture(3)), painted)
    assert torch.equal(steady(picture(0), painted, 0, torch.zeros(1, 3, H, W), torch.zeros(1, 3, H, W)), painted)


def test_on_a_still_scene_flicker_fades_with_the_dial(steady):
    frame, scene = picture(0), picture(1)
    first, second = ((scene + 0.1 * (picture(s, 8) - 0.5)).clamp(0, 1) for s in (2, 3))
    errors = [float((steady(frame, second, d, frame, first) - first).square().mean()) for d in (0, 0.25, 0.5, 0.75, 1)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1.3 * (1 - MEMORY) ** 2 * errors[0]


def test_paint_moves_along_with_the_scene(steady):
    """A moving scene whose painting flickers: the output is nearer to the carried painting than the new one is."""
    previous, carried = picture(0), picture(1, 4)
    frame, wanted = moved(previous, 6, -3), moved(carried, 6, -3)
    painted = (wanted + 0.15 * (picture(4, 6) - 0.5)).clamp(0, 1)
    inner = (..., slice(20, -20), slice(20, -20))
    before = (painted - wanted)[inner].square().mean()
    after = (steady(frame, painted, 1, previous, carried) - wanted)[inner].square().mean()
    assert after < 0.3 * before


def test_after_a_cut_only_the_new_painting_stands(steady):
    painted = picture(1)
    out = steady(picture(0), painted, 1, 1 - picture(7), picture(8))
    assert (out - painted).abs().mean() < 0.005


def test_what_was_hidden_is_painted_anew(steady):
    """A square that was not there: inside, nothing of the old painting may show."""
    previous, frame = picture(0), picture(0).clone()
    frame[..., 30:66, 40:88] = torch.tensor([0.95, 0.05, 0.1]).view(1, 3, 1, 1)
    painted, carried = picture(1), picture(2)
    out = steady(frame, painted, 1, previous, carried)
    inside, outside = (..., slice(36, 60), slice(46, 82)), (..., slice(0, 20), slice(0, 128))
    assert (out - painted)[inside].abs().mean() < 0.01
    assert (out - carried)[outside].abs().mean() < 0.5 * (painted - carried)[outside].abs().mean()


def test_detail_is_not_lost_over_many_frames(steady):
    frame, out = picture(0, 2), picture(1, 1.5)
    start = float((out - torch.nn.functional.avg_pool2d(out, 3, 1, 1)).square().mean())
    for step in range(1, 20):
        now, painted = moved(frame, 0.5 * step, 0), moved(picture(1, 1.5), 0.5 * step, 0)
        out = steady(now, painted, 1, moved(frame, 0.5 * (step - 1), 0), out)
    left = float((out - torch.nn.functional.avg_pool2d(out, 3, 1, 1)).square().mean())
    assert 0.6 * start < left < 1.4 * start
