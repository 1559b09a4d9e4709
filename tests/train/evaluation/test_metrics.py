"""The measures of a clip against numpy float64 written independently, and by hand."""

import cv2
import numpy as np
import pytest
import torch

from impasto.train import losses
from impasto.train.evaluation import metrics
from impasto.train.vgg import Vgg

torch.set_num_threads(1)

T, H, W = 4, 48, 64


def image(seed, h=H, w=W, blur=2):
    picture = np.random.default_rng(seed).random((h, w, 3)).astype(np.float32)
    picture = cv2.GaussianBlur(picture, None, blur)
    return (picture - picture.min()) / (picture.max() - picture.min())


def sliding(seed, count, step=1):
    wide = image(seed, w=W + 40)
    return [np.ascontiguousarray(wide[:, 30 - step * i : 30 - step * i + W]) for i in range(count)]


def clip(frames):
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).contiguous()


def neighbours(flows, masks):
    """Each frame with the one before."""
    return metrics.FramePairs([*range(1, len(flows) + 1)], [*range(len(flows))], flows, masks)


def hwc(x):
    return x.double().numpy().transpose(1, 2, 0)


def np_warp(picture, flow):
    h, w = flow.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float64)
    x, y = np.clip(x + flow[..., 0], 0, w - 1), np.clip(y + flow[..., 1], 0, h - 1)
    x0, y0 = np.minimum(x.astype(int), w - 2), np.minimum(y.astype(int), h - 2)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    top = (1 - fx) * picture[y0, x0] + fx * picture[y0, x0 + 1]
    return (1 - fy) * top + fy * ((1 - fx) * picture[y0 + 1, x0] + fx * picture[y0 + 1, x0 + 1])


@pytest.fixture(scope="module")
def random_clip():
    g = torch.Generator().manual_seed(0)
    outs, frames = torch.rand(T, 3, 9, 11, generator=g), torch.rand(T, 3, 9, 11, generator=g)
    flows = torch.randn(T - 1, 2, 9, 11, generator=g) * 2
    masks = (torch.rand(T - 1, 1, 9, 11, generator=g) > 0.3).float()
    return outs, frames, flows, masks


def test_e_stab_by_hand():
    """Two pixels, the left one visible and changed by (.3, 0, 0): sqrt(.09 / 6)."""
    outs = torch.full((2, 3, 1, 2), 0.5)
    outs[1, 0, 0, 0] += 0.3
    outs[1, :, 0, 1] = 0
    masks = torch.tensor([[[[1.0, 0.0]]]])
    assert metrics.e_stab(outs, neighbours(torch.zeros(1, 2, 1, 2), masks)) == pytest.approx((0.09 / 6) ** 0.5)


def test_e_stab_against_numpy(random_clip):
    outs, _, flows, masks = random_clip
    errors = []
    for t in range(1, T):
        change = hwc(outs[t]) - np_warp(hwc(outs[t - 1]), hwc(flows[t - 1]))
        errors.append(np.mean(hwc(masks[t - 1]) * change**2))
    assert metrics.e_stab(outs, neighbours(flows, masks)) == pytest.approx(np.sqrt(np.mean(errors)), rel=1e-5)


def test_e_stab_is_the_same_from_either_frame():
    """A scene sliding 3 pixels right a frame, painted with flicker."""
    g = torch.Generator().manual_seed(1)
    outs = clip(sliding(0, T, step=3)) + 0.1 * torch.rand(T, 3, 1, 1, generator=g)
    flows, masks = torch.zeros(T - 1, 2, H, W), torch.ones(T - 1, 1, H, W)
    flows[:, 0] = -3
    masks[..., :3] = 0
    backward = metrics.e_stab(outs, neighbours(flows, masks))
    assert backward > 0.01
    forward = metrics.FramePairs([*range(T - 1)], [*range(1, T)], -flows, masks.flip(-1))
    assert metrics.e_stab(outs, forward) == pytest.approx(backward, rel=1e-4)


