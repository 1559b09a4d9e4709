"""Every gradient that is written anew, against PyTorch's own in float64."""

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import functional as F

from impasto.train.study import in_tiles
from impasto.train.study.lowering import TABLE

G = torch.Generator().manual_seed(0)


def rand(*shape):
    return torch.randn(*shape, generator=G, dtype=torch.float64)


def last(x):
    """The same, with its channels last in memory."""
    return x.contiguous(memory_format=torch.channels_last)


def reflect(x):
    return F.pad(x, (2, 1, 1, 2), mode="reflect")


WEIGHT = rand(64, 64, 3, 3) / 24
WINDOW = rand(1, 1, 3, 5)

FUNCTIONS = {
    "convolution": (lambda x, w: F.conv2d(x, w), rand(2, 3, 8, 9), rand(4, 3, 3, 3)),
    "wide convolution": (lambda x, w: F.conv2d(x, w), rand(2, 3, 12, 13), rand(4, 3, 7, 7)),
    "convolution of stride 2": (lambda x, w: F.conv2d(x, w, stride=2), rand(2, 3, 9, 11), rand(4, 3, 3, 3)),
    "stem": (lambda x, w: F.conv2d(x, w, stride=2), rand(2, 3, 12, 16), rand(4, 3, 6, 6)),
    "bias": (lambda x, b: F.conv2d(x, torch.ones(4, 3, 3, 3, dtype=x.dtype), b), rand(2, 3, 8, 8), rand(4)),
    "reflection": (lambda x, w: reflect(x) * w, rand(2, 3, 6, 7), rand(2, 3, 9, 10)),
    "small reflection": (lambda x, w: F.pad(x, (1, 1, 1, 1), mode="reflect") * w, rand(1, 1, 4, 4), rand(1, 1, 6, 6)),
    "pooling after a ReLU": (lambda x, w: F.max_pool2d(F.relu(x), 2) * w, rand(2, 3, 8, 6), rand(2, 3, 4, 3)),
    "pooling with channels last": (
        lambda x, w: F.max_pool2d(F.relu(x), 2) * w,
        last(rand(2, 3, 8, 6)),
        rand(2, 3, 4, 3),
    ),
    "many channels": (lambda x, b: F.conv2d(x, WEIGHT, b, padding=1).relu(), last(rand(2, 64, 8, 4)), rand(64)),
    "a window on grey pictures": (lambda x, w: F.conv2d(x, WINDOW) * w, rand(2, 1, 8, 9), rand(2, 1, 6, 5)),
    "mean pooling": (lambda x, w: F.avg_pool2d(x, 2) * w, rand(2, 3, 8, 6), rand(2, 3, 4, 3)),
    "twice the size": (lambda x, w: F.interpolate(x, scale_factor=2.0) * w, rand(2, 3, 4, 3), rand(2, 3, 8, 6)),
    "normalisation": (lambda x, w: F.instance_norm(x, eps=1e-3) * w, rand(2, 3, 8, 6), rand(2, 3, 8, 6)),
    "differences": (lambda x, w: x.diff(dim=-1) * w, rand(2, 3, 8, 6), rand(2, 3, 8, 5)),
    "a slice from the end": (lambda x, w: x[:, :, -3:] * w, rand(2, 3, 8, 6), rand(2, 3, 3, 6)),
    "one of a kind": (lambda x, w: x[:, 1] * w, rand(2, 3, 8, 6), rand(2, 8, 6)),
    "diagonal": (lambda x, w: x.diagonal(dim1=1, dim2=2) * w, rand(2, 3, 3), rand(2, 3)),
    "log of softmax": (lambda x, w: torch.log_softmax(x, -1) * w, rand(2, 5), rand(2, 5)),
}
LEFT_BEHIND = ("backward", "scatter", "index_put", "index_add")


@pytest.mark.parametrize("table", [TABLE, in_tiles.TABLE], ids=["", "in tiles"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_pytorchs(name, table, one_thread):
    function, x, w = FUNCTIONS[name]

    def gradients(x, w):
        return torch.func.grad(lambda x, w: function(x, w).square().sum(), argnums=(0, 1))(x, w)

    lowered = make_fx(gradients, decomposition_table=table)(x, w)
    torch.testing.assert_close(lowered(x, w), gradients(x, w), rtol=1e-10, atol=1e-10)
    used = {str(node.target) for node in lowered.graph.nodes if node.users}
    slow = [target for target in used if any(part in target for part in LEFT_BEHIND)]
    assert not [target for target in slow if "with_indices" not in target]


def test_where_all_values_are_equal_pooling_passes_nothing_that_a_relu_stopped(one_thread):
    x = torch.zeros(1, 1, 4, 4)
    gradient = torch.func.grad(lambda x: F.max_pool2d(F.relu(x), 2).sum())
    assert not make_fx(gradient, decomposition_table=TABLE)(x)(x).any()
