"""Feedback: linear algebra and colours against NumPy and OpenCV, ends that are known, S moved as the formula says."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from impasto.models import feedback
from impasto.models.predictor import Predictor, PredictorSpec
from impasto.models.spec import SPACE_TO_DEPTH
from impasto.models.transformer import Transformer

TINY_P = PredictorSpec(stem=4, stages=((1, 4, 1, 1), (2, 6, 2, 2)), last=8, bottleneck=5, side=32)


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(3)
    t = Transformer(replace(SPACE_TO_DEPTH, channels=(4, 6), blocks=1)).eval()
    return Predictor(TINY_P, t.layout).eval(), t


def test_systems_are_solved_as_numpy_solves_them():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 6, 8)), rng.normal(size=6)
    matrices = a @ a.transpose(0, 2, 1)
    found = feedback.solve(torch.from_numpy(matrices), torch.from_numpy(b))
    expected = [np.linalg.solve(matrix, b) for matrix in matrices]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-8)


def test_colours_against_opencv():
    picture = np.random.default_rng(1).random((20, 30, 3)).astype(np.float32)
    found = feedback.colours(torch.from_numpy(picture).permute(2, 0, 1).flatten(1)[None])[0].numpy()
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float64)
    covariance = np.cov(lab.T, bias=True)
    np.testing.assert_allclose(found[:3], lab.mean(0), atol=0.1)
    np.testing.assert_allclose(found[3:6], lab.std(0), atol=0.1)
    together = [covariance[i, j] / np.sqrt(lab[:, i].std() * lab[:, j].std()) for i, j in ((0, 1), (1, 2), (2, 0))]
    np.testing.assert_allclose(found[6:], feedback.TOGETHER * np.array(together), atol=0.1)


def test_an_end_that_gave_the_colours_is_found():
    normal = torch.randn(3, 3, 400, generator=torch.Generator().manual_seed(2))
    end = torch.tensor([1.1, 0.7, 0.9, -0.3, 0.4, 0.1])
    target = feedback.colours_with_ends(normal, end[None])[0].mean(0, keepdim=True)
    found = feedback.fit_end(normal, target, torch.tensor([0.8, 0.8, 0.8, 0.0, 0.0, 0.0]))
    assert (found - end).abs().max() < 0.15


def test_s_moves_on_by_part_of_the_difference(networks):
    p, t = networks
    generator = torch.Generator().manual_seed(4)
    photographs, painting = torch.rand(2, 3, 32, 32, generator=generator), torch.rand(1, 3, 32, 32, generator=generator)
    with torch.no_grad():
        asked = p(painting)
        seen = torch.cat([p(t(one[None], asked)) for one in photographs]).mean(0, keepdim=True)
        found = feedback.corrected(p, t, photographs, painting, 0.5)
    last = t.layout.slices()[-1][1].start
    torch.testing.assert_close(found[:, :last], (1.5 * asked - 0.5 * seen)[:, :last], rtol=1e-4, atol=1e-5)


def test_the_end_brings_the_colours_nearer(networks):
    p, t = networks
    photographs, painting = feedback.photographs()[:, :, ::4, ::4] / 255, torch.full((1, 3, 32, 32), 0.2)
    painting[:, 0, :16] = 0.9  # red above, dark below
    target = feedback.colours(painting.flatten(2))[:, :6]

    def away(style):
        return (feedback.colours(t(photographs, style).flatten(2))[:, :6] - target).norm(dim=1).mean()

    with torch.no_grad():
        first = p(painting)
        assert away(feedback.with_colours(t, first, photographs, painting)) < 0.8 * away(first)


def test_without_feedback_it_is_ps_own_word(networks):
    p, t = networks
    painting = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(feedback.style_of(p, t, painting), p(painting))


def test_the_photographs_come_along():
    photographs = feedback.photographs()
    assert (photographs.shape, photographs.dtype) == ((3, 3, 192, 192), torch.uint8)
    assert (photographs.float().std((1, 2, 3)) > 20).all()


def test_older_descriptions_have_none():
    data = PredictorSpec(side=384, feedback=0.3).to_json()
    assert PredictorSpec.from_json(data) == PredictorSpec(side=384, feedback=0.3)
    older = {key: value for key, value in data.items() if key not in ("side", "feedback")}
    assert (PredictorSpec.from_json(older).side, PredictorSpec.from_json(older).feedback) == (256, 0.0)
    for wrong in ({"side": 8}, {"feedback": -1.0}, {"feedback": 2}, {"feedback": "much"}):
        with pytest.raises((ValueError, TypeError)):
            PredictorSpec.from_json({**data, **wrong})
