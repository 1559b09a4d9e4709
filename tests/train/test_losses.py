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


# Style: direction and size


def test_gram_by_hand():
    # Channels (1, 2) and (3, 4) over two pixels: products 5, 11, 25, over 2 pixels.
    f = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    assert torch.equal(losses.gram(f), torch.tensor([[[2.5, 5.5], [5.5, 12.5]]]))


def test_texture_and_energy_by_hand():
    """Gram matrices (1 0; 0 0) and (3 4; 4 3) at every layer: cosine 3/√50, sizes 1 and √50."""
    out = dict.fromkeys(CHANNELS, torch.tensor([[[1.0, 0.0], [0.0, 0.0]]]))
    target = dict.fromkeys(CHANNELS, torch.tensor([[[3.0, 4.0], [4.0, 3.0]]]))
    assert float(losses.texture(out, target)) == pytest.approx(1 - 3 / 50**0.5)
    assert float(losses.energy(out, target)) == pytest.approx(np.log(50**0.5) ** 2, rel=1e-5)
    assert float(losses.energy(target, out)) == pytest.approx(np.log(50**0.5) ** 2, rel=1e-5)  # symmetric
    assert float(losses.texture(target, target)) == pytest.approx(0, abs=1e-6)


def test_texture_and_energy_against_numpy():
    out, target = features(), features()
    cosines, squares = [], []
    for layer in CHANNELS:
        for a, b in zip(out[layer], target[layer], strict=True):
            g, t = np_gram(a), np_gram(b)
            cosines.append((g * t).sum() / np.sqrt((g**2).sum() * (t**2).sum()))
            squares.append(0.25 * np.log((g**2).sum() / (t**2).sum()) ** 2)
    a, b = losses.grams(out), losses.grams(target)
    assert float(losses.texture(a, b)) == pytest.approx(1 - np.mean(cosines), rel=1e-5)
    assert float(losses.energy(a, b)) == pytest.approx(np.mean(squares), rel=1e-4)


def test_one_style_serves_a_batch():
    out, one = losses.grams(features(3)), losses.grams(features(1))
    thrice = {layer: g.expand(3, -1, -1) for layer, g in one.items()}
    for loss in (losses.texture, losses.energy):
        assert torch.isclose(loss(out, one), loss(out, thrice))


def test_texture_gains_nothing_by_painting_weakly():
    """A relative squared error does: it falls when features of another texture shrink."""
    out, target = features(), losses.grams(features())
    half = losses.grams({layer: 0.9 * f for layer, f in out.items()})
    assert torch.isclose(losses.texture(half, target), losses.texture(losses.grams(out), target), rtol=1e-4)
    scale = torch.ones((), requires_grad=True)
    losses.texture(losses.grams({layer: scale * f for layer, f in out.items()}), target).backward()
    assert abs(float(scale.grad)) < 1e-6


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


# Content


def test_content_by_hand():
    """Two channels, two places: (1, 0) beside (1, 1) has the cosine 1/√2, (0, 2) beside (0, 1) has 1."""
    out = torch.tensor([[[[1.0, 0.0]], [[0.0, 2.0]]]])
    target = torch.tensor([[[[1.0, 0.0]], [[1.0, 1.0]]]])
    assert float(losses.content(out, target)) == pytest.approx((1 - 1 / 2**0.5) / 2, rel=1e-5)


def test_content_against_numpy():
    a, b = rand(3, 4, 5, 6), rand(3, 4, 5, 6)
    x, y = a.double().numpy(), b.double().numpy()
    cosines = (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))
    assert float(losses.content(a, b)) == pytest.approx(1 - cosines.mean(), rel=1e-5)
    assert torch.isclose(losses.content(7 * a, b), losses.content(a, b), rtol=1e-5)


def np_self_similarity(f):
    """[C,h,w] → probabilities [P,P], part by part."""
    f = f.double().numpy()
    _, h, w = f.shape
    parts = [f[:, y : y + 2, x : x + 2].mean((1, 2)) for y in range(0, h - 1, 2) for x in range(0, w - 1, 2)]
    parts = np.array([p / np.linalg.norm(p) for p in parts])
    e = np.exp(parts @ parts.T)
    return e / e.sum(1, keepdims=True)


def test_structure_against_numpy():
    out, photo = rand(2, 7, 6, 5), rand(2, 7, 6, 5)
    divergences = []
    for a, b in zip(out, photo, strict=True):
        p, q = np_self_similarity(b), np_self_similarity(a)
        divergences.append((p * np.log(p / q)).sum(1).mean())
    target = losses.self_similarity(photo)
    assert target.shape == (2, 6, 6)
    assert float(losses.structure(out, target)) == pytest.approx(np.mean(divergences), rel=1e-4)
    assert float(losses.structure(3 * photo, target)) == pytest.approx(0, abs=1e-6)


def np_ssim(a, b):
    """[H,W] float64: windows one by one."""
    at = np.arange(-5, 6)
    bell = np.exp(-(at**2) / 4.5)
    window = np.outer(bell, bell) / bell.sum() ** 2
    a, b = (np.pad(x, 5, "reflect") for x in (a, b))
    values = []
    for y in range(a.shape[0] - 10):
        for x in range(a.shape[1] - 10):
            p, q = a[y : y + 11, x : x + 11], b[y : y + 11, x : x + 11]
            m, n = (window * p).sum(), (window * q).sum()
            v, w, c = (window * (p - m) ** 2).sum(), (window * (q - n) ** 2).sum(), (window * (p - m) * (q - n)).sum()
            values.append((2 * m * n + 1e-4) * (2 * c + 9e-4) / ((m**2 + n**2 + 1e-4) * (v + w + 9e-4)))
    return np.mean(values)


