"""The motion stage: its pairs, its loss, that it learns, and what it writes."""

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from impasto.models.errors import BadInput
from impasto.models.steady.flownet import FlowNet, load_flownet
from impasto.train import cli
from impasto.train.data import pictures
from impasto.train.data.augment import Draws
from impasto.train.data.warp import warp
from impasto.train.stages import motion as motion_stage

TINY = {"size": 64, "photo_side": 88, "batch": 2, "steps": 3, "warmup": 1, "save_every": 2}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve photographs of blurred noise."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for i in range(12):
        blurred = cv2.GaussianBlur(rng.random((88, 88, 3)), None, 2.5)
        cv2.imwrite(str(folder / f"{i:02d}.png"), cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX))
    return folder


def draws(seed=0):
    return Draws(torch.Generator().manual_seed(seed))


def test_every_tenth_photograph_is_held_out():
    stored = torch.arange(25, dtype=torch.uint8).view(25, 1, 1, 1)
    assert motion_stage.part(stored, held_out=True).flatten().tolist() == [9, 19]
    assert motion_stage.part(stored, held_out=False).flatten().tolist() == [i for i in range(25) if i not in (9, 19)]


@pytest.mark.parametrize("pace", [1, 3])
def test_pairs_move_as_their_flow_says(photos, pace, monkeypatch):
    stored = pictures.load([photos], 88)
    monkeypatch.setattr(motion_stage, "PACES", (pace,))
    here, there, flow, mask = motion_stage.moved(stored, 6, 64, draws())
    assert here.shape == there.shape == (6, 3, 64, 64)
    assert mask.mean() > 0.3
    off = ((here - warp(there, flow)).abs().mean(1, keepdim=True) * mask).sum() / mask.sum()
    assert off < 0.03
    assert off < ((here - there).abs().mean(1, keepdim=True) * mask).sum() / mask.sum() / 2


@pytest.mark.parametrize("turn", range(motion_stage.TURNS))
def test_turned_pictures_move_as_turned_flow_says(photos, turn):
    here, there, flow, mask = motion_stage.moved(pictures.load([photos], 88), 4, 64, draws(3))
    off = ((here - warp(there, flow)).abs() * mask).mean()
    there_turned, mask_turned, _ = motion_stage.turned(there, mask, flow, turn)
    here_turned, _, flow_turned = motion_stage.turned(here, there, flow, turn)
    again = ((here_turned - warp(there_turned, flow_turned)).abs() * mask_turned).mean()
    torch.testing.assert_close(again, off, atol=1e-4, rtol=0)
    assert turn == 0 or not torch.equal(here_turned, here)


def test_a_higher_pace_is_faster_by_as_much(photos, monkeypatch):
    stored, speeds = pictures.load([photos], 88), []
    for pace in (1, 3):
        monkeypatch.setattr(motion_stage, "PACES", (pace,))
        speeds.append(motion_stage.moved(stored, 6, 64, draws(1))[2].norm(dim=1).mean())
    assert 2.4 < speeds[1] / speeds[0] < 3.6


def test_error_by_hand():
    true = torch.zeros(1, 2, 4, 4)
    true[:, 0] = 3.0
    found = torch.zeros(1, 2, 2, 2)
    found[:, 1, 0, 0], found[:, 0, 1, 1] = 4.0, 3.0
    expected = sum((e**2 + motion_stage.EPSILON**2) ** 0.5 for e in (5, 3, 3, 0)) / 4
    assert motion_stage.error(found, true).item() == pytest.approx(expected, rel=1e-5)


def test_a_few_steps_lower_the_loss_of_a_pair(photos, monkeypatch):
    monkeypatch.setattr(motion_stage, "PACES", (3,))
    here, there, flow, _ = motion_stage.moved(pictures.load([photos], 88), 2, 64, draws(2))
    torch.manual_seed(0)
    net, losses = FlowNet(), []
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    for _ in range(25):
        losses.append(motion_stage.loss(net, here, there, flow))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.8 * losses[0]


def run(photos, out, *more, **changes):
    settings = [word for key, value in {**TINY, **changes}.items() for word in ("--set", f"{key}={value}")]
    return CliRunner().invoke(cli.app, ["motion", "--photos", str(photos), "--out", str(out), *settings, *more])


def test_the_command_writes_weights_and_a_log(photos, tmp_path, log):
    done = run(photos, tmp_path / "run")
    assert "Finished at step 3" in done.output
    load_flownet(tmp_path / "run" / motion_stage.RESULT)
    lines = log(tmp_path / "run")
    assert [line["step"] for line in lines] == [2, 3]
    assert all(0 < line["loss"] < 100 and line["speed"] > 0 for line in lines)
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == [motion_stage.RESULT, "log.jsonl"]
    again = run(photos, tmp_path / "run")
    assert isinstance(again.exception, BadInput)
    assert "already holds a run" in str(again.exception)


def test_it_ends_on_time(photos, tmp_path):
    assert "Finished at step 1 " in run(photos, tmp_path / "run", "--minutes", "0.0001").output


@pytest.mark.parametrize("change", [{"size": 24}, {"size": 72}])
def test_sizes_that_do_not_suit(photos, tmp_path, change):
    with pytest.raises(BadInput, match="divisible by 16"):
        motion_stage.train(motion_stage.Config(**{**TINY, **change}), [photos], tmp_path / "run")


def test_too_few_photographs(tmp_path):
    (tmp_path / "few").mkdir()
    for i in range(3):
        cv2.imwrite(str(tmp_path / "few" / f"{i}.png"), np.full((88, 88, 3), 40 * i, np.uint8))
    with pytest.raises(BadInput, match="at least 10"):
        motion_stage.train(motion_stage.Config(**TINY), [tmp_path / "few"], tmp_path / "run")
    assert not (tmp_path / "run").exists()