def test_lagged_stability_against_numpy():
    frames, lag = clip(sliding(0, 9)), 4
    outs = frames + 0.2 * torch.rand(9, 3, 1, 1, generator=torch.Generator().manual_seed(2))
    errors, flows, masks = [], [], []
    for t in (4, 8):
        grey = [cv2.cvtColor((hwc(frames[i]) * 255).round().astype(np.uint8), cv2.COLOR_RGB2GRAY) for i in (t, t - lag)]
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        flow, back = (dis.calc(*g, None).astype(np.float64) for g in (grey, grey[::-1]))
        returned = np_warp(back, flow)
        gap, length = ((returned + flow) ** 2).sum(-1), (returned**2).sum(-1) + (flow**2).sum(-1)
        y, x = np.mgrid[:H, :W] + flow.transpose(2, 0, 1)[::-1]
        mask = (gap < 0.01 * length + 0.5) & (x >= 0) & (x <= W - 1) & (y >= 0) & (y <= H - 1)
        change = hwc(outs[t]) - np_warp(hwc(outs[t - lag]), flow)
        errors.append((change[mask] ** 2).mean())
        flows.append(torch.from_numpy(flow).permute(2, 0, 1).float())
        masks.append(torch.from_numpy(mask)[None].float())
    pairs = metrics.FramePairs([4, 8], [0, 4], torch.stack(flows), torch.stack(masks))
    assert metrics.e_stab_visible(outs, pairs) == pytest.approx(np.sqrt(np.mean(errors)), rel=1e-4)


def test_where_nothing_is_paired_nothing_is_known(random_clip):
    outs, frames, flows, masks = random_clip
    none = metrics.FramePairs([], [], flows[:0], masks[:0])
    assert np.isnan([metrics.e_stab(outs, none), metrics.e_stab_visible(outs, none)]).all()
    assert np.isnan(metrics.output_temporal(outs, frames, none))


def test_output_temporal_against_numpy(random_clip):
    outs, frames, flows, masks = random_clip
    errors = []
    for t in range(1, T):
        flow = hwc(flows[t - 1])
        change, light = (hwc(x[t]) - np_warp(hwc(x[t - 1]), flow) for x in (outs, frames))
        errors.append(np.mean(hwc(masks[t - 1]) * (change - (light @ [0.2126, 0.7152, 0.0722])[..., None]) ** 2))
    assert metrics.output_temporal(outs, frames, neighbours(flows, masks)) == pytest.approx(np.mean(errors), rel=1e-5)


def test_style_and_content_against_numpy():
    torch.manual_seed(0)
    vgg = Vgg()
    outs, frames, style = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16), torch.rand(1, 3, 24, 16)

    def features(x):
        return {k: f[0].double().numpy() for k, f in vgg(x[None]).items()}

    def gram(f):
        f = f.reshape(len(f), -1)
        return f @ f.T / f.shape[1]

    target, style_errors, content_errors = features(style[0]), [], []
    for out, frame in zip(outs, frames, strict=True):
        o, c = features(out), features(frame)["relu3_3"]
        style_errors += [((gram(o[k]) - gram(f)) ** 2).sum() / (gram(f) ** 2).sum() for k, f in target.items()]
        content_errors.append(((o["relu3_3"] - c) ** 2).sum() / (c**2).sum())
    seen, there = vgg(outs), losses.grams(vgg(style))
    assert metrics.relative_style(losses.grams(seen), there) == pytest.approx(np.mean(style_errors), rel=1e-4)
    content_error = metrics.relative_content(seen["relu3_3"], vgg(frames)["relu3_3"])
    assert content_error == pytest.approx(np.mean(content_errors), rel=1e-4)
    assert metrics.relative_style(there, there) == 0


def np_gram(f):
    f = f[0].double().numpy().reshape(f.shape[1], -1)
    return f @ f.T / f.shape[1]


def test_texture_and_energy_against_numpy():
    torch.manual_seed(0)
    vgg = Vgg()
    out, style = (vgg(torch.rand(1, 3, *size)) for size in ((16, 16), (24, 16)))
    pairs = [(np_gram(out[layer]), np_gram(style[layer])) for layer in out]
    cosines = [(a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()) for a, b in pairs]
    ratios = [np.sqrt((a**2).sum() / (b**2).sum()) for a, b in pairs]
    seen, there = losses.grams(out), losses.grams(style)
    assert metrics.texture(seen, there) == pytest.approx(1 - np.mean(cosines), rel=2e-3)
    assert metrics.energy(seen, there) == pytest.approx(np.prod(ratios) ** 0.25, rel=1e-4)
    weak = {layer: 0.25 * gram for layer, gram in there.items()}  # the painting itself at half its strength
    assert metrics.texture(weak, there) == pytest.approx(0, abs=1e-5)
    assert metrics.energy(weak, there) == pytest.approx(0.25, rel=1e-5)


def test_contrast_and_colour_against_numpy():
    out, painting = clip([image(5)])[0], clip([image(6, h=40)])[0] * 0.5
    greys = [hwc(x) @ [0.299, 0.587, 0.114] for x in (out, painting)]
    assert metrics.contrast(out, painting) == pytest.approx(greys[0].std() / greys[1].std(), rel=1e-5)
    labs = [np_lab(hwc(x)) for x in (out, painting)]
    expected = sum(np.linalg.norm(f(labs[0], 0) - f(labs[1], 0)) for f in (np.mean, np.std))
    assert metrics.colour(out, painting) == pytest.approx(expected, abs=0.1)  # OpenCV looks it up in a table
    assert metrics.colour(out, out) == 0


