"""Whitening: what a layer gives after it is uncorrelated, of mean 0 and variance 1."""

import torch

from impasto.train.stages.whitening import whiten


def test_whitening_gives_components_of_variance_one():
    torch.manual_seed(0)
    values = torch.randn(200, 6) @ torch.randn(6, 6) * torch.tensor([1.0, 100, 0.01, 5, 1, 1]) + 7
    layer = torch.nn.Linear(6, 4)
    whiten(layer, values)
    with torch.no_grad():
        found = layer(values).double()
    torch.testing.assert_close(found.mean(0), torch.zeros(4).double(), atol=1e-3, rtol=0)
    torch.testing.assert_close(found.T @ found / len(found), torch.eye(4).double(), atol=0.01, rtol=0)


def test_no_more_components_than_there_are_pictures():
    layer = torch.nn.Linear(6, 5)
    whiten(layer, torch.randn(3, 6))
    assert layer.weight.isfinite().all()
    assert not layer.weight[3:].any()
