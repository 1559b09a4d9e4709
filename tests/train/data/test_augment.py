"""Chance is shared between processes and resumable; augmented pictures stay pictures."""

import pytest
import torch

from impasto.train.data import augment
from impasto.train.data.augment import Draws

torch.set_num_threads(1)


def draws(seed=0, rank=0, world=1):
    return Draws(torch.Generator().manual_seed(seed), rank, world)


def ramp(n, side):
    """Red grows to the right, green downwards, blue is ½."""
    line = torch.linspace(0, 1, side)
    return torch.stack([line.expand(side, side), line.unsqueeze(1).expand(side, side), torch.full((side, side), 0.5)])[
        None
    ].repeat(n, 1, 1, 1)


@pytest.mark.parametrize("augmented", [augment.crop_flip, augment.paintings])
def test_processes_share_one_batch(augmented):
    images = torch.rand(6, 3, 40, 40, generator=torch.Generator().manual_seed(1))
    whole = augmented(images, 24, draws())
    parts = [augmented(images[2 * r : 2 * r + 2], 24, draws(rank=r, world=3)) for r in range(3)]
    assert torch.allclose(whole, torch.cat(parts), atol=1e-6)
    assert not torch.allclose(whole, augmented(images, 24, draws(seed=1)), atol=0.05)


def test_every_kind_of_draw_is_shared_and_resumes():
    one, two, state = draws(), draws(rank=1, world=2), draws()
    first = [one.uniform(4, 2, low=-1, high=3), one.normal(4), one.integers(4, high=9)]
    second = [two.uniform(2, 2, low=-1, high=3), two.normal(2), two.integers(2, high=9)]
    for whole, part in zip(first, second, strict=True):
        assert torch.equal(whole[2:], part)
    state.generator.set_state(one.generator.get_state())
    assert torch.equal(one.uniform(5), state.uniform(5))


def test_crops_keep_the_promised_share_and_are_mirrored_half_of_the_time():
    out = augment.crop_flip(ramp(200, 64), 32, draws())
    across, down = out[:, 0, 16, 31] - out[:, 0, 16, 0], out[:, 1, 31, 16] - out[:, 1, 0, 16]
    assert 70 < (across < 0).sum() < 130
    assert torch.allclose(across.abs(), down, atol=0.02)
    assert (down > 0.64).all()
    assert down.min() < 0.75 < 0.9 < down.max()
    assert out[:, 0].std((1, 2)).min() > 0.15


def test_frames_of_a_sequence_are_cropped_alike():
    frames = torch.rand(2, 1, 3, 32, 32, generator=torch.Generator().manual_seed(2)).repeat(1, 3, 1, 1, 1)
    out = augment.crop_flip(frames, 16, draws())
    assert out.shape == (2, 3, 3, 16, 16)
    assert torch.equal(out[:, 0], out[:, 2])
    assert not torch.allclose(out[0], out[1], atol=0.1)


def test_shrinking_does_not_alias():
    stripes = (torch.arange(256) % 2).float().expand(1, 3, 256, 256).contiguous()
    out = augment.crop_flip(stripes, 32, draws())
    assert (out[..., 4:-4, 4:-4] - 0.5).abs().max() < 0.05


def test_resample_with_the_identity_changes_nothing():
    images = torch.rand(2, 3, 20, 20, generator=torch.Generator().manual_seed(3))
    same = augment.resample(images, torch.eye(2, 3).expand(2, 2, 3), 20)
    assert torch.allclose(same, images, atol=1e-5)


def test_paintings_vary_and_stay_in_range():
    out = augment.paintings(ramp(64, 48), 32, draws())
    assert out.shape == (64, 3, 32, 32)
    assert out.min() >= 0
    assert out.max() <= 1
    assert out.mean((2, 3)).std(0).min() > 0.03
    assert out.isfinite().all()


def test_recolouring_of_grey_keeps_it_near_grey_only_gains_tint_it():
    grey = torch.full((200, 3, 4, 4), 0.5)
    out = augment.recolour(grey, draws())[:, :, 0, 0]
    assert (out.amax(1) - out.amin(1)).max() < 2 * 0.5 * augment.GAIN[1] * 2
    untouched = ((out - 0.5).abs().amax(1) < 1e-5).float().mean()
    assert 0.3 < untouched < 0.7  # gain is the one change that grey feels, at even odds


def test_hue_turns_about_grey():
    turn = augment._hue_rotation(torch.tensor([2 * torch.pi / 3, 0.3]))
    assert torch.allclose(turn[0] @ torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 1, 0]), atol=1e-6)
    assert torch.allclose(turn[1] @ torch.ones(3), torch.ones(3), atol=1e-6)
    assert torch.allclose(turn[1] @ turn[1].T, torch.eye(3), atol=1e-6)
