"""Every loss by hand on two pixels, and against numpy float64."""

import numpy as np
import pytest
import torch

from impasto.train import losses

torch.set_num_threads(1)

G = torch.Generator().manual_seed(0)
CHANNELS = {"relu1_2": 5, "relu2_2": 6, "relu3_3": 7, "relu4_3": 8}


def rand(*shape):
    return torch.rand(*shape, generator=G)


def features(n=2):
    return {layer: rand(n, c, 6, 4) for layer, c in CHANNELS.items()}


def np_gram(f):
    f = f.double().numpy().reshape(f.shape[0], -1)
    return f @ f.T / f.shape[1]


def np_warp(image, flow):
    """[C,H,W] and [2,H,W], pixel by pixel."""
    image, flow = image.double().numpy(), flow.double().numpy()
    _, h, w = image.shape
    out = np.zeros_like(image)
    for y in range(h):
        for x in range(w):
            px, py = np.clip(x + flow[0, y, x], 0, w - 1), np.clip(y + flow[1, y, x], 0, h - 1)
            x0, y0 = int(px), int(py)
            x1, y1, fx, fy = min(x0 + 1, w - 1), min(y0 + 1, h - 1), px - x0, py - y0
            top = (1 - fx) * image[:, y0, x0] + fx * image[:, y0, x1]
            out[:, y, x] = (1 - fy) * top + fy * ((1 - fx) * image[:, y1, x0] + fx * image[:, y1, x1])
    return out


def motion(n=2, h=8, w=8):
    return torch.randn(n, 2, h, w, generator=G) * 1.5, (rand(n, 1, h, w) > 0.3).float()


# Content and style


def test_content_by_hand():
    # One channel, two pixels: (1² + 2²) / (3² + 4²).
    out, target = torch.tensor([[[[4.0, 6.0]]]]), torch.tensor([[[[3.0, 4.0]]]])
    assert float(losses.content(out, target)) == pytest.approx(5 / 25)


def test_content_against_numpy():
    a, b = rand(3, 4, 5, 6), rand(3, 4, 5, 6)
    x, y = a.double().numpy(), b.double().numpy()
    expected = np.mean([((p - q) ** 2).sum() / (q**2).sum() for p, q in zip(x, y, strict=True)])
    assert float(losses.content(a, b)) == pytest.approx(expected, rel=1e-6)


def test_gram_by_hand():
    # Channels (1, 2) and (3, 4) over two pixels: products 5, 11, 25, over 2 pixels.
    f = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    assert torch.equal(losses.gram(f), torch.tensor([[[2.5, 5.5], [5.5, 12.5]]]))


def test_style_by_hand():
    # G = 2.5 against 2 at every layer: 0.5² / 2².
    f = {layer: torch.tensor([[[[1.0, 2.0]]]]) for layer in CHANNELS}
    target = {layer: torch.tensor([[[2.0]]]) for layer in CHANNELS}
    assert float(losses.style(losses.grams(f), target)) == pytest.approx(1 / 16)


def test_style_against_numpy():
    out, target = features(), features()
    errors = []
    for layer in CHANNELS:
        for a, b in zip(out[layer], target[layer], strict=True):
            g, t = np_gram(a), np_gram(b)
            errors.append(((g - t) ** 2).sum() / (t**2).sum())
    found = losses.style(losses.grams(out), losses.grams(target))
    assert float(found) == pytest.approx(np.mean(errors), rel=1e-5)


def test_one_style_serves_a_batch():
    out, one = features(3), losses.grams(features(1))
    thrice = {layer: g.expand(3, -1, -1) for layer, g in one.items()}
    assert torch.isclose(losses.style(losses.grams(out), one), losses.style(losses.grams(out), thrice))


def test_scale_of_the_features_does_not_matter():
    out, target = features(), features()
    big = [{layer: 300 * f for layer, f in x.items()} for x in (out, target)]
    plain = losses.style(losses.grams(out), losses.grams(target))
    assert torch.isclose(losses.style(*map(losses.grams, big)), plain, rtol=1e-5)
    layer = losses.CONTENT_LAYER
    assert torch.isclose(losses.content(big[0][layer], big[1][layer]), losses.content(out[layer], target[layer]))


def test_gram_is_float32_under_autocast():
    f = rand(2, 64, 32, 32).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        g = losses.gram(f)
        error = losses.content(f, f.flip(0))
    assert g.dtype == error.dtype == torch.float32
    assert np.abs(g[0].numpy() - np_gram(f[0])).max() < 1e-5


