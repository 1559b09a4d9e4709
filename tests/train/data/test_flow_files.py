"""Flow files byte by byte, and small made-up trees in the data sets' own layouts."""

import struct

import cv2
import numpy as np
import pytest
import torch

from impasto.models.errors import BadInput
from impasto.train.data.flow_files import read_flo, sintel_pairs

torch.set_num_threads(1)

H, W = 32, 48


def test_flo_bytes_by_hand(tmp_path):
    flow = np.array([[[1, 2], [3, 4], [-0.5, 0.25]]], np.float32)
    data = b"PIEH" + struct.pack("<ii6f", 3, 1, 1, 2, 3, 4, -0.5, 0.25)
    assert struct.unpack("<f", data[:4])[0] == 202021.25
    (tmp_path / "a.flo").write_bytes(data)
    assert np.array_equal(read_flo(tmp_path / "a.flo"), flow)


def test_flo_that_opencv_wrote(tmp_path):
    flow = np.random.default_rng(0).normal(size=(5, 7, 2)).astype(np.float32)
    cv2.writeOpticalFlow(str(tmp_path / "a.flo"), flow)
    found = read_flo(tmp_path / "a.flo")
    assert found.dtype == np.float32
    assert found.flags.writeable
    assert np.array_equal(found, flow)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a .flo"),
        (b"PIEX" + struct.pack("<ii2f", 1, 1, 0, 0), "not a .flo"),
        (b"PIEH" + struct.pack("<ii", -1, 4), "damaged"),
        (b"PIEH" + struct.pack("<ii", 2**31 - 1, 2**31 - 1), "damaged"),
        (b"PIEH" + struct.pack("<ii", 100_000, 100_000), "cut short"),  # no room is made for so many
        (b"PIEH" + struct.pack("<ii3f", 2, 1, 0, 0, 0), "cut short"),
    ],
)
def test_a_damaged_flow_file_is_refused(tmp_path, data, says):
    (tmp_path / "a.flo").write_bytes(data)
    with pytest.raises(BadInput, match=says):
        read_flo(tmp_path / "a.flo")


def test_a_missing_flow_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="Cannot read"):
        read_flo(tmp_path / "none")


def scene(x):
    """A smooth texture, slid x pixels to the right: uint8 BGR [H,W,3]."""
    picture = np.random.default_rng(0).integers(0, 256, (H, W + 20, 3), dtype=np.uint8)
    picture = cv2.normalize(cv2.GaussianBlur(picture, None, 2), None, 0, 255, cv2.NORM_MINMAX)
    return np.ascontiguousarray(picture[:, 10 - x : 10 - x + W])


def constant(u):
    flow = np.zeros((H, W, 2), np.float32)
    flow[..., 0] = u
    return flow


def put(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


@pytest.fixture
def sintel(tmp_path):
    for name, numbers in {"alley_1": (1, 2, 3), "cave_2": (7, 8)}.items():
        for n in numbers:
            put(tmp_path / "final" / name / f"frame_{n:04d}.png", scene(2 * n - 2 * numbers[0]))
    for file in ("alley_1/frame_0001", "alley_1/frame_0002", "alley_1/frame_0003", "cave_2/frame_0007"):
        path = tmp_path / "flow" / f"{file}.flo"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.writeOpticalFlow(str(path), constant(2))
    hidden = np.zeros((H, W), np.uint8)
    hidden[:, :5] = 255
    put(tmp_path / "occlusions/alley_1/frame_0001.png", hidden)
    put(tmp_path / "invalid/alley_1/frame_0001.png", np.flipud(np.eye(H, W)) * 255)
    return tmp_path


def test_sintel_pairs_have_frames_flow_and_what_is_visible(sintel):
    pairs = dict(sintel_pairs(sintel))
    # alley_1 has flow for frame 3, but no frame 4.
    assert list(pairs) == ["alley_1/frame_0001", "alley_1/frame_0002", "cave_2/frame_0007"]
    p = pairs["alley_1/frame_0001"]
    assert p.here.shape == p.there.shape == (3, H, W)
    assert p.flow.shape == (2, H, W)
    assert p.mask.shape == (1, H, W)
    assert torch.allclose(p.here[:, :, : W - 2], p.there[:, :, 2:])  # frame N's point at x lies at x + 2 of N+1
    assert torch.equal(p.flow[0], torch.full((H, W), 2.0))
    expected = np.ones((H, W))
    expected[:, :5] = expected[:, W - 2 :] = 0  # occluded; beyond the next frame
    expected[np.flipud(np.eye(H, W)) > 0] = 0  # invalid
    assert np.array_equal(p.mask[0].numpy(), expected)


def test_sintel_reads_rgb(sintel):
    p = next(p for _, p in sintel_pairs(sintel))
    assert np.array_equal((p.here * 255).round().byte().permute(1, 2, 0).numpy(), scene(0)[:, :, ::-1])


def test_sintel_without_an_occlusion_file_checks_the_flow(sintel):
    right = dict(sintel_pairs(sintel))["alley_1/frame_0002"].mask
    assert right[0, 6:-6, 6:-8].mean() > 0.9
    cv2.writeOpticalFlow(str(sintel / "flow/alley_1/frame_0002.flo"), constant(12))
    assert dict(sintel_pairs(sintel))["alley_1/frame_0002"].mask.mean() < 0.1


def test_unknown_flow_is_masked(sintel):
    flow = constant(2)
    flow[4, 20], flow[5, 20, 1] = 2e9, np.nan
    cv2.writeOpticalFlow(str(sintel / "flow/alley_1/frame_0001.flo"), flow)
    p = dict(sintel_pairs(sintel))["alley_1/frame_0001"]
    assert p.flow.isfinite().all()
    assert p.mask[0, 4, 20] == p.mask[0, 5, 20] == 0
    assert p.mask[0, 6, 20] == 1


def test_sintel_that_is_wrong(sintel, tmp_path):
    with pytest.raises(BadInput, match="no MPI-Sintel flow"):
        list(sintel_pairs(tmp_path / "nowhere"))
    cv2.writeOpticalFlow(str(sintel / "flow/cave_2/frame_0007.flo"), np.zeros((4, 4, 2), np.float32))
    with pytest.raises(BadInput, match="4×4 pixels where 48×32"):
        list(sintel_pairs(sintel))
    (sintel / "final/alley_1/frame_0001.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match="not a picture"):
        list(sintel_pairs(sintel))
