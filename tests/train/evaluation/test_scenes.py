"""Scene sources: a Sintel tree and clips made on the spot, and the scenes and paintings made by code."""

import shutil

import cv2
import numpy as np
import pytest
import torch

from impasto.models.errors import BadInput
from impasto.train.data.clips import motion, to_tensor
from impasto.train.evaluation import made_up, metrics, scenes

H, W, STEP = 40, 64, 3


def wide_picture():
    picture = cv2.GaussianBlur(np.random.default_rng(0).random((H, W + 120, 3)), None, 3)
    return (255 * (picture - picture.min()) / (picture.max() - picture.min())).astype(np.uint8)


def sliding(count, step=STEP):
    """What is at x in one frame is at x + step in the next."""
    wide = wide_picture()
    return [np.ascontiguousarray(wide[:, 60 - step * i : 60 - step * i + W]) for i in range(count)]


@pytest.fixture
def sintel(tmp_path):
    """Scene tea_1, frames 1, 2, 3 and 7, 8; flow of all but the last of each run; frame 1 with an occluded block."""
    training, frames = tmp_path / "training", sliding(8)
    for kind in ("final", "flow", "occlusions", "invalid"):
        (training / kind / "tea_1").mkdir(parents=True)
    for n in (1, 2, 3, 7, 8):
        cv2.imwrite(str(training / f"final/tea_1/frame_{n:04d}.png"), frames[n - 1][:, :, ::-1])
    for n in (1, 2, 7):
        flow = np.zeros((H, W, 2), np.float32)
        flow[..., 0] = STEP
        cv2.writeOpticalFlow(str(training / f"flow/tea_1/frame_{n:04d}.flo"), flow)
        hidden = np.zeros((H, W), np.uint8)
        if n == 1:
            hidden[:10, :10] = 255
        cv2.imwrite(str(training / f"occlusions/tea_1/frame_{n:04d}.png"), hidden)
    return training


def only(folder):
    """The scenes of the only pass there is."""
    (source,) = scenes.sintel_scenes(folder)
    return source.scenes


@pytest.mark.parametrize("given", ["training", "parent"])
def test_a_scene_of_sintel_has_its_frames_flow_and_masks(sintel, given):
    ((count, found),) = scenes.sintel_scenes(sintel if given == "training" else sintel.parent)
    (scene,) = found
    assert (count, scene.name, scene.source) == (1, "tea_1", "sintel final")
    assert scene.numbers == [1, 2, 3, 7, 8]
    assert np.array_equal(scene.frames[3], sliding(8)[6])
    assert (scene.near.here, scene.near.there) == ([0, 1, 3], [1, 2, 4])
    assert scene.far.here == []
    assert scene.far.flows.shape == (0, 2, H, W)
    masks = scene.near.masks[:, 0]
    assert not masks[0, :10, :10].any()
    assert not masks[:, :, -STEP:].any()  # what leaves the frame
    assert masks[1, :, :-STEP].all()
    assert metrics.e_stab([to_tensor(f) for f in scene.frames], scene.near) < 1e-6


def test_sintel_frames_reveal_where_nothing_seen_before_lands(sintel):
    """The occluded block of frame 1 would be at columns 3 … 12; what comes in on the left was not hidden."""
    (sintel / "occlusions/tea_1/frame_0007.png").unlink()
    (scene,) = only(sintel)
    assert scene.revealed.frames == [1, 2]  # without the mask of frame 7, nobody knows what frame 8 reveals
    expected = torch.zeros(2, H, W)
    expected[0, :10, STEP : 10 + STEP] = 1
    assert torch.equal(scene.revealed.masks[:, 0], expected)