def test_gram_of_bf16_features_is_rounded_only_once():
    f = rand(2, 64, 32, 32).bfloat16().contiguous(memory_format=torch.channels_last)
    g = losses.gram(f)
    assert g.dtype == torch.float32
    exact = np_gram(f[0])
    assert np.abs(g[0].numpy() - exact).max() <= 2**-8 * np.abs(exact).max()


# Total variation


def test_total_variation_by_hand():
    assert float(losses.total_variation(torch.tensor([[[[0.0, 0.5], [0.0, 0.5]]]]))) == pytest.approx(0.25)


def test_total_variation_against_numpy():
    a = rand(2, 3, 5, 7)
    x = a.double().numpy()
    expected = np.mean((x[..., 1:] - x[..., :-1]) ** 2) + np.mean((x[:, :, 1:] - x[:, :, :-1]) ** 2)
    assert float(losses.total_variation(a)) == pytest.approx(expected, rel=1e-6)


# Output temporal


def two_pixels(left, right):
    return torch.tensor([left, right]).T.reshape(1, 3, 1, 2)


def test_output_temporal_by_hand():
    """The scene moved one pixel left; its right pixel is new. At the left pixel O changed by (.1, .2, .3), I by
    (.5, 0, 0), so Y by .5 · .2126 = .1063; 2 pixels × 3 channels are counted."""
    flow = torch.tensor([[[[1.0, 0.0]], [[0.0, 0.0]]]])
    mask = torch.tensor([[[[1.0, 0.0]]]])
    previous, frame = two_pixels([0.9, 0.9, 0.9], [0.2, 0.2, 0.2]), two_pixels([0.7, 0.2, 0.2], [0.0, 0.0, 0.0])
    previous_out, out = two_pixels([0.0, 0.0, 0.0], [0.5, 0.5, 0.5]), two_pixels([0.6, 0.7, 0.8], [1.0, 1.0, 1.0])
    expected = ((0.1 - 0.1063) ** 2 + (0.2 - 0.1063) ** 2 + (0.3 - 0.1063) ** 2) / 6
    found = losses.output_temporal(out, previous_out, frame, previous, flow, mask)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_output_temporal_against_numpy():
    out, previous_out, frame, previous = (rand(2, 3, 8, 8) for _ in range(4))
    flow, mask = motion()
    squares = []
    for i in range(2):
        change_out = out[i].double().numpy() - np_warp(previous_out[i], flow[i])
        change_in = frame[i].double().numpy() - np_warp(previous[i], flow[i])
        y = 0.2126 * change_in[0] + 0.7152 * change_in[1] + 0.0722 * change_in[2]
        squares.append(mask[i].double().numpy() * (change_out - y) ** 2)
    found = losses.output_temporal(out, previous_out, frame, previous, flow, mask)
    assert float(found) == pytest.approx(np.mean(squares), rel=1e-5)


def test_a_change_of_light_is_forgiven_and_noise_is_not():
    frame, flow, mask = rand(1, 3, 8, 8) * 0.5, torch.zeros(1, 2, 8, 8), torch.ones(1, 1, 8, 8)
    out, light = rand(1, 3, 8, 8) * 0.5, 0.2
    forgiven = losses.output_temporal(out + light, out, frame + light, frame, flow, mask)
    punished = losses.output_temporal(out + light, out, frame, frame, flow, mask)
    assert float(forgiven) < 1e-12
    assert float(punished) == pytest.approx(light**2, rel=1e-5)


def test_both_directions_agree_on_a_translation():
    """A scene that slides 3 pixels right and 2 down, each side of it seen through its own frame's flow and mask."""
    scene, painted = rand(1, 3, 40, 40), rand(1, 3, 40, 40)
    noise = rand(1, 3, 24, 24) * 0.1

    def at(picture, x, y):
        return picture[..., 8 - y : 32 - y, 8 - x : 32 - x]

    previous, frame = at(scene, 0, 0), at(scene, 3, 2) * 0.9
    previous_out, out = at(painted, 0, 0), at(painted, 3, 2) + noise
    flow, forward = (torch.tensor([s * 3.0, s * 2.0]).view(1, 2, 1, 1).expand(1, 2, 24, 24) for s in (-1, 1))
    mask, mask_previous = torch.zeros(1, 1, 24, 24), torch.zeros(1, 1, 24, 24)
    mask[..., 2:, 3:] = 1
    mask_previous[..., :22, :21] = 1
    backward = losses.output_temporal(out, previous_out, frame, previous, flow, mask)
    ahead = losses.output_temporal_forward(out, previous_out, frame, previous, forward, mask_previous)
    assert float(backward) > 1e-4
    assert float(ahead) == pytest.approx(float(backward), rel=1e-4)


