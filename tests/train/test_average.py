"""Weights between two runs."""

import copy
from dataclasses import replace

import pytest
import torch

from impasto.models.errors import BadInput
from impasto.models.transformer import Transformer
from impasto.models.weights import load_weights, save_weights
from impasto.train import cli
from impasto.train.average import average


@pytest.fixture
def runs(tiny_networks, tmp_path):
    """Two weights files of the same networks: the second's weights are the first's and one more."""
    p, t = copy.deepcopy(tiny_networks)
    save_weights(p, t, tmp_path / "a.safetensors")
    with torch.no_grad():
        for weight in (*p.parameters(), *t.parameters()):
            weight.add_(1.0)
    save_weights(p, t, tmp_path / "b.safetensors")
    return tmp_path / "a.safetensors", tmp_path / "b.safetensors"


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_goes_the_same_share_of_its_way(runs, tmp_path, share):
    cli.average(str(runs[0]), str(runs[1]), tmp_path / "new" / "c.safetensors", share)
    for before, between in zip(load_weights(runs[0]), load_weights(tmp_path / "new" / "c.safetensors"), strict=True):
        values = dict(between.named_parameters())
        for name, weight in before.named_parameters():
            torch.testing.assert_close(values[name], weight + share, atol=1e-5, rtol=0)


def test_what_cannot_be_averaged_is_said(runs, tiny_networks, tmp_path):
    a, b = map(str, runs)
    p, t = tiny_networks
    save_weights(p, Transformer(replace(t.spec, epsilon=0.5)), tmp_path / "other.safetensors")
    with pytest.raises(BadInput, match="goes from 0"):
        average(a, b, 1.5, tmp_path / "c.safetensors")
    with pytest.raises(BadInput, match="different networks"):
        average(a, str(tmp_path / "other.safetensors"), 0.5, tmp_path / "c.safetensors")
    with pytest.raises(BadInput, match="nothing to start from"):
        average(a, str(tmp_path / "none"), 0.5, tmp_path / "c.safetensors")
    assert not (tmp_path / "c.safetensors").exists()
    for out in runs:
        with pytest.raises(BadInput, match="is also read"):
            average(a, b, 0.5, out)