@pytest.mark.parametrize("width", [None, W // 2])
def test_sintel_frames_that_lead_up_to_others_are_there_too(sintel, width):
    """Frames 5 and 6 stand before the flow of 7; 9 comes after the last flow, and 4 is missing."""
    ((_, before),) = scenes.sintel_scenes(sintel, width)
    (known,) = before
    for n in (5, 6, 9):
        cv2.imwrite(str(sintel / f"final/tea_1/frame_{n:04d}.png"), sliding(9)[n - 1][:, :, ::-1])
    ((_, found),) = scenes.sintel_scenes(sintel, width)
    (scene,) = found
    assert scene.numbers == [1, 2, 3, 5, 6, 7, 8]
    assert (scene.near.here, scene.near.there) == ([0, 1, 5], [1, 2, 6])
    assert torch.equal(scene.near.flows, known.near.flows)
    assert [known.revealed.frames, scene.revealed.frames] == [[1, 2, 4], [1, 2, 6]]
    assert np.array_equal(scene.frames[[0, 1, 2, 5, 6]], known.frames)
    wanted = sliding(6)[5]
    if width:
        wanted = wanted.reshape(H // 2, 2, W // 2, 2, 3).mean((1, 3))
    assert np.abs(scene.frames[4] - wanted).max() <= (0.5 + 1e-3 if width else 0)
    cv2.imwrite(str(sintel / "final/tea_1/frame_0005.png"), np.zeros((H, W + 2, 3), np.uint8))
    with pytest.raises(BadInput, match="66×40 pixels where 64×40 are expected"):
        next(scenes.sintel_scenes(sintel, width)[0].scenes)


def test_sintel_frames_far_apart_are_linked_only_where_none_is_missing(sintel):
    frames = sliding(18, step=1)
    for n in [*range(1, 11), *range(12, 18)]:
        cv2.imwrite(str(sintel / f"final/tea_1/frame_{n:04d}.png"), frames[n - 1][:, :, ::-1])
        cv2.writeOpticalFlow(str(sintel / f"flow/tea_1/frame_{n:04d}.flo"), np.full((H, W, 2), (1, 0), np.float32))
    (scene,) = only(sintel)
    assert scene.numbers == [*range(1, 11), *range(12, 18)]
    assert (scene.far.here, scene.far.there) == ([8], [0])
    inner = scene.far.flows[0, :, 10:-10, 20:-10]
    assert float((inner - torch.tensor([-8.0, 0]).view(2, 1, 1)).abs().median()) < 0.5


def test_sintel_has_a_source_for_each_pass_that_is_there(sintel):
    shutil.copytree(sintel / "final", sintel / "clean")
    for n in (7, 8):
        (sintel / f"clean/tea_1/frame_{n:04d}.png").unlink()
    found = [(count, *there) for count, there in scenes.sintel_scenes(sintel)]
    seen = [(count, scene.name, scene.source, len(scene.frames)) for count, scene in found]
    assert seen == [(1, "tea_1", "sintel final", 5), (1, "tea_1, clean", "sintel clean", 3)]
    shutil.rmtree(sintel / "final")
    (scene,) = only(sintel)
    assert (scene.source, len(scene.frames)) == ("sintel clean", 3)


def test_a_narrower_scene_of_sintel_is_averaged_over_area(sintel):
    """Half as wide: half as fast, averaged over area, and visible what is so as a whole."""
    (whole,) = only(sintel)
    ((_, found),) = scenes.sintel_scenes(sintel, W // 2)
    (scene,) = found
    assert scene.frames.shape == (5, H // 2, W // 2, 3)
    expected = whole.frames.reshape(5, H // 2, 2, W // 2, 2, 3).mean((2, 4))
    assert np.abs(scene.frames - expected).max() <= 0.5 + 1e-3
    assert torch.equal(scene.near.flows[:, 0], torch.full((3, H // 2, W // 2), STEP / 2))
    visible = whole.near.masks.reshape(3, H // 2, 2, W // 2, 2).amin((2, 4))
    assert torch.equal(scene.near.masks[:, 0], visible)
    assert scene.near.here == whole.near.here
    assert scene.revealed.masks.shape[2:] == (H // 2, W // 2)
    with pytest.raises(BadInput, match="64 pixels wide: --sintel-width must be no more"):
        next(scenes.sintel_scenes(sintel, W + 1)[0].scenes)


def test_sintel_without_frames_or_flow(sintel, tmp_path):
    for frame in sintel.glob("final/tea_1/*"):
        frame.unlink()
    with pytest.raises(BadInput, match="no two neighbouring frames"):
        next(only(sintel))
    with pytest.raises(BadInput, match="no MPI-Sintel flow"):
        next(only(tmp_path / "elsewhere"))


def write_clip(path, frames):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 24, (W, H))
    for frame in frames:
        writer.write(frame[:, :, ::-1])
    writer.release()


def test_a_scene_of_a_clip_has_motion_that_was_found(tmp_path):
    write_clip(tmp_path / "b.mp4", sliding(20))
    write_clip(tmp_path / "a.mp4", sliding(3))
    count, found = scenes.clip_scenes(tmp_path, 32, 17)
    short, scene = found
    assert (count, short.name, scene.name) == (2, "a", "b")
    assert len(short.frames) == 3
    assert scene.frames.shape == (17, 32, 52, 3)
    assert (scene.near.here, scene.near.there) == ([*range(1, 17)], [*range(16)])
    assert (scene.far.here, scene.far.there) == ([8, 16], [0, 8])
    assert scene.revealed.frames == []
    assert scene.revealed.masks.shape == (0, 1, 32, 52)
    frames = torch.stack([to_tensor(f) for f in scene.frames])
    for pairs in (scene.near, scene.far):
        for here, there, flow, mask in zip(*pairs, strict=True):
            expected = motion(scene.frames[here], scene.frames[there])
            assert torch.equal(flow, expected[0])
            assert torch.equal(mask, expected[1])
    assert metrics.e_stab(frames, scene.near) < 0.1


def test_clips_that_are_none(tmp_path):
    with pytest.raises(BadInput, match="is not a folder"):
        scenes.clip_scenes(tmp_path / "none", 32, 4)
    write_clip(tmp_path / "still.mp4", sliding(1))
    with pytest.raises(BadInput, match="single frame"):
        next(scenes.clip_scenes(tmp_path, 32, 4).scenes)


@pytest.fixture(scope="module")
def made():
    count, found = scenes.made_up_scenes(64, 10)
    found = {scene.name: scene for scene in found}
    assert count == len(found) == 5
    return found


def test_scenes_made_by_code_move_as_their_flow_says(made):
    """Each frame, fetched from the one before by OpenCV, differs by no more than noise, flicker and resampling."""
    y, x = np.mgrid[:64, :64].astype(np.float32)
    for name, scene in made.items():
        frames = scene.frames.astype(np.float32) / 255
        for here, there, flow, mask in zip(*scene.near, strict=True):
            fetched = cv2.remap(frames[there], x + flow[0].numpy(), y + flow[1].numpy(), cv2.INTER_LINEAR)
            seen = mask[0].numpy() > 0
            assert np.sqrt(np.mean((frames[here] - fetched)[seen] ** 2)) < 0.035, name
        assert scene.frames.shape == (10, 64, 64, 3)
        assert (scene.far.here, scene.far.there) == ([8], [0])


def test_scenes_made_by_code_do_what_they_are_called(made):
    speed = {name: scene.near.flows.norm(dim=1).mean((1, 2)) for name, scene in made.items()}
    assert speed["still"].max() == 0
    pan = made["pan"].near.flows
    assert torch.allclose(pan, pan[:1, :, :1, :1].expand_as(pan), atol=1e-4)
    assert speed["pan"].min() > 0.5
    turning = made["zoom and turn"].near.flows
    assert turning[:, :, 31:33, 31:33].abs().max() < 0.1 < turning[:, :, 0, 0].abs().max()
    crossing, hidden = made["passer-by"].near.flows.norm(dim=1) > 0, made["passer-by"].near.masks[:, 0] == 0
    assert 0.02 < crossing.float().mean() < 0.4
    assert hidden.any()
    revealed = {name: float(scene.revealed.masks.mean()) for name, scene in made.items()}
    assert revealed["still"] == revealed["pan"] == revealed["zoom and turn"] == 0
    assert revealed["passer-by"] > 0.001
    assert revealed["hand-held"] > 0
    assert made["passer-by"].revealed.frames == [*range(1, 10)]
    assert not (made["passer-by"].revealed.masks * made["passer-by"].near.masks).any()
    light = made["hand-held"].frames.mean((1, 2, 3))
    assert np.ptp(light) > 5


def test_still_scene_flickers_by_noise_and_light_only(made):
    still = made["still"].frames.astype(np.float64) / 255
    assert 0.005 < np.diff(still, axis=0).std() < 0.05


def test_paintings_made_by_code():
    paintings = made_up.paintings()
    assert len(paintings) == 9
    for name, picture in paintings.items():
        assert picture.shape == (384, 384, 3), name
        assert picture.dtype == np.uint8
        assert picture.std() > 10, name
    again = made_up.paintings()
    assert all(np.array_equal(picture, again[name]) for name, picture in paintings.items())
