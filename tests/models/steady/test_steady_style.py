"""The style of what will be mixed: the formula, its dial, and weights from before there was one."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from impasto.models.steady.steady_style import SteadyStyle
from impasto.models.weights import load_weights, save_weights


@pytest.fixture
def learnt():
    steady_style = SteadyStyle(4)
    with torch.no_grad():
        steady_style.scale.copy_(torch.tensor([0.1, -0.2, 0.0, 0.5]))
        steady_style.shift.copy_(torch.tensor([0.0, 1.0, -1.0, 0.25]))
    return steady_style


@pytest.mark.parametrize(
    ("stability", "expected"),
    [(1.0, [2.2, -2.2, 2.0, 0.25]), (0.5, [2.1, -3.1, 2.5, 0.125])],
)
def test_the_style_moves_as_computed_by_hand(learnt, stability, expected):
    style = torch.tensor([[2.0, -4.0, 3.0, 0.0]])
    torch.testing.assert_close(learnt(style, torch.tensor([stability])), torch.tensor([expected]))


def test_at_0_it_is_the_style_itself(learnt):
    style = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(learnt(style, torch.zeros(1)), style)


def test_before_training_it_is_the_style_itself_at_any_stability():
    style = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(SteadyStyle(4)(style, torch.ones(1)), style)


def test_weights_from_before_there_was_one(tiny_networks, tmp_path):
    """They are read as if it had not been trained."""
    p, t = tiny_networks
    save_weights(p, t, tmp_path / "new.safetensors")
    kept = {k: v for k, v in load_file(tmp_path / "new.safetensors").items() if ".steady_style." not in k}
    meta = {"predictor": json.dumps(p.spec.to_json()), "transformer": json.dumps(t.spec.to_json())}
    save_file(kept, tmp_path / "old.safetensors", meta)
    _, old = load_weights(tmp_path / "old.safetensors")
    assert not any(weight.any() for weight in old.steady_style.parameters())
    _, new = load_weights(tmp_path / "new.safetensors")
    assert torch.equal(new.steady_style.scale, t.steady_style.scale)
    assert torch.equal(new.stem.conv.weight, old.stem.conv.weight)