def np_lab(picture):
    """sRGB [H,W,3] → CIE L*a*b* [H·W,3], white D65, by its definition."""
    linear = np.where(picture > 0.04045, ((picture + 0.055) / 1.055) ** 2.4, picture / 12.92).reshape(-1, 3)
    matrix = [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
    xyz = linear @ np.array(matrix).T / [0.950456, 1, 1.088754]
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def test_ssim_against_opencv():
    """With OpenCV's Gaussian blur as the window, in float64."""
    a, b = clip([image(7), image(8)])
    x, y = (hwc(p) @ [0.299, 0.587, 0.114] for p in (a, b))
    m, n = (cv2.GaussianBlur(p, (11, 11), 1.5) for p in (x, y))
    v, w, c = (cv2.GaussianBlur(p, (11, 11), 1.5) for p in (x * x, y * y, x * y))
    v, w, c = v - m * m, w - n * n, c - m * n
    expected = (2 * m * n + 1e-4) * (2 * c + 9e-4) / ((m * m + n * n + 1e-4) * (v + w + 9e-4))
    assert metrics.ssim(a, b) == pytest.approx(expected.mean(), rel=1e-4)
    assert metrics.ssim(a, a) == pytest.approx(1)


def test_cfsd_against_numpy():
    g = torch.Generator().manual_seed(3)
    out, photo = torch.rand(1, 7, 6, 5, generator=g), torch.rand(1, 7, 6, 5, generator=g)
    rows = []
    for f in (out, photo):
        f = f[0, :, :, :4].double().numpy().reshape(7, 3, 2, 2, 2).mean((2, 4)).reshape(7, 6)
        f /= np.linalg.norm(f, axis=0)
        e = np.exp(f.T @ f)
        rows.append(e / e.sum(1, keepdims=True))
    q, p = rows
    assert metrics.cfsd(out, photo) == pytest.approx(1000 * (p * np.log(p / q)).sum(1).mean(), rel=1e-4)


def test_ghosting_by_hand():
    """Two frames of two pixels; revealed are the left pixel of the first and the right one of the second."""
    alone, revealed = torch.full((2, 3, 1, 2), 0.5), torch.tensor([[[[1.0, 0.0]]], [[[0.0, 1.0]]]])
    before, steady = alone.clone(), alone.clone()
    before[0, :, 0, 0] = 0.1
    before[1, :, 0, 1] = 0.3
    steady[0, 0, 0, 0] = 0.4
    trail, change = metrics.ghosting(steady, alone, before, revealed)
    assert trail == pytest.approx(0.01 / 6)
    assert change == pytest.approx((0.16 + 0.04) / 2)
    assert metrics.ghosting(before, alone, before, revealed) == pytest.approx((change, change))  # the old one stays
    before[0, :, 0, 1] = steady[0, :, 0, 1] = 0  # not revealed
    assert metrics.ghosting(steady, alone, before, revealed) == pytest.approx((trail, change))
    assert metrics.ghosting(alone, alone, before, revealed)[0] == 0


def test_ghosting_where_nothing_is_revealed_is_nan():
    clip = torch.rand(2, 3, 4, 4)
    assert np.isnan(metrics.ghosting(clip, clip, clip, torch.zeros(2, 1, 4, 4))).all()
    assert np.isnan(metrics.ghosting(clip[:0], clip[:0], clip[:0], torch.zeros(0, 1, 4, 4))).all()


def test_total_variation_by_hand():
    assert metrics.variation(torch.tensor([[[[0.0, 0.5], [0.0, 0.5]]]])) == pytest.approx(0.25)


def test_sharpness_by_hand_and_against_numpy():
    """The Laplacian kernel is (0 1 0; 1 −4 1; 0 1 0), the border mirrored about its pixel."""
    assert metrics.sharpness(torch.full((1, 3, 5, 5), 0.4)) == 0
    outs = clip([image(3), image(4, blur=1)])
    expected = []
    for out in outs:
        grey = cv2.cvtColor((hwc(out).astype(np.float32) * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
        p = np.pad(grey.astype(np.float64), 1, "reflect")
        expected.append((p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] - 4 * p[1:-1, 1:-1]).std())
    assert metrics.sharpness(outs) == pytest.approx(np.mean(expected), rel=1e-5)
    assert metrics.sharpness(outs[1:]) > metrics.sharpness(outs[:1])
