"""Flow files byte by byte, and small made-up trees in the data sets' own layouts."""

import struct

import cv2
import numpy as np
import pytest
import torch

from impasto.models.errors import BadInput
from impasto.train.data.flow_files import read_flo, read_pfm, scene_flow_pairs, sintel_pairs, write_flo

torch.set_num_threads(1)

H, W = 32, 48


def test_flo_bytes_by_hand(tmp_path):
    flow = np.array([[[1, 2], [3, 4], [-0.5, 0.25]]], np.float32)
    data = b"PIEH" + struct.pack("<ii6f", 3, 1, 1, 2, 3, 4, -0.5, 0.25)
    assert struct.unpack("<f", data[:4])[0] == 202021.25
    write_flo(tmp_path / "a.flo", flow)
    assert (tmp_path / "a.flo").read_bytes() == data
    assert np.array_equal(read_flo(tmp_path / "a.flo"), flow)


def test_flo_round_trip(tmp_path):
    flow = np.random.default_rng(0).normal(size=(5, 7, 2)).astype(np.float32)
    write_flo(tmp_path / "a.flo", flow)
    found = read_flo(tmp_path / "a.flo")
    assert found.dtype == np.float32
    assert found.flags.writeable
    assert np.array_equal(found, flow)
    with pytest.raises(ValueError, match="H,W,2"):
        write_flo(tmp_path / "a.flo", flow[..., :1])


@pytest.mark.parametrize("order", ["<", ">"])
def test_pfm_bytes_by_hand(tmp_path, order):
    """The bottom row comes first; a negative scale means little-endian."""
    scale = b"-1.0" if order == "<" else b"1.000000"
    (tmp_path / "grey.pfm").write_bytes(b"Pf\n2 2\n" + scale + b"\n" + struct.pack(order + "4f", 3, 4, 1, 2))
    assert np.array_equal(read_pfm(tmp_path / "grey.pfm"), np.array([[1, 2], [3, 4]], np.float32))
    (tmp_path / "colour.pfm").write_bytes(b"PF\n1 2\n" + scale + b"\n" + struct.pack(order + "6f", *range(6)))
    assert np.array_equal(read_pfm(tmp_path / "colour.pfm"), np.array([[[3, 4, 5]], [[0, 1, 2]]], np.float32))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.flo", b"", "not a .flo"),
        ("a.flo", b"PIEX" + struct.pack("<ii2f", 1, 1, 0, 0), "not a .flo"),
        ("a.flo", b"PIEH" + struct.pack("<ii", -1, 4), "damaged"),
        ("a.flo", b"PIEH" + struct.pack("<ii3f", 2, 1, 0, 0, 0), "cut short"),
        ("a.pfm", b"P6\n1 1\n255\n\0\0\0", "not a .pfm"),
        ("a.pfm", b"Pf\n1 1\n0\n\0\0\0\0", "not a .pfm"),
        ("a.pfm", b"Pf\n1 1\n-.-\n\0\0\0\0", "not a .pfm"),
        ("a.pfm", b"PF\n2 2\n-1\n" + bytes(47), "cut short"),
        ("a.pfm", b"PF\n0 2\n-1\n", "damaged"),
    ],
)
def test_damaged_files(tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput, match=says):
        (read_flo if name.endswith("flo") else read_pfm)(tmp_path / name)


def test_missing_file(tmp_path):
    for read in (read_flo, read_pfm):
        with pytest.raises(BadInput, match="Cannot read"):
            read(tmp_path / "none")


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
        write_flo(path, constant(2))
    hidden = np.zeros((H, W), np.uint8)
    hidden[:, :5] = 255
    put(tmp_path / "occlusions/alley_1/frame_0001.png", hidden)
    put(tmp_path / "invalid/alley_1/frame_0001.png", np.flipud(np.eye(H, W)) * 255)
    return tmp_path


def test_sintel_layout(sintel):
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
    write_flo(sintel / "flow/alley_1/frame_0002.flo", constant(12))
    assert dict(sintel_pairs(sintel))["alley_1/frame_0002"].mask.mean() < 0.1


def test_unknown_flow_is_masked(sintel):
    flow = constant(2)
    flow[4, 20], flow[5, 20, 1] = 2e9, np.nan
    write_flo(sintel / "flow/alley_1/frame_0001.flo", flow)
    p = dict(sintel_pairs(sintel))["alley_1/frame_0001"]
    assert p.flow.isfinite().all()
    assert p.mask[0, 4, 20] == p.mask[0, 5, 20] == 0
    assert p.mask[0, 6, 20] == 1


def test_sintel_that_is_wrong(sintel, tmp_path):
    with pytest.raises(BadInput, match="no MPI-Sintel flow"):
        list(sintel_pairs(tmp_path / "nowhere"))
    write_flo(sintel / "flow/cave_2/frame_0007.flo", np.zeros((4, 4, 2), np.float32))
    with pytest.raises(BadInput, match="4×4 pixels where 48×32"):
        list(sintel_pairs(sintel))
    (sintel / "final/alley_1/frame_0001.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match="not a picture"):
        list(sintel_pairs(sintel))


def write_pfm(path, flow):
    path.parent.mkdir(parents=True, exist_ok=True)
    three = np.dstack((flow, np.zeros((H, W, 1)))).astype("<f4")
    path.write_bytes(f"PF\n{W} {H}\n-1.0\n".encode() + three[::-1].tobytes())


@pytest.mark.parametrize("name", ["TRAIN/A/0000", "treeflight_x2"])
def test_scene_flow_layout(tmp_path, name):
    flow = tmp_path / "optical_flow" / name
    for n in (6, 7, 8):
        put(tmp_path / "frames_cleanpass" / name / "left" / f"{n:04d}.png", scene(2 * n - 12))
        write_pfm(flow / f"into_future/left/OpticalFlowIntoFuture_{n:04d}_L.pfm", constant(2))
        write_pfm(flow / f"into_past/left/OpticalFlowIntoPast_{n:04d}_L.pfm", constant(-2))
    pairs = dict(scene_flow_pairs(tmp_path))
    assert list(pairs) == [f"{name}/left/0007", f"{name}/left/0008"]  # 0006 has no frame before it
    p = pairs[f"{name}/left/0007"]
    assert torch.allclose(p.here[:, :, 2:], p.there[:, :, : W - 2])  # flow starts from frame 7 and leads to 6
    assert torch.equal(p.flow, torch.from_numpy(constant(-2)).permute(2, 0, 1))
    expected = torch.ones(1, H, W)
    expected[..., :2] = 0
    assert torch.equal(p.mask, expected)


def test_scene_flow_unknown_in_the_middle_of_nothing_is_masked(tmp_path):
    """Where nothing moves, an unknown flow taken for 0 would pass every other check."""
    flow = constant(0)
    flow[9, 20, 0] = np.nan
    for n in (6, 7):
        put(tmp_path / "frames_cleanpass/farm/left" / f"{n:04d}.png", scene(0))
    write_pfm(tmp_path / "optical_flow/farm/into_past/left/OpticalFlowIntoPast_0007_L.pfm", flow)
    write_pfm(tmp_path / "optical_flow/farm/into_future/left/OpticalFlowIntoFuture_0006_L.pfm", constant(0))
    ((_, p),) = scene_flow_pairs(tmp_path)
    assert p.mask[0, 9, 20] == 0
    assert p.mask.sum() == H * W - 1


def test_scene_flow_that_is_wrong(tmp_path):
    with pytest.raises(BadInput, match="no FlyingThings3D or Monkaa flow"):
        list(scene_flow_pairs(tmp_path))
