"""Occlusion masks: the three conditions one by one, against numpy, and on a scene with a known answer."""

import numpy as np
import torch

from impasto.train.data.occlusion import consistent, disoccluded, inside, motion_boundaries, occlusion_mask, visible

torch.set_num_threads(1)


def constant(u, v, h=6, w=8):
    return torch.tensor([float(u), float(v)]).view(1, 2, 1, 1).expand(1, 2, h, w).clone()


def test_consistency_threshold_by_hand():
    """ŵ = (3, 0), w = (−3 + d, 0): d² against 0.01 (9 + (3 − d)²) + 0.5 turns over at d = 0.7990."""
    assert consistent(constant(3, 0), constant(-3 + 0.79, 0)).all()
    assert not consistent(constant(3, 0), constant(-3 + 0.80, 0)).any()


def test_inside_by_hand():
    found = inside(constant(2, -1))[0, 0]
    expected = np.zeros((6, 8), bool)
    expected[1:, :6] = True
    assert (found.numpy() == expected).all()


def test_motion_boundaries_against_numpy():
    rng = np.random.default_rng(0)
    flow = rng.normal(0, 1, (2, 9, 11)) * np.linspace(0.01, 0.2, 11)
    flow[:, 2:5, 3:7] += 2
    padded = np.pad(flow, ((0, 0), (1, 1), (1, 1)), "edge")
    gradient = np.zeros((9, 11))
    for y in range(9):
        for x in range(11):
            for c in range(2):
                gradient[y, x] += ((padded[c, y + 1, x + 2] - padded[c, y + 1, x]) / 2) ** 2
                gradient[y, x] += ((padded[c, y + 2, x + 1] - padded[c, y, x + 1]) / 2) ** 2
    expected = gradient > 0.01 * (flow**2).sum(0) + 0.002
    assert 10 < expected.sum() < 90
    assert (motion_boundaries(torch.from_numpy(flow)[None])[0, 0].numpy() == expected).all()


def test_motion_boundary_threshold_by_hand():
    """Between neighbours −d and d the flow is 0 and its gradient d: d² against 0.002 turns over at d = 0.0447."""
    for d, expected in ((0.044, False), (0.045, True)):
        flow = torch.zeros(1, 2, 1, 3)
        flow[0, 0, 0] = torch.tensor([-d, 0, d])
        assert motion_boundaries(flow)[0, 0, 0, 1] == expected


def test_square_moving_over_a_still_ground():
    """A square at columns 4…7 of t−1 is at 6…9 of t: at t its wake, columns 4 and 5, was hidden by nothing but it."""
    flow, back = torch.zeros(1, 2, 12, 16), torch.zeros(1, 2, 12, 16)
    flow[:, 0, 3:9, 6:10] = -2  # from t to t−1
    back[:, 0, 3:9, 4:8] = 2  # from t−1 to t
    mask = visible(flow, back)[0, 0]
    expected = torch.ones(12, 16)
    expected[3:9, 4:6] = 0  # ground that the square covered at t−1
    assert torch.equal(mask, expected)
    trained = occlusion_mask(flow, back)[0, 0]
    assert (trained <= mask).all()
    assert trained[5, 7] == 1  # within the square
    assert trained[5, 6] == 0  # the square's edge is a motion boundary
    assert trained[3, 8] == 0
    assert trained[0, 0] == 1


def test_a_batch_is_its_images():
    g = torch.Generator().manual_seed(0)
    flow, back = torch.randn(3, 2, 7, 9, generator=g), torch.randn(3, 2, 7, 9, generator=g)
    whole = occlusion_mask(flow, back)
    assert whole.shape == (3, 1, 7, 9)
    assert set(whole.unique().tolist()) <= {0.0, 1.0}
    for i in range(3):
        assert torch.equal(whole[i : i + 1], occlusion_mask(flow[i : i + 1], back[i : i + 1]))


def block_moving_right(step):
    """A block at rows 4…11, columns 6…13 moves `step` px before a still background: flow, seen, what is bared."""
    flow, seen = torch.zeros(2, 16, 30), torch.ones(1, 16, 30)
    flow[0, 4:12, 6:14] = step
    seen[:, 4:12, 14 : 14 + step] = 0
    bared = torch.zeros(1, 16, 30)
    bared[:, 4:12, 6 : 6 + step] = 1
    return flow, seen, bared


def test_disoccluded_is_what_a_block_leaves_behind():
    flow, seen, bared = block_moving_right(5)
    assert torch.equal(disoccluded(flow, seen), bared)


def test_regions_less_than_three_pixels_wide_do_not_count():
    flow, seen, bared = block_moving_right(3)
    assert torch.equal(disoccluded(flow, seen), bared)
    flow, seen, _ = block_moving_right(2)
    assert not disoccluded(flow, seen).any()


def test_what_comes_in_over_the_border_is_not_disoccluded():
    """Everything moves 4 px right, the block 9: the strip on the left is new, but only the bared one was hidden."""
    flow, seen, bared = block_moving_right(5)
    flow[0] += 4
    seen[:, :, -4:] = 0
    assert torch.equal(disoccluded(flow, seen), bared.roll(4, -1))


def test_growth_opens_no_holes():
    y, x = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    flow = 0.7 * torch.stack([x - 11.5, y - 11.5])
    assert not disoccluded(flow, inside(flow[None])[0].float()).any()


def test_nothing_seen_is_nothing_known():
    assert not disoccluded(torch.zeros(2, 8, 8), torch.zeros(1, 8, 8)).any()
