"""The comparison of ways to find motion: its figures by hand, its pairs, its times, its tables."""

import json

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from impasto.models.errors import BadInput
from impasto.models.steady.flownet import FlowNet, save_flownet
from impasto.train import cli
from impasto.train.data.clips import Pair
from impasto.train.evaluation import motion_report

H, W, STEP = 40, 72, 3


def small_pair():
    """Two by two pixels, moving by 0, 5, 10 and 50; the fastest is hidden."""
    flow = torch.tensor([[[0.0, 3.0], [10.0, 50.0]], [[0.0, 4.0], [0.0, 0.0]]])
    mask = torch.tensor([[[1.0, 1.0], [1.0, 0.0]]])
    return Pair(torch.full((3, 2, 2), 0.5), torch.full((3, 2, 2), 0.25), flow, mask)


def test_figures_by_hand():
    found = torch.tensor([[[1.0, 3.0], [10.0, 0.0]], [[0.0, 0.0], [2.0, 0.0]]])  # off by 1, 4, 2 and 50
    figures = motion_report.figures(motion_report.sums(small_pair(), found)[None])
    assert figures["visible"] == pytest.approx(7 / 3)
    assert figures["all"] == pytest.approx(57 / 4)
    assert figures["far"] == pytest.approx(1 / 3)
    assert figures["by_speed"] == [pytest.approx(1.0), pytest.approx(4.0), pytest.approx(2.0), None]
    assert figures["difference"] == pytest.approx(0.25 * 255)


def test_accuracy_is_over_the_pixels_of_all_pairs():
    pair = small_pair()
    still = Pair(torch.zeros(3, 1, 2), torch.zeros(3, 1, 2), torch.zeros(2, 1, 2), torch.ones(1, 1, 2))
    found_by = {motion_report.TRUE: lambda p: p.flow, motion_report.NONE: lambda p: torch.zeros_like(p.flow)}
    result = motion_report.accuracy([pair, still], found_by)
    assert (result["pairs"], result["pixels"]) == (2, 5)
    assert result["ways"]["none"]["visible"] == pytest.approx((0 + 5 + 10 + 0 + 0) / 5)
    assert result["ways"]["none"]["median"] == pytest.approx((5 + 0) / 2)
    assert result["ways"]["true motion"]["all"] == 0


