"""Synthetic motion: the flow is the true one, the mask says truly what can be seen twice, chance is shared."""

import dataclasses

import pytest
import torch

from impasto.train.data import synthetic
from impasto.train.data.augment import Draws
from impasto.train.data.synthetic import LayerMotion, SyntheticScene
from impasto.train.data.warp import warp

torch.set_num_threads(1)


def draws(seed=0, rank=0, world=1):
    return Draws(torch.Generator().manual_seed(seed), rank, world)


def smooth(n, side, seed=0):
    """Photographs [n,3,side,side] without detail finer than 30 px, so that bilinear reading hardly errs."""
    knots = torch.rand(n, 3, max(side // 30, 2), max(side // 30, 2), generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(knots, (side, side), mode="bicubic", align_corners=True).clamp(0, 1)


def undisturbed(scene):
    """The scene under constant light, without noise."""
    light = torch.tensor([1.0, 1, 0]).expand_as(scene.light)
    return dataclasses.replace(scene, light=light, noise=torch.zeros_like(scene.noise))


def moving(n, size, frames, seed=0):
    side = size * 5 // 4
    return undisturbed(synthetic.random_scene(smooth(n, side), smooth(n, side, 1), size, frames, draws(seed)))


def shift(size, *by):
    """A layer whose steps are the given backward shifts (x, y); the frame is the photograph's middle."""
    steps = torch.eye(3).repeat(1, len(by), 1, 1)
    steps[0, :, :2, 2] = torch.tensor(by, dtype=torch.float32)
    return LayerMotion(size, torch.eye(3)[None], steps, torch.zeros(1, len(by), 2, 4, 4))


def square_scene(camera, cutout, frames=2):
    """40 px: a red 10 px square at rows and columns 15 … 24 of frame 0, before flat blue."""
    blue = torch.tensor([0.0, 0, 1]).view(1, 3, 1, 1).expand(1, 3, 60, 60)
    red = torch.zeros(1, 4, 40, 40)
    red[:, [0, 3], 15:25, 15:25] = 1
    light = torch.tensor([1.0, 1, 0]).expand(1, frames, 3)
    return SyntheticScene(blue, red, camera, cutout, light, torch.zeros(1), torch.zeros(1, dtype=torch.int64))


def test_square_moving_5_px():
    still, right = shift(40, (0, 0)), shift(40, (-5, 0))
    frames, flows, masks = synthetic.render(square_scene(still, right))
    seen = frames[0, 1, 0] > 0.5
    assert seen[15:25, 20:30].all()
    assert seen.sum() == 100
    assert torch.equal(flows[0, 0, 0], torch.where(seen, -5.0, 0.0))
    assert torch.equal(flows[0, 0, 1], torch.zeros(40, 40))
    # By hand: hidden before are the columns 15 … 19 that the square left; beside its edges now, one pixel each way.
    wanted = torch.ones(40, 40)
    wanted[14:26, 19:31] = 0
    wanted[16:24, 21:29] = 1
    wanted[15:25, 15:20] = 0
    assert torch.equal(masks[0, 0, 0], wanted)


def test_what_a_moving_square_uncovers():
    still, right = shift(40, (0, 0)), shift(40, (-5, 0))
    bared = torch.zeros(40, 40)
    bared[15:25, 15:20] = 1
    assert torch.equal(synthetic.uncovered(square_scene(still, right), 1)[0, 0], bared)
    # The camera alone: the square is carried along with nothing behind it coming to light, nor does the frame's edge.
    assert not synthetic.uncovered(square_scene(right, right), 1).any()
    # The background moves left behind the square: its right side bares what it hid.
    bared = torch.zeros(40, 40)
    bared[15:25, 10:15] = 1
    assert torch.equal(synthetic.uncovered(square_scene(shift(40, (5, 0)), still), 1)[0, 0], bared)


def test_background_leaves_the_frame_and_passes_behind_the_square():
    _, flows, masks = synthetic.render(square_scene(shift(40, (6, 0)), shift(40, (0, 0))))
    background = masks[0, 0, 0, 2]  # a row above the square: what was beyond the right edge has not been seen
    assert torch.equal(background, (torch.arange(40) <= 33).float())
    assert (flows[0, 0, 0, 2] == 6).all()
    # In the square's rows, columns 9 … 13 come from behind it; 14 is beside its edge.
    assert torch.equal(masks[0, 0, 0, 20, :17], torch.tensor([1.0] * 9 + [0] * 7 + [1]))


@pytest.mark.parametrize("seed", range(3))
def test_warping_by_the_flow_restores_the_next_frame(seed):
    frames, flows, masks = synthetic.render(moving(6, 96, 3, seed))
    for t in (1, 2):
        error = (warp(frames[:, t - 1], flows[:, t - 1]) - frames[:, t]).abs() * masks[:, t - 1]
        assert error.max() < 0.01
        assert error.mean() < 5e-4
    assert masks.mean() > 0.6


def test_the_check_above_can_fail():
    """Half a pixel off, or without the mask, and the same scenes are not restored."""
    frames, flows, masks = synthetic.render(moving(6, 96, 2))
    off = (warp(frames[:, 0], flows[:, 0] + 0.5) - frames[:, 1]).abs() * masks[:, 0]
    assert off.mean() > 2e-3
    unmasked = (warp(frames[:, 0], flows[:, 0]) - frames[:, 1]).abs()
    assert unmasked.max() > 0.1


def test_flow_between_distant_frames():
    scene = moving(5, 96, 6)
    frames, flows, masks = synthetic.render(scene)
    flow, mask = synthetic.flow_between(scene, 5, 1)
    error = (warp(frames[:, 1], flow) - frames[:, 5]).abs() * mask
    assert error.max() < 0.01
    assert flow.abs().mean() > 2 * flows[:, 4].abs().mean()
    near, near_mask = synthetic.flow_between(scene, 3, 2)
    assert torch.allclose(near, flows[:, 2], atol=1e-4)
    assert (near_mask != masks[:, 2]).float().mean() < 1e-3


def test_a_square_put_before_a_pair_of_frames():
    """Grey that moves by (2, 0) everywhere, and before it a red square that moves by (−5, 0)."""
    grey, flow = torch.full((2, 1, 3, 40, 40), 0.5), torch.zeros(1, 2, 40, 40)
    flow[:, 0] = 2.0
    scene = square_scene(shift(40, (0, 0)), shift(40, (-5, 0)))
    here, there, moved, mask = synthetic.overlay(scene, *grey, flow, torch.ones(1, 1, 40, 40))
    (now, then) = (x[0, 0] > 0.75 for x in (here, there))
    assert now[15:25, 20:30].all()
    assert then[15:25, 15:25].all()
    assert now.sum() == then.sum() == 100
    assert torch.equal(moved[0, 0], torch.where(now, -5.0, 2.0))
    # The grey that would come from behind the square (columns 15 … 24) was hidden: columns 13 … 22 in this frame.
    wanted = torch.ones(40, 40)
    wanted[15:25, 13:23] = 0
    wanted[now] = 1
    assert torch.equal(mask[0, 0], wanted)


def test_composition_by_hand():
    scene = square_scene(shift(40, (0, 0), (0, 0)), shift(40, (-3, 1), (-2, 4)), frames=3)
    flow, _ = synthetic.flow_between(scene, 2, 0)
    assert torch.equal(flow[0, :, 12, 24], torch.tensor([-5.0, 5]))
    assert torch.equal(flow[0, :, 2, 2], torch.zeros(2))


def test_kinds_of_scene_come_in_their_shares():
    scene = synthetic.random_scene(smooth(400, 12), smooth(400, 12), 10, 2, draws())
    camera = (scene.camera.steps - torch.eye(3)).abs().amax((1, 2, 3)) > 0
    cutout = scene.cutout[:, 3].amax((1, 2)) > 0
    shares = [(~camera & ~cutout), (camera & ~cutout), (~camera & cutout)]
    for kind, share in zip(shares, (synthetic.STILL, synthetic.GLOBAL, synthetic.TABLE), strict=True):
        assert abs(kind.float().mean() - share) < 0.07


def test_nothing_moves_in_a_still_scene():
    scene = undisturbed(synthetic.random_scene(smooth(40, 30), smooth(40, 30, 1), 24, 2, draws()))
    frames, flows, masks = synthetic.render(scene)
    still = (scene.cutout[:, 3].amax((1, 2)) == 0) & (scene.camera.bends.abs().amax((1, 2, 3, 4)) == 0)
    assert 1 <= still.sum() < 20
    assert torch.equal(frames[still, 0], frames[still, 1])
    assert flows[still].abs().max() == 0
    assert masks[still].min() == 1


def test_motion_is_of_the_size_of_real_motion():
    _, flows, _ = synthetic.make(smooth(100, 80), smooth(100, 80, 1), 64, 2, draws())
    lengths = flows.norm(dim=2).flatten(1) / 64 * 256  # as if at 256 px, where real clips have means of 0.2 … 17 px
    assert 2 < lengths.mean(1).median() < 8
    assert 10 < lengths.mean(1).max() < 25
    assert 4 < lengths.quantile(0.95, 1).median() < 12


def test_light_and_noise_differ_from_frame_to_frame():
    grey = torch.full((300, 3, 20, 20), 0.5)
    scene = synthetic.random_scene(grey, grey, 16, 2, draws())
    frames = synthetic.render(scene).frames
    levels = frames.mean((2, 3, 4))
    assert 0.005 < (levels[:, 0] - levels[:, 1]).std() < 0.05
    assert torch.allclose(frames[:, 0].std((1, 2, 3)), scene.noise, atol=2e-3)
    assert scene.noise.max() <= synthetic.NOISE
    assert (frames[:, 0] - frames[:, 1]).flatten(1).std(1).max() > 0.02  # independent: √2 times the noise of one


def test_no_black_borders():
    bright = torch.full((50, 3, 40, 40), 0.8)
    frames = synthetic.render(undisturbed(synthetic.random_scene(bright, bright, 32, 4, draws()))).frames
    assert frames.min() > 0.79


def test_processes_share_one_batch():
    back, front = smooth(6, 40), smooth(6, 40, 1)
    whole = synthetic.make(back, front, 32, 3, draws())
    parts = [
        synthetic.make(back[3 * r : 3 * r + 3], front[3 * r : 3 * r + 3], 32, 3, draws(rank=r, world=2))
        for r in range(2)
    ]
    for k, name in enumerate(whole._fields):
        assert torch.allclose(whole[k], torch.cat([part[k] for part in parts]), atol=1e-4), name
    assert [tuple(t.shape) for t in whole] == [(6, 3, 3, 32, 32), (6, 2, 2, 32, 32), (6, 2, 1, 32, 32)]
