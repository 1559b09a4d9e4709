"""Quads beside the pixels that they are made of."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from impasto.models.steady import quads as q
from impasto.models.steady.motion import pixel_grid, read, slopes_of

pytestmark = pytest.mark.usefixtures("one_thread")

H, W = 12, 20


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (1, 0), (0.5, 0.25), (-1.5, 2)])
def test_what_has_moved_alike_is_read_as_pixel_by_pixel(dx, dy):
    light = torch.rand(2, 1, H, W, generator=torch.Generator().manual_seed(0))
    half = pixel_grid(H // 2, W // 2)
    place = (half + torch.tensor([2 * dx / W, 2 * dy / H]).view(1, 2, 1, 1)) * q.stretch(half[:, :, -1:, -1:])
    found = F.pixel_shuffle(read(q.neighbours(light), place.repeat(2, 1, 1, 1)), 2)
    y, x = np.mgrid[0:H, 0:W].astype(np.float32)
    for one, seen in zip(found, light, strict=True):
        expected = cv2.remap(seen[0].numpy(), x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        np.testing.assert_allclose(one[0, 3:-3, 3:-3].numpy(), expected[3:-3, 3:-3], atol=1e-5)


def test_unmoved_quads_are_read_to_the_last_pixel():
    light = torch.rand(1, 1, H, W, generator=torch.Generator().manual_seed(3))
    half = pixel_grid(H // 2, W // 2)
    found = read(q.neighbours(light), half * q.stretch(half[:, :, -1:, -1:]))
    torch.testing.assert_close(found, F.pixel_unshuffle(light, 2), atol=1e-5, rtol=0)


def test_slopes_are_those_of_the_pixels():
    picture = torch.rand(1, 1, H, W, generator=torch.Generator().manual_seed(1))
    found = [F.pixel_shuffle(x, 2)[0, 0].numpy() for x in slopes_of(picture)]
    along_y, along_x = np.gradient(picture[0, 0].double().numpy())
    for slope, expected in zip(found, (along_x, along_y), strict=True):
        np.testing.assert_allclose(slope[1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-6)


def test_cells_are_means_of_16_pixels_and_the_light_of_quads():
    picture = torch.rand(2, 3, H, W, generator=torch.Generator().manual_seed(4))
    seen = picture.double().numpy()
    means = seen.reshape(2, 3, H // 4, 4, W // 4, 4).mean((3, 5))
    light = (
        seen.reshape(2, 3, H // 4, 2, 2, W // 4, 2, 2).mean((1, 4, 7)).transpose(0, 2, 4, 1, 3)
    )  # y, x in 4×4 pixels
    expected = [means, light.reshape(2, 4, H // 4, W // 4), means.mean(1, keepdims=True)]
    np.testing.assert_allclose(q.in_cells(picture, 4).numpy(), np.concatenate(expected, 1), atol=1e-6)