def test_networks_get_half_the_frame_of_a_size_that_suits_and_answer_in_pixels():
    seen = {}

    def network(here, there, grid):
        seen.update(here=here, there=there, grid=grid)
        at = torch.nn.functional.avg_pool2d(grid, 2)
        return torch.cat([torch.full_like(at[:, :1], 2 * 5 / 96), torch.full_like(at[:, :1], 2 * -3 / 64)], 1)

    pair = Pair(torch.rand(3, H, W), torch.rand(3, H, W), torch.zeros(2, H, W), torch.ones(1, H, W))
    found = motion_report.flow(network, pair)
    assert seen["here"].shape == seen["there"].shape == (1, 3, 32, 48)
    quads = pair.there.numpy().reshape(3, H // 2, 2, W // 2, 2).mean((2, 4))
    np.testing.assert_allclose(seen["there"][0, :, : H // 2, : W // 2].numpy(), quads, atol=1e-6)
    torch.testing.assert_close(found, torch.tensor([5.0, -3.0]).view(2, 1, 1).expand(2, H, W), atol=1e-4, rtol=0)


def test_half_the_size_is_half_the_motion():
    flow, mask = torch.full((2, 4, 6), 3.0), torch.ones(1, 4, 6)
    mask[0, 0, 0] = 0
    half = motion_report.halved(Pair(torch.rand(3, 4, 6), torch.zeros(3, 4, 6), flow, mask))
    torch.testing.assert_close(half.flow, torch.full((2, 2, 3), 1.5))
    assert half.here.shape == (3, 2, 3)
    assert half.mask.flatten().tolist() == [0, 1, 1, 1, 1, 1]


@pytest.fixture(scope="module")
def sintel(tmp_path_factory):
    """One scene of two frames: what is at x in the first is at x + STEP in the second."""
    training = tmp_path_factory.mktemp("sintel") / "training"
    for kind in ("final", "flow", "occlusions"):
        (training / kind / "slide_1").mkdir(parents=True)
    height, width = 96, 160
    wide = cv2.GaussianBlur(np.random.default_rng(0).random((height, width + 40, 3)), None, 2)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    for n in (1, 2):
        cv2.imwrite(str(training / f"final/slide_1/frame_{n:04d}.png"), wide[:, 20 - STEP * n : 20 - STEP * n + width])
    flow = np.zeros((height, width, 2), np.float32)
    flow[..., 0] = STEP
    cv2.writeOpticalFlow(str(training / "flow/slide_1/frame_0001.flo"), flow)
    cv2.imwrite(str(training / "occlusions/slide_1/frame_0001.png"), np.zeros((height, width), np.uint8))
    return training.parent


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Ten photographs of which the one held out alone is not black."""
    folder = tmp_path_factory.mktemp("photos")
    for i in range(10):
        noise = cv2.GaussianBlur(np.random.default_rng(i).random((64, 64, 3)), None, 2)
        picture = cv2.normalize(noise, None, 100, 255, cv2.NORM_MINMAX) if i == 9 else np.zeros((64, 64, 3))
        cv2.imwrite(str(folder / f"{i}.png"), picture)
    return folder


def test_photographs_held_out_are_what_moves(photos):
    pairs = list(motion_report.synthetic_pairs([photos], count=3, size=32))
    again = list(motion_report.synthetic_pairs([photos], count=3, size=32))
    assert len(pairs) == 3
    for pair, same in zip(pairs, again, strict=True):
        assert pair.here.mean() > 0.3
        assert torch.equal(pair.here, same.here)


def test_times_are_of_every_network_and_of_dis():
    still = lambda here, there, grid: torch.nn.functional.avg_pool2d(grid, 2) * here.mean()  # noqa: E731
    times = motion_report.milliseconds({"still": still}, rounds=2)
    assert list(times) == ["still", motion_report.DIS]
    assert all(0 < ms["min"] <= ms["median"] < 5000 for ms in times.values())


def test_the_command_finds_a_slide(sintel, photos, tmp_path, monkeypatch):
    times = {"learned": {"min": 1.04, "median": 2.0}}
    monkeypatch.setattr(motion_report, "milliseconds", lambda networks: times)
    made = motion_report.synthetic_pairs
    monkeypatch.setattr(motion_report, "synthetic_pairs", lambda photos: made(photos, 2, 32))
    bars, shown = [], motion_report.shown
    monkeypatch.setattr(motion_report, "shown", lambda pairs, what: bars.append(what) or shown(pairs, what))
    save_flownet(FlowNet(), tmp_path / "new.safetensors")
    words = ["--weights", tmp_path / "new.safetensors", "--sintel", sintel, "--photos", photos, "-o", tmp_path / "out"]
    done = CliRunner().invoke(cli.app, ["motion-report", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    result = json.loads((tmp_path / "out" / "motion.json").read_text())
    assert bars == list(result["accuracy"])  # on a terminal: it takes minutes
    found = result["accuracy"]["Sintel, final"]["ways"]
    assert list(found) == ["true motion", "none", "learned", "DIS medium"]
    assert found["none"]["visible"] == pytest.approx(STEP)
    assert 0.1 < found["learned"]["visible"] < STEP  # untrained, it finds what one step of least squares finds
    assert found["DIS medium"]["visible"] < 0.5
    assert found["true motion"]["difference"] < 1
    halves = result["accuracy"]["Sintel, final, at half its size"]["ways"]
    assert halves["none"]["visible"] == pytest.approx(STEP / 2)
    assert result["accuracy"]["photographs held out, moved"]["pairs"] == 2
    table = (tmp_path / "out" / "motion.md").read_text()
    assert "| none | 3.00 | 3.00 | 3.00 | 0.0 % | – | 3.00 | – | – |" in table
    assert "| learned | 1.0 | 2.0 |" in table
    assert table.strip() in done.output


def test_there_must_be_something_to_compare_on(tmp_path, photos):
    with pytest.raises(BadInput, match="--sintel, --photos"):
        motion_report.compare(None, None, ())
    with pytest.raises(BadInput, match="MPI-Sintel flow"):
        motion_report.compare(None, tmp_path, ())
    (tmp_path / "flow" / "bare_1").mkdir(parents=True)
    cv2.writeOpticalFlow(str(tmp_path / "flow" / "bare_1" / "frame_0001.flo"), np.zeros((4, 4, 2), np.float32))
    with pytest.raises(BadInput, match="no two neighbouring frames"):
        motion_report.compare(None, tmp_path, ())
    with pytest.raises(BadInput, match="motion network"):
        motion_report.compare(tmp_path / "missing", None, [photos])
    (tmp_path / "few").mkdir()
    cv2.imwrite(str(tmp_path / "few" / "1.png"), np.zeros((64, 64, 3)))
    with pytest.raises(BadInput, match="at least 10"):
        motion_report.compare(None, None, [tmp_path / "few"])
