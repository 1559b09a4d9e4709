"""Convolutions by Winograd's way against PyTorch's, in float64, and how much they round in float32."""

import math

import pytest
import torch
from torch.nn import functional as F

from impasto.train.study import winograd

G = torch.Generator().manual_seed(0)


def rand(*shape):
    return torch.randn(*shape, generator=G, dtype=torch.float64)


@pytest.fixture(params=["four", "two"], autouse=True)
def _filtering(request, monkeypatch, one_thread):
    """Every test with both sizes of tiles."""
    monkeypatch.setattr(winograd, "MANY", math.inf if request.param == "four" else 0)


@pytest.mark.parametrize("size", [(1, 4, 4), (1, 8, 12), (3, 12, 4)])
def test_it_is_a_convolution(size):
    (n, h, w), weight, bias = size, rand(7, 5, 3, 3), rand(7)
    x = rand(n, 5, h, w)
    torch.testing.assert_close(winograd.convolved(x, weight, bias), F.conv2d(x, weight, bias, padding=1))


def test_turned_it_is_the_way_back():
    x, weight, gradient = rand(2, 5, 8, 4), rand(7, 5, 3, 3), rand(2, 7, 8, 4)
    found = torch.func.vjp(lambda x: F.conv2d(x, weight, padding=1), x)[1](gradient)[0]
    torch.testing.assert_close(winograd.convolved(gradient, weight, turned=True), found)


def test_it_rounds_little():
    x, weight = rand(1, 256, 16, 16).relu(), rand(16, 256, 3, 3)
    exact = F.conv2d(x, weight, padding=1)
    found = winograd.convolved(x.float(), weight.float())
    assert float((found - exact).norm() / exact.norm()) < 2e-6


@pytest.mark.parametrize(
    ("side", "channels", "suits"),
    [(8, (64, 64), True), (8, (3, 64), False), (7, (64, 64), False), (8, (64, 16), False)],
)
def test_sizes_that_winograd_suits(side, channels, suits):
    assert winograd.suits(torch.zeros(1, channels[0], side, side), torch.zeros(*channels[::-1], 3, 3)) == suits
