"""P: shapes, where its training starts, and that blending styles is arithmetic on S."""

from dataclasses import replace

import numpy as np
import torch

from impasto.models.predictor import SMALL, Predictor, PredictorSpec, SameConv, statistics
from impasto.models.spec import PUBLISHED, SPACE_TO_DEPTH, StyleLayout, TransformerSpec
from impasto.models.transformer import Transformer

TINY = PredictorSpec(stem=4, stages=((1, 4, 1, 1), (2, 6, 2, 2)), last=8, bottleneck=5)


def test_the_published_predictor_has_the_published_size():
    p = Predictor(PredictorSpec(), StyleLayout.of(PUBLISHED))
    backbone = sum(x.numel() for name, x in p.named_parameters() if not name.startswith("heads"))
    assert len(p.blocks) == 17
    assert round(backbone / 1e6, 2) == 2.33  # batch normalisation folded in


def test_the_small_one_is_half_as_large():
    p = Predictor(SMALL, StyleLayout.of(SPACE_TO_DEPTH))
    assert 2 * sum(x.numel() for x in p.parameters()) <= 2.4e6  # bytes in float16


def test_without_a_last_convolution_the_stages_are_pooled():
    p = Predictor(replace(TINY, last=0), StyleLayout.of(TransformerSpec(channels=(3, 4), blocks=1)))
    with torch.no_grad():
        pooled = p.blocks(p.lower(image := torch.rand(2, 3, 32, 32))).mean((2, 3))
        torch.testing.assert_close(p.bottleneck_of(image), pooled @ p.bottleneck.weight.T + p.bottleneck.bias)


def test_statistics_against_numpy():
    z = torch.randn(2, 3, 5, 7) * 4 + 1
    x = z.double().numpy().reshape(2, 3, -1)
    wanted = np.concatenate((x.mean(2), np.sqrt(x.var(2) + 1e-4)), 1)
    np.testing.assert_allclose(statistics(z).numpy(), wanted, rtol=1e-5, atol=1e-5)


def test_statistics_in_half_precision_do_not_overflow():
    z = 200 + 50 * torch.randn(1, 2, 256, 256)  # squares up to 160,000, sums up to 13 million: far beyond 65,504
    torch.testing.assert_close(statistics(z.half()).float(), statistics(z), rtol=2e-3, atol=0.1)


def test_a_flat_picture_has_finite_gradients():
    z = torch.full((1, 2, 4, 4), 0.5, requires_grad=True)
    statistics(z).sum().backward()
    assert z.grad.isfinite().all()


def test_statistics_are_of_the_picture_and_all_levels_and_correct_nothing_at_first():
    spec, layout = replace(TINY, statistics=7), StyleLayout.of(TransformerSpec(channels=(3, 4), blocks=1))
    assert spec.levels == {0: 4, 1: 4}
    p, image = Predictor(spec, layout), torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        z, found = p.lower_summary(image, 1)
        levels = (image, p.lower(image), p.lower(image, 1))
        torch.testing.assert_close(torch.cat(found, 1), torch.cat([statistics(x) for x in levels], 1))
        torch.testing.assert_close(p.summary(image)[1], torch.cat(found, 1))
        torch.testing.assert_close(p.upper(z, 1), p.bottleneck_of(image))
        torch.testing.assert_close(p(image), p.heads(p.bottleneck_of(image)))
        p.correct.weight.normal_()
        assert not torch.allclose(p(image), p.heads(p.bottleneck_of(image)))


def test_halves_make_a_whole_wherever_it_is_cut():
    p = Predictor(TINY, StyleLayout.of(TransformerSpec(channels=(3, 4), blocks=1)))
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert len({tuple(p.upper(p.lower(image, cut), cut).flatten().tolist()) for cut in range(4)}) == 1


def test_same_padding_at_stride_two_looks_right_and_down():
    conv = SameConv(1, 1, 3, 2)
    torch.nn.init.zeros_(conv.conv.weight)
    torch.nn.init.zeros_(conv.conv.bias)
    conv.conv.weight.data[0, 0, 0, 0] = 1  # the tap that sees the window's first pixel
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert conv(x).flatten().tolist() == [0, 2, 8, 10]


def test_starts_near_gamma_one_beta_zero():
    layout = StyleLayout.of(TransformerSpec(channels=(3, 4), blocks=1))
    with torch.no_grad():
        p = Predictor(TINY, layout)
        style = p(torch.rand(4, 3, 64, 64))
    for _, gamma, beta in layout.slices():
        assert (style[:, gamma] - 1).abs().max() < 0.5
        assert style[:, beta].abs().max() < 0.5


def test_a_blend_of_one_and_nothing_is_the_one():
    torch.manual_seed(0)
    t = Transformer(TransformerSpec(channels=(3, 4), blocks=1))
    p = Predictor(TINY, t.layout)
    torch.nn.init.normal_(p.heads.weight, std=0.5)  # untrained, it says nearly the same of everything
    with torch.no_grad():
        a, b = p(torch.rand(2, 3, 64, 64))[:, None]
        frame = torch.rand(1, 3, 16, 16)
        assert torch.equal(t(frame, 1.0 * a + 0.0 * b), t(frame, a))
        assert not torch.allclose(t(frame, 0.5 * a + 0.5 * b), t(frame, a))


def test_spec_survives_json():
    assert PredictorSpec.from_json(TINY.to_json()) == TINY


def test_a_description_from_before_statistics_has_none():
    old = TINY.to_json()
    del old["statistics"]
    assert PredictorSpec.from_json(old).statistics == 0