def test_ssim_against_numpy():
    a, b = rand(2, 1, 14, 17), rand(2, 1, 14, 17)
    expected = [np_ssim(x[0].double().numpy(), y[0].double().numpy()) for x, y in zip(a, b, strict=True)]
    assert float(losses.ssim(a, b)) == pytest.approx(np.mean(expected), rel=1e-4)
    assert float(losses.ssim(a, a)) == pytest.approx(1)


# Colours


def np_lab(image):
    """sRGB [3,H,W] → CIE L*a*b*, the cube root's linear part by its definition."""
    image = image.double().numpy()
    linear = np.where(image > 0.04045, ((image + 0.055) / 1.055) ** 2.4, image / 12.92)
    matrix = [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
    xyz = np.einsum("ij,jhw->ihw", matrix, linear) / np.array([0.950456, 1, 1.088754])[:, None, None]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_lab_of_known_colours():
    """White, black, and pure red as published: (100, 0, 0), (0, 0, 0), (53.24, 80.09, 67.20)."""
    found = losses.lab(torch.tensor([[1.0, 1, 1], [0, 0, 0], [1, 0, 0]]).T.reshape(1, 3, 1, 3))[0, :, 0].T
    assert np.allclose(found, [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]], atol=0.02)


def test_lab_against_numpy():
    image = torch.cat([rand(1, 3, 9, 8), 0.05 * rand(1, 3, 9, 8)])
    for found, x in zip(losses.lab(image), image, strict=True):
        assert np.abs(found.numpy() - np_lab(x)).max() < 0.01


def test_palettes_against_numpy():
    image, target = rand(2, 3, 8, 9), 0.5 * rand(2, 3, 8, 9)
    pairs = [(np_lab(a).reshape(3, -1), np_lab(b).reshape(3, -1)) for a, b in zip(image, target, strict=True)]
    found, there = losses.palette(image), losses.palette(target)
    gaps = [[np.linalg.norm(a.mean(1) - b.mean(1)), np.linalg.norm(a.std(1) - b.std(1))] for a, b in pairs]
    expected = (np.sqrt(np.square(gaps) + 1) - 1).sum(1).mean() / 10
    assert float(losses.colour(found, there)) == pytest.approx(expected, rel=1e-3)
    covariances = [[np.cov(x, bias=True) for x in pair] for pair in pairs]
    expected = np.mean([np.linalg.norm(a - b) / (np.linalg.norm(b) + 10) for a, b in covariances])
    assert float(losses.covariance(found, there)) == pytest.approx(expected, rel=1e-3)
    grey = [[(x.double().numpy() * np.array([0.299, 0.587, 0.114])[:, None, None]).sum(0).std(ddof=1) for x in pair]
            for pair in zip(image, target, strict=True)]  # fmt: skip
    expected = np.mean([np.log((a + 0.01) / (b + 0.01)) ** 2 for a, b in grey])
    assert float(losses.contrast(found, there)) == pytest.approx(expected, rel=1e-3)
    for loss in (losses.colour, losses.covariance, losses.contrast):
        assert float(loss(there, there)) == pytest.approx(0, abs=1e-6)


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
    black, seen = dict.fromkeys(CHANNELS, torch.zeros(1, 3, 3)), losses.grams(dict.fromkeys(CHANNELS, flat))
    none = [losses.feature_temporal(flat, flat, flow, mask), losses.energy(seen, black)]
    none.append(losses.structure(flat, losses.self_similarity(flat.detach())))
    colours = losses.palette(flat)
    still = losses.Palette(*(x.detach() for x in colours))
    none += [loss(colours, still) for loss in (losses.colour, losses.covariance, losses.contrast)]
    for term in none:
        assert abs(term.item()) < 1e-6
    (sum(none) + losses.texture(seen, black) + losses.content(flat, flat.detach())).backward()
    assert flat.grad.isfinite().all()


# Gradients and the total


def test_gradients_are_finite_and_not_zero():
    flow, mask = motion(2, 8, 8)
    other = rand(2, 3, 8, 8)
    target = losses.grams({layer: rand(2, 3, 8, 8) for layer in CHANNELS})
    likeness, colours = losses.self_similarity(other), losses.palette(other)
    for loss in (
        lambda x: losses.content(x, other),
        lambda x: losses.texture(losses.grams(dict.fromkeys(CHANNELS, x)), target),
        lambda x: losses.energy(losses.grams(dict.fromkeys(CHANNELS, x)), target),
        lambda x: losses.structure(x, likeness),
        lambda x: losses.ssim(losses.grey(x), losses.grey(other)),
        lambda x: losses.colour(losses.palette(x), colours),
        lambda x: losses.covariance(losses.palette(x), colours),
        lambda x: losses.contrast(losses.palette(x), colours),
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
    weights = losses.LossWeights(content=2.0, texture=3.0)
    a, b = torch.tensor(1.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    total, shares = losses.combine({"content": a, "texture": b}, weights)
    total.backward()
    assert total.item() == 8
    assert {k: float(v) for k, v in shares.items()} == {"content": 0.25, "texture": 0.75}
    assert not any(v.requires_grad for v in shares.values())
    assert (float(a.grad), float(b.grad)) == (2, 3)
    with pytest.raises(KeyError):
        losses.combine({"beauty": a}, weights)