# Feature temporal


def test_feature_temporal_by_hand():
    """One channel, two pixels, nothing moves, the right one hidden: error 1²/2; variances 1 and 4, mean 2.5."""
    f, previous = torch.tensor([[[[2.0, 4.0]]]]), torch.tensor([[[[1.0, 5.0]]]])
    mask = torch.tensor([[[[1.0, 0.0]]]])
    found = losses.feature_temporal(f, previous, torch.zeros(1, 2, 1, 2), mask)
    assert float(found) == pytest.approx(0.5 / 2.5)


def test_feature_temporal_against_numpy():
    f, previous = rand(2, 5, 4, 4), rand(2, 5, 4, 4)
    flow, mask = motion()
    blocks = flow.double().numpy().reshape(2, 2, 4, 2, 4, 2).mean((3, 5)) / 2
    whole = mask.double().numpy().reshape(2, 1, 4, 2, 4, 2).min((3, 5))
    pairs = zip(f, previous, torch.from_numpy(blocks), whole, strict=True)
    errors = [np.mean(m * (a.double().numpy() - np_warp(b, w)) ** 2) for a, b, w, m in pairs]
    variances = np.mean([x.double().numpy().var((2, 3)) for x in (f, previous)], (0, 2))
    expected = np.mean(np.array(errors) / variances)
    assert float(losses.feature_temporal(f, previous, flow, mask)) == pytest.approx(expected, rel=1e-5)


def test_features_gain_nothing_by_shrinking_or_shifting():
    f, previous = rand(2, 5, 4, 4), rand(2, 5, 4, 4)
    flow, mask = motion()
    scale, shift = torch.ones((), requires_grad=True), torch.zeros((), requires_grad=True)
    loss = losses.feature_temporal(f * scale + shift, previous * scale + shift, flow, mask)
    loss.backward()
    assert scale.grad.abs() < 1e-5 * loss.detach()
    assert shift.grad.abs() < 1e-5 * loss.detach()


def test_flat_frames_are_finite():
    flat = torch.zeros(1, 3, 4, 4, requires_grad=True)
    flow, mask = torch.zeros(1, 2, 8, 8), torch.ones(1, 1, 8, 8)
    terms = [losses.feature_temporal(flat, flat, flow, mask), losses.content(flat, flat.detach())]
    black = dict.fromkeys(CHANNELS, torch.zeros(1, 3, 3))
    terms.append(losses.style(losses.grams(dict.fromkeys(CHANNELS, flat)), black))
    total = sum(terms)
    total.backward()
    assert total.item() == 0
    assert flat.grad.isfinite().all()


# Gradients and the total


def test_gradients_are_finite_and_not_zero():
    flow, mask = motion(2, 8, 8)
    other = rand(2, 3, 8, 8)
    target = losses.grams({layer: rand(2, 3, 8, 8) for layer in CHANNELS})
    for loss in (
        lambda x: losses.content(x, other),
        lambda x: losses.style(losses.grams(dict.fromkeys(CHANNELS, x)), target),
        losses.total_variation,
        lambda x: losses.output_temporal(other, x, other, other, flow, mask),
        lambda x: losses.output_temporal(x, other, other, other, flow, mask),
        lambda x: losses.feature_temporal(x, other, flow, mask),
    ):
        x = rand(2, 3, 8, 8).requires_grad_()
        loss(x).backward()
        assert x.grad.isfinite().all()
        assert x.grad.abs().sum() > 0


def test_combine_weighs_and_shares():
    weights = losses.LossWeights(content=2.0, style=3.0)
    a, b = torch.tensor(1.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    total, shares = losses.combine({"content": a, "style": b}, weights)
    total.backward()
    assert total.item() == 8
    assert {k: float(v) for k, v in shares.items()} == {"content": 0.25, "style": 0.75}
    assert not any(v.requires_grad for v in shares.values())
    assert (float(a.grad), float(b.grad)) == (2, 3)
    with pytest.raises(KeyError):
        losses.combine({"beauty": a}, weights)
