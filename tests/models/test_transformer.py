"""T against an independent reference: the formula written out in NumPy float64."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from impasto.models.spec import PUBLISHED, SPACE_TO_DEPTH, StyleLayout, TransformerSpec
from impasto.models.transformer import Transformer, as_far_as_seen, style_norm


def reflect_conv(x, weight, bias, stride):
    """x [C,H,W], weight [O,C,k,k]: reflect so that the output is 1/stride of the input, then correlate."""
    k = weight.shape[-1]
    before, after = (k - stride + 1) // 2, (k - stride) // 2
    x = np.pad(x, ((0, 0), (before, after), (before, after)), mode="reflect")
    h, w = (x.shape[1] - k) // stride + 1, (x.shape[2] - k) // stride + 1
    out = np.empty((len(weight), h, w))
    for i in range(h):
        for j in range(w):
            patch = x[:, i * stride : i * stride + k, j * stride : j * stride + k]
            out[:, i, j] = (weight * patch).sum((1, 2, 3)) + bias
    return out


def numpy_transformer(t, frame, style):
    """The whole network for one frame [3,H,W] and S [D], in float64, straight from the description."""
    state = {k: v.double().numpy() for k, v in t.state_dict().items()}
    at = 0

    def conv(name, x, stride=1):
        return reflect_conv(x, state[f"{name}.conv.weight"], state[f"{name}.conv.bias"], stride)

    def norm(z):
        nonlocal at
        c = len(z)
        gamma, beta = style[at : at + c], style[at + c : at + 2 * c]
        at += 2 * c
        mean, var = z.mean((1, 2), keepdims=True), z.var((1, 2), keepdims=True)
        return gamma[:, None, None] * (z - mean) / np.sqrt(var + t.spec.epsilon) + beta[:, None, None]

    levels = [np.maximum(conv("stem", frame, t.spec.stem_stride), 0)]
    for i in range(len(t.contract)):
        levels.append(np.maximum(conv(f"contract.{i}", levels[-1], 2), 0))
    z = levels.pop()
    for i in range(t.spec.blocks):
        inner = np.maximum(norm(conv(f"blocks.{i}.0", z)), 0)
        z = z + norm(conv(f"blocks.{i}.1", inner))
    for i in range(len(t.expand)):
        z = conv(f"expand.{i}", z.repeat(2, 1).repeat(2, 2))
        z = np.maximum(norm(z + conv(f"skip.{i}", levels.pop()) if t.spec.skip else z), 0)
    z = conv("end", z)
    f = t.spec.stem_stride
    if f > 1:
        c, h, w = z.shape
        z = z.reshape(c // f**2, f, f, h, w).transpose(0, 3, 1, 4, 2).reshape(c // f**2, h * f, w * f)
    return 1 / (1 + np.exp(-norm(z)))


SMALL = {
    "published layout": TransformerSpec(channels=(2, 3, 4), blocks=2),
    "space to depth": TransformerSpec(channels=(3, 4), blocks=1, stem_kernel=6, stem_stride=2, end_kernel=3),
    "skips": TransformerSpec(channels=(3, 4, 5), blocks=1, stem_kernel=6, stem_stride=2, end_kernel=3, skip=True),
    "space to depth by four": TransformerSpec(channels=(5,), blocks=1, stem_kernel=8, stem_stride=4, end_kernel=3),
}


@pytest.mark.parametrize("name", SMALL)
def test_equals_the_formula_in_float64(name):
    torch.manual_seed(0)
    t = Transformer(SMALL[name]).double()
    for conv in t.skip:
        torch.nn.init.normal_(conv.conv.weight, std=0.2)
    frame, style = torch.rand(1, 3, 16, 24).double(), torch.randn(1, t.layout.size).double()
    with torch.no_grad():
        ours = t(frame, style)[0].numpy()
    assert np.abs(ours - numpy_transformer(t, frame[0].numpy(), style[0].numpy())).max() < 1e-10


def test_skips_begin_at_nothing():
    torch.manual_seed(0)
    t, frame = Transformer(SMALL["skips"]), torch.rand(1, 3, 16, 24)
    without, style = Transformer(replace(t.spec, skip=False)), torch.randn(1, t.layout.size)
    without.load_state_dict(t.state_dict(), strict=False)
    with torch.no_grad():
        assert torch.equal(t(frame, style), without(frame, style))


def test_style_norm_by_hand():
    z = torch.tensor([[[[1.0, 3.0]]]])  # mean 2, standard deviation 1
    out = style_norm(z, torch.tensor([[2.0]]), torch.tensor([[5.0]]), epsilon=0.0)
    assert out.flatten().tolist() == pytest.approx([3.0, 7.0], abs=1e-5)


def test_layout_of_the_published_network():
    layout = StyleLayout.of(PUBLISHED)
    assert layout.size == 694  # 2 · (10 · 32 + 16 + 8 + 3)
    name, gamma, beta = layout.slices()[-1]
    assert (name, gamma, beta) == ("end.norm", slice(688, 691), slice(691, 694))


def test_layout_covers_s_once():
    for spec in (PUBLISHED, SPACE_TO_DEPTH, *SMALL.values()):
        layout = StyleLayout.of(spec)
        covered = [i for _, g, b in layout.slices() for part in (g, b) for i in range(part.start, part.stop)]
        assert covered == list(range(layout.size))


def test_one_style_vector_serves_a_batch_and_each_frame_stands_alone():
    torch.manual_seed(0)
    t = Transformer(SMALL["published layout"])
    frames, style = torch.rand(2, 3, 16, 16), torch.randn(1, t.layout.size)
    with torch.no_grad():
        together, alone = t(frames, style), torch.cat([t(f[None], style) for f in frames])
    assert torch.allclose(together, alone, atol=1e-5)  # float32, summed in another order


def test_spec_survives_json():
    for spec in (PUBLISHED, SPACE_TO_DEPTH):
        assert TransformerSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize("spec", [PUBLISHED, SPACE_TO_DEPTH])
def test_keeps_any_size_divisible_by_eight(spec):
    t = Transformer(spec).eval()
    with torch.no_grad():
        out = t(torch.rand(1, 3, 40, 56), torch.randn(1, t.layout.size))
    assert out.shape == (1, 3, 40, 56)
    assert out.min() >= 0
    assert out.max() <= 1


def test_a_level_end_paints_a_flat_frame_evenly():
    torch.manual_seed(0)
    t = Transformer(TransformerSpec((4, 6), 1, stem_kernel=6, stem_stride=2, end_kernel=3)).eval()
    torch.nn.init.normal_(t.end.conv.bias)
    with torch.no_grad():
        woven = t.end(torch.ones(1, 4, 8, 8))
        before = t.end.conv.weight.clone()
        t.level_end()
        level = t.end(torch.ones(1, 4, 8, 8))
        again = t.end.conv.weight.clone()
        t.level_end()
    assert woven.view(3, 4, -1).std(1).max() > 0.1
    assert level.view(3, 4, -1).std(1).max() < 1e-6
    torch.testing.assert_close(level.view(3, 4, -1).mean(1), woven.view(3, 4, -1).mean(1))  # its colour stays
    torch.testing.assert_close(t.end.conv.weight, again, atol=1e-7, rtol=0)
    assert (before - before.mean((2, 3), keepdim=True) - (again - again.mean((2, 3), keepdim=True))).abs().max() < 1e-6


def test_a_level_end_changes_nothing_without_depth_to_space():
    t = Transformer(TransformerSpec(channels=(4, 6, 8), blocks=1))
    before = t.end.conv.weight.clone()
    t.level_end()
    assert torch.equal(before, t.end.conv.weight)


def test_as_much_style_as_there_is_to_be_seen():
    """γ times the variance in levels of 255, at most once; β as it is."""
    layout = StyleLayout.of(SMALL["skips"])
    style = torch.randn(1, layout.size)
    plain = torch.rand(1, 3, 1, 1).expand(1, 3, 16, 24)
    faint = torch.where(torch.arange(24) % 2 == 0, 0.5, -0.5) / 255  # a variance of a quarter
    frames = torch.cat([plain, plain + faint, plain + 2 * faint, torch.rand(1, 3, 16, 24)])
    found = as_far_as_seen(style, frames, layout)
    for _, gamma, beta in layout.slices():
        torch.testing.assert_close(
            found[:, gamma], torch.tensor([0, 0.25, 1, 1])[:, None] * style[:, gamma], atol=1e-4, rtol=1e-3
        )
        assert torch.equal(found[:, beta], style[:, beta].expand(4, -1))
