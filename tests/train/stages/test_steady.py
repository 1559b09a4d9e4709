"""The steady stage: its sequences, its terms, what it trains, and that it learns."""

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from impasto.models.errors import BadInput
from impasto.models.steady.stabilizer import SHARES, TONE_SHARE, Stabilizer, State
from impasto.models.weights import load_weights
from impasto.train import cli, distributed, loop, losses, vgg
from impasto.train.data import pictures
from impasto.train.data.augment import Draws
from impasto.train.data.warp import warp
from impasto.train.losses import LossWeights
from impasto.train.stages import common
from impasto.train.stages import image as image_stage
from impasto.train.stages import steady as steady_stage

PICTURE = {"texture", "energy", "colour", "covariance", "contrast", "content", "structure", "detail", "tv"}
TERMS = {*PICTURE, "feature_temporal", "output_temporal", "steady_temporal", "long_range", "ghost"}


def fixed_shots(sources, config, seed=3):
    draws = Draws(torch.Generator().manual_seed(seed))
    made = steady_stage.make_shots(pictures.load(sources["photos"], config.photo_side), config.batch, config, draws)
    styles = pictures.draw_paintings(
        pictures.load(sources["paintings"], config.painting_side), config.batch, config.style_size, draws
    )
    return steady_stage.Shots(*made, styles)


@pytest.fixture
def nets(sources):
    return loop.Networks(*load_weights(sources["start"]))


@pytest.fixture(scope="module")
def vgg16(sources):
    return vgg.load(sources["vgg_file"])


@pytest.fixture
def small(tiny):
    """small(**changes): settings of three frames of 32 px, the least that motion can be found in."""
    return lambda **changes: tiny(steady_stage, **{"frames": 3, **changes})


