"""Paintings at the size of their frames, against the formula in float64."""

import numpy as np
import pytest

from impasto.models.rules import DETAIL, LUMA
from impasto.webapp.files.detail import enlarge


def cubic(small, large):
    """[large,small]: how much of each pixel goes into each of the enlarged ones; Keys' cubic with a = -0.75."""
    a = -0.75
    at = (np.arange(large) + 0.5) * small / large - 0.5
    weights = np.zeros((large, small))
    for k in range(-1, 3):
        x = np.abs(at - np.floor(at) - k)
        near, far = ((a + 2) * x - (a + 3)) * x * x + 1, ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
        pixel = np.clip(np.floor(at).astype(int) + k, 0, small - 1)
        np.add.at(weights, (np.arange(large), pixel), np.where(x <= 1, near, far))
    return weights


def formula(painting, frame, by):
    """For frames that are `by` times the size of their painting."""
    (h, w), (height, width) = painting.shape[:2], frame.shape[:2]
    rows, columns = cubic(h, height), cubic(w, width)
    enlarged = np.clip(np.einsum("Yy,Xx,yxc->YXc", rows, columns, painting.astype(float)), 0, 255)
    light = frame @ np.array(LUMA)
    coarse = rows @ light.reshape(h, by, w, by).mean((1, 3)) @ columns.T
    return np.clip(enlarged + DETAIL * (light - coarse)[..., None], 0, 255)


@pytest.fixture
def noise():
    rng = np.random.default_rng(2)
    return lambda *shape: rng.integers(0, 256, (*shape, 3), np.uint8)


@pytest.mark.parametrize("by", [2, 3, 5])
def test_enlarging_agrees_with_the_formula_in_float64(noise, by):
    painting, frame = noise(18, 25), noise(18 * by, 25 * by)
    assert np.abs(enlarge(painting, frame) - formula(painting, frame, by)).max() <= 1.6


def test_a_painting_of_the_frames_size_stays_as_it_is(noise):
    painting = noise(20, 30)
    assert enlarge(painting, noise(20, 30)) is painting


def test_fine_lines_of_the_frame_come_back_and_its_tones_do_not(noise):
    flat = np.full((24, 32, 3), (200, 120, 40), np.uint8)
    lines = np.full((96, 128, 3), 60, np.uint8)
    lines[:, ::4] = 140
    shown = enlarge(flat, lines)
    assert abs(shown.astype(float).mean((0, 1)) - (200, 120, 40)).max() < 2
    assert shown[..., 0].std() == pytest.approx(0.9 * lines[..., 0].std(), abs=2)
    assert (enlarge(flat, lines, detail=0) == (200, 120, 40)).all()
