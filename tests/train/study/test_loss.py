"""What a studied style is judged by."""

import pytest
import torch

from impasto.train import losses
from impasto.train.study import loss

G = torch.Generator().manual_seed(0)
SIDE = 16
CHANNELS = {"relu1_2": 3, "relu2_2": 4, "relu3_3": 5, "relu4_3": 6}


def rand(*shape):
    return torch.rand(*shape, generator=G)


def features(image):
    """Something like VGG's features, without weights."""
    weights = torch.Generator().manual_seed(1)
    found, x = {}, image
    for i, (layer, c) in enumerate(CHANNELS.items()):
        x = torch.relu(torch.nn.functional.conv2d(x, torch.randn(c, x.shape[1], 3, 3, generator=weights), padding=1))
        x = torch.nn.functional.avg_pool2d(x, 2) if i in (1, 2) else x
        found[layer] = x
    return found


def batch(frame, other=None, shift=0):
    down = torch.diag(torch.ones(SIDE - abs(shift)), -shift).repeat(len(frame), 1, 1)
    seen = down.sum(2)[:, None, :, None].expand(-1, 1, -1, SIDE)
    across = torch.eye(SIDE).repeat(len(frame), 1, 1)
    content = features(frame)[losses.CONTENT_LAYER]
    return loss.Batch(frame, frame if other is None else other, down, across, seen, content)


@pytest.fixture(autouse=True)
def _repeatable(one_thread):
    """Every test of this file."""


def test_the_painting_itself_has_no_style_error():
    painting = rand(1, 3, SIDE, SIDE)
    found = loss.terms(features, painting, painting, batch(painting), loss.painting_targets(features, painting))
    terms = dict(zip(loss.TERMS, found.tolist(), strict=True))
    assert terms.pop("tv") > 0
    assert terms == pytest.approx(dict.fromkeys(terms, 0), abs=1e-4)


def test_a_batch_has_the_texture_as_a_whole():
    painting = rand(1, 3, SIDE, 2 * SIDE)
    halves = torch.cat(painting.split(SIDE, 3))
    found = losses.palette(loss.side_by_side(halves))
    for one, two in zip(found, losses.palette(painting), strict=True):
        torch.testing.assert_close(one, two)
    f = rand(2, 3, 4, 5)
    torch.testing.assert_close(loss.pooled(f), losses.gram(f).mean(0, keepdim=True))


def test_one_product_back_is_enough_for_a_symmetric_judge():
    f, target = rand(2, 3, 4, 5).requires_grad_(), losses.gram(rand(1, 3, 4, 5))

    def judged(gram):
        return torch.nn.functional.cosine_similarity(gram.flatten(1), target.flatten(1)).sum() + gram.norm().log()

    mine, plain = (
        torch.autograd.grad(judged(g(f)), f)[0] for g in (loss.pooled, lambda x: losses.gram(x).mean(0, keepdim=True))
    )
    torch.testing.assert_close(mine, plain)


def test_what_moves_with_the_motion_does_not_flicker():
    tall = rand(2, 3, SIDE + 3, SIDE)
    frame, other = tall[:, :, :SIDE], tall[:, :, 3:]  # row y of the first is row y − 3 of the second
    moved = batch(frame, other, 3)
    assert float(loss.output_temporal(frame, other, moved)) == pytest.approx(0, abs=1e-10)
    assert float(loss.output_temporal(frame, other, batch(frame, other))) > 1e-3
    painted = frame + 0.1
    expected = (0.1**2) * (SIDE - 3) / SIDE
    assert float(loss.output_temporal(painted, other, moved)) == pytest.approx(expected, rel=1e-4)