@pytest.fixture
def clip_folder(tmp_path):
    """One real-looking clip: a picture sliding 2 px to the left from frame to frame."""
    folder = tmp_path / "clips"
    folder.mkdir()
    wide = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (96, 160, 3)).astype(np.uint8), (0, 0), 2)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    writer = cv2.VideoWriter(str(folder / "slide.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 24, (96, 96))
    for t in range(8):
        writer.write(np.ascontiguousarray(wide[:, 2 * t : 2 * t + 96]))
    writer.release()
    return folder


def in_numpy(out, previous, frame, before, flow, mask):
    """The output-level temporal loss in float64, with OpenCV to warp."""
    luma = np.array([0.2126, 0.7152, 0.0722])

    def brought_here(image, flow):
        height, width = image.shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        maps = (x + flow[..., 0], y + flow[..., 1])
        return cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    errors = []
    for tensors in zip(out, previous, frame, before, flow, mask, strict=True):
        o, p, f, b, motion, seen = (np.ascontiguousarray(x.detach().permute(1, 2, 0).numpy()) for x in tensors)
        change = (f - brought_here(b, motion)).astype(np.float64) @ luma
        errors.append(seen * (o - brought_here(p, motion).astype(np.float64) - change[..., None]) ** 2)
    return np.mean(errors)


def one_by_one(stabilizer, frames, painted):
    """The steady paintings of a short sequence: fed by hand."""
    first, state = stabilizer(frames[0], painted[0], torch.ones(1), *State.empty(frames[0]))
    assert torch.equal(first, painted[0])
    second, state = stabilizer(frames[1], painted[1], torch.ones(1), *state)
    out = [first, second]
    for t in range(2, len(frames)):
        steady, state = stabilizer(frames[t], painted[t], torch.ones(1), *state)
        out.append(steady)
    return out


def test_terms_are_those_of_the_losses_one_by_one(sources, small, nets, vgg16):
    shots = fixed_shots(sources, small())
    terms = steady_stage.losses(nets, vgg16, shots)
    vectors, one = nets.p(shots.styles), torch.ones(1)
    frames = [shots.frames[:, t] for t in range(3)]
    painted = [nets.t(frame, nets.t.steady_style(vectors, one * (t > 0))) for t, frame in enumerate(frames)]
    steady = one_by_one(nets.t.stabilizer, frames, painted)
    assert (steady[2] - painted[2]).abs().mean() > 1e-3  # or nothing below would tell them apart

    judged = torch.cat([frames[0], frames[2]]), torch.cat([painted[0], steady[2]]), shots.styles.repeat(2, 1, 1, 1)
    expected = image_stage.painting_losses(vgg16, *judged)
    between = [(t, shots.flows[:, t - 1], shots.masks[:, t - 1]) for t in (1, 2)]
    for name, outs in (("output_temporal", painted), ("steady_temporal", steady)):
        each = [in_numpy(outs[t], outs[t - 1], frames[t], frames[t - 1], flow, mask) for t, flow, mask in between]
        expected[name] = torch.tensor(np.mean(each))
    far = in_numpy(steady[2], steady[0], frames[2], frames[0], shots.far_flow, shots.far_mask)
    expected["long_range"] = torch.tensor(far)
    expected["ghost"] = torch.stack([((1 - mask) * (steady[t] - painted[t]) ** 2).mean() for t, _, mask in between])
    expected["ghost"] = expected["ghost"].mean()
    alike = [
        losses.feature_temporal(
            nets.t.encode(frames[1][i : i + 1])[-1],
            nets.t.encode(frames[0][i : i + 1])[-1],
            shots.flows[i : i + 1, 0],
            shots.masks[i : i + 1, 0],
        )
        for i in range(2)
    ]
    expected["feature_temporal"] = torch.stack(alike).mean()
    assert terms.keys() == expected.keys() == TERMS
    for name, value in terms.items():
        assert value.item() == pytest.approx(float(expected[name]), rel=1e-3, abs=1e-7), name


def test_unrolled_is_one_step_after_another():
    random = torch.Generator().manual_seed(0)
    frames, painted = torch.rand(2, 4, 1, 3, 32, 64, generator=random)
    stabilizer = Stabilizer()
    steady = steady_stage.unroll(stabilizer, frames, painted)
    for found, expected in zip(steady, one_by_one(stabilizer, frames, painted), strict=True):
        assert torch.equal(found, expected)


def test_gradients_reach_the_judge_crispness_and_t_but_not_p(sources, small, nets, vgg16):
    torch.nn.init.normal_(nets.t.stabilizer.judge[2].weight)  # made of zeros, it lets nothing through in the first step
    terms = steady_stage.losses(nets, vgg16, fixed_shots(sources, small()))
    losses.combine(terms, LossWeights())[0].backward()
    for name, weight in nets.t.named_parameters():
        if name.startswith("stabilizer.motion."):
            assert weight.grad is None, name
            continue
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any(), name
    assert all(weight.grad is None for net in (nets.p, vgg16) for weight in net.parameters())


def standing_still(frame, here, there, seen, grid, now, then):
    return torch.zeros(1, 2, 16, 16), seen, then


def shares_of(frames):
    """What each painting of a scene without detail counts for in the last steady one, the first being its key.

    The tone is an average of its own, in which the painting before and the key have their shares.
    """
    near, far = SHARES
    paintings = np.eye(frames)
    tone = steady = paintings[0]
    for alone in paintings[1:]:
        tone = alone + TONE_SHARE * (tone - alone)
        steady = tone + near * (steady - tone) + far * (paintings[0] - tone)
    return steady


def test_what_the_stabilizer_carries_is_felt_by_the_first_frame(monkeypatch):
    """Gradients flow through the whole sequence, from the last steady painting to the first painting."""
    stabilizer = Stabilizer()
    monkeypatch.setattr(stabilizer.motion, "follow", standing_still)
    frame = torch.nn.functional.avg_pool2d(torch.rand(1, 3, 66, 66, generator=torch.Generator().manual_seed(0)), 3, 1)
    flicker = 0.007 * torch.tensor([1.0, -1, -0.5, -1]).view(4, 1, 1, 1, 1)  # more than the still frames: worth a mix
    painted = (0.5 + flicker).repeat(1, 1, 3, 64, 64).requires_grad_()
    steady_stage.unroll(stabilizer, frame.expand(4, 1, 3, 64, 64), painted)[-1].sum().backward()
    shares = painted.grad.sum((1, 2, 3, 4)) / painted[0].numel()
    np.testing.assert_allclose(shares, shares_of(4), atol=1e-3)


def test_bf16_autocast_keeps_the_stabilizer_in_float32(sources, small, nets, vgg16):
    shots, seen = fixed_shots(sources, small()), []
    exact = steady_stage.losses(nets, vgg16, shots)
    nets.t.stabilizer.register_forward_hook(lambda _, inputs, out: seen.extend([*inputs, out[0], *out[1]]))
    nets.t.stabilizer.judge.register_forward_hook(lambda _, inputs, out: seen.extend([*inputs, out]))
    with torch.autocast("cpu", torch.bfloat16):
        rough = steady_stage.losses(nets, vgg16, shots)
    assert len(seen) == 3 * (4 + 2 * len(State._fields) + 2)
    assert {x.dtype for x in seen} == {torch.float32}
    for name, value in exact.items():
        assert rough[name].dtype == torch.float32
        torch.testing.assert_close(rough[name], value, rtol=0.2, atol=1e-4)


def test_make_shots_agree_along_their_flow(sources, small):
    shots = fixed_shots(sources, small(batch=16))
    assert shots.frames.shape == (16, 3, 3, 32, 32)
    assert shots.flows.shape == (16, 2, 2, 32, 32)
    pairs = [(shots.frames[:, t], shots.frames[:, t - 1], shots.flows[:, t - 1], shots.masks[:, t - 1]) for t in (1, 2)]
    for here, there, flow, mask in (*pairs, (shots.frames[:, 2], shots.frames[:, 0], shots.far_flow, shots.far_mask)):
        assert mask.mean() > 0.4
        along = (mask * (here - warp(there, flow)).abs()).sum()
        assert along < 0.8 * (mask * (here - there).abs()).sum()
        assert along < 0.7 * (mask * (here - warp(there, -flow)).abs()).sum()


def learn(config, sources, vgg16, out, rates):
    """Trains on the same sequences at every step; the motion stays as it is, as in the stage."""
    processes = distributed.accelerator()
    nets, draws, _ = loop.prepare(config, loop.Networks(*load_weights(sources["start"])), processes)
    shots = fixed_shots(sources, config)
    loop.run(
        config,
        nets,
        rates={**rates, "t.stabilizer.motion": 0.0},
        terms=lambda: steady_stage.losses(nets, vgg16, shots),
        sheet=lambda trained: common.sheet(trained, shots.frames[:, 0], shots.styles),
        out=out,
        processes=processes,
        draws=draws,
        resume=False,
    )


@pytest.mark.slow
def test_every_term_falls(sources, small, vgg16, log, tmp_path):
    """All but what is seen of earlier paintings where something new shows: steadiness draws the other way."""
    weights = LossWeights(texture=0.5, feature_temporal=50.0, ghost=200.0)
    config = small(steps=25, decay="none", rate=3e-3, weights=weights)
    learn(config, sources, vgg16, tmp_path, {"t": config.rate})
    lines = log(tmp_path)
    for name in {"colour", "covariance", "tv"} | TERMS - PICTURE - {"ghost"}:
        values = [line["terms"][name] for line in lines]
        assert np.mean(values[-6:]) < 0.95 * np.mean(values[:5]), name


@pytest.mark.slow
def test_the_ghost_term_teaches_the_stabilizer_to_let_go_of_what_is_no_more(sources, small, vgg16, log, tmp_path):
    """T stays as it is, for a painting that grows flat shows no ghosts either. Without the term steadiness alone is
    learnt, and more is carried everywhere."""
    ghosts = {}
    for weight in (0.0, 2000.0):
        weights = LossWeights(texture=0.5, feature_temporal=50.0, ghost=weight)
        out = tmp_path / f"{weight:g}"
        config = small(steps=25, decay="none", rate=0.0, weights=weights)
        learn(config, sources, vgg16, out, {"t.stabilizer": 3e-3})
        ghosts[weight] = [line["terms"]["ghost"] for line in log(out)]
    assert ghosts[0.0][0] == ghosts[2000.0][0]
    assert np.mean(ghosts[0.0][-6:]) > 2 * ghosts[0.0][0]
    assert np.mean(ghosts[2000.0][-6:]) < 0.5 * ghosts[2000.0][0]


def test_t_and_the_stabilizer_learn_and_p_does_not(sources, small, tmp_path):
    steady_stage.train(small(steps=2), out=tmp_path, **sources)
    (p, t), (p0, t0) = load_weights(tmp_path / "weights.safetensors"), load_weights(sources["start"])
    assert all(torch.equal(a, b) for a, b in zip(p.parameters(), p0.parameters(), strict=True))
    for (name, a), b in zip(t.named_parameters(), t0.parameters(), strict=True):
        assert torch.equal(a, b) == name.startswith("stabilizer.motion."), name


def test_the_stabilizer_can_learn_without_t(sources, small, tmp_path):
    steady_stage.train(small(steps=2, rate=0.0), out=tmp_path, **sources)
    t, t0 = (load_weights(path)[1] for path in (tmp_path / "weights.safetensors", sources["start"]))
    for (name, a), b in zip(t.named_parameters(), t0.parameters(), strict=True):
        learns = name.startswith(("stabilizer.", "steady_style.")) and not name.startswith("stabilizer.motion.")
        assert torch.equal(a, b) != learns, name


def test_clips_replace_about_their_share_of_the_sequences(sources, clip_folder, small):
    config = small(batch=40, clip_share=0.25)
    made = tuple(fixed_shots(sources, config)[:5])
    stored = pictures.load([clip_folder], config.clip_side, "cpu", "clips", config.frames)
    mixed = steady_stage.with_clips(made, stored, config, Draws(torch.Generator().manual_seed(5)))
    assert [x.shape for x in mixed] == [x.shape for x in made]
    changed = [not torch.equal(a, b) for a, b in zip(made[0], mixed[0], strict=True)]
    assert 4 <= sum(changed) <= 18
    for i in np.flatnonzero(changed):
        frames, flows, masks, far_flow, far_mask = (x[i] for x in mixed)
        steps = [(frames[t], frames[t - 1], flows[t - 1], masks[t - 1]) for t in (1, 2)]
        for here, there, flow, mask in (*steps, (frames[2], frames[0], far_flow, far_mask)):
            along = (mask * (here - warp(there[None], flow[None])[0]).abs()).sum()
            assert along < 0.6 * (mask * (here - there).abs()).sum()


def test_a_run_with_clips(sources, clip_folder, small, log, tmp_path):
    config = small(steps=2, clip_share=0.5)
    steady_stage.train(config, out=tmp_path / "run", clip_sources=[clip_folder], **sources)
    assert len(log(tmp_path / "run")) == 2


def test_resumed_run_equals_an_uninterrupted_one(sources, small, log, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    steady_stage.train(small(steps=2, decay="none"), out=whole, **sources)
    steady_stage.train(small(steps=1, decay="none"), out=parts, **sources)
    steady_stage.train(small(steps=2, decay="none"), out=parts, resume=True, **sources)
    assert [line["terms"] for line in log(whole)] == [line["terms"] for line in log(parts)]
    ends = [load_weights(run / "weights.safetensors")[1].state_dict() for run in (whole, parts)]
    assert all(torch.equal(a, b) for a, b in zip(*(end.values() for end in ends), strict=True))


def test_scratch_is_refused(sources, small, tmp_path):
    with pytest.raises(BadInput, match="earlier stage's weights"):
        steady_stage.train(small(), out=tmp_path, **{**sources, "start": "scratch"})


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"size": 48}, "divisible by 32"), ({"size": 16}, "divisible by 32"), ({"frames": 1}, "frames=1 is out of range")],
)
def test_sizes_that_do_not_suit(sources, small, tmp_path, changes, says):
    with pytest.raises(BadInput, match=says):
        steady_stage.train(small(**changes), out=tmp_path / "run", **sources)
    assert not (tmp_path / "run").exists()


def test_on_the_command_line(command, log, tmp_path):
    ended = CliRunner().invoke(cli.app, command("steady", tmp_path / "run", "--set", "frames=3", "--steps", 2))
    assert "Finished at step 2" in ended.output, ended.exception
    assert [set(line["terms"]) for line in log(tmp_path / "run")] == [TERMS, TERMS]
