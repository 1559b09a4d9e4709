"""The steady style stage: its terms, what it trains, and that style falls."""

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from impasto.models.errors import BadInput
from impasto.models.weights import load_weights
from impasto.train import cli, loop, losses, vgg
from impasto.train.data import pictures
from impasto.train.data.augment import Draws
from impasto.train.stages import steady as steady_stage
from impasto.train.stages import steady_style as steady_style_stage
from impasto.train.stages.image import painting_losses
from impasto.train.stages.predictor import PaintingCache

PICTURE = {"texture", "energy", "colour", "covariance", "contrast", "content", "structure", "detail", "tv"}
TERMS = {*PICTURE, "steady_temporal", "long_range"}


@pytest.fixture
def small(tiny):
    """small(**changes): settings of three frames of 32 px, the least that motion can be found in."""
    return lambda **changes: tiny(steady_style_stage, **{"frames": 3, **changes})


@pytest.fixture
def learning(sources, small):
    """Networks, VGG, sequences and paintings of one step."""
    config, nets = small(), loop.Networks(*load_weights(sources["start"]))
    vgg16, draws = vgg.load(sources["vgg_file"]), Draws(torch.Generator().manual_seed(3))
    shots = steady_stage.make_shots(pictures.load(sources["photos"], config.photo_side), config.batch, config, draws)
    paintings = PaintingCache(nets, vgg16, pictures.load(sources["paintings"], config.painting_side))
    noise = 0.05 * draws.normal(config.batch, 3, 3, 32, 32)
    return nets, vgg16, shots, paintings, noise


def test_terms_are_those_of_the_last_steady_painting(learning):
    nets, vgg16, shots, paintings, noise = learning
    terms = steady_style_stage.losses(nets, vgg16, shots, paintings.batch([0, 1]), noise)
    frames, one = shots[0].transpose(0, 1), torch.ones(1)
    style = nets.p(paintings.paintings[:2].float() / 255)
    still = torch.stack([(frames[0] + noise[:, k]).clamp(0, 1) for k in range(3)])
    mixed = nets.t.steady_style(style, one)
    alone = [nets.t(frame, mixed if t else style) for t, frame in enumerate(still)]
    begun = steady_stage.unroll(nets.t.stabilizer, still, torch.stack(alone))[-1]
    after = [nets.t(frame, mixed) for frame in frames[1:]]
    outs = steady_stage.unroll(nets.t.stabilizer, torch.cat([still[-1:], frames[1:]]), torch.stack([begun, *after]))
    expected = {
        **painting_losses(vgg16, frames[2], outs[2], paintings.paintings[:2].float() / 255),
        "steady_temporal": sum(
            losses.output_temporal(
                outs[t], outs[t - 1], frames[t], frames[t - 1], shots[1][:, t - 1], shots[2][:, t - 1]
            )
            for t in (1, 2)
        )
        / 2,
        "long_range": losses.output_temporal(outs[2], outs[0], frames[2], frames[0], shots[3], shots[4]),
    }
    assert terms.keys() == expected.keys() == TERMS
    for name, value in terms.items():
        assert value.item() == pytest.approx(expected[name].item(), rel=5e-3), name  # Gram matrices are kept in bf16


def test_gradients_reach_what_is_learnt_through_every_frame_but_the_first(learning):
    nets, vgg16, shots, paintings, noise = learning
    steady_style_stage.losses(nets, vgg16, shots, paintings.batch([0, 1]), noise)["texture"].backward()
    for weight in nets.t.steady_style.parameters():
        assert weight.grad.isfinite().all()
        assert weight.grad.count_nonzero() > 0.9 * weight.numel()
    assert all(weight.grad is None for weight in nets.p.parameters())


@pytest.mark.slow
def test_the_total_falls_and_nothing_else_changes(sources, small, log, tmp_path):
    config = small(steps=40, rate=3e-2, decay="none", ema=0.5)
    assert "Finished" in steady_style_stage.train(config, out=tmp_path, **sources)
    values = [line["total"] for line in log(tmp_path)]
    assert np.mean(values[-10:]) < 0.95 * np.mean(values[:5])
    (p, t), (p0, t0) = load_weights(tmp_path / "weights.safetensors"), load_weights(sources["start"])
    assert all(torch.equal(a, b) for a, b in zip(p.parameters(), p0.parameters(), strict=True))
    changed = {name for (name, a), b in zip(t.named_parameters(), t0.parameters(), strict=True) if not a.equal(b)}
    assert changed == {"steady_style.scale", "steady_style.shift"}


def test_bad_settings_are_said(sources, small, tmp_path):
    with pytest.raises(BadInput, match="earlier stage's weights"):
        steady_style_stage.train(small(), out=tmp_path / "run", **{**sources, "start": "scratch"})
    with pytest.raises(BadInput, match="divisible by 32"):
        steady_style_stage.train(small(size=40), out=tmp_path / "run", **sources)
    with pytest.raises(BadInput, match="at least 1"):
        steady_style_stage.train(small(still=0), out=tmp_path / "run", **sources)
    assert not (tmp_path / "run").exists()


def test_on_the_command_line(command, log, tmp_path):
    ended = CliRunner().invoke(cli.app, command("steady-style", tmp_path / "run", "--set", "frames=3", "--steps", 2))
    assert "Finished at step 2" in ended.output, ended.exception
    assert [set(line["terms"]) for line in log(tmp_path / "run")] == [TERMS, TERMS]
