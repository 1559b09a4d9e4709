"""Warping against cv2.remap and by hand."""

import cv2
import numpy as np
import torch

from impasto.train.data.warp import scale_flow, scale_mask, warp

torch.set_num_threads(1)


def nchw(a):
    return torch.from_numpy(a).permute(2, 0, 1)[None]


def test_agrees_with_remap():
    rng = np.random.default_rng(0)
    image = rng.random((40, 52, 3), dtype=np.float32)
    # In 32nds of a pixel, to which some versions of cv2.remap round; many leave the image, on every side.
    flow = np.round(rng.normal(0, 8, (40, 52, 2)) * 32).astype(np.float32) / 32
    x, y = np.meshgrid(np.arange(52, dtype=np.float32), np.arange(40, dtype=np.float32))
    there = x + flow[..., 0], y + flow[..., 1]
    expected = cv2.remap(image, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    found = warp(nchw(image), nchw(flow))
    assert (found - nchw(expected)).abs().max() < 1e-5


def test_pixels_are_read_as_computed_by_hand():
    image = torch.tensor([[[[0.0, 1.0], [2.0, 4.0]]]])
    flow = torch.zeros(1, 2, 2, 2)
    flow[0, 0, 0, 0] = 0.25  # a quarter of a pixel right: 0.75·0 + 0.25·1
    flow[0, 1, 0, 1] = 0.5  # half a pixel down: between 1 and 4
    flow[0, :, 1, 0] = torch.tensor([0.5, -0.5])  # the middle of all four
    flow[0, 0, 1, 1] = 9.0  # far outside: the border stays
    expected = torch.tensor([[[[0.25, 2.5], [1.75, 4.0]]]])
    assert torch.allclose(warp(image, flow), expected, atol=1e-6)


def test_one_flow_serves_a_batch_and_one_pixel_rows_work():
    image = torch.rand(3, 2, 1, 5)
    flow = torch.zeros(1, 2, 1, 5)
    flow[:, 0] = 1
    assert torch.allclose(warp(image, flow)[..., :4], image[..., 1:], atol=1e-6)


def test_gradient_reaches_the_image():
    image = torch.rand(1, 3, 6, 7, requires_grad=True)
    warp(image, torch.full((1, 2, 6, 7), 0.5)).sum().backward()
    assert torch.isclose(image.grad.sum(), torch.tensor(126.0), atol=1e-3)  # bilinear weights add up to 1


def test_half_precision_image_is_warped_in_float32():
    with torch.autocast("cpu", torch.bfloat16):
        out = warp(torch.rand(1, 3, 4, 4).bfloat16(), torch.zeros(1, 2, 4, 4))
    assert out.dtype == torch.float32


def test_scaled_flow_is_in_the_smaller_maps_pixels():
    flow = torch.empty(1, 2, 8, 12)
    flow[:, 0], flow[:, 1] = 6.0, -4.0
    small = scale_flow(flow, (2, 4))
    assert small.shape == (1, 2, 2, 4)
    assert torch.allclose(small[:, 0], torch.tensor(2.0))  # 12 columns became 4
    assert torch.allclose(small[:, 1], torch.tensor(-1.0))  # 8 rows became 2


def test_scaled_flow_averages():
    flow = torch.zeros(1, 2, 2, 2)
    flow[0, 0] = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    assert torch.allclose(scale_flow(flow, (1, 1)).flatten(), torch.tensor([1.5, 0.0]))  # mean 3, at half the width


def test_scaled_mask_wants_all_of_its_area():
    mask = torch.ones(1, 1, 4, 8)
    mask[0, 0, 3, 5] = 0
    assert torch.equal(scale_mask(mask, (2, 4)), torch.tensor([[[[1.0, 1, 1, 1], [1, 1, 0, 1]]]]))
